"""Who asks over HTTP, and whether they may: by cookie with a CSRF token, or by API key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.concurrency import run_in_threadpool

from secondlook.errors import Forbidden, NotSignedIn
from secondlook.server.actors import Actor, May
from secondlook.server.acts.signing_in import SignedIn, by_key, by_session, recently
from secondlook.server.api.pace import Pace
from secondlook.server.service import Service
from secondlook.server.tokens import KEY_PREFIX

COOKIE = "secondlook"
CSRF_HEADER = "x-csrf-token"
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

# for the documentation alone: what is sent is read in ``asking``
_cookie = APIKeyCookie(
    name=COOKIE, auto_error=False, description="Set by POST /session; changing requests repeat its CSRF token."
)
_bearer = HTTPBearer(auto_error=False, description="An API key.")


def the_service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _given_service(request: Request) -> Service:
    """The same, without a thread for it."""
    return the_service(request)


TheService = Annotated[Service, Depends(_given_service)]


def client_of(request: Request) -> str:
    """The address that asks. Behind a proxy uvicorn has put the proxy's word for it here."""
    return request.client.host if request.client else "unknown"


def signed_in(request: Request) -> SignedIn | None:
    """The session of the request's cookie, if it has one. Raises NotSignedIn where it has ended."""
    token = request.cookies.get(COOKIE)
    return by_session(the_service(request), token) if token else None


def asking(request: Request) -> Actor:
    """Raises NotSignedIn; Forbidden where a changing request has no CSRF token; TooMany."""
    known: Actor | None = getattr(request.state, "actor", None)
    return known if known is not None else _welcomed(request, _known(request))


async def asking_soon(request: Request) -> Actor:
    """``asking`` for what must not wait for the database: it is asked in a thread, and not at all where the API key was used a
    moment ago."""
    known: Actor | None = getattr(request.state, "actor", None)
    secret = _bearer_of(request)
    if known is None and secret:
        held = recently(the_service(request), secret)
        known = None if held is None else _welcomed(request, held)
    return known if known is not None else await run_in_threadpool(asking, request)


def _welcomed(request: Request, known: Actor) -> Actor:
    request.state.actor = known
    pace: Pace = request.app.state.pace
    pace.step(f"account:{known.id}")
    return known


def _bearer_of(request: Request) -> str:
    """What is sent as an API key; empty for none."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret if scheme.casefold() == "bearer" else ""


def _known(request: Request) -> Actor:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() == "bearer":
        if not secret.startswith(KEY_PREFIX):
            raise NotSignedIn("This is no API key: send `Authorization: Bearer sl_...`.")
        return by_key(the_service(request), secret)
    session = signed_in(request)
    if session is None:
        raise NotSignedIn("Nobody is signed in: POST /api/v1/session, or send an API key.")
    if request.method in _CHANGING and request.headers.get(CSRF_HEADER) != session.csrf:
        raise Forbidden("A changing request with a cookie repeats the session's CSRF token in X-CSRF-Token.")
    return session.actor


class Allowed:
    """A dependency: the actor, if the role may do any of ``what``. The acts ask again, and may want one of them; this one
    answers before a body is looked at."""

    def __init__(self, *what: May) -> None:
        self.what = what

    async def __call__(
        self, request: Request, cookie: object = Depends(_cookie), bearer: object = Depends(_bearer)
    ) -> Actor:
        actor = await asking_soon(request)
        actor.need(*self.what)
        return actor


@dataclass(frozen=True, slots=True)
class Anybody:
    """A dependency: whoever is signed in."""

    async def __call__(
        self, request: Request, cookie: object = Depends(_cookie), bearer: object = Depends(_bearer)
    ) -> Actor:
        return await asking_soon(request)


Known = Annotated[Actor, Depends(Anybody())]
