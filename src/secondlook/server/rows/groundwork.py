from __future__ import annotations

import uuid
from typing import Annotated, Any

from sqlalchemy import JSON, LargeBinary, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Id = Annotated[str, mapped_column(String(32), primary_key=True)]
"""uuid in hex."""
At = Annotated[str, mapped_column(String(24))]
"""A moment as ``clock`` writes it."""
Word = Annotated[str, mapped_column(String(64))]


def new_id() -> str:
    return uuid.uuid4().hex


class Row(DeclarativeBase):
    # named, so that a migration can speak of each of them on every database
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012 - SQLAlchemy's own form


class SettingRow(Row):
    __tablename__ = "settings"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[dict[str, Any]]


class IdempotencyRow(Row):
    """An answer that was given, so that the same request, sent again, gets it again. status 0: still being worked on.
    body: sealed with the service's key."""

    __tablename__ = "idempotency"
    account_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[At]
