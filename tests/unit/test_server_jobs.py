"""Jobs: asked for, done with fakes in this process, kept, fetched, cancelled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from job_samples import footage, makers, score_table, sent, work, working_service
from postgres_server import PASSWORD
from secondlook.errors import (
    Conflict,
    CustodyError,
    Forbidden,
    Invalid,
    NotFound,
    OutputError,
    ReasonMissing,
    SecondLookError,
    UnknownSubject,
)
from secondlook.fakes import FakeLog
from secondlook.ports import Action
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import job_files, jobs
from secondlook.server.acts.erasing import ServiceRemover
from secondlook.server.acts.job_kinds import (
    ExposureAsked,
    ExposureResult,
    FindAsked,
    FindResult,
    JobKind,
    Proof,
    RedactAsked,
    RedactResult,
    Spot,
)
from secondlook.server.acts.job_states import JobState
from secondlook.server.acts.jobs import Job
from secondlook.server.acts.keeping import opened_crop, opened_record
from secondlook.server.acts.uploads import Upload
from secondlook.server.offline import FolderRemover
from secondlook.server.rows import JobRow, SightingRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service, Why
from secondlook.server.work import claims
from secondlook.server.work.claims import ClaimLost
from secondlook.server.work.job import ENDED, UNFORESEEN, carry_out
from secondlook.server.work.tidying import remove_strays, tidy
from service_samples import account

WHY = Why("a lost child", "C-1")


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def service(tmp_path: Path, log: FakeLog, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.chdir(tmp_path)  # workers change it
    with working_service(tmp_path, log) as made:
        yield made


@pytest.fixture
def operator(service: Service) -> Actor:
    return account(service, Role.OPERATOR, "ada")


@pytest.fixture
def uploads(service: Service, operator: Actor, tmp_path: Path) -> tuple[Upload, ...]:
    return tuple(sent(service, operator, file) for file in footage(tmp_path / "in"))


def ids(uploads: tuple[Upload, ...]) -> tuple[str, ...]:
    return tuple(upload.id for upload in uploads)


def rows(service: Service) -> list[SightingRow]:
    with service.database.reading() as session:
        return list(session.scalars(select(SightingRow).order_by(SightingRow.number)))


def find(service: Service, actor: Actor, uploads: tuple[Upload, ...]) -> Job:
    return jobs.start(service, actor, new_id(), FindAsked(uploads=ids(uploads)), WHY)


# Finding


def test_a_search_keeps_the_enrolled_and_counts_the_others(
    service: Service, operator: Actor, uploads: tuple[Upload, ...], log: FakeLog
) -> None:
    made = find(service, operator, uploads)
    assert (made.state, made.progress) == (JobState.QUEUED, None)
    assert [one.name for one in made.footage] == ["crowd.png", "gate.mkv", "nobody.png"]
    (entry,) = [one for one in log.entries if one.action is Action.SEARCH]
    assert (entry.purpose, entry.case) == ("a lost child", "C-1") and entry.object[0] == f"job:{made.id}"
    assert work(service) == ENDED
    done = jobs.job(service, operator, made.id)
    assert (done.state, done.progress, done.sentence, done.attempts) == (JobState.DONE, 1.0, "", 1)
    assert isinstance(done.result, FindResult)
    assert (done.result.sources, done.result.candidate, done.result.kept) == (3, 3, 3)
    assert done.result.no_candidate == 2 and done.result.flaws == ()
    kept = rows(service)
    assert {service.gallery.subject(row.subject_id).name for row in kept} == {"Ruby", "Skye"}
    assert {row.origin for row in kept} == {f"job:{made.id}"} and {row.searched_by for row in kept} == {operator.id}
    records = {opened_record(service.gallery, row).source for row in kept}
    assert records == {"crowd.png", "gate.mkv"}
    assert {row.upload_id for row in kept} == set(ids(uploads[:2]))
    assert all((opened_crop(service.gallery, row) or b"").startswith(b"\xff\xd8") for row in kept)


def test_of_a_search_nothing_lies_in_its_folder(service: Service, operator: Actor, uploads: tuple[Upload, ...]) -> None:
    made = find(service, operator, uploads)
    work(service)
    assert (service.folder.jobs / made.id / "out" / "sightings.jsonl").is_file(), "there was nothing to tidy"
    assert tidy(service, busy=[made.id]) == 0
    assert tidy(service) == 1 and tidy(service) == 0
    assert list(service.folder.jobs.iterdir()) == [] and len(rows(service)) == 3
    assert job_files.job_files(service, operator, made.id) == ()


def test_a_search_stopped_after_keeping_and_done_again_keeps_nothing_twice(
    service: Service, operator: Actor, uploads: tuple[Upload, ...]
) -> None:
    find(service, operator, uploads)
    claim = claims.next_claim(service)
    assert claim is not None and carry_out(service, claim, makers()) == ENDED
    first = [(row.id, row.sealed_record) for row in rows(service)]
    assert carry_out(service, claim, makers()) == ENDED, "its claim is gone, so it changes nothing"
    with service.database.writing() as session:
        session.query(JobRow).update({"state": "queued"})
    assert work(service) == ENDED
    assert [(row.id, row.sealed_record) for row in rows(service)] == first


def test_a_worker_whose_claim_was_taken_changes_nothing(
    service: Service, operator: Actor, uploads: tuple[Upload, ...]
) -> None:
    made = find(service, operator, uploads)
    old = claims.next_claim(service)
    assert old is not None and claims.requeue_all(service) == 1
    new = claims.next_claim(service)
    assert new is not None and new != old and claims.lost(service, [old, new]) == [old]
    assert carry_out(service, old, makers()) == ENDED
    assert rows(service) == [] and jobs.job(service, operator, made.id).state is JobState.RUNNING
    for change in (
        lambda: claims.beat(service, old, 1, 2, "x"),
        lambda: claims.fail(service, old, "x"),
    ):
        with pytest.raises(ClaimLost):
            change()
    claims.give_back(service, old)
    claims.died(service, old, "x")
    assert jobs.job(service, operator, made.id).state is JobState.RUNNING
    assert carry_out(service, new, makers()) == ENDED and len(rows(service)) == 3
    assert jobs.job(service, operator, made.id).attempts == 2


def test_cancelled_in_the_middle_nothing_is_kept(
    service: Service, operator: Actor, uploads: tuple[Upload, ...], log: FakeLog
) -> None:
    made = find(service, operator, uploads)

    def cancelling(gallery: object, settings: object) -> object:
        jobs.cancel(service, operator, made.id)
        return makers().identifier(gallery, settings)  # type: ignore[arg-type]

    assert work(service, replace(makers(), identifier=cancelling)) == ENDED
    assert jobs.job(service, operator, made.id).state is JobState.CANCELLED and rows(service) == []
    tidy(service)
    assert list(service.folder.jobs.iterdir()) == []
    assert [one.details["done"] for one in log.entries if one.details.get("kind") == "find" and "done" in one.details]


def test_what_cannot_be_written_down_is_not_kept(
    service: Service, operator: Actor, uploads: tuple[Upload, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = find(service, operator, uploads)
    kept, service.log = service.log, Refusing()
    assert work(service) == UNFORESEEN or jobs.job(service, operator, made.id).state is not JobState.DONE
    assert rows(service) == []
    service.log = kept
    claims.requeue_all(service)
    assert work(service) == ENDED and len(rows(service)) == 3


class Refusing:
    def record(self, entry: object) -> None:
        raise OutputError("the log is full")


def test_the_rates_are_those_of_when_it_was_asked_for(
    service: Service, operator: Actor, uploads: tuple[Upload, ...]
) -> None:
    from secondlook.server.acts import settings as settings_acts

    find(service, operator, uploads[:1])
    settings_acts.change(service, account(service, Role.ADMIN, "boss"), {"fpir": 0.1, "prior": 0.2})
    asked = []

    def watched(gallery: object, settings: object) -> object:
        asked.append(settings)
        return makers().identifier(gallery, settings)  # type: ignore[arg-type]

    work(service, replace(makers(), identifier=watched))
    assert (asked[0].fpir, asked[0].prior) == (0.003, 0.01)


def test_what_another_gallery_has_begun_is_begun_anew(
    service: Service, operator: Actor, uploads: tuple[Upload, ...]
) -> None:
    made = find(service, operator, uploads)
    out = service.folder.jobs / made.id / "out" / ".run"
    out.mkdir(parents=True)
    (out / "journal.jsonl").write_text(json.dumps({"schema": "secondlook.run/1", "settings": "others"}) + "\n")
    assert work(service) == ENDED
    assert jobs.job(service, operator, made.id).state is JobState.DONE and len(rows(service)) == 3


def test_one_bad_upload_is_a_flaw_and_only_bad_ones_a_failure(
    service: Service, operator: Actor, uploads: tuple[Upload, ...], tmp_path: Path
) -> None:
    torn = tmp_path / "torn.png"
    torn.write_bytes((tmp_path / "in" / "crowd.png").read_bytes()[:-200])
    bad = sent(service, operator, torn)
    first = find(service, operator, (uploads[0], bad))
    work(service)
    done = jobs.job(service, operator, first.id)
    assert isinstance(done.result, FindResult) and done.state is JobState.DONE
    (flaw,) = done.result.flaws
    assert flaw.upload == bad.id and str(tmp_path) not in flaw.sentence
    second = find(service, operator, (bad,))
    work(service)
    failed = jobs.job(service, operator, second.id)
    assert failed.state is JobState.FAILED and bad.id in failed.sentence and str(tmp_path) not in failed.sentence


def test_too_little_memory_is_said(service: Service, operator: Actor, uploads: tuple[Upload, ...]) -> None:
    made = find(service, operator, uploads)

    def greedy(gallery: object, settings: object) -> object:
        raise MemoryError

    assert work(service, replace(makers(), identifier=greedy)) == ENDED
    assert "more memory" in jobs.job(service, operator, made.id).sentence


def test_what_nobody_foresaw_is_tried_three_times(
    service: Service, operator: Actor, uploads: tuple[Upload, ...]
) -> None:
    made = find(service, operator, uploads)

    def broken(gallery: object, settings: object) -> object:
        raise RuntimeError("nobody foresaw this")

    for time in (1, 2, 3):
        claim = claims.next_claim(service)
        assert claim is not None
        assert carry_out(service, claim, replace(makers(), identifier=broken)) == UNFORESEEN
        claims.died(service, claim, "with exit code 1")
        state = jobs.job(service, operator, made.id).state
        assert state is (JobState.QUEUED if time < 3 else JobState.FAILED)
    found = jobs.job(service, operator, made.id)
    assert found.attempts == 3 and "3 times" in found.sentence and "exit code 1" in found.sentence
    assert claims.next_claim(service) is None


def test_the_oldest_job_is_done_first(service: Service, operator: Actor, uploads: tuple[Upload, ...]) -> None:
    made = [find(service, operator, uploads[:1]).id for _ in range(3)]
    created = {id_: jobs.job(service, operator, id_).created_at for id_ in made}
    taken = [claims.next_claim(service) for _ in range(4)]
    assert [claim.job if claim else None for claim in taken] == [*sorted(made, key=lambda i: (created[i], i)), None]


@pytest.mark.parametrize("served", [True, False])
def test_erasing_reaches_a_search_that_was_stopped_half_way(
    service: Service, operator: Actor, uploads: tuple[Upload, ...], served: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)  # for tables in PostgreSQL, where nobody serves
    stopped = find(service, operator, uploads)
    assert work(service) == ENDED  # as far as it got
    with service.database.writing() as session:
        session.query(JobRow).update({"state": "queued"})
    written = service.folder.jobs / stopped.id / "out" / "sightings.jsonl"
    assert b"Ruby" in written.read_bytes()
    asked = RedactAsked(uploads=ids(uploads[:1]), keep=(service.gallery.subject_id("Ruby"),))
    other = jobs.start(service, operator, new_id(), asked, WHY)
    (service.folder.jobs / other.id).mkdir()
    remover = ServiceRemover(service) if served else FolderRemover(service.folder.root)
    removed = remover.remove(service.gallery.subject_id("Ruby"))
    assert [one.count for one in removed if "jobs" in one.what] == [2]
    assert list(service.folder.jobs.iterdir()) == []
    service.gallery.remove("Ruby")
    assert work(service) == ENDED and jobs.job(service, operator, stopped.id).state is JobState.DONE
    assert {service.gallery.subject(row.subject_id).name for row in rows(service)} == {"Skye"}


# Redacting


def test_a_redaction_leaves_copies_under_their_senders_names(
    service: Service, operator: Actor, uploads: tuple[Upload, ...], log: FakeLog
) -> None:
    asked = RedactAsked(uploads=ids(uploads), region=(Spot(x=0, y=0, w=8, h=8),))
    made = jobs.start(service, operator, new_id(), asked)
    assert [one.action for one in log.entries][-1] is Action.JOB
    assert work(service) == ENDED
    tidy(service)
    done = jobs.job(service, operator, made.id)
    assert isinstance(done.result, RedactResult) and done.result.proof is Proof.NONE
    assert (done.result.sources, done.result.faces, done.result.visible) == (3, 5, 0)
    files = job_files.job_files(service, operator, made.id)
    assert files[0].name == "report.html"
    copies = {file.name: file.title for file in files if file.name.startswith("redacted/")}
    assert set(copies.values()) == {"crowd-redacted.png", "gate-redacted.mkv", "nobody-redacted.png"}
    assert not any("/." in file.name or file.name.startswith(".") for file in files)
    assert not (service.folder.jobs / made.id / "out" / ".run").exists()
    report = job_files.fetch(service, operator, made.id, "report.html").path.read_text()
    assert str(service.folder.root) not in report and "gate.mkv" not in report
    (exported,) = [one for one in log.entries if one.action is Action.EXPORT]
    assert exported.object == (f"job:{made.id}",)
    spots = job_files.review_spots(service, operator, made.id)
    assert {spot.source for spot in spots} == {uploads[1].id}
    assert {spot.thumbnail for spot in spots} <= {file.name for file in files}


def test_a_redaction_that_keeps_somebody_is_a_search(
    service: Service, operator: Actor, uploads: tuple[Upload, ...], log: FakeLog
) -> None:
    ruby = service.gallery.subject_id("Ruby")
    asked = RedactAsked(uploads=ids(uploads[:1]), keep=(ruby,))
    with pytest.raises(ReasonMissing):
        jobs.start(service, operator, new_id(), asked)
    with pytest.raises(UnknownSubject):
        jobs.start(service, operator, new_id(), asked.model_copy(update={"keep": ("0" * 32,)}), WHY)
    made = jobs.start(service, operator, new_id(), asked, WHY)
    assert log.entries[-1].action is Action.SEARCH
    assert "Ruby" not in json.dumps(made.asked.model_dump(mode="json"))
    work(service)
    done = jobs.job(service, operator, made.id)
    assert isinstance(done.result, RedactResult) and (done.result.visible, done.result.faces) == (1, 1)


def test_a_redaction_once_more_with_more_places(service: Service, operator: Actor, uploads: tuple[Upload, ...]) -> None:
    first = jobs.start(service, operator, new_id(), RedactAsked(uploads=ids(uploads[:2])))
    seen = Spot(x=150, y=90, w=30, h=30, upload=uploads[0].id)
    with pytest.raises(Conflict, match="not ended"):
        jobs.again(service, operator, new_id(), first.id, (seen,))
    work(service)
    second = jobs.again(service, operator, new_id(), first.id, (seen,))
    assert second.again == first.id and isinstance(second.asked, RedactAsked) and second.asked.also == (seen,)
    work(service)
    lines = [
        json.loads(line)
        for line in (service.folder.jobs / second.id / "out" / "redaction.jsonl").read_text().splitlines()
    ]
    added = [(line["source"], area["box"]) for line in lines for area in line["areas"] if area["why"] == "added"]
    assert added == [(uploads[0].id, [150.0, 90.0, 180.0, 120.0])]
    strange = seen.model_copy(update={"upload": uploads[2].id})
    with pytest.raises(Invalid, match="does not read"):
        jobs.again(service, operator, new_id(), first.id, (strange,))


def test_the_copies_are_attacked_where_that_is_asked_for(
    service: Service, operator: Actor, uploads: tuple[Upload, ...]
) -> None:
    made = jobs.start(service, operator, new_id(), RedactAsked(uploads=ids(uploads[:1]), prove=True))
    work(service)
    done = jobs.job(service, operator, made.id)
    assert isinstance(done.result, RedactResult), done.sentence
    assert done.result.proof is not Proof.NONE and done.result.proof_says
    assert {"proof.html", "proof.json"} <= {file.name for file in job_files.job_files(service, operator, made.id)}


# Exposure


def test_exposure(service: Service, operator: Actor, uploads: tuple[Upload, ...]) -> None:
    made = jobs.start(service, operator, new_id(), ExposureAsked(uploads=ids(uploads[:1]), population=500))
    work(service)
    done = jobs.job(service, operator, made.id)
    assert isinstance(done.result, ExposureResult), done.sentence
    assert (done.result.sources, done.result.faces, done.result.population) == (1, 2, 500)
    names = {file.name for file in job_files.job_files(service, operator, made.id)}
    assert {"report.html", "exposure.jsonl"} <= names and any(name.startswith("maps/") for name in names)


# What is refused


def test_a_search_needs_its_reason_and_no_name_in_it(
    service: Service, operator: Actor, uploads: tuple[Upload, ...]
) -> None:
    with pytest.raises(ReasonMissing):
        jobs.start(service, operator, new_id(), FindAsked(uploads=ids(uploads)))
    with pytest.raises(CustodyError, match="Ruby"):
        jobs.start(service, operator, new_id(), FindAsked(uploads=ids(uploads)), Why("where is Ruby", ""))
    assert jobs.jobs(service, operator) == ()


def test_uploads_are_ones_own_and_of_the_right_kind(
    service: Service, operator: Actor, uploads: tuple[Upload, ...], tmp_path: Path
) -> None:
    other = account(service, Role.OPERATOR, "eve")
    with pytest.raises(NotFound):
        find(service, other, uploads)
    scores = sent(service, operator, score_table(tmp_path / "a.csv"))
    refused: list[tuple[str, ...]] = [(scores.id,), (uploads[0].id, uploads[0].id)]
    for named in refused:
        with pytest.raises(Invalid):
            jobs.start(service, operator, new_id(), FindAsked(uploads=named), WHY)


def test_asked_for_twice_with_one_id_it_is_one(service: Service, operator: Actor, uploads: tuple[Upload, ...]) -> None:
    id_ = new_id()
    first, again = (jobs.start(service, operator, id_, FindAsked(uploads=ids(uploads)), WHY) for _ in range(2))
    assert first == again and len(jobs.jobs(service, operator)) == 1


def test_who_may_cancel(service: Service, operator: Actor, uploads: tuple[Upload, ...]) -> None:
    auditor, boss = account(service, Role.AUDITOR, "bob"), account(service, Role.ADMIN, "boss")
    first, second = find(service, operator, uploads), find(service, operator, uploads)
    with pytest.raises(Forbidden):
        jobs.cancel(service, auditor, first.id)
    for _ in range(2):
        assert jobs.cancel(service, boss, first.id).state is JobState.CANCELLED
    assert work(service) == ENDED
    with pytest.raises(Conflict):
        jobs.cancel(service, operator, second.id)
    with pytest.raises(NotFound):
        jobs.cancel(service, operator, new_id())


def test_lists_are_by_kind_and_state(service: Service, operator: Actor, uploads: tuple[Upload, ...]) -> None:
    made = find(service, operator, uploads)
    other = jobs.start(service, operator, new_id(), RedactAsked(uploads=ids(uploads)))
    jobs.cancel(service, operator, other.id)
    assert [one.id for one in jobs.jobs(service, operator, kind=JobKind.FIND)] == [made.id]
    assert [one.id for one in jobs.jobs(service, operator, state=JobState.CANCELLED)] == [other.id]
    newest, oldest = jobs.jobs(service, operator)
    (rest,) = jobs.jobs(service, operator, after=(newest.created_at, newest.id))
    assert rest == oldest


@pytest.mark.parametrize("name", ["../../gallery/gallery.db", ".run/journal.jsonl", "/etc/passwd", "redacted", ""])
def test_only_what_is_listed_is_fetched(
    service: Service, operator: Actor, uploads: tuple[Upload, ...], name: str
) -> None:
    made = jobs.start(service, operator, new_id(), RedactAsked(uploads=ids(uploads[:1])))
    work(service)
    with pytest.raises(NotFound):
        job_files.fetch(service, operator, made.id, name)


def test_a_job_that_is_not_done_has_no_files(service: Service, operator: Actor, uploads: tuple[Upload, ...]) -> None:
    made = jobs.start(service, operator, new_id(), RedactAsked(uploads=ids(uploads[:1])))
    assert job_files.job_files(service, operator, made.id) == ()
    with pytest.raises(Conflict):
        job_files.review_spots(service, operator, made.id)
    with pytest.raises(SecondLookError):
        job_files.fetch(service, operator, made.id, "report.html")


def test_folders_of_nobodys_jobs_go_at_the_start(
    service: Service, operator: Actor, uploads: tuple[Upload, ...]
) -> None:
    made = find(service, operator, uploads)
    for name in (made.id, new_id()):
        (service.folder.jobs / name).mkdir()
    assert remove_strays(service) == 1
    assert [folder.name for folder in service.folder.jobs.iterdir()] == [made.id]
