"""The newest audit that was done here, for a dossier."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from secondlook.review.dossier import AuditGiven
from secondlook.review.dossier_audit import audit_given
from secondlook.server.acts.job_kinds import AuditAsked, JobKind
from secondlook.server.acts.job_states import RESULTS, JobState
from secondlook.server.acts.jobs import order_of
from secondlook.server.rows import JobRow
from secondlook.server.service import Service

_METRICS = "metrics.json"
_GONE = "Its figures are not kept any more: have the system audited again."
_DAMAGED = "Its figures cannot be read: have the system audited again."


def newest_audit(service: Service, nameless: Callable[[str], str]) -> AuditGiven | None:
    """None where none was done. nameless: what of a text that people wrote may be said."""
    done = select(JobRow).where(JobRow.kind == JobKind.AUDIT.value, JobRow.state == JobState.DONE.value)
    with service.database.reading() as session:
        row = session.scalars(done.order_by(JobRow.ended_at.desc(), JobRow.id.desc()).limit(1)).first()
    if row is None:
        return None
    asked = order_of(row).asked
    label = nameless(asked.label) if isinstance(asked, AuditAsked) else ""
    at = row.ended_at or row.created_at
    try:
        text = (service.folder.jobs / row.id / RESULTS / _METRICS).read_text("utf-8")
        return audit_given(text, row.id, label, at)
    except OSError:
        problem = _GONE
    except ValueError:
        problem = _DAMAGED
    return AuditGiven(row.id, label, at, 0, None, (), problem)
