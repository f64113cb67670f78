"""Jobs by the real workers with the built-in models, within their limits."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib.cbook import get_sample_data
from PIL import Image
from skimage.data import astronaut
from sqlalchemy import select

from job_samples import sent
from secondlook.assemble import Settings, open_or_create
from secondlook.enrolling import Enrolment, EnrolOptions
from secondlook.gallery import KeyFile
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import job_files, jobs
from secondlook.server.acts.job_kinds import (
    AnyAsked,
    ExposureAsked,
    ExposureResult,
    FindAsked,
    FindResult,
    RedactAsked,
    RedactResult,
)
from secondlook.server.acts.job_states import JobState
from secondlook.server.acts.jobs import Job
from secondlook.server.acts.keeping import opened_record
from secondlook.server.acts.uploads import Upload
from secondlook.server.rows import SightingRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service, Why
from secondlook.server.settings import Options
from secondlook.server.work.dispatch import Dispatcher
from service_samples import account

COLLINS = "Eileen Collins"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    data, key = folder / "data", KeyFile(folder / "gallery.key")
    data.mkdir()
    open_or_create(data / "gallery", Settings(recogniser="dlib-resnet", threads=1), key).close()
    made = Service.open(Options(data, key=key, threads=1))
    with get_sample_data("grace_hopper.jpg") as file:
        hopper = Image.open(file).convert("RGB")
    people = [
        Enrolment(COLLINS, (portrait(),), ("collins.png",)),
        Enrolment("Grace Hopper", (hopper,), ("hopper.png",)),
    ]
    assert len(list(made.identifier().enrol(people, EnrolOptions()))) == 2
    dispatcher = Dispatcher(made)
    dispatcher.start()
    try:
        yield made
    finally:
        dispatcher.stop()
        made.close()


def portrait() -> Image.Image:
    return Image.fromarray(astronaut()).crop((100, 0, 360, 300))


@pytest.fixture(scope="module")
def operator(service: Service) -> Actor:
    return account(service, Role.OPERATOR, "ada")


@pytest.fixture(scope="module")
def crowd(service: Service, operator: Actor, tmp_path_factory: pytest.TempPathFactory) -> Upload:
    """Her mirrored and smaller, beside nobody."""
    picture = Image.fromarray(np.full((420, 640, 3), 99, np.uint8))
    picture.paste(portrait().transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((220, 254)), (10, 20))
    file = tmp_path_factory.mktemp("sent") / "crowd.jpg"
    picture.save(file, quality=90)
    return sent(service, operator, file)


def done(service: Service, operator: Actor, asked: AnyAsked) -> Job:
    made = jobs.start(service, operator, new_id(), asked, Why("a lost astronaut"))
    end = time.monotonic() + 240
    while not (found := jobs.job(service, operator, made.id)).state.ended:
        assert time.monotonic() < end, found
        time.sleep(0.2)
    assert found.state is JobState.DONE, found.sentence
    return found


def test_she_is_found(service: Service, operator: Actor, crowd: Upload) -> None:
    found = done(service, operator, FindAsked(uploads=(crowd.id,)))
    assert isinstance(found.result, FindResult)
    with service.database.reading() as session:
        rows = session.scalars(select(SightingRow).where(SightingRow.job_id == found.id)).all()
    assert len(rows) == found.result.kept == 1, found.result
    record = opened_record(service.gallery, rows[0])
    assert record.candidates[0].subject == COLLINS and record.source == "crowd.jpg"


def test_she_is_covered_and_the_copy_stands_the_attack(service: Service, operator: Actor, crowd: Upload) -> None:
    found = done(service, operator, RedactAsked(uploads=(crowd.id,), prove=True))
    assert isinstance(found.result, RedactResult) and found.result.faces >= 1
    assert found.result.proof_says
    names = {file.name for file in job_files.job_files(service, operator, found.id)}
    assert {"report.html", "proof.html", f"redacted/{crowd.id}.jpg"} <= names


def test_how_exposed_she_is(service: Service, operator: Actor, crowd: Upload) -> None:
    found = done(service, operator, ExposureAsked(uploads=(crowd.id,), population=1000))
    assert isinstance(found.result, ExposureResult) and found.result.faces >= 1
    assert found.result.most is not None and 0 < found.result.most <= 1
