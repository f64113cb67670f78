"""Style sheets and scripts of our own, served from the package under names that change with what is in them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Response

from secondlook.errors import NotFound
from secondlook.report.markup import Markup, tag

_SHEETS = ("look.css", "parts.css", "pages.css")
_SCRIPTS = ("look.js", "send.js", "draw.js", "compare.js")
_ICON = "icon.svg"
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Look:
    """files: by name. id: of what is in them all."""

    files: dict[str, bytes]
    id: str

    def path(self, name: str) -> str:
        return f"/look/{self.id}/{name}"

    def head(self) -> tuple[Markup, ...]:
        """What goes into a page's head."""
        return (
            *(tag("link", rel="stylesheet", href=self.path(name)) for name in _SHEETS),
            *(tag("script", src=self.path(name)) for name in _SCRIPTS),
            tag("link", rel="icon", href=self.path(_ICON)),
        )


@cache
def the_look() -> Look:
    folder = files("secondlook.server.pages").joinpath("look")
    found = {name: folder.joinpath(name).read_bytes() for name in (*_SHEETS, *_SCRIPTS, _ICON)}
    return Look(found, hashlib.sha256(b"".join(found.values())).hexdigest()[:12])


router = APIRouter(include_in_schema=False)


@router.get("/look/{id_}/{name}")
def look(id_: str, name: str) -> Response:
    """id_: any; an old one gets what there is now."""
    held = the_look()
    if name not in held.files:
        raise NotFound(f"There is nothing at /look/{id_}/{name}.")
    cache = "public, max-age=31536000, immutable" if id_ == held.id else "no-store"
    return Response(held.files[name], headers={"Cache-Control": cache}, media_type=_TYPES[name.rsplit(".", 1)[-1]])
