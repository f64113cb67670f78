from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.server.rows.groundwork import At, Row, Word


class MergeRow(Row):
    """One subject became another. What is kept of sightings goes over before the gallery's own change, so a merge that was cut
    off in between is finished from here. asked_by: who is written down for it. done_at: None until it is finished."""

    __tablename__ = "merges"
    gone_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    into_id: Mapped[str] = mapped_column(String(32), index=True)
    asked_by: Mapped[Word]
    created_at: Mapped[At]
    done_at: Mapped[At | None] = mapped_column(index=True)
