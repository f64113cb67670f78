"""The second look: blind sets handed to reviewers, their answers, and what two of them come to."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from secondlook.errors import Conflict, GalleryError, NotFound
from secondlook.gallery import Gallery
from secondlook.ports import Action
from secondlook.review.blind import already_seen, blind_set
from secondlook.review.catch import catch_kinds, catch_set
from secondlook.review.reviewers import ReviewerRecord, reviewer_record
from secondlook.review.sets import BlindSet, Made, NoSet, Probe, Truth, truth_json, truth_of
from secondlook.review.tasks import LookAt, Pending, draw_task, may_review
from secondlook.review.verdicts import (
    Answer,
    Feature,
    ItemAnswer,
    Reviewed,
    Said,
    Verdict,
    check,
    standing,
)
from secondlook.server import clock
from secondlook.server.actors import Actor, May, Role
from secondlook.server.acts.review_probe import stored_probe
from secondlook.server.rows import AccountRow, ReviewTaskRow, ReviewTaskSubjectRow, SightingRow
from secondlook.server.service import Service
from secondlook.types import Outcome

PROBE = "probe"
EXPIRES_S = 24 * 3600.0
"""A set that nobody answered in that time is drawn anew, for somebody else perhaps."""
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Task:
    """What a reviewer is given, and nothing else: tokens of the faces in the order in which they are shown. waiting: how
    many sightings wait for this reviewer, this one included."""

    id: str
    faces: tuple[str, ...]
    waiting: int


@dataclass(frozen=True, slots=True)
class FaceAnswer:
    token: str
    said: Said
    features: tuple[Feature, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """account: id. record: error rates in catch trials, with counts and intervals."""

    account: str
    name: str
    answered: int
    record: ReviewerRecord


def next_task(service: Service, actor: Actor) -> Task | None:
    """The set this reviewer has open, or a new one; None where nothing waits. Never one about a sighting that this account
    searched for."""
    actor.need(May.REVIEW)
    _expire(service)
    for _ in range(_TRIES):
        with service.database.reading() as session:
            waiting = _waiting(session, actor)
            held = _open(session, actor)
            if held is not None:
                return _task(service, held, max(1, waiting))
            everything = _pending(service, session)
        made = _drawn(service, actor, everything)
        if made is None:
            return None
        if isinstance(made, _Skip):
            continue
        row = _keep(service, actor, made)
        if row is not None:
            return _task(service, row, waiting)
    return None


def picture(service: Service, actor: Actor, task: str, token: str) -> bytes:
    """PNG of the probe (``probe``) or of one face. All of them are made beforehand, are of one length and come out of one
    sealed whole, so neither size nor time tells one from another. Raises NotFound."""
    actor.need(May.REVIEW)
    row = _own(service, actor, task)
    found = _opened_set(service, row).get(token)
    if found is None:
        raise NotFound("There is no such face in this set, or it was answered: ask for the next.")
    return found


def answer(service: Service, actor: Actor, task: str, faces: Sequence[FaceAnswer]) -> None:
    """Once. The pictures are dropped; nobody is told which face was the candidate's. Raises Invalid, NotFound, Conflict."""
    actor.need(May.REVIEW)
    row = _own(service, actor, task)
    items = tuple(ItemAnswer(face.token, face.said, face.features, face.note) for face in faces)
    truth = _truth(service, row)
    now = clock.now()
    check(Answer(truth.set, actor.id, clock.read(now), items), truth)
    with service.database.writing() as session:
        held = session.get_one(ReviewTaskRow, task)
        if held.answered_at is not None:
            raise Conflict("This set was answered already: ask for the next.")
        held.answers = {"items": [_kept(item) for item in items]}
        held.answered_at, held.sealed_set = now, b""
        began = held.opened_at or held.created_at
        held.seconds = (clock.read(now) - clock.read(began)).total_seconds()
        session.flush()
        if held.sighting_id is not None:
            _settle(service, session, held.sighting_id)
        service.record(actor, Action.REVIEW, f"set:{task}", f"sighting:{held.sighting_id or 'none'}")


