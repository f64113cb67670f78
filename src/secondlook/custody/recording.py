"""What everybody who records in a gallery's log needs: where it is, who is acting, and no name in the reasons."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator
from pathlib import Path

from secondlook.custody.identity import FILE_NAME
from secondlook.custody.log import CustodyLog
from secondlook.custody.signing import KeyFolder
from secondlook.errors import CustodyError, GalleryError, LogUnusable, UnknownSubject
from secondlook.gallery import Gallery

FOLDER = "log"
_MOST_WORDS = 60
_LONGEST_NAME = 6  # words


def os_actor() -> str:
    """The user of this system: ``os:ann``."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user id without a name, as in a container
        name = "unknown"
    return f"os:{name}"


def gallery_log(gallery: Gallery, keys: KeyFolder | None = None) -> CustodyLog:
    """The log of a gallery in its folder on this host, which whoever touches the gallery writes to. As ``CustodyLog.open``."""
    return CustodyLog.open(gallery.folder / FOLDER, keys, gallery.id)


def log_folder(place: Path) -> Path:
    """Where the log of a gallery's folder, or of a service's data folder, is. Raises LogUnusable where there is none."""
    for folder in (place / FOLDER, place / "gallery" / FOLDER, place):
        if (folder / FILE_NAME).exists():
            return folder
    raise LogUnusable(f"There is no log in {place}: name a gallery's folder, or a service's data folder.")


def refuse_names(gallery: Gallery, *reasons: str) -> None:
    """A purpose that names somebody enrolled would keep the name for ever. Raises CustodyError."""
    for reason in reasons:
        for words in _runs(reason):
            if _enrolled(gallery, words):
                raise CustodyError(
                    f"'{words}' is somebody enrolled, and what the log holds can never be erased: state the purpose and "
                    "the case without names."
                )


def _runs(reason: str) -> Iterator[str]:
    """All runs of up to six words."""
    words = re.split(r"[\s,;:()\[\]{}\"'!?/]+", reason)[:_MOST_WORDS]
    for start in range(len(words)):
        for end in range(start + 1, min(start + _LONGEST_NAME, len(words)) + 1):
            run = " ".join(words[start:end]).strip(" .")
            if run:
                yield run


def _enrolled(gallery: Gallery, name: str) -> bool:
    try:
        gallery.subject_id(name)
    except (UnknownSubject, GalleryError):  # the latter: nothing that could be a name
        return False
    return True
