"""Sessions and API keys: how somebody comes to be known."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from secondlook.errors import Forbidden, Invalid, NotFound, NotSignedIn, TooMany
from secondlook.ports import Action
from secondlook.server import clock
from secondlook.server.actors import Actor, Role, Via
from secondlook.server.rows import AccountRow, ApiKeyRow, SessionRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service
from secondlook.server.tokens import KEY_PREFIX, NOBODYS, fits, hashed, new_token

FREE_FAILURES = 5
"""Wrong passwords in a row before the account is locked; each further one doubles the time."""
FIRST_LOCK_S, LONGEST_LOCK_S = 30.0, 3600.0
SEEN_EVERY_S = 60.0
"""A session's or key's last use is written no more often than this: reading must not write each time."""
_WRONG = "Name or password is wrong, or the account is disabled."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """token: for the cookie, shown to nobody else. csrf: what a changing request must repeat in X-CSRF-Token."""

    actor: Actor
    token: str
    csrf: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    label: str
    shown: str
    created_at: str
    used_at: str | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """secret: shown once."""

    key: ApiKey
    secret: str


def sign_in(service: Service, name: str, password: str) -> SignedIn:
    """Raises NotSignedIn, TooMany while the account is locked. Each wrong password is written down."""
    hours = service.settings().session_hours
    with service.database.reading() as session:
        row = session.scalar(select(AccountRow).where(AccountRow.name_key == " ".join(name.split()).casefold()))
    _refuse_locked(row)
    right = fits(password, row.password if row is not None and row.password else NOBODYS)
    if row is None or not right or row.disabled_at is not None:
        if row is not None:
            _count_failure(service, row.id)
        service.record("nobody", Action.SIGN_IN_FAILED, row.id if row is not None else "")
        raise NotSignedIn(_WRONG)
    token, csrf, expires = new_token(), new_token(), clock.after(hours * 3600)
    with service.database.writing() as session:
        session.execute(update(AccountRow).where(AccountRow.id == row.id).values(failures=0, locked_until=None))
        session.execute(delete(SessionRow).where(SessionRow.expires_at < clock.now()))
        now = clock.now()
        session.add(
            SessionRow(
                token=hashed(token), account_id=row.id, csrf=csrf, created_at=now, seen_at=now, expires_at=expires
            )
        )
        actor = _actor(row, Via.SESSION)
        service.record(actor, Action.SIGN_IN, row.id)
    return SignedIn(actor, token, csrf, expires)


def sign_out(service: Service, token: str) -> None:
    with service.database.writing() as session:
        session.execute(delete(SessionRow).where(SessionRow.token == hashed(token)))


def by_session(service: Service, token: str) -> SignedIn:
    """Raises NotSignedIn."""
    with service.database.reading() as session:
        held = session.get(SessionRow, hashed(token))
        row = session.get(AccountRow, held.account_id) if held is not None else None
    if held is None or row is None or held.expires_at < clock.now() or row.disabled_at is not None:
        raise NotSignedIn("The session has ended: sign in again.")
    if held.seen_at < clock.after(-SEEN_EVERY_S):
        with service.database.writing() as session:
            session.execute(update(SessionRow).where(SessionRow.token == held.token).values(seen_at=clock.now()))
    return SignedIn(_actor(row, Via.SESSION), token, held.csrf, held.expires_at)


def by_key(service: Service, secret: str) -> Actor:
    """Raises NotSignedIn."""
    key = hashed(secret)
    return service.keys.get(key, lambda: _by_key(service, key))


def recently(service: Service, secret: str) -> Actor | None:
    """Whose API key it is, where that was looked up a moment ago."""
    return service.keys.held(hashed(secret))


def _by_key(service: Service, secret: str) -> Actor:
    """secret: hashed."""
    with service.database.reading() as session:
        key = session.scalar(select(ApiKeyRow).where(ApiKeyRow.secret == secret))
        row = session.get(AccountRow, key.account_id) if key is not None else None
    if key is None or row is None or key.revoked_at is not None or row.disabled_at is not None:
        raise NotSignedIn("This API key is not known, or was revoked: use another.")
    if key.used_at is None or key.used_at < clock.after(-SEEN_EVERY_S):
        with service.database.writing() as session:
            session.execute(update(ApiKeyRow).where(ApiKeyRow.id == key.id).values(used_at=clock.now()))
    return _actor(row, Via.API_KEY, key.id)


def keys(service: Service, actor: Actor) -> tuple[ApiKey, ...]:
    """One's own, the newest first."""
    with service.database.reading() as session:
        rows = session.scalars(
            select(ApiKeyRow).where(ApiKeyRow.account_id == actor.id).order_by(ApiKeyRow.created_at.desc())
        )
        return tuple(_key(row) for row in rows)


def new_key(service: Service, actor: Actor, label: str) -> NewApiKey:
    """For oneself, with one's own role. Only a person makes one: a key that has leaked makes no other."""
    if actor.via is not Via.SESSION:
        raise Forbidden("An API key makes no API key: sign in for that.")
    if not 1 <= len(label.strip()) <= 128:
        raise Invalid("A key's label has 1 to 128 letters: say what it is for.")
    secret = KEY_PREFIX + new_token()
    row = ApiKeyRow(
        id=new_id(),
        account_id=actor.id,
        label=label.strip(),
        shown=secret[:9],
        secret=hashed(secret),
        created_at=clock.now(),
        used_at=None,
        revoked_at=None,
    )
    with service.database.writing() as session:
        session.add(row)
        service.record(actor, Action.ACCOUNT, row.id, done="API key made")
    return NewApiKey(_key(row), secret)


def revoke_key(service: Service, actor: Actor, key: str) -> None:
    """One's own, or as an admin anybody's. Raises NotFound."""
    with service.database.writing() as session:
        row = session.get(ApiKeyRow, key)
        if row is None or (row.account_id != actor.id and actor.role is not Role.ADMIN):
            raise NotFound(f"There is no API key {key} of yours: look at the list.")
        row.revoked_at = row.revoked_at or clock.now()
        service.record(actor, Action.ACCOUNT, key, done="API key revoked")
    service.keys.forget()


def _refuse_locked(row: AccountRow | None) -> None:
    if row is not None and row.locked_until is not None and row.locked_until > clock.now():
        left = (clock.read(row.locked_until) - clock.read(clock.now())).total_seconds()
        raise TooMany(f"Too many wrong passwords: wait {left:.0f} seconds.", left)


def _count_failure(service: Service, account: str) -> None:
    with service.database.writing() as session:
        row = session.get_one(AccountRow, account)
        row.failures += 1
        beyond = row.failures - FREE_FAILURES
        if beyond >= 0:
            # no further than it takes to reach the longest
            row.locked_until = clock.after(min(LONGEST_LOCK_S, FIRST_LOCK_S * 2.0 ** min(beyond, 20)))


def _actor(row: AccountRow, via: Via, key: str = "") -> Actor:
    return Actor(row.id, row.name, Role(row.role), via, key)


def _key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(row.id, row.label, row.shown, row.created_at, row.used_at, row.revoked_at is not None)


def ended(session: Session, account: str) -> None:
    """Ends every session of an account."""
    session.execute(delete(SessionRow).where(SessionRow.account_id == account))
