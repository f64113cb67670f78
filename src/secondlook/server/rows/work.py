from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.server.rows.groundwork import At, Id, Row, Word


class UploadRow(Row):
    """A file that was sent. Its bytes lie in ``uploads/<id>``. sealed_name: what its sender called it, sealed with the
    service's key, for it may name somebody."""

    __tablename__ = "uploads"
    id: Mapped[Id]
    owner_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    sealed_name: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[Word]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[At] = mapped_column(index=True)


class JobRow(Row):
    """kind, state: ``acts.jobs``. request: what was asked for, in ids. claim: of the worker that has it; a result counts only
    with the claim it was begun with, so none counts twice. attempts: how often it was begun; deaths: how often its worker
    ended by itself. done, total: in thousandths of a source. beat_at: when its worker last said something. sentence: what
    went wrong. result: counts. tidied: whether nothing lies in its folder that has no business there any more."""

    __tablename__ = "jobs"
    id: Mapped[Id]
    kind: Mapped[Word]
    owner_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    purpose: Mapped[str] = mapped_column(Text)
    case_number: Mapped[str] = mapped_column(String(128))
    state: Mapped[Word] = mapped_column(index=True)
    request: Mapped[dict[str, Any]]
    claim: Mapped[str] = mapped_column(String(32))
    attempts: Mapped[int]
    deaths: Mapped[int]
    done: Mapped[int]
    total: Mapped[int | None]
    doing: Mapped[str] = mapped_column(String(128))
    sentence: Mapped[str] = mapped_column(Text)
    result: Mapped[dict[str, Any]]
    tidied: Mapped[bool]
    created_at: Mapped[At] = mapped_column(index=True)
    started_at: Mapped[At | None]
    beat_at: Mapped[At | None]
    ended_at: Mapped[At | None]
