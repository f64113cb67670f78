"""Accounts, for who administers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from secondlook.server.actors import Actor, May, Role
from secondlook.server.acts import accounts as acts
from secondlook.server.acts.accounts import Account, Invited
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.once import OnceRoute
from secondlook.server.api.problems import RESPONSES

router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"], route_class=OnceRoute, responses=RESPONSES)
Admin = Annotated[Actor, Depends(Allowed(May.CHANGE_ACCOUNTS))]


class NewAccount(BaseModel):
    name: Annotated[str, Field(max_length=128, examples=["ada"])]
    role: Annotated[Role, Field(examples=[Role.OPERATOR])]


class Change(BaseModel):
    role: Role | None = None
    disabled: bool | None = None


@router.get("", summary="All accounts")
def accounts(service: TheService, actor: Admin) -> list[Account]:
    return list(acts.accounts(service, actor))


@router.post("", status_code=201, summary="Create an account; its owner chooses a password with the token")
def create(service: TheService, actor: Admin, body: NewAccount) -> Invited:
    return acts.create(service, actor, body.name, body.role)


@router.patch("/{account}", summary="Change role, disable or enable; sessions end")
def change(service: TheService, actor: Admin, account: str, body: Change) -> Account:
    return acts.change(service, actor, account, role=body.role, disabled=body.disabled)


@router.post("/{account}/invitation", status_code=201, summary="A new link; the old password ends")
def invite(service: TheService, actor: Admin, account: str) -> Invited:
    return acts.invite_again(service, actor, account)