def own_record(service: Service, actor: Actor) -> Reviewer:
    """How often oneself was wrong in trials."""
    actor.need(May.REVIEW)
    with service.database.reading() as session:
        return _reviewer(service, session, session.get_one(AccountRow, actor.id))


def reviewers(service: Service, actor: Actor) -> tuple[Reviewer, ...]:
    """Everybody who reviews or has reviewed, by name."""
    actor.need(May.SEE_REVIEWERS)
    with service.database.reading() as session:
        answered = select(ReviewTaskRow.reviewer_id).where(ReviewTaskRow.answered_at.is_not(None))
        who = (AccountRow.role == Role.REVIEWER) | AccountRow.id.in_(answered)
        rows = session.scalars(select(AccountRow).where(who).order_by(AccountRow.name_key)).all()
        return tuple(_reviewer(service, session, row) for row in rows)


def reviewed_of(service: Service, session: Session, sighting: str) -> tuple[Reviewed, ...]:
    """Every answer about one sighting, beside its truth, in the order they came."""
    rows = session.scalars(
        select(ReviewTaskRow)
        .where(ReviewTaskRow.sighting_id == sighting, ReviewTaskRow.answered_at.is_not(None))
        .order_by(ReviewTaskRow.answered_at)
    )
    return tuple(_reviewed(service, row) for row in rows)


def record_of(service: Service, session: Session, reviewer: str) -> ReviewerRecord:
    """A reviewer's error rates."""
    rows = session.scalars(
        select(ReviewTaskRow).where(ReviewTaskRow.reviewer_id == reviewer, ReviewTaskRow.answered_at.is_not(None))
    )
    return reviewer_record(reviewer, [_reviewed(service, row) for row in rows])


