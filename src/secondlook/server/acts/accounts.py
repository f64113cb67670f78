"""Accounts: who there is, how they come in, and how they are kept out."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from secondlook.errors import Conflict, Invalid, NotFound
from secondlook.ports import Action
from secondlook.server import clock
from secondlook.server.actors import Actor, May, Role
from secondlook.server.rows import AccountRow, InviteRow, SessionRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import SYSTEM, Service
from secondlook.server.tokens import hashed, new_token, protected

INVITED_HOURS = 48


@dataclass(frozen=True, slots=True)
class Account:
    """As others see it. invited: whether its owner has still to choose a password."""

    id: str
    name: str
    role: Role
    created_at: str
    disabled: bool
    invited: bool


@dataclass(frozen=True, slots=True)
class Invited:
    """token: for the link, shown once; whoever has it may choose the account's password, until ``expires_at``."""

    account: Account
    token: str
    expires_at: str


def first_admin(service: Service) -> str | None:
    """At the first start: a token with which the first admin chooses a password, anew until that was done; then None."""
    with service.database.writing() as session:
        admins = session.scalars(select(AccountRow).where(AccountRow.role == Role.ADMIN)).all()
        if any(one.password and not one.disabled_at for one in admins):
            return None
        waiting = next((one for one in admins if not one.password and not one.disabled_at), None)
        row = waiting or _new_row(session, "admin", Role.ADMIN)
        token = _invite(session, row)
        service.record(SYSTEM, Action.ACCOUNT, row.id, done="first admin invited")
    return token


def accounts(service: Service, actor: Actor) -> tuple[Account, ...]:
    """By name."""
    actor.need(May.CHANGE_ACCOUNTS)
    with service.database.reading() as session:
        rows = session.scalars(select(AccountRow).order_by(AccountRow.name_key))
        return tuple(_account(row) for row in rows)


def create(service: Service, actor: Actor, name: str, role: Role) -> Invited:
    """Raises Conflict where the name is taken, Invalid where it is none."""
    actor.need(May.CHANGE_ACCOUNTS)
    with service.database.writing() as session:
        row = _new_row(session, name, role)
        token = _invite(session, row)
        account = _account(row)
        service.record(actor, Action.ACCOUNT, row.id, done="created", role=role.value)
    return Invited(account, token, clock.after(INVITED_HOURS * 3600))


def invite_again(service: Service, actor: Actor, account: str) -> Invited:
    """A new link for whoever lost the first one, or the password; the old password and sessions end here."""
    actor.need(May.CHANGE_ACCOUNTS)
    with service.database.writing() as session:
        row = _row(session, account)
        row.password = ""
        session.execute(delete(SessionRow).where(SessionRow.account_id == row.id))
        token = _invite(session, row)
        found = _account(row)
        service.record(actor, Action.ACCOUNT, account, done="invited again")
    return Invited(found, token, clock.after(INVITED_HOURS * 3600))


def change(
    service: Service, actor: Actor, account: str, *, role: Role | None = None, disabled: bool | None = None
) -> Account:
    """Sessions end where anything changes. Raises Conflict where nobody who administers would be left."""
    actor.need(May.CHANGE_ACCOUNTS)
    with service.database.writing() as session:
        row = _row(session, account)
        if role is not None:
            row.role = role.value
        if disabled is not None:
            row.disabled_at = clock.now() if disabled else None
        session.flush()
        _keep_an_admin(session)
        session.execute(delete(SessionRow).where(SessionRow.account_id == row.id))
        found = _account(row)
        service.record(
            actor, Action.ACCOUNT, account, done="changed", role=found.role.value, disabled=int(found.disabled)
        )
    service.keys.forget()
    return found


def choose_password(service: Service, token: str, password: str) -> Account:
    """With the token of an invitation, which is used up. Raises NotFound where there is none (any more)."""
    kept = protected(password)
    with service.database.writing() as session:
        invite = session.get(InviteRow, hashed(token))
        if invite is None or invite.expires_at < clock.now():
            raise NotFound("This link was used already, or is too old: ask for a new one.")
        row = session.get_one(AccountRow, invite.account_id)
        row.password, row.failures, row.locked_until = kept, 0, None
        session.delete(invite)
        found = _account(row)
        service.record(f"account:{found.id}", Action.ACCOUNT, found.id, done="password chosen")
    return found


def _new_row(session: Session, name: str, role: Role) -> AccountRow:
    plain = " ".join(name.split())
    if not 1 <= len(plain) <= 128 or not plain.isprintable():
        raise Invalid("A name has 1 to 128 letters: choose another.")
    if session.scalar(select(AccountRow.id).where(AccountRow.name_key == plain.casefold())) is not None:
        raise Conflict(f"There is an account {plain} already: choose another name.")
    row = AccountRow(
        id=new_id(),
        name=plain,
        name_key=plain.casefold(),
        role=role.value,
        password="",
        created_at=clock.now(),
        disabled_at=None,
        failures=0,
        locked_until=None,
    )
    session.add(row)
    session.flush()
    return row


def _invite(session: Session, row: AccountRow) -> str:
    session.execute(delete(InviteRow).where(InviteRow.account_id == row.id))
    token = new_token()
    session.add(InviteRow(token=hashed(token), account_id=row.id, expires_at=clock.after(INVITED_HOURS * 3600)))
    return token


def _row(session: Session, account: str) -> AccountRow:
    row = session.get(AccountRow, account)
    if row is None:
        raise NotFound(f"There is no account {account}: look at the list of accounts.")
    return row


def _keep_an_admin(session: Session) -> None:
    left = select(func.count()).where(
        AccountRow.role == Role.ADMIN, AccountRow.disabled_at.is_(None), AccountRow.password != ""
    )
    if not session.scalar(left):
        raise Conflict("Nobody would be left who administers: make somebody else an admin first.")


def _account(row: AccountRow) -> Account:
    return Account(row.id, row.name, Role(row.role), row.created_at, row.disabled_at is not None, not row.password)
