"""Work on uploads that takes long: asked for here, done by a worker, one after another, the oldest first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from secondlook.custody import refuse_names
from secondlook.errors import Conflict, Forbidden, GalleryError, Invalid, NotFound
from secondlook.ports import Action
from secondlook.server import clock
from secondlook.server.actors import Actor, May, Role
from secondlook.server.acts.job_kinds import (
    MOST_PLACES,
    MOST_UPLOADS,
    RESULT,
    AnyAsked,
    AnyResult,
    JobKind,
    Order,
    RedactAsked,
    Spot,
)
from secondlook.server.acts.job_states import JobState
from secondlook.server.acts.uploads import UploadKind, owned, upload_name
from secondlook.server.rows import JobRow, UploadRow
from secondlook.server.service import NO_REASON, Service, Why

LISTED = 20


@dataclass(frozen=True, slots=True)
class Footage:
    """An upload that a job reads. name: what its sender called it; None where it is gone."""

    id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """progress: share that is done, 0 to 1; None before anything is known. doing: what it is at, in words. sentence: why it
    failed. attempts: how often it was begun: more than once after a stop."""

    id: str
    kind: JobKind
    state: JobState
    owner_id: str
    purpose: str
    case: str
    footage: tuple[Footage, ...]
    asked: AnyAsked
    again: str | None
    progress: float | None
    doing: str
    sentence: str
    result: AnyResult | None
    attempts: int
    created_at: str
    started_at: str | None
    ended_at: str | None


def start(service: Service, actor: Actor, id_: str, asked: AnyAsked, why: Why = NO_REASON) -> Job:
    """Queues it. id_: of the new job; asked for twice with one id it is one. Raises Forbidden, NotFound, Invalid,
    ReasonMissing, UnknownSubject, GalleryLocked."""
    for what in asked.needs:
        actor.need(what)
    return _queued(service, actor, id_, asked, why, None)


def again(service: Service, actor: Actor, id_: str, job: str, also: tuple[Spot, ...]) -> Job:
    """A redaction done once more, with faces that were seen and not covered; the uploads must still be there.

    Raises NotFound, Conflict where it has not ended, Invalid.
    """
    actor.need(May.START_JOBS)
    with service.database.reading() as session:
        row = row_of(session, job)
        order, state, why = order_of(row), JobState(row.state), Why(row.purpose, row.case_number)
    if not isinstance(order.asked, RedactAsked):
        raise Conflict(f"Job {job} is no redaction: only those are done again with more places.")
    if not state.ended:
        raise Conflict(f"Job {job} has not ended yet: wait for it, or cancel it.")
    if len(order.asked.also) + len(also) > MOST_PLACES:
        raise Invalid(f"A redaction takes at most {MOST_PLACES:,} places: begin a new one.")
    asked = order.asked.model_copy(update={"also": (*order.asked.also, *also)})
    return _queued(service, actor, id_, asked, why, job)


def _queued(service: Service, actor: Actor, id_: str, asked: AnyAsked, why: Why, again: str | None) -> Job:
    if asked.searches:
        actor.need(May.SEARCH)
        service.need_reason(why)
    refuse_names(service.gallery, why.purpose, why.case)
    if isinstance(asked, RedactAsked):
        for subject in asked.subjects:
            service.gallery.subject(subject)
    with service.database.writing() as session:
        known = session.get(JobRow, id_)
        if known is not None:
            return _job(service, session, known)
        _check(session, actor, asked)
        settings = service.settings_in(session)
        order = Order(asked=asked, uploads=asked.uploads, fpir=settings.fpir, prior=settings.prior, again=again)
        row = JobRow(
            id=id_,
            kind=asked.kind.value,
            owner_id=actor.id,
            purpose=why.purpose,
            case_number=why.case,
            state=JobState.QUEUED.value,
            request=order.model_dump(mode="json"),
            claim="",
            attempts=0,
            deaths=0,
            done=0,
            total=None,
            doing="",
            sentence="",
            result={},
            tidied=False,
            created_at=clock.now(),
        )
        session.add(row)
        session.flush()
        action = Action.SEARCH if asked.searches else Action.JOB
        service.record(
            actor, action, f"job:{id_}", *asked.uploads[:50], why=why, kind=row.kind, uploads=len(asked.uploads)
        )
        return _job(service, session, row)


def jobs(
    service: Service,
    actor: Actor,
    *,
    kind: JobKind | None = None,
    state: JobState | None = None,
    after: tuple[str, str] | None = None,
    most: int = 50,
) -> tuple[Job, ...]:
    """The newest first, each with ``LISTED`` of its uploads at most. after: (created_at, id) of the last one that was seen."""
    actor.need(May.SEE_JOBS)
    chosen = select(JobRow)
    if kind is not None:
        chosen = chosen.where(JobRow.kind == kind.value)
    if state is not None:
        chosen = chosen.where(JobRow.state == state.value)
    if after is not None:
        chosen = chosen.where(tuple_(JobRow.created_at, JobRow.id) < after)
    with service.database.reading() as session:
        rows = session.scalars(chosen.order_by(JobRow.created_at.desc(), JobRow.id.desc()).limit(most))
        return tuple(_job(service, session, row, LISTED) for row in rows)


def job(service: Service, actor: Actor, id_: str) -> Job:
    """Raises NotFound."""
    actor.need(May.SEE_JOBS)
    with service.database.reading() as session:
        return _job(service, session, row_of(session, id_))


def cancel(service: Service, actor: Actor, id_: str) -> Job:
    """Stops it; what it was at is removed. Twice does no harm. For its owner, operators and admins.

    Raises NotFound, Forbidden, Conflict where it has ended.
    """
    actor.need(May.SEE_JOBS)
    with service.database.writing() as session:
        row = row_of(session, id_)
        if row.owner_id != actor.id and not actor.may(May.START_JOBS) and actor.role is not Role.ADMIN:
            raise Forbidden("A job is cancelled by its owner, an operator or an admin: ask one of them.")
        if row.state in (JobState.DONE, JobState.FAILED):
            raise Conflict(f"Job {id_} has ended already ({row.state}): there is nothing left to cancel.")
        if row.state != JobState.CANCELLED:
            row.state, row.claim, row.doing, row.ended_at = JobState.CANCELLED.value, "", "", clock.now()
            service.record(actor, Action.JOB, f"job:{id_}", done="cancelled", kind=row.kind)
        return _job(service, session, row)


def row_of(session: Session, id_: str) -> JobRow:
    """Raises NotFound."""
    row = session.get(JobRow, id_)
    if row is None:
        raise NotFound(f"There is no job {id_}: look at the list.")
    return row


def order_of(row: JobRow) -> Order:
    return Order.model_validate(row.request)


def _check(session: Session, actor: Actor, asked: AnyAsked) -> None:
    """Raises NotFound, Invalid where an upload is not one's own, or nothing for such a job."""
    doubled = [upload for upload, count in Counter(asked.uploads).items() if count > 1]
    if doubled:
        raise Invalid(f"Upload {doubled[0]} is named twice: name each once.")
    for id_ in asked.uploads:
        kind = UploadKind(owned(session, actor, id_).kind)
        if kind not in asked.takes:
            wanted = " or ".join(sorted(one.value for one in asked.takes))
            raise Invalid(f"Upload {id_} is a {kind.value}, and this job takes {wanted}: name another.")
    spots = (*asked.also, *asked.region) if isinstance(asked, RedactAsked) else ()
    strange = [spot.upload for spot in spots if spot.upload is not None and spot.upload not in asked.uploads]
    if strange:
        raise Invalid(f"A place is meant for upload {strange[0]}, which this job does not read: name one that it does.")


def _job(service: Service, session: Session, row: JobRow, footage: int = MOST_UPLOADS) -> Job:
    order = order_of(row)
    return Job(
        id=row.id,
        kind=JobKind(row.kind),
        state=JobState(row.state),
        owner_id=row.owner_id,
        purpose=row.purpose,
        case=row.case_number,
        footage=tuple(_footage(service, session, id_) for id_ in order.uploads[:footage]),
        asked=order.asked,
        again=order.again,
        progress=_progress(row),
        doing=row.doing,
        sentence=row.sentence,
        result=RESULT.validate_python(row.result) if row.result else None,
        attempts=row.attempts,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _progress(row: JobRow) -> float | None:
    if row.state == JobState.DONE:
        return 1.0
    return None if not row.total else min(1.0, row.done / row.total)


def _footage(service: Service, session: Session, id_: str) -> Footage:
    row = session.get(UploadRow, id_)
    if row is None:
        return Footage(id_, None)
    try:
        return Footage(id_, upload_name(service, row))
    except GalleryError:
        return Footage(id_, None)
