from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.server.rows.groundwork import At, Id, Row, Word


class AccountRow(Row):
    """name_key: the name folded, so that no two differ by case alone. password: argon2's own text; empty until its owner
    has chosen one. failures: wrong passwords in a row."""

    __tablename__ = "accounts"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(128))
    name_key: Mapped[str] = mapped_column(String(128), unique=True)
    role: Mapped[Word]
    password: Mapped[str] = mapped_column(String(256))
    created_at: Mapped[At]
    disabled_at: Mapped[At | None]
    failures: Mapped[int]
    locked_until: Mapped[At | None]


class InviteRow(Row):
    """A link that works once: to choose a password. token: SHA-256 of what the link holds."""

    __tablename__ = "invites"
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[At]


class SessionRow(Row):
    """token: SHA-256 of what the cookie holds. csrf: what a changing request must repeat."""

    __tablename__ = "sessions"
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[Word]
    created_at: Mapped[At]
    seen_at: Mapped[At]
    expires_at: Mapped[At]


class ApiKeyRow(Row):
    """secret: SHA-256. A key is 256 random bits, so a slow hash would protect nothing more. shown: its first letters."""

    __tablename__ = "api_keys"
    id: Mapped[Id]
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(128))
    shown: Mapped[Word]
    secret: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[At]
    used_at: Mapped[At | None]
    revoked_at: Mapped[At | None]
