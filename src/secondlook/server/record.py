"""The gallery's log, which the service shares with whoever else works with the gallery."""

from __future__ import annotations

from pathlib import Path

from secondlook.custody.log import CustodyLog
from secondlook.gallery import Gallery
from secondlook.ports import Log


def open_log(gallery: Gallery, folder: Path) -> Log:
    """Raises LogUnusable where it is damaged or its signing key is missing."""
    return CustodyLog.open(folder / "log", log=gallery.id)
