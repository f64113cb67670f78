"""Who works on a job. Every step is one transaction that asks for the claim first: a worker whose claim was taken away can
change nothing any more, so nothing counts twice."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from secondlook.ports import Action
from secondlook.server import clock
from secondlook.server.acts.job_kinds import AnyResult
from secondlook.server.acts.job_states import ENDED, JobState
from secondlook.server.rows import JobRow
from secondlook.server.service import SYSTEM, Service

MOST_DEATHS: Final = 3
"""How often a worker may end by itself before its job is given up."""
LONGEST_DOING, LONGEST_SENTENCE = 128, 2000


class ClaimLost(Exception):
    """The job was cancelled, or is somebody else's by now: stop, and change nothing."""


@dataclass(frozen=True, slots=True)
class Claim:
    """token: as long as the row holds it, its worker may speak for the job."""

    job: str
    token: str


def next_claim(service: Service) -> Claim | None:
    """Takes the oldest job that waits; None where none does."""
    with service.database.reading() as session:  # looking costs nobody the right to write
        if session.scalar(select(JobRow.id).where(JobRow.state == JobState.QUEUED).limit(1)) is None:
            return None
    with service.database.writing() as session:
        oldest = select(JobRow).where(JobRow.state == JobState.QUEUED).order_by(JobRow.created_at, JobRow.id).limit(1)
        row = session.scalar(oldest)
        if row is None:
            return None
        row.state, row.claim, row.attempts = JobState.RUNNING.value, secrets.token_hex(16), row.attempts + 1
        row.started_at = row.started_at or clock.now()
        row.beat_at, row.doing = clock.now(), "Starting"
        return Claim(row.id, row.claim)


def requeue_all(service: Service) -> int:
    """At the start, before any worker is: whatever was being worked on when the service ended waits again; how many."""
    with service.database.writing() as session:
        running = session.execute(select(func.count()).where(JobRow.state == JobState.RUNNING)).scalar_one()
        session.execute(update(JobRow).where(JobRow.state == JobState.RUNNING).values(**_WAITING))
    return running


def lost(service: Service, claims: list[Claim]) -> list[Claim]:
    """Those which do not hold any more."""
    with service.database.reading() as session:
        ids = [claim.job for claim in claims]
        found = session.execute(select(JobRow.id, JobRow.claim).where(JobRow.id.in_(ids)))
        held = {Claim(id_, token) for id_, token in found}
    return [claim for claim in claims if claim not in held]


def give_back(service: Service, claim: Claim) -> None:
    """Its worker was stopped: the job waits again."""
    with service.database.writing() as session:
        if _held(session, claim):
            session.execute(update(JobRow).where(JobRow.id == claim.job).values(**_WAITING))


def died(service: Service, claim: Claim, how: str) -> None:
    """Its worker ended by itself without a word: the job waits again, or has failed after ``MOST_DEATHS``. how: a clause."""
    with service.database.writing() as session:
        if not _held(session, claim):
            return
        row = session.get_one(JobRow, claim.job)
        row.deaths += 1
        if row.deaths < MOST_DEATHS:
            session.execute(update(JobRow).where(JobRow.id == claim.job).values(**_WAITING, deaths=row.deaths))
            return
        sentence = f"The worker ended {MOST_DEATHS} times before it was done ({how}): the service's own log says more."
        _end(service, session, row, JobState.FAILED, sentence)


def fail(service: Service, claim: Claim, sentence: str) -> None:
    """It cannot be done. Raises ClaimLost."""
    with service.database.writing() as session:
        _end(service, session, _row(session, claim), JobState.FAILED, sentence)


def beat(service: Service, claim: Claim, done: int, total: int | None, doing: str) -> None:
    """How far it is, in thousandths of a source. Raises ClaimLost."""
    with service.database.writing() as session:
        row = _row(session, claim)
        row.done, row.total, row.doing, row.beat_at = done, total, doing[:LONGEST_DOING], clock.now()


@contextmanager
def ending(service: Service, claim: Claim) -> Iterator[Session]:
    """One transaction in which results are kept and ``finish`` is called; all of it counts, or nothing. Raises ClaimLost."""
    with service.database.writing() as session:
        _row(session, claim)
        yield session


def finish(service: Service, session: Session, claim: Claim, result: AnyResult) -> None:
    row = _row(session, claim)
    row.result = result.model_dump(mode="json")
    _end(service, session, row, JobState.DONE, "")


_WAITING: Final = {"state": JobState.QUEUED.value, "claim": "", "doing": ""}


def _held(session: Session, claim: Claim) -> bool:
    return session.scalar(select(JobRow.claim).where(JobRow.id == claim.job)) == claim.token


def _row(session: Session, claim: Claim) -> JobRow:
    row = session.get(JobRow, claim.job)
    if row is None or row.claim != claim.token or row.state != JobState.RUNNING:
        raise ClaimLost(claim.job)
    return row


def _end(service: Service, session: Session, row: JobRow, state: JobState, sentence: str) -> None:
    assert state in ENDED
    row.state, row.claim, row.doing, row.ended_at = state.value, "", "", clock.now()
    row.sentence = sentence[:LONGEST_SENTENCE]
    session.flush()
    seconds = 0.0
    if row.started_at is not None:
        seconds = (clock.read(row.ended_at) - clock.read(row.started_at)).total_seconds()
    service.record(SYSTEM, Action.JOB, f"job:{row.id}", done=state.value, kind=row.kind, seconds=round(seconds, 1))
