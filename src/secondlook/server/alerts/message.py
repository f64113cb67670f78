"""What an alert says: who may have been seen, how likely that is to be wrong, and whether anybody has looked yet; or that
a candidate who was told is taken back."""

from __future__ import annotations

from typing import Any

from secondlook.server.acts.keeping import opened_record
from secondlook.server.rows import CameraRow, SightingRow
from secondlook.server.service import Service
from secondlook.types import Estimate, Outcome

SCHEMA = "secondlook.alert/1"
LEAD = "A candidate is an investigative lead and no ground for an arrest."


def message_of(service: Service, row: SightingRow, camera: CameraRow | None) -> dict[str, Any]:
    """Made when it is sent, and kept nowhere. Raises UnknownSubject, GalleryLocked where the subject was erased."""
    grounds = opened_record(service.gallery, row).grounds
    subject = service.gallery.subject(row.subject_id)
    link = service.settings().public_url
    return {
        "schema": SCHEMA,
        "id": row.id,
        "version": row.version,
        "seen_at": row.seen_at,
        "camera": None if camera is None else {"id": camera.id, "label": camera.label},
        "subject": {"id": subject.id, "name": subject.name},
        "outcome": row.outcome,
        "withdrawn": row.outcome != Outcome.CANDIDATE,
        "sentence": grounds.sentence,
        "wrong": {
            "strangers_alike": _interval(grounds.alike_rate),
            "posterior": _interval(grounds.posterior),
            "prior": grounds.prior,
            "asked_fpir": grounds.fpir,
            "gallery_size": grounds.gallery_size,
            "calibrated": grounds.calibrated,
        },
        "score": grounds.score,
        "threshold": grounds.threshold,
        "review": row.review,
        "case": row.case_number,
        "note": LEAD,
        "link": f"{link.rstrip('/')}/sightings/{row.id}" if link else None,
    }


def _interval(estimate: Estimate | None) -> dict[str, float] | None:
    return None if estimate is None else {"value": estimate.value, "low": estimate.low, "high": estimate.high}
