"""What packs need of the disk: checksums, one writer at a time, and writes that a power cut does not halve."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from secondlook.errors import PackError


class Busy(StrEnum):
    """What to do while another process holds the lock."""

    WAIT = "wait"
    REFUSE = "refuse"


def sha256_of(path: Path) -> str:
    """64 hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_durably(source: Path, target: Path) -> None:
    """On the disk, not only in memory, once it returns. Raises OSError."""
    with source.open("rb") as read, target.open("wb") as written:
        shutil.copyfileobj(read, written, 1 << 20)
        written.flush()
        os.fsync(written.fileno())


def write_durably(text: str, target: Path) -> None:
    """As UTF-8, and on the disk once it returns. Raises OSError."""
    with target.open("w", encoding="utf-8", newline="\n") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())


def sync_folder(folder: Path) -> None:
    """Makes renames in ``folder`` survive a power cut. Folders cannot be opened on Windows, where this does nothing."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Turns whatever the disk refuses into one sentence about ``what``."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise PackError(f"{what} cannot be written ({reason}): make room or allow writing, and try again.") from error


@contextmanager
def only_writer(lock: Path, busy: Busy, what: str) -> Iterator[None]:
    """Holds ``lock``, a file that is made where it is missing and stays; the system frees it when a process dies.

    Raises PackError where another process holds it and ``busy`` is REFUSE, or where it cannot be made. Windows has no
    such lock; there two writers at once are not kept apart.
    """
    with writing(what):
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(handle, busy, what)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, busy: Busy, what: str) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy is Busy.REFUSE else 0))
    except BlockingIOError as error:
        raise PackError(f"{what} is being written by another process: wait until that is done.") from error
    except OSError as error:
        raise PackError(f"{what} cannot be locked ({error.strerror}): put it on another file system.") from error
