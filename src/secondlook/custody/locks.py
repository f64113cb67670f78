"""One writer at a time, among threads and processes. A lock goes with its process, however that ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def writing_alone(file: Path) -> Iterator[None]:
    """Holds the lock in ``file``, which is made where it is not there. Waits for others. Raises OSError."""
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        _lock(descriptor, alone=True)
        try:
            yield
        finally:
            _unlock(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def reading_along(file: Path) -> Iterator[None]:
    """Keeps writers out. Where there is no such file, or it may not be opened, nobody is writing here."""
    descriptor = -1
    with suppress(OSError):
        descriptor = os.open(file, os.O_RDONLY)
    if descriptor < 0:
        yield
        return
    try:
        _lock(descriptor, alone=False)
        try:
            yield
        finally:
            _unlock(descriptor)
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, *, alone: bool) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int, *, alone: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
