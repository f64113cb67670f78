"""What an alert says: who may have been seen, how likely that is to be wrong, and that nobody has looked yet."""

from __future__ import annotations

import json
from typing import Any

from secondlook.server.rows import CameraRow, SightingRow
from secondlook.server.service import Service

SCHEMA = "secondlook.alert/1"
LEAD = "A candidate is an investigative lead and no ground for an arrest."


def record_seal(sighting: str) -> str:
    """Where a sighting's record belongs, for its seal."""
    return f"sighting {sighting} record"


def message_of(service: Service, row: SightingRow, camera: CameraRow | None) -> dict[str, Any]:
    """Made when it is sent, and kept nowhere. Raises UnknownSubject, GalleryLocked where the subject was erased."""
    record = json.loads(service.gallery.unseal(row.sealed_record, record_seal(row.id), row.subject_id))
    subject = service.gallery.subject(row.subject_id)
    grounds = record["grounds"]
    link = service.settings().public_url
    return {
        "schema": SCHEMA,
        "id": row.id,
        "seen_at": row.seen_at,
        "camera": None if camera is None else {"id": camera.id, "label": camera.label},
        "subject": {"id": subject.id, "name": subject.name},
        "outcome": row.outcome,
        "sentence": grounds["sentence"],
        "wrong": {
            "strangers_alike": grounds["alike_rate"],
            "posterior": grounds["posterior"],
            "prior": grounds["prior"],
            "asked_fpir": grounds["fpir"],
            "gallery_size": grounds["gallery_size"],
            "calibrated": grounds["calibrated"],
        },
        "score": grounds["score"],
        "threshold": grounds["threshold"],
        "review": row.review,
        "case": row.case_number,
        "note": LEAD,
        "link": f"{link.rstrip('/')}/sightings/{row.id}" if link else None,
    }
