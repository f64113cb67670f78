"""The one place where the room writes a file: whole or not at all, and every failure a sentence with its name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from secondlook.errors import OutputError
from secondlook.sources.opening import shown


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """An open file whose content takes the place of ``path`` at the end; on any error ``path`` stays as it was.

    Folders on the way are made. Raises OutputError (disk full, no permission).
    """
    part = path.with_name(f".{os.getpid()}.{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w+b") as file:
            yield file
        part.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{shown(path)} cannot be written ({reason}): free some space there, or name another folder to write to."
        ) from error
    finally:
        _discard(part)


def _discard(part: Path) -> None:
    # what is to be told is why the file could not be written, not that its remains could not be removed
    try:
        part.unlink(missing_ok=True)
    except OSError:
        return
