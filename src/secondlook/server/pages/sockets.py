"""The door of the pages' web socket: another site's page cannot open it, nor somebody else's session a page of mine."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl, urlencode, urlsplit

from nicegui import Client
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from secondlook.server.api.asking import COOKIE

PATH = "/_nicegui_ws/"
_NONE = "none"


class SocketDoor:
    """Middleware. A socket whose page belongs to another session is told that there is no such page, whereupon the browser
    loads the page anew and, if nobody is signed in, finds the sign-in page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not scope["path"].startswith(PATH):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        query = dict(parse_qsl(connection.url.query))
        if not same_origin(connection) or "client_id" not in query:
            await _refuse(scope, receive, send)
            return
        if not _own(query["client_id"], connection.cookies.get(COOKIE, "")):
            scope = {**scope, "query_string": urlencode({**query, "client_id": _NONE}).encode()}
        await self._app(scope, receive, send)


def same_origin(connection: HTTPConnection) -> bool:
    """Whether it comes from a page of ours; also where nothing is said of whence, as by a program."""
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc.casefold() == connection.headers.get("host", "").casefold()


def _own(page: str, token: str) -> bool:
    client = Client.instances.get(page)
    return client is not None and hmac.compare_digest(client.request.cookies.get(COOKIE, "").encode(), token.encode())


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await PlainTextResponse("This is for the service's own pages.", 403)(scope, receive, send)
