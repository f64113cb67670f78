from __future__ import annotations

from typing import Any

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.server.rows.groundwork import At, Id, Row


class CameraRow(Row):
    """sealed_address: with the service's key, for it may hold a password. shown: the address without one.
    purpose, case_number: of the search that it is. settings: ``acts.cameras``."""

    __tablename__ = "cameras"
    id: Mapped[Id]
    label: Mapped[str] = mapped_column(String(128))
    sealed_address: Mapped[bytes] = mapped_column(LargeBinary)
    shown: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool]
    purpose: Mapped[str] = mapped_column(Text)
    case_number: Mapped[str] = mapped_column(String(128))
    started_by: Mapped[str] = mapped_column(String(32))
    settings: Mapped[dict[str, Any]]
    created_at: Mapped[At]
