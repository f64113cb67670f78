"""Files that were sent: written as they come, told by their first bytes, owned by whoever sent them."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from secondlook.errors import Conflict, GalleryError, Invalid, NotFound, OutputError, TooLarge
from secondlook.ports import Action
from secondlook.server import clock
from secondlook.server.actors import Actor, May
from secondlook.server.acts.job_states import waiting_for
from secondlook.server.rows import CameraRow, UploadRow
from secondlook.server.service import Service
from secondlook.sources.kinds import HEAD_BYTES, READABLE, SourceKind, kind_of

LONGEST_NAME = 255
_PART = ".part"
_LOG = logging.getLogger("secondlook.uploads")


class UploadKind(StrEnum):
    PHOTO = "photo"
    VIDEO = "video"
    TABLE = "table"
    """of scores: CSV"""
    PARQUET = "parquet"
    """the same"""


@dataclass(frozen=True, slots=True)
class Upload:
    """name: what its sender called it. size: bytes."""

    id: str
    name: str
    kind: UploadKind
    size: int
    sha256: str
    created_at: str


class Incoming:
    """A file on its way in. ``finish`` when all of it came, ``drop`` when not; nothing of it counts before."""

    def __init__(self, service: Service, actor: Actor, id_: str, name: str) -> None:
        """id_: of the upload. Raises Forbidden, Invalid, OutputError."""
        actor.need(May.UPLOAD)
        self._service, self._actor, self._id, self._name = service, actor, id_, checked_name(name)
        self._most = service.settings().upload_mb * 1_000_000
        self._size, self._sum, self._head = 0, hashlib.sha256(), b""
        self._part = service.folder.uploads / f".{id_}.{secrets.token_hex(4)}{_PART}"
        with _explained():
            descriptor = os.open(self._part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=0)

    def expect(self, size: int) -> None:
        """Raises TooLarge where that many bytes are more than is taken."""
        if size > self._most:
            raise TooLarge(
                f"An upload has at most {self._most // 1_000_000:,} MB here: cut the footage, or ask an admin to allow more."
            )

    def write(self, content: bytes | bytearray) -> None:
        """Raises TooLarge, OutputError."""
        self._size += len(content)
        self.expect(self._size)
        if len(self._head) < HEAD_BYTES:
            self._head += bytes(content[: HEAD_BYTES - len(self._head)])
        self._sum.update(content)
        with _explained():
            left = memoryview(content)
            while left:
                left = left[self._file.write(left) or 0 :]

    def finish(self) -> Upload:
        """On the disk, and written down, when it returns. Raises Invalid where it is nothing that can be used, or where
        another file came under this id before."""
        service, sha256 = self._service, self._sum.hexdigest()
        kind = told_kind(self._head)
        with _explained():
            os.fsync(self._file.fileno())
            self._file.close()
        final, renamed = upload_file(service, self._id), False
        try:
            with service.database.writing() as session:
                row = session.get(UploadRow, self._id)
                if row is None:
                    with _explained():
                        self._part.rename(final)
                        renamed = True
                        _synchronise(final.parent)
                    row = self._row(kind, sha256)
                    session.add(row)
                    session.flush()
                    service.record(self._actor, Action.JOB, row.id, done="uploaded", size=row.size, sha256=row.sha256)
        except BaseException:
            if renamed:
                final.unlink(missing_ok=True)
            raise
        if row.sha256 != sha256:
            raise Invalid("This Idempotency-Key was used for another file: take a new one.")
        return _upload(service, row)

    def _row(self, kind: UploadKind, sha256: str) -> UploadRow:
        return UploadRow(
            id=self._id,
            owner_id=self._actor.id,
            sealed_name=self._service.gallery.seal(self._name.encode(), _seal(self._id)),
            kind=kind.value,
            size=self._size,
            sha256=sha256,
            created_at=clock.now(),
        )

    def drop(self) -> None:
        """After ``finish`` it does nothing."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)


def checked_name(name: str) -> str:
    """Without folders and what cannot be printed. Raises Invalid."""
    last = name.replace("\\", "/").rpartition("/")[2].strip()
    plain = "".join(letter for letter in last if letter.isprintable())[:LONGEST_NAME]
    if not plain.strip("."):
        raise Invalid(
            "An upload has a name: send it in Content-Disposition, as attachment; filename*=UTF-8''crowd.jpg."
        )
    return plain


