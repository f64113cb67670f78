"""Signing in and out, one's own API keys, and the links by which passwords are chosen."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from secondlook.errors import NotSignedIn
from secondlook.server.actors import ALLOWED, Actor, May, Role
from secondlook.server.acts import accounts, signing_in
from secondlook.server.acts.signing_in import ApiKey, SignedIn
from secondlook.server.api.asking import COOKIE, Known, TheService, client_of, signed_in
from secondlook.server.api.once import OnceRoute
from secondlook.server.api.pace import Pace
from secondlook.server.api.problems import RESPONSES
from secondlook.server.service import Service

router = APIRouter(prefix="/api/v1", tags=["signing in"], route_class=OnceRoute, responses=RESPONSES)


class Credentials(BaseModel):
    name: Annotated[str, Field(max_length=128, examples=["ada"])]
    password: Annotated[str, Field(max_length=1024, examples=["correct horse battery staple"])]


class Me(BaseModel):
    """may: what this role may do. csrf: to be repeated in X-CSRF-Token; empty with an API key."""

    id: str
    name: str
    role: Role
    may: list[May]
    csrf: str


class Password(BaseModel):
    token: Annotated[str, Field(max_length=128)]
    password: Annotated[str, Field(max_length=1024)]


class Label(BaseModel):
    label: Annotated[str, Field(max_length=128, examples=["the recorder in hall 2"])]


class KeyMade(BaseModel):
    """secret: shown this once."""

    key: ApiKey
    secret: str


def set_cookie(response: Response, session: SignedIn, service: Service) -> None:
    hours = service.settings().session_hours
    response.set_cookie(
        COOKIE,
        session.token,
        max_age=hours * 3600,
        httponly=True,
        secure=service.options.tls,
        samesite="strict",
        path="/",
    )


@router.post("/session", summary="Sign in")
def sign_in(request: Request, response: Response, service: TheService, body: Credentials) -> Me:
    """Sets the session's cookie. After five wrong passwords the account is locked, each time longer."""
    door: Pace = request.app.state.door
    door.step(client_of(request))
    session = signing_in.sign_in(service, body.name, body.password)
    set_cookie(response, session, service)
    return _me(session.actor, session.csrf)


@router.delete("/session", status_code=204, summary="Sign out")
def sign_out(request: Request, response: Response, service: TheService, actor: Known) -> None:
    token = request.cookies.get(COOKIE)
    if token:
        signing_in.sign_out(service, token)
    response.delete_cookie(COOKIE, path="/")


@router.get("/me", summary="Who am I, and what may I do")
def me(request: Request, actor: Known) -> Me:
    if actor.key:
        return _me(actor, "")
    session = signed_in(request)
    if session is None:
        raise NotSignedIn("Nobody is signed in: POST /api/v1/session.")
    return _me(actor, session.csrf)


@router.post("/password", status_code=204, summary="Choose a password with an invitation's token")
def choose_password(request: Request, service: TheService, body: Password) -> None:
    door: Pace = request.app.state.door
    door.step(client_of(request))
    accounts.choose_password(service, body.token, body.password)


@router.get("/keys", summary="My API keys")
def keys(service: TheService, actor: Known) -> list[ApiKey]:
    return list(signing_in.keys(service, actor))


@router.post("/keys", status_code=201, summary="Make an API key with my role")
def new_key(service: TheService, actor: Known, body: Label) -> KeyMade:
    made = signing_in.new_key(service, actor, body.label)
    return KeyMade(**asdict(made) | {"key": made.key})


@router.delete("/keys/{key}", status_code=204, summary="Revoke an API key")
def revoke_key(service: TheService, actor: Known, key: str) -> None:
    signing_in.revoke_key(service, actor, key)


def _me(actor: Actor, csrf: str) -> Me:
    return Me(id=actor.id, name=actor.name, role=actor.role, may=sorted(ALLOWED[actor.role]), csrf=csrf)
