"""Pictures handed to an open page. The browser sends each as it is; it is held in memory while the page's act looks at it, and
never written."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Header, Request
from nicegui import Client

from secondlook.errors import Invalid, NotFound
from secondlook.server.acts.enrolment import Sent
from secondlook.server.api.asking import COOKIE, Known
from secondlook.server.api.pictures import Looking
from secondlook.server.pages import parts
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit

router = APIRouter(include_in_schema=False)
_PLACES = "hands"


@dataclass(frozen=True, slots=True)
class Handed:
    """A picture, and the fields of the form that it was handed with."""

    sent: Sent
    fields: dict[str, str]


Taking = Callable[[Handed], Awaitable[None]]
"""What a page does with a picture; whatever it raises is said beside the picture."""


def hand_zone(
    visit: Visit,
    label: str,
    take: Taking,
    *,
    several: bool = False,
    hint: str = "",
    along: Tag | None = None,
    shown_in: Tag | None = None,
) -> Tag:
    """A place where pictures are dropped or chosen. along: a form that must be filled in, and is sent along with each.
    shown_in: an image that shows the picture as soon as it is chosen."""
    place = str(len(_places(visit.client)))
    _places(visit.client)[place] = take
    with Tag(
        "div",
        class_="drop",
        data_send=f"/hand/{visit.client.id}/{place}",
        data_csrf=visit.csrf,
        data_along=along.html_id if along else None,
        data_shown_in=shown_in.html_id if shown_in else None,
    ) as zone:
        said = Tag("label", label)
        about = parts.para(hint, class_="hint") if hint else None
        chosen = Tag(
            "input",
            type="file",
            accept="image/*",
            multiple=several or None,
            aria_describedby=about.html_id if about else None,
        )
        said.set(for_=chosen.html_id)
        Tag("ul", class_="sending", data_sending="", aria_live="polite")
    return zone


def _places(client: Client) -> dict[str, Taking]:
    """Where pictures may be handed to a page."""
    found: dict[str, Taking] = client.storage.setdefault(_PLACES, {})
    return found


@router.post("/hand/{page}/{place}", status_code=204)
async def hand(
    request: Request,
    _: Known,
    page: str,
    place: str,
    content_disposition: Annotated[str, Header(max_length=2048)] = "",
    x_fields: Annotated[str, Header(max_length=8192)] = "",
) -> None:
    """Only by the session that has the page open. Raises NotFound, Invalid, TooMany."""
    client = Client.instances.get(page)
    take = None if client is None or not _same_session(client, request) else _places(client).get(place)
    if client is None or take is None:
        raise NotFound("This page is not open any more: load it again.")
    looking: Looking = request.app.state.looking
    async with looking:
        name = unquote(content_disposition.rpartition("filename*=UTF-8''")[2])
        handed = Handed(Sent(name, await request.body()), _fields(x_fields))
        if not handed.sent.data:
            raise Invalid("Nothing was sent: choose a picture.")
        with client.content:
            await take(handed)


def _same_session(client: Client, request: Request) -> bool:
    mine, theirs = (one.cookies.get(COOKIE, "").encode() for one in (request, client.request))
    return bool(mine) and hmac.compare_digest(mine, theirs)


def _fields(header: str) -> dict[str, str]:
    """Raises Invalid."""
    try:
        found = json.loads(unquote(header)) if header else {}
    except ValueError as error:
        raise Invalid("What was sent along with the picture cannot be read: load the page again.") from error
    if not isinstance(found, dict):
        raise Invalid("What was sent along with the picture cannot be read: load the page again.")
    return {str(name): str(value) for name, value in found.items()}