class _Skip:
    """This could not be made a set of; what it was is written beside the sighting, and another is tried."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    made: Made
    sighting: str | None


def _drawn(service: Service, actor: Actor, everything: Sequence[Pending]) -> _Drawn | _Skip | None:
    gallery, share = service.gallery, service.settings().catch_share
    people = gallery.subject_list()
    task = draw_task(actor.id, everything, catch_kinds(people), secrets.token_bytes(32), share)
    if task is None:
        return None
    if isinstance(task, LookAt):
        return _about(service, actor, task.sighting)
    like = _some_probe(service, everything)
    if like is None:
        return _Skip()
    with service.database.reading() as session:
        tested = _names(gallery, _tested(service, session, actor))
    embedder = service.identifier().stages.embedder
    found = catch_set(task.kind, people, gallery, embedder, like, secrets.token_bytes(32), tested)
    return _Skip() if isinstance(found, NoSet) else _Drawn(found, None)


def _about(service: Service, actor: Actor, sighting: str) -> _Drawn | _Skip:
    with service.database.reading() as session:
        row = session.get(SightingRow, sighting)
        earlier = [
            _truth(service, held)
            for held in session.scalars(
                select(ReviewTaskRow).where(
                    ReviewTaskRow.sighting_id == sighting, ReviewTaskRow.reviewer_id == actor.id
                )
            )
        ]
    if row is None:
        return _Skip()
    try:
        probe = stored_probe(service, row)
        name = service.gallery.subject(row.subject_id).name
    except GalleryError:  # erased a moment ago
        return _Skip()
    if probe is None:
        return _cannot(service, sighting, "Unreviewed: no picture of the face was kept, so nobody can compare it.")
    seen = _names(service.gallery, already_seen(earlier, row.subject_id))
    found = blind_set(probe, name, service.gallery, secrets.token_bytes(32), seen)
    if isinstance(found, NoSet):
        return _cannot(service, sighting, f"Unreviewed: {found.sentence}")
    return _Drawn(found, sighting)


def _cannot(service: Service, sighting: str, sentence: str) -> _Skip:
    with service.database.writing() as session:
        row = session.get(SightingRow, sighting)
        if row is not None and row.why != sentence:
            row.why = sentence
            row.version += 1
    return _Skip()


def _some_probe(service: Service, everything: Sequence[Pending]) -> Probe | None:
    """Of a sighting that waits: trials are made to look like these."""
    for one in secrets.SystemRandom().sample(list(everything), len(everything)):
        with service.database.reading() as session:
            row = session.get(SightingRow, one.sighting)
        try:
            probe = None if row is None else stored_probe(service, row)
        except GalleryError:
            continue
        if probe is not None:
            return probe
    return None


def _keep(service: Service, actor: Actor, drawn: _Drawn) -> ReviewTaskRow | None:
    """None where somebody else was quicker, or somebody in the set was erased meanwhile."""
    made = drawn.made
    truth = _by_id(service.gallery, made.truth)
    if truth is None:
        return None
    id_, now = made.set.id, clock.now()
    row = ReviewTaskRow(
        id=id_,
        sighting_id=drawn.sighting,
        reviewer_id=actor.id,
        sealed_set=service.gallery.seal(_set_bytes(made.set), f"review {id_} set"),
        sealed_truth=service.gallery.seal(truth_json(truth).encode(), f"review {id_} truth"),
        answers={},
        created_at=now,
        opened_at=now,
        answered_at=None,
        seconds=None,
    )
    pictured = {item.subject for item in truth.items} | {truth.subject}
    with service.database.writing() as session:
        if _open(session, actor) is not None:
            return None
        if drawn.sighting is not None:
            pending = {one.sighting: one for one in _pending(service, session)}.get(drawn.sighting)
            if pending is None or not may_review(actor.id, pending):
                return None
        session.add(row)
        session.flush()
        session.add_all(ReviewTaskSubjectRow(task_id=id_, subject_id=subject) for subject in pictured)
        service.record(actor, Action.VIEW, f"set:{id_}", *(f"subject:{one}" for one in sorted(pictured)))
    return row


def _settle(service: Service, session: Session, sighting: str) -> None:
    row = session.get(SightingRow, sighting)
    if row is None:
        return
    found = standing(reviewed_of(service, session, sighting), _searchers(row))
    if (row.review, row.why) != (found.verdict.value, found.sentence):
        row.review, row.why = found.verdict.value, found.sentence
        row.version += 1


def _pending(service: Service, session: Session) -> list[Pending]:
    """Candidates that two people have not come to a verdict on."""
    rows = session.scalars(
        select(SightingRow).where(SightingRow.review == Verdict.UNREVIEWED, SightingRow.outcome == Outcome.CANDIDATE)
    ).all()
    tasks = session.scalars(select(ReviewTaskRow).where(ReviewTaskRow.sighting_id.in_([row.id for row in rows]))).all()
    found = []
    for row in rows:
        own = [task for task in tasks if task.sighting_id == row.id]
        found.append(
            Pending(
                row.id,
                clock.read(row.seen_at),
                _searchers(row),
                tuple(_reviewed(service, task) for task in own if task.answered_at is not None),
                frozenset(task.reviewer_id for task in own if task.answered_at is None),
            )
        )
    return found


def _waiting(session: Session, actor: Actor) -> int:
    """How many candidates this reviewer might still be asked about: at most as many as wait for anybody."""
    asked = select(ReviewTaskRow.sighting_id).where(
        ReviewTaskRow.reviewer_id == actor.id, ReviewTaskRow.answered_at.is_not(None)
    )
    waits = select(SightingRow.id).where(
        SightingRow.review == Verdict.UNREVIEWED,
        SightingRow.outcome == Outcome.CANDIDATE,
        SightingRow.id.not_in(asked.where(ReviewTaskRow.sighting_id.is_not(None))),
        (SightingRow.searched_by != actor.id) | SightingRow.searched_by.is_(None),
    )
    return len(session.scalars(waits).all())


def _searchers(row: SightingRow) -> frozenset[str]:
    return frozenset({row.searched_by} if row.searched_by else ())


def _open(session: Session, actor: Actor) -> ReviewTaskRow | None:
    held = select(ReviewTaskRow).where(ReviewTaskRow.reviewer_id == actor.id, ReviewTaskRow.answered_at.is_(None))
    return session.scalars(held.limit(1)).first()


def _own(service: Service, actor: Actor, task: str) -> ReviewTaskRow:
    with service.database.reading() as session:
        row = session.get(ReviewTaskRow, task)
    if row is None or row.reviewer_id != actor.id:
        raise NotFound("There is no such set of yours: ask for the next.")
    return row


def _expire(service: Service) -> None:
    old = (ReviewTaskRow.answered_at.is_(None), ReviewTaskRow.created_at < clock.after(-EXPIRES_S))
    with service.database.reading() as session:
        if session.scalars(select(ReviewTaskRow.id).where(*old).limit(1)).first() is None:
            return
    with service.database.writing() as session:
        session.execute(delete(ReviewTaskRow).where(*old))


def _tested(service: Service, session: Session, actor: Actor) -> frozenset[str]:
    rows = session.scalars(
        select(ReviewTaskRow).where(ReviewTaskRow.reviewer_id == actor.id, ReviewTaskRow.sighting_id.is_(None))
    )
    return frozenset(_truth(service, row).subject for row in rows)


def _reviewer(service: Service, session: Session, account: AccountRow) -> Reviewer:
    answered = select(ReviewTaskRow.id).where(
        ReviewTaskRow.reviewer_id == account.id, ReviewTaskRow.answered_at.is_not(None)
    )
    return Reviewer(
        account.id, account.name, len(session.scalars(answered).all()), record_of(service, session, account.id)
    )


def _task(service: Service, row: ReviewTaskRow, waiting: int) -> Task:
    tokens = tuple(token for token in _opened_set(service, row) if token != PROBE)
    return Task(row.id, tokens, waiting)


def _set_bytes(made: BlindSet) -> bytes:
    pictures = {PROBE: made.probe, **{item.token: item.picture for item in made.items}}
    return json.dumps({token: base64.b64encode(png).decode() for token, png in pictures.items()}).encode()


def _opened_set(service: Service, row: ReviewTaskRow) -> dict[str, bytes]:
    """By token, in the order of the set; nothing once it was answered."""
    if not row.sealed_set:
        return {}
    held = json.loads(service.gallery.unseal(row.sealed_set, f"review {row.id} set"))
    return {token: base64.b64decode(png) for token, png in held.items()}


def _truth(service: Service, row: ReviewTaskRow) -> Truth:
    return truth_of(service.gallery.unseal(row.sealed_truth, f"review {row.id} truth").decode())


def _reviewed(service: Service, row: ReviewTaskRow) -> Reviewed:
    truth = _truth(service, row)
    items = tuple(
        ItemAnswer(one["token"], Said(one["said"]), tuple(Feature(f) for f in one["features"]), one["note"])
        for one in row.answers["items"]
    )
    return Reviewed(Answer(truth.set, row.reviewer_id, clock.read(row.answered_at or row.created_at), items), truth)


def _kept(item: ItemAnswer) -> dict[str, object]:
    return {
        "token": item.token,
        "said": item.said.value,
        "features": [feature.value for feature in item.features],
        "note": item.note,
    }


def _by_id(gallery: Gallery, truth: Truth) -> Truth | None:
    """With ids in place of names, for what is kept names nobody. None where somebody of it is not enrolled any more."""
    try:
        items = tuple(replace(item, subject=gallery.subject_id(item.subject)) for item in truth.items)
        return replace(truth, subject=gallery.subject_id(truth.subject), items=items)
    except GalleryError:
        return None


def _names(gallery: Gallery, subjects: frozenset[str]) -> frozenset[str]:
    """Today's names; who is not enrolled any more is left out."""
    found = set()
    for subject in subjects:
        try:
            found.add(gallery.subject(subject).name)
        except GalleryError:
            continue
    return frozenset(found)
