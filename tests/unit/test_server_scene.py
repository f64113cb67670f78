"""The whole picture in which somebody was seen: for who sent it, as long as it is kept, and a video's at its moment."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from job_samples import footage, makers, sent, working_service
from secondlook.errors import NotFound, SourceTooLarge
from secondlook.fakes import FakeLog
from secondlook.ports import Action
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import jobs, sightings, uploads
from secondlook.server.acts.job_kinds import FindAsked
from secondlook.server.acts.scene import scene
from secondlook.server.acts.sightings import Opened, Wanted
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service, Why
from secondlook.server.work import claims
from secondlook.server.work.job import ENDED, carry_out
from secondlook.sources import VideoFrames
from secondlook.types import Pixels
from service_samples import account


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: FakeLog) -> Iterator[Service]:
    monkeypatch.chdir(tmp_path)
    with working_service(tmp_path, log) as made:
        yield made


@pytest.fixture
def operator(service: Service) -> Actor:
    return account(service, Role.OPERATOR)


@pytest.fixture
def film(service: Service, operator: Actor, tmp_path: Path) -> Path:
    return footage(tmp_path / "in")[1]


@pytest.fixture
def seen(service: Service, operator: Actor, film: Path) -> Opened:
    """Ruby, in the film."""
    upload = sent(service, operator, film)
    jobs.start(service, operator, new_id(), FindAsked(uploads=(upload.id,)), Why("a lost child"))
    claim = claims.next_claim(service)
    assert claim is not None and carry_out(service, claim, makers()) == ENDED
    found = [sightings.sighting(service, operator, one.id) for one in sightings.sightings(service, operator, Wanted())]
    return next(one for one in found if one.sighting.subject == "Ruby")


def pixels(jpeg: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"))


def test_of_a_video_the_frame_at_its_time(
    service: Service, operator: Actor, film: Path, seen: Opened, log: FakeLog
) -> None:
    shown = scene(service, operator, seen.sighting.id)
    frame = list(VideoFrames(film))[seen.frame]
    assert frame.time_s == pytest.approx(seen.time_s, abs=0.001)
    assert (shown.width, shown.height, shown.box) == (160, 96, seen.box)
    difference = np.abs(pixels(shown.jpeg).astype(int) - frame.pixels.astype(int))
    others = [np.abs(pixels(shown.jpeg).astype(int) - one.pixels.astype(int)).mean() for one in VideoFrames(film)]
    assert difference.mean() == min(others) and others.count(min(others)) == 1
    (viewed,) = [entry for entry in log.entries if entry.action is Action.VIEW]
    assert f"sighting:{seen.sighting.id}" in viewed.object and f"upload:{seen.sighting.upload_id}" in viewed.object


def test_limits_hold_for_it(service: Service, operator: Actor, seen: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = service.decoders._limits()
    monkeypatch.setattr(service.decoders, "_limits", lambda: type(limits)(1000, limits.seconds, limits.memory_mb))
    with pytest.raises(SourceTooLarge, match="megapixels"):
        scene(service, operator, seen.sighting.id)


def test_others_are_told_who_may_and_footage_that_is_gone_is_said_to_be(
    service: Service, operator: Actor, seen: Opened
) -> None:
    for role in (Role.OPERATOR, Role.AUDITOR):
        with pytest.raises(NotFound, match="whoever sent the footage"):
            scene(service, account(service, role, f"another {role}"), seen.sighting.id)
    assert seen.sighting.upload_id is not None
    uploads.delete(service, operator, seen.sighting.upload_id)
    with pytest.raises(NotFound, match="The footage is gone"):
        scene(service, operator, seen.sighting.id)
