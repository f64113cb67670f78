from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.server.rows.groundwork import At, Id, Row


class ReviewTaskRow(Row):
    """One blind set for one reviewer. sealed_set: its pictures; sealed_truth: which of them is the candidate and what kind of
    set it is; both with the service's key, dropped or kept as ``acts.review`` says. sighting_id: None for a catch trial.
    answers: by picture. seconds: from opened to answered."""

    __tablename__ = "review_tasks"
    id: Mapped[Id]
    sighting_id: Mapped[str | None] = mapped_column(ForeignKey("sightings.id", ondelete="CASCADE"), index=True)
    reviewer_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    sealed_set: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_truth: Mapped[bytes] = mapped_column(LargeBinary)
    answers: Mapped[dict[str, Any]]
    created_at: Mapped[At]
    opened_at: Mapped[At | None]
    answered_at: Mapped[At | None]
    seconds: Mapped[float | None]


class ReviewTaskSubjectRow(Row):
    """Who is pictured in a task, so that erasing somebody reaches it."""

    __tablename__ = "review_task_subjects"
    task_id: Mapped[str] = mapped_column(ForeignKey("review_tasks.id", ondelete="CASCADE"), primary_key=True)
    subject_id: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)
