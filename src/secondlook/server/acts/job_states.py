"""Where a job stands, and what may still be needed of what was sent."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.server.rows import JobRow


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in ENDED


ENDED: Final = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})
RESULTS: Final = "out"
"""Within a job's folder: what it has made."""
OPEN: Final = (JobState.QUEUED.value, JobState.RUNNING.value)


def waiting_for(session: Session) -> set[str]:
    """Ids of the uploads that jobs which have not ended still read."""
    asked = session.scalars(select(JobRow.request).where(JobRow.state.in_(OPEN)))
    return {str(upload) for request in asked for upload in request.get("uploads", ())}
