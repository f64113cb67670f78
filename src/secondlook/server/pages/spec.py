"""What a page is, as the plan of the pages has it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from secondlook.server.actors import May
from secondlook.server.pages.visits import Visit


@dataclass(frozen=True, slots=True)
class PageSpec:
    """path: as FastAPI writes it, with ``{name}`` where an id goes. may: who may open it, None: whoever is signed in. build:
    fills it; it raises what the acts raise. group: heading of the navigation it stands under. listed: whether it stands there.
    under: the path of the page that leads to it."""

    path: str
    title: str
    may: May | None
    build: Callable[[Visit], Awaitable[None]]
    group: str = ""
    listed: bool = True
    under: str = ""
