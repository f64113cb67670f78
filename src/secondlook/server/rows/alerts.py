from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.server.rows.groundwork import At, Id, Row, Word


class WebhookRow(Row):
    """Somebody who is told. sealed_secret: with the service's key; each message is signed with it. quiet: hours in which
    nothing is sent (``alerts.quiet``)."""

    __tablename__ = "webhooks"
    id: Mapped[Id]
    label: Mapped[str] = mapped_column(String(128))
    url: Mapped[str] = mapped_column(Text)
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    enabled: Mapped[bool]
    quiet: Mapped[dict[str, Any]]
    created_at: Mapped[At]


class DeliveryRow(Row):
    """One alert for one target: ``webhook:<id>`` or ``mqtt``; one a track. The message is made when it is sent, so that no
    name lies here. state: waiting, delivered, dead."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("target", "sighting_id"),)
    id: Mapped[Id]
    target: Mapped[Word] = mapped_column(index=True)
    sighting_id: Mapped[str] = mapped_column(ForeignKey("sightings.id", ondelete="CASCADE"), index=True)
    state: Mapped[Word] = mapped_column(index=True)
    attempts: Mapped[int]
    next_at: Mapped[At] = mapped_column(index=True)
    sentence: Mapped[str] = mapped_column(Text)
    created_at: Mapped[At]
    done_at: Mapped[At | None]
