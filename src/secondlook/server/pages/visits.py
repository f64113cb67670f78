"""One open page, and whoever has it open: asked anew for everything that is done."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode

from fastapi import Request
from nicegui import Client, ui
from nicegui.events import GenericEventArguments
from starlette.concurrency import run_in_threadpool

from secondlook.errors import NotSignedIn, SecondLookError
from secondlook.server.actors import Actor, May
from secondlook.server.acts.signing_in import SignedIn, by_session
from secondlook.server.api.pace import Pace
from secondlook.server.api.pictures import Looking
from secondlook.server.service import Service

T = TypeVar("T")
P = ParamSpec("P")
_LOG = logging.getLogger("secondlook.server")

UNFORESEEN = "Something went wrong that nobody foresaw: the service's own log says what."


class Tone(StrEnum):
    """Of a sentence at the foot of the page. DONE is read out when there is time, REFUSED at once."""

    DONE = "done"
    REFUSED = "refused"


class Visit:
    """actor: who opened the page; whoever acts is asked for anew, in ``do``. csrf: for forms that are sent as such."""

    def __init__(self, service: Service, signed: SignedIn, request: Request, client: Client) -> None:
        self.service, self.request = service, request
        self.actor, self.csrf = signed.actor, signed.csrf
        self.client, self._token = client, signed.token
        self._pace: Pace = request.app.state.pace
        self._looking: Looking = request.app.state.looking
        self._said: Callable[[str, Tone], None] | None = None
        self._headed: Callable[[str], None] | None = None

    def may(self, what: May) -> bool:
        """Whether a thing is to be shown. Whether it is done, the act decides."""
        return self.actor.may(what)

    async def do(self, act: Callable[Concatenate[Service, Actor, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """An act, in a thread, as whoever the session belongs to now. Raises NotSignedIn where it has ended, TooMany, and
        whatever the act raises."""

        return await run_in_threadpool(partial(self._now, act, *args, **kwargs))

    async def look(self, act: Callable[Concatenate[Service, Actor, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for acts that look at pictures: few at once, whoever asks."""
        return await self._looking(partial(self._now, act, *args, **kwargs))

    def _now(self, act: Callable[Concatenate[Service, Actor, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        actor = by_session(self.service, self._token).actor
        self._pace.step(f"account:{actor.id}")
        return act(self.service, actor, *args, **kwargs)

    def doing(self, handler: Callable[[Any], Awaitable[None]]) -> Callable[[GenericEventArguments], Awaitable[None]]:
        """A handler of an event. It is given what the event sent; what it raises is said to whoever is there."""

        async def handled(event: GenericEventArguments) -> None:
            try:
                await handler(event.args)
            except Exception as error:  # noqa: BLE001 - the door to the outside: nothing goes past it
                self.refused(error)

        return handled

    def refused(self, error: Exception) -> None:
        if isinstance(error, NotSignedIn):
            self.go(sign_in_path(self.request, ended=True))
        elif isinstance(error, SecondLookError):
            self.say(str(error), Tone.REFUSED)
        else:
            _LOG.error("unforeseen error", extra={"path": self.request.url.path}, exc_info=error)
            self.say(UNFORESEEN, Tone.REFUSED)

    def every(self, seconds: float, look: Callable[[], Awaitable[None]]) -> ui.timer:
        """Looks again and again as long as the page is open. It stops where looking is refused."""

        async def looked() -> None:
            try:
                await look()
            except Exception as error:  # noqa: BLE001 - as in ``doing``
                timer.deactivate()
                self.refused(error)

        timer = ui.timer(seconds, looked, immediate=False)
        return timer

    def headed_by(self, head: Callable[[str], None]) -> None:
        self._headed = head

    def heard_by(self, say: Callable[[str, Tone], None]) -> None:
        self._said = say

    def say(self, sentence: str, tone: Tone = Tone.DONE) -> None:
        """At the foot of the page, and to who listens."""
        if self._said is not None:
            self._said(sentence, tone)

    def call(self, title: str) -> None:
        """What the page is called, before it is sent."""
        self.client.title = f"{title} · Second Look"
        if self._headed is not None:
            self._headed(title)

    def go(self, path: str) -> None:
        self.client.open(path)


def sign_in_path(request: Request, *, ended: bool) -> str:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    asked = {"next": here} | ({"ended": "1"} if ended else {})
    return f"/sign-in?{urlencode(asked)}"
