"""What a page may load and run, as the browser enforces it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

_NOTHING_ELSE = "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"

PLAIN = (
    f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; {_NOTHING_ELSE}; "
    "require-trusted-types-for 'script'"
)
"""For pages without NiceGUI."""

REPORT = f"sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; {_NOTHING_ELSE}"
"""For a report that a job wrote: a document of its own, without an origin, that can neither load nor run anything."""

_HIDDEN = b' style="display: none"'
"""The one style of the template that no nonce reaches."""
_INLINE = re.compile(rb"<(script|style)(?=[\s>])")


def scripted(nonce: str) -> str:
    """For NiceGUI's pages. Vue compiles templates in the browser and NiceGUI its event handlers, which needs eval; every
    script and style of the page itself carries the nonce, so that none that was smuggled in runs."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'nonce-{nonce}'; "
        f"img-src 'self' data: blob:; media-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; {_NOTHING_ELSE}"
    )


class ScriptedRoute(APIRoute):
    """A route of a NiceGUI page: gives each answer a nonce of its own."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def with_nonce(request: Request) -> Response:
            response = await handle(request)
            if response.media_type != "text/html":
                return response
            nonce = secrets.token_urlsafe(18)
            # whatever people wrote is in the page with its angle brackets escaped, so these are the template's own
            body = _INLINE.sub(rb'<\1 nonce="' + nonce.encode() + b'"', bytes(response.body))
            body = body.replace(_HIDDEN, b" hidden")
            return Response(
                body,
                response.status_code,
                {"Content-Security-Policy": scripted(nonce)},
                media_type="text/html",
            )

        return with_nonce
