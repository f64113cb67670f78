"""The second look in the service: who is asked, what they are shown, and what two of them come to."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import select, update

from review_samples import COARSE, drawing, jpeg
from secondlook.errors import Conflict, Forbidden, Invalid, NotFound
from secondlook.fakes import FakeDetector, FakeLog
from secondlook.gallery import NewReference
from secondlook.ports import Action, ChipLayout
from secondlook.report.record import SightingRecord
from secondlook.review.sets import SetKind
from secondlook.review.verdicts import Feature, Said, Verdict
from secondlook.server import clock
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import review
from secondlook.server.acts.keeping import Seen, keep_sightings
from secondlook.server.acts.review import FaceAnswer, Task
from secondlook.server.rows import ReviewTaskRow, SightingRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service, Why
from secondlook.types import Candidate, Decision, Floats, Grounds, Outcome, Pixels
from service_samples import PACK, QUALITY, D, account, door, service_in, unit

PEOPLE = 90
"""So many that a coin which falls the same way ten times leaves look-alikes that were not seen yet."""


@dataclass(frozen=True)
class AnyEmbedder:
    """Some template for each chip, always the same for the same one."""

    pack: str = PACK
    dimension: int = D

    @property
    def layout(self) -> ChipLayout:
        return ChipLayout(32, np.array([[10, 12], [22, 12], [16, 18], [11, 24], [21, 24]], np.float32))

    def embed(self, chips: Pixels) -> Floats:
        return np.stack([unit(zlib.crc32(chip.tobytes()), D) for chip in chips])


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


def pictures(number: int) -> list[NewReference]:
    """Five people have two."""
    rng, found = np.random.default_rng(number), []
    for picture in range(2 if number < 5 else 1):
        pixels, points = drawing(rng, COARSE)
        sha256 = f"{number:032x}{picture:032x}"
        found.append(NewReference(unit(50 * number + picture), jpeg(pixels, 95), points, "a.jpg", sha256, QUALITY))
    return found


@pytest.fixture
def service(tmp_path: Path, log: FakeLog, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with service_in(tmp_path, people=0, log=log) as made:
        made.gallery.enrol_many([(f"Person {number}", pictures(number)) for number in range(PEOPLE)], PACK)
        stages = SimpleNamespace(detector=FakeDetector(), embedder=AnyEmbedder())
        monkeypatch.setattr(made, "identifier", lambda: SimpleNamespace(stages=stages))
        with made.database.writing() as session:
            made.keep_settings(session, made.settings_in(session).__class__(catch_share=0.05))
        yield made


@pytest.fixture
def ann(service: Service) -> Actor:
    return account(service, Role.REVIEWER, "Ann")


@pytest.fixture
def bob(service: Service) -> Actor:
    return account(service, Role.REVIEWER, "Bob")


def sighting(service: Service, searched_by: str | None = None, number: int = 3) -> str:
    pixels, _ = drawing(np.random.default_rng(9), COARSE)
    decision = Decision(Outcome.CANDIDATE, Grounds("A candidate."), (Candidate(f"Person {number}", 1, 0.9, 1),))
    record = SightingRecord(new_id()[:16], "s", 3, 1.0, (1, 2, 30, 40), 1, 1.0, 2.0, 9, 0.9, QUALITY, decision, PACK)
    with service.database.writing() as session:
        seen = [Seen(record, jpeg(pixels, 90))]
        kept = keep_sightings(
            service, session, "search:1", seen, searched_by=searched_by, why=Why("x"), seen_at=clock.now()
        )
    return kept.ids[0]


def row(service: Service, id_: str) -> SightingRow:
    with service.database.reading() as session:
        return session.get_one(SightingRow, id_)


def truth(service: Service, task: Task) -> tuple[SetKind, str | None]:
    """What the reviewer never sees."""
    with service.database.reading() as session:
        found = review._truth(service, session.get_one(ReviewTaskRow, task.id))
    return found.kind, found.token


def say(service: Service, actor: Actor, task: Task, same: str | None) -> None:
    faces = [FaceAnswer(token, Said.SAME if token == same else Said.DIFFERENT, (Feature.EARS,)) for token in task.faces]
    review.answer(service, actor, task.id, faces)


def look(service: Service, actor: Actor, of_candidate: Said, most: int = 20) -> None:
    """Answers whatever comes, rightly, and of the candidate as said; until nothing waits for this reviewer."""
    for _ in range(most):
        task = review.next_task(service, actor)
        if task is None:
            return
        kind, token = truth(service, task)
        right = token if kind is SetKind.SAME or (kind is SetKind.CANDIDATE and of_candidate is Said.SAME) else None
        say(service, actor, task, right)
    raise AssertionError("it never ends")


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (Said.SAME, Said.SAME, Verdict.SUPPORTED),
        (Said.DIFFERENT, Said.DIFFERENT, Verdict.REJECTED),
        (Said.SAME, Said.DIFFERENT, Verdict.UNREVIEWED),
    ],
)
def test_two_who_agree_decide_and_fewer_do_not(
    service: Service, ann: Actor, bob: Actor, first: Said, second: Said, verdict: Verdict
) -> None:
    id_ = sighting(service)
    look(service, ann, first)
    assert row(service, id_).review == Verdict.UNREVIEWED
    look(service, bob, second)
    assert row(service, id_).review == verdict
    assert review.next_task(service, account(service, Role.REVIEWER, "Eve")) is None, "a third opinion was asked for"


def test_who_searched_for_it_is_never_asked(service: Service, ann: Actor, bob: Actor) -> None:
    sighting(service, searched_by=ann.id)
    assert review.next_task(service, ann) is None
    assert review.next_task(service, bob) is not None


def test_one_set_at_a_time_and_only_ones_own(service: Service, ann: Actor, bob: Actor) -> None:
    sighting(service)
    first, again = review.next_task(service, ann), review.next_task(service, ann)
    assert first is not None and first == again
    with pytest.raises(NotFound):
        review.picture(service, bob, first.id, "probe")
    with pytest.raises(NotFound):
        say(service, bob, first, None)


def test_pictures_are_of_one_length_and_gone_once_answered(service: Service, ann: Actor) -> None:
    sighting(service)
    task = review.next_task(service, ann)
    assert task is not None and len(task.faces) == 6
    files = [review.picture(service, ann, task.id, token) for token in ("probe", *task.faces)]
    assert len({len(file) for file in files}) == 1 and all(file.startswith(b"\x89PNG") for file in files)
    say(service, ann, task, None)
    with pytest.raises(NotFound):
        review.picture(service, ann, task.id, "probe")
    with pytest.raises(Conflict):
        say(service, ann, task, None)


def test_an_answer_that_does_not_fit_is_refused(service: Service, ann: Actor) -> None:
    sighting(service)
    task = review.next_task(service, ann)
    assert task is not None
    for wrong in ([], [FaceAnswer(task.faces[0], Said.SAME, (Feature.EARS,))]):
        with pytest.raises(Invalid):
            review.answer(service, ann, task.id, wrong)


def test_what_travels_names_nobody_and_nothing_kept_does(
    service: Service, ann: Actor, log: FakeLog, tmp_path: Path
) -> None:
    id_ = sighting(service)
    client = door(service).by_key(ann)
    said = client.post("/api/v1/review/next")
    assert set(said.json()) == {"id", "faces", "waiting"} and id_ not in said.text
    picture = client.get(f"/api/v1/review/{said.json()['id']}/pictures/{said.json()['faces'][0]}")
    assert picture.headers["content-encoding"] == "identity" and picture.content.startswith(b"\x89PNG")
    service.database.close()
    kept = b"".join(p.read_bytes() for p in (tmp_path / "data").rglob("*") if p.is_file())
    assert b"Person " not in kept and "Person " not in str(log.entries)


def test_trials_are_mixed_in_and_errors_counted(service: Service, ann: Actor) -> None:
    for number in range(6):
        sighting(service, number=number)
    with service.database.writing() as session:
        service.keep_settings(session, service.settings_in(session).__class__(catch_share=0.9))
    kinds = []
    for _ in range(8):
        task = review.next_task(service, ann)
        assert task is not None
        kinds.append(truth(service, task)[0])
        say(service, ann, task, None)
    assert {SetKind.SAME, SetKind.DIFFERENT} & set(kinds)
    mine = review.own_record(service, ann)
    trials = sum(kind in (SetKind.SAME, SetKind.DIFFERENT) for kind in kinds)
    assert mine.answered == 8 and mine.record.trials == trials
    missed = mine.record.false_different
    assert (missed.errors, missed.trials) == (kinds.count(SetKind.SAME), kinds.count(SetKind.SAME))


def test_a_set_that_nobody_answers_is_given_up(service: Service, ann: Actor, bob: Actor) -> None:
    sighting(service)
    task = review.next_task(service, ann)
    assert task is not None
    with service.database.writing() as session:
        session.execute(update(ReviewTaskRow).values(created_at=clock.after(-2 * review.EXPIRES_S)))
    assert review.next_task(service, bob) is not None
    with service.database.reading() as session:
        assert task.id not in session.scalars(select(ReviewTaskRow.id)).all()


def test_only_reviewers_review(service: Service) -> None:
    for role in (Role.OPERATOR, Role.AUDITOR, Role.ADMIN):
        with pytest.raises(Forbidden):
            review.next_task(service, account(service, role))


def test_each_look_is_written_down_without_names(service: Service, ann: Actor, log: FakeLog) -> None:
    id_ = sighting(service)
    task = review.next_task(service, ann)
    assert task is not None
    say(service, ann, task, None)
    actions = [(e.action, e.object) for e in log.entries if e.actor == f"account:{ann.id}"]
    assert [action for action, _ in actions] == [Action.VIEW, Action.REVIEW]
    assert actions[1][1] in ((f"set:{task.id}", f"sighting:{id_}"), (f"set:{task.id}", "sighting:none"))


def test_too_few_people_are_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with service_in(tmp_path / "few", people=4) as few:
        stages = SimpleNamespace(detector=FakeDetector(), embedder=AnyEmbedder())
        monkeypatch.setattr(few, "identifier", lambda: SimpleNamespace(stages=stages))
        id_ = sighting(few)
        assert review.next_task(few, account(few, Role.REVIEWER)) is None
        assert "needs 5 enrolled people" in row(few, id_).why
