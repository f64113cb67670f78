"""Strict headers on everything that goes out."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
# answers to programs, pictures, and reports, which hold their own style; pages say themselves what they need (pages.policies)
_CONTENT = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_STATIC = ("/_nicegui/", "/look/")
"""Where the path changes with what lies there."""


class StrictHeaders:
    def __init__(self, app: ASGIApp, tls: bool) -> None:
        self._app, self._tls = app, tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers[name] = value
                headers.setdefault("Content-Security-Policy", _CONTENT)
                if self._tls:
                    headers["Strict-Transport-Security"] = "max-age=63072000"
                if not scope["path"].startswith(_STATIC):
                    headers["Cache-Control"] = "no-store"
                elif message["status"] == 200:
                    headers.setdefault("Cache-Control", "public, max-age=31536000, immutable")
            await send(message)

        await self._app(scope, receive, strict)
