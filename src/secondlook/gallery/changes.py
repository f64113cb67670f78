"""What may be done to a gallery's rows. Each function works in its caller's transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from secondlook.errors import GalleryError, GalleryLocked, SubjectExists, UnknownSubject
from secondlook.gallery.names import ById, Who, folded_name, plain_name
from secondlook.gallery.people import NewReference, now, opened_row, sealed_row, sealed_template
from secondlook.gallery.records import ReferenceRow, RetiredKeyRow, SubjectRow
from secondlook.gallery.sealing import Kind
from secondlook.gallery.vault import SubjectSeal, Vault
from secondlook.types import Floats


@dataclass(frozen=True, slots=True)
class Room:
    """A transaction in a gallery: its session, its keys, and what its users call it."""

    session: Session
    vault: Vault
    place: str


@dataclass(frozen=True, eq=False, slots=True)
class Person:
    """A subject whose key is there. id: uuid in hex."""

    id: str
    name: str
    seal: SubjectSeal


def subject_row(room: Room, who: Who) -> SubjectRow:
    """Raises UnknownSubject. The row of a blinded subject is found as well."""
    row = room.session.get(SubjectRow, who.id) if isinstance(who, ById) else _find_row(room, plain_name(who))
    if row is None:
        called = who.id if isinstance(who, ById) else f"'{who}'"
        raise UnknownSubject(
            f"There is no subject {called} in {room.place}: `secondlook gallery list` shows who is enrolled."
        )
    return row


def person(room: Room, who: Who) -> Person:
    """Raises UnknownSubject, or GalleryLocked where the subject's key was dropped."""
    return _opened(room, subject_row(room, who))


@dataclass(frozen=True, eq=False, slots=True)
class Enrolled:
    """ids: of the references, None for a picture that the subject has already. alone: whether the subject has no other
    reference than the one enrolled here."""

    person: Person
    ids: tuple[int | None, ...]
    alone: bool


def enrol(room: Room, people: Sequence[tuple[Who, Sequence[NewReference]]], pack: str) -> list[Enrolled]:
    """Subjects and their new references. Somebody named who is not there is made, and the keys of all who are new are stored
    at once. Raises UnknownSubject of an id, GalleryLocked, GalleryError where somebody new is named twice."""
    rows = [_row_or_new(room, who) for who, _ in people]
    new = [row for row in rows if isinstance(row, ById)]
    if len({folded_name(str(one.named)) for one in new}) != len(new):
        raise GalleryError("Somebody new is named twice among those to enrol: put all pictures of a person together.")
    made, at, sealed = iter(_new_people(room, new)), now(), []
    for (_, references), row in zip(people, rows, strict=True):
        person = next(made) if isinstance(row, ById) else _opened(room, row)
        held = set() if isinstance(row, ById) else _pictures_held(room, person)
        sealed.append((person, _sealed_rows(person, references, held, pack, at), isinstance(row, ById)))
    room.session.add_all(one for _, those, _ in sealed for one in those if one is not None)
    room.session.flush()  # all at once, in as few statements as there may be
    return [
        Enrolled(person, tuple(None if one is None else one.id for one in those), is_new and len(those) == 1)
        for person, those, is_new in sealed
    ]


def _row_or_new(room: Room, who: Who) -> SubjectRow | ById:
    """Who is there, or who is to be made."""
    if isinstance(who, str):
        return _find_row(room, plain_name(who)) or ById(uuid.uuid4().hex, plain_name(who))
    if who.named is None or room.session.get(SubjectRow, who.id) is not None:
        return subject_row(room, who)
    _refuse_taken(room, who.named)
    return ById(who.id, plain_name(who.named))


def _refuse_taken(room: Room, name: str, by: str | None = None) -> None:
    """Raises SubjectExists where somebody else than ``by`` has that name."""
    taken = _find_row(room, plain_name(name))
    if taken is not None and taken.id != by:
        raise SubjectExists(f"There is a subject '{name}' in {room.place} already: choose another name, or merge them.")


def rename(room: Room, old: Who, new: str) -> Person:
    """Raises UnknownSubject, SubjectExists."""
    row, name = subject_row(room, old), plain_name(new)
    _refuse_taken(room, name, row.id)
    seal = _opened(room, row).seal
    row.name_lookup = room.vault.name_lookup(name)
    row.sealed_name = seal.close(name.encode(), Kind.NAME)
    return Person(row.id, name, seal)


@dataclass(frozen=True, slots=True)
class Merged:
    """into: the seal of the one that is left. gone: id of the other. doubled: references left out because ``into`` has
    their picture."""

    into: SubjectSeal
    gone: str
    doubled: tuple[int, ...]


def merge(room: Room, into: Who, from_: Who) -> Merged:
    """Seal all of one subject under the other's key. References keep their ids.

    The emptied subject's key is retired here, and to be dropped once this is committed: were it dropped before, a
    crash would lose its references.
    """
    target, source = person(room, into), person(room, from_)
    if target.id == source.id:
        raise GalleryError(f"'{into}' and '{from_}' are the same subject in {room.place}: name two.")
    held = _pictures_held(room, target)
    doubled: list[int] = []
    for row in room.session.scalars(select(ReferenceRow).where(ReferenceRow.subject_id == source.id)):
        if not _move(row, source, target, held):
            doubled.append(row.id)
    room.session.flush()  # the references must have gone over before their old subject takes the rest along
    room.session.execute(delete(SubjectRow).where(SubjectRow.id == source.id))
    room.session.add(RetiredKeyRow(subject_id=source.id))
    return Merged(target.seal, source.id, tuple(doubled))


