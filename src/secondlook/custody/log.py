"""The log: what was done here, by whom, when and why. Append-only, each entry chained to the one before and signed.

What is append-only cannot be erased, so nothing personal goes in: subjects by their ids, never a name, a template or a
picture. A key that is dropped with its subject leaves an id that leads to nobody.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from secondlook.custody.appending import SEGMENT_BYTES, Appender
from secondlook.custody.entries import checked
from secondlook.custody.files import LOCK, entry_files
from secondlook.custody.heads import Head
from secondlook.custody.identity import FILE_NAME, Identity, read_identity, write_identity
from secondlook.custody.locks import writing_alone
from secondlook.custody.signing import KeyFolder, SigningKey
from secondlook.errors import LogUnusable, OutputError
from secondlook.gallery.files import private_folder
from secondlook.ports import Entry, Recorded
from secondlook.together import Together


class CustodyLog:
    """One log, open for writing; ``ports.Log``. Safe from several threads, and from several processes at once.

    ``record`` returns once the entry is on the disk. Threads that record at the same time share one write and one
    synchronisation of the disk: the first writes for all who came while it waited. Nothing has to be closed.
    """

    def __init__(self, folder: Path, identity: Identity, key: SigningKey, appender: Appender) -> None:
        """For ``open``; use that."""
        self.folder = folder
        self.identity = identity
        self.key = key
        self._appender = appender
        self._together: Together[Entry, Recorded] = Together(self._write)

    @classmethod
    def open(
        cls, folder: Path, keys: KeyFolder | None = None, log: str | None = None, segment_bytes: int = SEGMENT_BYTES
    ) -> CustodyLog:
        """The log in a folder, which is begun where there is none.

        keys: where the signing key is, or is to be kept; never in the folder. log: id of a new one; by default a new
        uuid. segment_bytes: length from which on a new file is begun. A last line that was never finished is cut off,
        and that is recorded; so is an end that is not the one this log had. Raises LogUnusable where the log is
        damaged or its key is missing, OutputError where it cannot be written.
        """
        keys = keys or KeyFolder.default()
        identity = read_identity(folder)
        if identity is None:
            identity = _begun(folder, keys, log or uuid.uuid4().hex)
        _refuse_inside(keys.key_file(identity.log), folder)
        key = keys.read(identity.log)
        if key.public != identity.public_key:
            raise LogUnusable(
                f"The log in {folder} is not signed by {keys.key_file(identity.log)}: `secondlook log verify` says "
                "what was changed; bring back the log or the key that belong together."
            )
        appender = Appender(folder, identity, key, keys.head_file(identity.life), segment_bytes)
        opened = cls(folder, identity, key, appender)
        with opened._alone():
            appender.append(())
        return opened

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def record(self, entry: Entry, /) -> Recorded:
        """The entry is on the disk, chained and signed, when this returns.

        Raises CustodyError where the entry says what a log may not hold, OutputError where the disk refuses: then the
        entry is not in the log.
        """
        try:
            return self._together(checked(entry))
        except OutputError as error:
            raise OutputError(str(error)) from error  # several threads raise it, each with a trace of its own

    def head(self) -> Head:
        """A signed statement of where the log ends now: kept elsewhere, it shows later whether the log was cut."""
        with self._alone():
            return self._appender.head()

    def _write(self, entries: Sequence[Entry]) -> Sequence[Recorded]:
        with self._alone():
            return self._appender.append(entries)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            with writing_alone(self.folder / LOCK):
                yield
        except OSError as error:
            raise OutputError(
                f"The log in {self.folder} cannot be written ({error.strerror}): free space or allow writing, then do "
                "it again, for nothing is done without a record."
            ) from error


def _begun(folder: Path, keys: KeyFolder, log: str) -> Identity:
    private_folder(folder)
    if entry_files(folder):
        raise LogUnusable(f"{folder} holds entries but no {FILE_NAME}: bring that file back from a copy or a backup.")
    _refuse_inside(keys.key_file(log), folder)
    return write_identity(folder, Identity(log, keys.make(log).public, life=log))


def _refuse_inside(file: Path, folder: Path) -> None:
    if file.resolve().is_relative_to(folder.resolve()):
        raise LogUnusable(
            f"{file} lies in the log's own folder, so every copy of it could be signed anew: keep the key elsewhere."
        )
