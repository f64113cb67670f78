"""When a word is a subject's name, and when two are the same."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TypeAlias

from secondlook.errors import GalleryError

_LONGEST = 200
_JOINERS = "\u200c\u200d"  # invisible, but spelling in Persian and in Indic scripts


@dataclass(frozen=True, slots=True)
class ById:
    """A subject by its id (uuid in hex), which it keeps whatever it is called.

    named: who is enrolled by an id that nobody has is made under this name; None: nobody is made.
    """

    id: str
    named: str | None = None

    def __str__(self) -> str:
        return self.id


Who: TypeAlias = str | ById
"""A subject by its name or by its id."""

Place: TypeAlias = tuple[str, str]
"""Where a subject is in the order of names: the beginning of its folded name, then its id, for names that begin alike."""
_PLACED_BY = 60


def place_of(name: str, id_: str) -> Place:
    return folded_name(name)[:_PLACED_BY], id_


def plain_name(name: str) -> str:
    """The name as it is kept: NFC, without blanks around it. Raises GalleryError where it is no name."""
    plain = unicodedata.normalize("NFC", name).strip()
    # Categories C*: control, format, surrogate, unassigned; names are not told apart by what cannot be seen.
    unseen = any(unicodedata.category(letter)[0] == "C" and letter not in _JOINERS for letter in plain)
    if not plain or len(plain) > _LONGEST or unseen:
        raise GalleryError(
            f"{name!r} cannot be a subject's name: give 1 to {_LONGEST} letters and no control characters."
        )
    return plain


def folded_name(name: str) -> str:
    """The same for all spellings that differ only in case or in how accents are written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).strip().casefold())
