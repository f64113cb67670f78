"""Files that must appear whole or not at all, and be read by nobody else."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from secondlook.errors import OutputError


def private_folder(folder: Path) -> None:
    """Make a folder which only its owner can enter; one that is there already is left as it is."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}): choose a folder you may write to.") from error


def beside(final: Path) -> Path:
    """A new name in the same folder, for a file which is not whole yet."""
    return final.with_name(f".{final.name}.{secrets.token_hex(4)}.part")


def create_private(final: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, whole or not at all.

    Raises FileExistsError where there is one already, and OutputError where it cannot be written.
    """
    private_folder(final.parent)
    part = beside(final)
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        publish(part, final)
    except FileExistsError:
        raise
    except OSError as error:
        raise OutputError(
            f"{final} cannot be written ({error.strerror}): free space or choose another place."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def publish(part: Path, final: Path) -> None:
    """Give a finished file its name, durably and without replacing another. Raises FileExistsError, OSError."""
    try:
        os.link(part, final)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links (FAT, some network shares): the check is then not atomic
        if final.exists():
            raise FileExistsError(final) from None
        part.rename(final)
    part.unlink(missing_ok=True)
    _sync_folder(final.parent)


def _sync_folder(folder: Path) -> None:
    # Systems which cannot open a folder (Windows) write its entries themselves.
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
