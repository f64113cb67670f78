"""HTML by construction: whatever is not ``Markup`` is escaped on its way in, so that no name becomes code."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable

_NO_END = ("img", "meta", "link", "input")
_JOINERS = "\u200c\u200d"  # needed to spell Persian and Indic names


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | None) -> Markup:
    """An element. attributes: ``class_`` is class, ``aria_label`` is aria-label; one that is None is left out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _NO_END:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{joined(children)}</{name}>")


def joined(parts: Iterable[str]) -> Markup:
    return Markup("".join(part if isinstance(part, Markup) else escaped(part) for part in parts))


def escaped(text: str) -> Markup:
    return Markup(html.escape(visible(text), quote=True))


def visible(text: str) -> str:
    """Text as it is, but for what could not be written or would hide or turn the rest: that shows as its code.

    Names of files may hold broken characters (surrogates), line breaks, or marks that reverse the reading direction.
    """
    if text.isprintable():
        return text
    return "".join(c if _is_plain(c) else c.encode("unicode_escape").decode("ascii") for c in text)


def _is_plain(letter: str) -> bool:
    return letter.isprintable() or letter in _JOINERS or unicodedata.category(letter) == "Zs"


def named(name: str) -> Markup:
    """A name of a person or a file, kept from turning the text around it when it is written right to left."""
    return tag("bdi", name)


def table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    """A table whose first column heads its rows."""
    head = tag("tr", *(tag("th", h, scope="col") for h in heads))
    body = joined(_row(tuple(row)) for row in rows)
    return tag("table", tag("caption", caption), tag("thead", head), tag("tbody", body))


def _row(cells: tuple[str, ...]) -> Markup:
    first, *rest = cells
    return tag("tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in rest))
