"""Signing in and out, and choosing a password: plain forms, for a cookie that no script may read is set by an answer and not
over a web socket. Each form carries a token that its cookie must repeat, so that no other site fills it in."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from secondlook.errors import Forbidden, NotSignedIn, SecondLookError, TooLarge
from secondlook.report.markup import Markup, tag
from secondlook.server.acts import accounts, signing_in
from secondlook.server.api.asking import COOKIE, client_of, the_service
from secondlook.server.api.pace import Pace
from secondlook.server.api.problems import status_of
from secondlook.server.api.session import set_cookie
from secondlook.server.pages.plain import plain_page
from secondlook.server.tokens import LEAST_PASSWORD, MOST_PASSWORD, new_token

router = APIRouter(include_in_schema=False)
FORM_COOKIE = "secondlook-form"
_MOST_FORM = 16 << 10
_ENDED = "The session has ended: sign in again."
_CHOSEN = "The password is chosen. Sign in with it."

Next = Annotated[str, Query(max_length=2048)]


@router.get("/sign-in")
def sign_in_form(request: Request, next: Next = "/", ended: str = "", chosen: str = "") -> Response:  # noqa: A002
    if COOKIE not in request.cookies and request.headers.get("sec-fetch-site") == "cross-site":
        # who follows a link from elsewhere sends no cookie at first, though signed in: asked from here, the browser sends it
        return plain_page("One moment", Markup(""), 200, again=_inside(next))
    sentence = _ENDED if ended else _CHOSEN if chosen else ""
    return _sign_in(request, _inside(next), sentence, 200)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    sent = await _form(request)
    to = _inside(_text(sent, "next"))
    try:
        _own(request, sent)
        session = await run_in_threadpool(
            signing_in.sign_in, the_service(request), _text(sent, "name"), _text(sent, "password")
        )
    except SecondLookError as error:
        return _sign_in(request, to, str(error), status_of(error))
    before = request.cookies.get(COOKIE)
    if before:
        await run_in_threadpool(signing_in.sign_out, the_service(request), before)
    answer = RedirectResponse(to, 303)
    set_cookie(answer, session, the_service(request))
    answer.delete_cookie(FORM_COOKIE, path="/")
    return answer


@router.get("/welcome")
def welcome_form(request: Request, token: Annotated[str, Query(max_length=128)] = "") -> Response:
    return _welcome(request, token, "", 200)


@router.post("/welcome")
async def welcome(request: Request) -> Response:
    sent = await _form(request)
    token, password = _text(sent, "token"), _text(sent, "password")
    if password != _text(sent, "again"):
        return _welcome(request, token, "The two passwords are not the same: type them again.", 422)
    try:
        _own(request, sent)
        await run_in_threadpool(accounts.choose_password, the_service(request), token, password)
    except SecondLookError as error:
        return _welcome(request, token, str(error), status_of(error))
    return RedirectResponse("/sign-in?chosen=1", 303)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """With the session's own CSRF token; where the session has ended already, it is as good as done."""
    sent = await _form(request)
    token = request.cookies.get(COOKIE)
    answer = RedirectResponse("/sign-in", 303)
    if token:
        service = the_service(request)
        try:
            session = await run_in_threadpool(signing_in.by_session, service, token)
        except NotSignedIn:
            session = None
        if session is not None:
            if not hmac.compare_digest(session.csrf.encode(), _text(sent, "csrf").encode()):
                raise Forbidden("This form is not of this session: go back, load the page again and sign out there.")
            await run_in_threadpool(signing_in.sign_out, service, token)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def _sign_in(request: Request, to: str, sentence: str, status: int) -> Response:
    token = new_token()
    form = tag(
        "form",
        tag("input", type="hidden", name_="form", value=token),
        tag("input", type="hidden", name_="next", value=to),
        _field("Name", "name", "text", "username", maxlength="128", autofocus=""),
        _field("Password", "password", "password", "current-password", maxlength=str(MOST_PASSWORD)),
        tag("button", "Sign in", type="submit", class_="main"),
        method="post",
        action="/sign-in",
    )
    return _with_form("Sign in", sentence, form, token, request, status)


def _welcome(request: Request, invitation: str, sentence: str, status: int) -> Response:
    token = new_token()
    about = f"At least {LEAST_PASSWORD} characters; several words do well."
    least = {"minlength": str(LEAST_PASSWORD), "maxlength": str(MOST_PASSWORD)}
    form = tag(
        "form",
        tag("input", type="hidden", name_="form", value=token),
        tag("input", type="hidden", name_="token", value=invitation),
        _field("Password", "password", "password", "new-password", about, autofocus="", **least),
        _field("The same again", "again", "password", "new-password", **least),
        tag("button", "Choose this password", type="submit", class_="main"),
        method="post",
        action="/welcome",
    )
    return _with_form("Choose a password", sentence, form, token, request, status)


def _with_form(title: str, sentence: str, form: Markup, token: str, request: Request, status: int) -> Response:
    answer = plain_page(title, form, status, sentence=sentence)
    answer.set_cookie(
        FORM_COOKIE, token, httponly=True, secure=the_service(request).options.tls, samesite="strict", path="/"
    )
    return answer


def _field(label: str, name: str, type_: str, autocomplete: str, about: str = "", **more: str) -> Markup:
    hint = f"about-{name}"
    return tag(
        "div",
        tag("label", label, for_=name),
        *((tag("p", about, id=hint, class_="hint"),) if about else ()),
        tag(
            "input",
            id=name,
            name_=name,
            type=type_,
            autocomplete=autocomplete,
            required="",
            aria_describedby=hint if about else None,
            **more,
        ),
        class_="field",
    )


async def _form(request: Request) -> FormData:
    """Raises TooLarge, TooMany."""
    door: Pace = request.app.state.door
    door.step(client_of(request))
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > _MOST_FORM:
        raise TooLarge("This is more than the form holds: fill it in again.")
    return await request.form(max_files=0, max_fields=8)


def _text(sent: FormData, name: str) -> str:
    found = sent.get(name, "")
    return found if isinstance(found, str) else ""


def _own(request: Request, sent: FormData) -> None:
    """Raises Forbidden where the form was not made by us for this browser."""
    kept = request.cookies.get(FORM_COOKIE, "")
    elsewhere = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    if not kept or elsewhere or not hmac.compare_digest(kept.encode(), _text(sent, "form").encode()):
        raise Forbidden("This form is too old, or cookies are not kept: try once more.")


def _inside(path: str) -> str:
    """A path of ours, and nothing that a browser could take for another address."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
