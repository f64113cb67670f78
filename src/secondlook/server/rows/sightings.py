from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.server.rows.groundwork import At, Id, Row, Word


class SightingRow(Row):
    """Somebody who may be enrolled, seen somewhere. Of anybody else there is no row.

    origin: ``job:<id>``, ``search:<id>`` or ``camera:<id>``; with number (the sighting's own there) it is unique, so none is
    kept twice. upload_id: of the file it was seen in, which may be gone. searched_by: the account that asked, who may not
    review it. sealed_record: the line of ``sightings.jsonl``; sealed_crop: JPEG; both under the subject's key. review:
    ``review.verdicts``' word; why: a sentence.
    version: rises with each change.
    """

    __tablename__ = "sightings"
    __table_args__ = (UniqueConstraint("origin", "number"),)
    id: Mapped[Id]
    origin: Mapped[Word] = mapped_column(index=True)
    number: Mapped[Word]
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    camera_id: Mapped[str | None] = mapped_column(ForeignKey("cameras.id", ondelete="SET NULL"), index=True)
    upload_id: Mapped[str | None] = mapped_column(String(32))
    searched_by: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    purpose: Mapped[str] = mapped_column(Text)
    case_number: Mapped[str] = mapped_column(String(128))
    subject_id: Mapped[str] = mapped_column(String(32), index=True)
    outcome: Mapped[Word]
    seen_at: Mapped[At] = mapped_column(index=True)
    posterior: Mapped[float | None]
    sealed_record: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_crop: Mapped[bytes | None] = mapped_column(LargeBinary)
    review: Mapped[Word] = mapped_column(index=True)
    why: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    created_at: Mapped[At] = mapped_column(index=True)