def told_kind(head: bytes) -> UploadKind:
    """By the first bytes, never by the name. Raises Invalid."""
    if not head:
        raise Invalid("Nothing was sent: send the file as the request's body.")
    found = kind_of(head)
    if found is not None:
        return UploadKind.PHOTO if found is SourceKind.PHOTO else UploadKind.VIDEO
    if head.startswith(b"PAR1"):
        return UploadKind.PARQUET
    if _is_table(head):
        return UploadKind.TABLE
    raise Invalid(f"This is not {READABLE}, nor a table of scores (CSV, Parquet): convert it first.")


def uploads(
    service: Service, actor: Actor, *, after: tuple[str, str] | None = None, most: int = 50
) -> tuple[Upload, ...]:
    """One's own, the newest first. after: (created_at, id) of the last one that was seen."""
    actor.need(May.UPLOAD)
    chosen = select(UploadRow).where(UploadRow.owner_id == actor.id)
    if after is not None:
        chosen = chosen.where(tuple_(UploadRow.created_at, UploadRow.id) < after)
    with service.database.reading() as session:
        rows = session.scalars(chosen.order_by(UploadRow.created_at.desc(), UploadRow.id.desc()).limit(most))
        return tuple(_upload(service, row) for row in rows)


def upload(service: Service, actor: Actor, id_: str) -> Upload:
    """One's own. Raises NotFound."""
    actor.need(May.UPLOAD)
    with service.database.reading() as session:
        row = owned(session, actor, id_)
    return _upload(service, row)


def delete(service: Service, actor: Actor, id_: str) -> None:
    """Raises NotFound, Conflict where a job or a camera still needs it."""
    actor.need(May.UPLOAD)
    with service.database.writing() as session:
        row = owned(session, actor, id_)
        if id_ in waiting_for(session) | played(service, session):
            raise Conflict("A job or a camera still needs this upload: cancel that first, or wait for its end.")
        session.delete(row)
        service.record(actor, Action.JOB, id_, done="upload deleted")
    upload_file(service, id_).unlink(missing_ok=True)


def owned(session: Session, actor: Actor, id_: str) -> UploadRow:
    """Raises NotFound, also where it is somebody else's."""
    row = session.get(UploadRow, id_)
    if row is None or row.owner_id != actor.id:
        raise NotFound(f"There is no upload {id_} of yours: it was deleted, or its time is over; send the file again.")
    return row


def upload_name(service: Service, row: UploadRow) -> str:
    return service.gallery.unseal(row.sealed_name, _seal(row.id)).decode()


def upload_file(service: Service, id_: str) -> Path:
    return service.folder.uploads / id_


def played(service: Service, session: Session) -> set[str]:
    """The uploads that cameras play."""
    found = set[str]()
    for row in session.scalars(select(CameraRow)):
        with suppress(GalleryError):
            address = service.gallery.unseal(row.sealed_address, f"camera {row.id} address").decode()
            kind, _, id_ = address.partition(":")
            found |= {id_} if kind == "upload" else set()
    return found


def clean(service: Service) -> int:
    """At the start, before anybody sends anything: drops what was half written when the service was killed, and files that
    nothing is known of; how many."""
    with service.database.reading() as session:
        known = set(session.scalars(select(UploadRow.id)))
    strays = [file for file in service.folder.uploads.iterdir() if file.name not in known]
    for file in strays:
        with suppress(OSError):
            file.unlink()
    if strays:
        _LOG.info("half-written uploads dropped", extra={"files": len(strays)})
    return len(strays)


def _is_table(head: bytes) -> bool:
    """Text whose first line has columns."""
    try:
        # the head may end inside a letter
        text = head.decode("utf-8-sig") if len(head) < HEAD_BYTES else head[:-4].decode("utf-8-sig", "ignore")
    except UnicodeDecodeError:
        return False
    first = text.splitlines()[0] if text.strip() else ""
    return all(letter.isprintable() or letter in "\t\r\n" for letter in text) and any(c in first for c in ",;\t")


def _upload(service: Service, row: UploadRow) -> Upload:
    return Upload(row.id, upload_name(service, row), UploadKind(row.kind), row.size, row.sha256, row.created_at)


def _seal(id_: str) -> str:
    return f"upload {id_} name"


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"The upload cannot be kept ({error.strerror}): make room on the service's disk, then send it again."
        ) from error
