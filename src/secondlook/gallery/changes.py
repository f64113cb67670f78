"""What may be done to a gallery's rows. Each function works in its caller's transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from secondlook.errors import GalleryError, GalleryLocked, SubjectExists, UnknownSubject
from secondlook.gallery.names import plain_name
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


def subject_row(room: Room, name: str) -> SubjectRow:
    """Raises UnknownSubject. The row of a blinded subject is found as well."""
    row = _find_row(room, plain_name(name))
    if row is None:
        raise UnknownSubject(
            f"There is no subject '{name}' in {room.place}: `secondlook gallery list` shows who is enrolled."
        )
    return row


def person(room: Room, name: str) -> Person:
    """Raises UnknownSubject, or GalleryLocked where the subject's key was dropped."""
    return _opened(room, subject_row(room, name))


def enrol(
    room: Room, name: str, references: Sequence[NewReference], pack: str
) -> tuple[Person, tuple[int | None, ...]]:
    """The subject and the id of each reference, None for a picture that it has already."""
    row = _find_row(room, plain_name(name))
    enrolled = _opened(room, row) if row is not None else _new_person(room, plain_name(name))
    at = now()
    return enrolled, tuple(_enrol_one(room, enrolled, new, pack, at) for new in references)


def rename(room: Room, old: str, new: str) -> Person:
    """Raises UnknownSubject, SubjectExists."""
    row, name = subject_row(room, old), plain_name(new)
    taken = _find_row(room, name)
    if taken is not None and taken.id != row.id:
        raise SubjectExists(f"There is a subject '{name}' in {room.place} already: choose another name, or merge them.")
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


def merge(room: Room, into: str, from_: str) -> Merged:
    """Seal all of one subject under the other's key. References keep their ids.

    The emptied subject's key is retired here, and to be dropped once this is committed: were it dropped before, a
    crash would lose its references.
    """
    target, source = person(room, into), person(room, from_)
    if target.id == source.id:
        raise GalleryError(f"'{into}' and '{from_}' are the same subject in {room.place}: name two.")
    held = set(room.session.scalars(select(ReferenceRow.picture_lookup).where(ReferenceRow.subject_id == target.id)))
    doubled: list[int] = []
    for row in room.session.scalars(select(ReferenceRow).where(ReferenceRow.subject_id == source.id)):
        if not _move(row, source, target, held):
            doubled.append(row.id)
    room.session.flush()  # the references must have gone over before their old subject takes the rest along
    room.session.execute(delete(SubjectRow).where(SubjectRow.id == source.id))
    room.session.add(RetiredKeyRow(subject_id=source.id))
    return Merged(target.seal, source.id, tuple(doubled))


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


def _new_person(room: Room, name: str) -> Person:
    subject = uuid.uuid4().hex
    seal = room.vault.new_seal(subject)
    room.session.add(
        SubjectRow(
            id=subject,
            name_lookup=room.vault.name_lookup(name),
            sealed_name=seal.close(name.encode(), Kind.NAME),
            created_at=now(),
        )
    )
    room.session.flush()
    return Person(subject, name, seal)


def _enrol_one(room: Room, enrolled: Person, new: NewReference, pack: str, at: str) -> int | None:
    row = sealed_row(enrolled.seal, new, pack, at)
    if has_picture(room, enrolled, new.picture_sha256):
        return None
    room.session.add(row)
    room.session.flush()
    return row.id


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
