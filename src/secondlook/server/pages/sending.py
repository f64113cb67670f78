"""A place where files are dropped or chosen. The browser sends each as it is, straight to the API, with the session's token; the
page hears what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from secondlook.server.pages import parts
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit


@dataclass(frozen=True, slots=True)
class Sent:
    """name: of the file. good: whether it was taken. said: what the API answered. sentence: why it was not taken."""

    name: str
    good: bool
    said: dict[str, Any]
    sentence: str


def drop_zone(
    visit: Visit,
    label: str,
    to: str,
    heard: Callable[[Sent], Awaitable[None]],
    *,
    accept: str = "",
    several: bool = True,
    hint: str = "",
) -> Tag:
    """to: path of the API. heard: told of each file, in the order they were sent."""

    async def on_sent(args: dict[str, Any]) -> None:
        await heard(Sent(str(args["name"]), bool(args["good"]), dict(args["said"]), str(args["sentence"])))

    with Tag("div", class_="drop", data_send=to, data_csrf=visit.csrf) as place:
        said = Tag("label", label)
        about = parts.para(hint, class_="hint") if hint else None
        chosen = Tag(
            "input",
            type="file",
            multiple=several or None,
            accept=accept or None,
            aria_describedby=about.html_id if about else None,
        )
        said.set(for_=chosen.html_id)
        Tag("ul", class_="sending", data_sending="", aria_live="polite")
    place.on("sent", visit.doing(on_sent), js_handler="(e) => emit(e.detail)")
    return place
