"""What is looked for: every form in which something of a person may lie in a file."""

from __future__ import annotations

import base64
import html
import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import numpy as np

from secondlook.types import Floats

RUN = 8
"""Numbers of a template in a row that are a remain of it."""

CROP_RUN = 64
"""Bytes of a picture in a row that are a remain of it."""

_PHASES = 3  # base64 writes three bytes at a time, so that the same bytes come in three spellings
_LINE = 36  # letters of base64 at least together where it is written in lines of 64 or 76
_VARIED = 16  # different bytes among 64, from which on they are no plain area that any picture may have


@dataclass(frozen=True, slots=True)
class Run:
    """Bytes of which any ``least`` in a row are a remain. what: in words."""

    what: str
    content: bytes = field(repr=False)
    least: int


@dataclass(frozen=True, slots=True)
class Name:
    """Letters that are a remain wherever they stand, or where they stand as words of their own. content: in small letters
    where it is ``folded``, so far as ASCII has them."""

    what: str
    content: bytes
    folded: bool
    whole_word: bool


@dataclass(frozen=True, eq=False, slots=True)
class Decimals:
    """Numbers of which any ``least`` in a row, written with six digits or more, are a remain. values: (D,)."""

    what: str
    values: Floats = field(repr=False)
    least: int


@dataclass(frozen=True, slots=True)
class Needles:
    runs: tuple[Run, ...]
    names: tuple[Name, ...]
    decimals: tuple[Decimals, ...]

    def __add__(self, other: Needles) -> Needles:
        return Needles(self.runs + other.runs, self.names + other.names, self.decimals + other.decimals)


NOTHING = Needles((), (), ())


def template_needles(template: Floats) -> Needles:
    """A template (D,) as float16, float32 and float64, in both byte orders, raw, in base64, in hex, and in decimals."""
    least = min(RUN, len(template))
    runs: list[Run] = []
    for kind in ("f2", "f4", "f8"):
        for order, words in (("<", "little-endian"), (">", "big-endian")):
            number = np.dtype(order + kind)
            what = f"template, float{8 * number.itemsize} {words}"
            runs += _written(what, template.astype(number).tobytes(), least * number.itemsize)
    return Needles(tuple(runs), (), (Decimals("template, in decimals", template, least),))


def picture_needles(picture: bytes) -> Needles:
    """A picture's file, raw, in base64 and in hex: of a JPEG or PNG what follows the tables that others have too, and of
    that no plain areas, which look alike in any picture."""
    runs: list[Run] = []
    for part in _varied_parts(picture[_own_part(picture) :]):
        runs += _written("crop", part, CROP_RUN)
    return Needles(tuple(runs), (), ())


def sealed_needles(sealed: Iterable[bytes]) -> Needles:
    """Sealed values, raw: nobody can read them, but they were to be deleted."""
    return Needles(
        tuple(Run("sealed value", value, min(CROP_RUN, len(value))) for value in sealed if len(value) >= RUN), (), ()
    )


def digest_needles(sha256: str) -> Needles:
    """A picture's SHA-256 (in hex), which tells that it was here. The same in bytes and in base64."""
    try:
        content = bytes.fromhex(sha256)
    except ValueError:
        return NOTHING
    return Needles(tuple(_written("SHA-256 of a reference's picture", content, len(content))), (), ())


def name_needles(what: str, text: str) -> Needles:
    """A name in UTF-8, UTF-16, JSON, HTML and URLs, in base64, with blanks as blanks or as they become in file names.

    A short single word (Will, say) counts only as it is written, for in small letters it may be any word.
    """
    folded = " " in text or len(text) >= RUN
    names: dict[bytes, Name] = {}

    def add(words: str, content: bytes, *, whole_word: bool) -> None:
        plain = content.lower() if folded else content
        names.setdefault(plain, Name(f"{what}, {words}", plain, folded, whole_word))

    for spelling in _spellings(text) if folded else (text,):
        add("UTF-8", spelling.encode("utf-8", "surrogatepass"), whole_word=True)
        for coding in ("utf-16-le", "utf-16-be"):
            add("UTF-16", spelling.encode(coding, "surrogatepass"), whole_word=False)
        add("JSON", json.dumps(spelling)[1:-1].encode(), whole_word=True)
        add("HTML", html.escape(spelling).encode("utf-8", "surrogatepass"), whole_word=True)
        add("URL", quote(spelling.encode("utf-8", "surrogatepass"), safe="").encode(), whole_word=True)
    for content in _base64_cores(text.encode("utf-8", "surrogatepass")):
        if len(content) >= RUN:
            names.setdefault(content, Name(f"{what}, base64", content, folded=False, whole_word=False))
    return Needles((), tuple(names.values()), ())


def _spellings(text: str) -> Iterator[str]:
    """ASCII is compared without case anyway; other letters are spelled out."""
    for form in ("NFC", "NFD"):
        normal = unicodedata.normalize(form, text)
        for cased in dict.fromkeys((normal, normal.lower(), normal.upper(), normal.casefold())):
            for blank in (" ", "_", "-", ""):
                yield blank.join(cased.split())


def _written(what: str, content: bytes, least: int) -> Iterator[Run]:
    """Raw, in hex and in base64."""
    yield Run(what, content, least)
    plain = content.hex().encode()
    yield Run(f"{what}, hex", plain, 2 * least)
    yield Run(f"{what}, hex", plain.upper(), 2 * least)
    for core in _base64_cores(content):
        # of the first and last letters, other bytes decide a part
        letters = min(_LINE, max(RUN, 4 * ((least - 2) // 3)))
        yield Run(f"{what}, base64", core, min(letters, len(core)))
        other = core.translate(bytes.maketrans(b"+/", b"-_"))
        if other != core:
            yield Run(f"{what}, base64", other, min(letters, len(core)))


def _base64_cores(content: bytes) -> list[bytes]:
    """How these bytes are written in base64 within other bytes: without the letters that those have a part in."""
    cores = []
    for before in range(_PHASES):
        first = (_PHASES - before) % _PHASES
        whole = content[first : first + (len(content) - first) // 3 * 3]
        if whole:
            cores.append(base64.b64encode(whole))
    return cores


def _own_part(picture: bytes) -> int:
    """Where the pixels of a JPEG or PNG begin; other files are taken whole."""
    if picture.startswith(b"\xff\xd8"):
        scan = picture.find(b"\xff\xda")
        return scan + 14 if scan >= 0 else 0
    if picture.startswith(b"\x89PNG"):
        data = picture.find(b"IDAT")
        return data + 4 if data >= 0 else 0
    return 0


def _varied_parts(content: bytes) -> Iterator[bytes]:
    """The parts whose windows all have many different bytes."""
    begun: int | None = None
    half = CROP_RUN // 2
    for at in range(0, len(content) - CROP_RUN + 1, half):
        if len(set(content[at : at + CROP_RUN])) >= _VARIED:
            begun = at if begun is None else begun
        elif begun is not None:
            yield content[begun : at + half]
            begun = None
    if begun is not None:
        yield content[begun:]