@dataclass(frozen=True, eq=False, slots=True)
class Divided:
    """left, made: seals of the subject that was divided and of the new one."""

    left: SubjectSeal
    made: Person


def split(room: Room, whose: Who, references: Sequence[int], name: str, id_: str) -> Divided:
    """Make a new subject of some of one's references, which are sealed anew and keep their ids. id_: the new subject's.

    Raises UnknownSubject, GalleryLocked, SubjectExists, and GalleryError where a reference is not that subject's, or none
    would be left or taken.
    """
    source, new = person(room, whose), ById(id_, plain_name(name))
    _refuse_taken(room, name)
    rows = room.session.scalars(select(ReferenceRow).where(ReferenceRow.subject_id == source.id)).all()
    asked = set(references)
    taken = [row for row in rows if row.id in asked]
    if len(taken) != len(asked):
        raise GalleryError(f"Not all of these references are of '{source.name}' in {room.place}: look at its list.")
    if not taken or len(taken) == len(rows):
        raise GalleryError(f"Some of the references of '{source.name}' stay and some go: name some of them, not all.")
    (made,) = _new_people(room, (new,))
    for row in taken:
        _move(row, source, made, set())
    room.session.flush()
    return Divided(source.seal, made)


def remove(room: Room, subject: str) -> bool:
    """Drop the subject's key, then its rows; whether there were any. subject: id in hex.

    In this order, because a crash in between leaves rows which nobody can read, and never a key that was to go.
    """
    room.vault.drop(subject)
    there = room.session.get(SubjectRow, subject) is not None
    room.session.execute(delete(SubjectRow).where(SubjectRow.id == subject))
    return there


def remove_reference(room: Room, reference: int) -> None:
    row = room.session.scalar(select(ReferenceRow.id).where(ReferenceRow.id == reference))
    if row is None:
        raise GalleryError(f"There is no reference {reference} in {room.place}: `secondlook gallery show` lists them.")
    room.session.execute(delete(ReferenceRow).where(ReferenceRow.id == reference))


def replace_template(room: Room, seal: SubjectSeal, reference: int, picture: bytes, pack: str, new: Floats) -> None:
    sealed = sealed_template(seal, new, pack, picture)
    changed = update(ReferenceRow).where(ReferenceRow.id == reference).values(pack=pack, sealed_template=sealed)
    room.session.execute(changed)


def drop_retired(room: Room) -> None:
    """Drop the keys that no row needs any more."""
    for retired in room.session.scalars(select(RetiredKeyRow)):
        room.vault.drop(retired.subject_id)
        room.session.delete(retired)


def _find_row(room: Room, plain: str) -> SubjectRow | None:
    return room.session.scalar(select(SubjectRow).where(SubjectRow.name_lookup == room.vault.name_lookup(plain)))


def _opened(room: Room, row: SubjectRow) -> Person:
    """Raises GalleryLocked where the subject's key was dropped."""
    seal = room.vault.find(row.id)
    if seal is None:
        raise GalleryLocked(
            f"The key of that subject in {room.place} was dropped, so nothing of it can be read: remove it, and enrol "
            "it again if it should be there."
        )
    return Person(row.id, seal.open(row.sealed_name, Kind.NAME).decode(), seal)


def _new_people(room: Room, new: Sequence[ById]) -> list[Person]:
    seals = room.vault.new_seals([one.id for one in new])
    people = [Person(seal.subject, str(one.named), seal) for one, seal in zip(new, seals, strict=True)]
    room.session.add_all(
        SubjectRow(
            id=one.id,
            name_lookup=room.vault.name_lookup(one.name),
            sealed_name=one.seal.close(one.name.encode(), Kind.NAME),
            created_at=now(),
        )
        for one in people
    )
    room.session.flush()
    return people


def _pictures_held(room: Room, whose: Person) -> set[bytes]:
    return set(room.session.scalars(select(ReferenceRow.picture_lookup).where(ReferenceRow.subject_id == whose.id)))


def _sealed_rows(
    whose: Person, references: Sequence[NewReference], held: set[bytes], pack: str, at: str
) -> list[ReferenceRow | None]:
    """None for a picture that is among ``held``, to which all others are added."""
    rows: list[ReferenceRow | None] = []
    for new in references:
        picture = whose.seal.picture_lookup(new.picture_sha256)
        rows.append(None if picture in held else sealed_row(whose.seal, new, pack, at))
        held.add(picture)
    return rows


def has_picture(room: Room, enrolled: Person, sha256: str) -> bool:
    held = select(ReferenceRow.id).where(
        ReferenceRow.subject_id == enrolled.id, ReferenceRow.picture_lookup == enrolled.seal.picture_lookup(sha256)
    )
    return room.session.scalar(held) is not None


def _move(row: ReferenceRow, source: Person, target: Person, held: set[bytes]) -> bool:
    """False where the target has the picture already; the row then goes with its old subject."""
    opened = opened_row(source.seal, row, source.name)
    sealed = sealed_row(target.seal, opened, row.pack, opened.enrolled_at.isoformat())
    if sealed.picture_lookup in held:
        return False
    row.subject_id = target.id
    row.picture_lookup = sealed.picture_lookup
    row.sealed_template, row.sealed_details, row.sealed_crop = (
        sealed.sealed_template,
        sealed.sealed_details,
        sealed.sealed_crop,
    )
    return True
