"""``exposure.jsonl``: one JSON object a line, one line a face or a person of a video; ``advice.jsonl``: one line a source.

The schema for people is ``docs/exposure.md``. Within a version keys are only added, never renamed or removed.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

from secondlook.exposure.publishing import Advice, Box, Change, Cover, Crop, Scale
from secondlook.exposure.stated import Exposure
from secondlook.report.json_fields import JsonObject, dumped, number_or_null
from secondlook.report.record import rounded_rate, sighting_id
from secondlook.types import Estimate, Quality

SCHEMA = "secondlook.exposure/1"
ADVICE_SCHEMA = "secondlook.exposure-advice/1"
FILE_NAME = "exposure.jsonl"
ADVICE = "advice.jsonl"

_COARSE = ("inter_eye_px", "yaw_deg", "pitch_deg", "roll_deg")


@dataclass(frozen=True, slots=True)
class ExposedFace:
    """One line; units and ranges in ``docs/exposure.md``.

    number: of the face in its source, the most exposed first, from 1. map: picture file beside ``exposure.jsonl`` that
    shows it. level: chance at which a face counts as recognisable; level_px: from how many px between the eyes, None: at no
    size that was measured.
    """

    source: str
    number: int
    track: int
    frame: int
    time_s: float | None
    first_s: float | None
    last_s: float | None
    frames: int
    box: Box
    detector_score: float
    quality: Quality
    exposure: Exposure
    level: float
    level_px: float | None
    pack: str
    map: str | None = None

    @property
    def id(self) -> str:
        return sighting_id(self.source, self.track, self.frame)

    @property
    def chance(self) -> float:
        return self.exposure.picked_out.value


def numbered(faces: list[ExposedFace]) -> list[ExposedFace]:
    """Faces of one source, the most exposed first, with their numbers."""
    ordered = sorted(faces, key=lambda face: (-face.chance, face.frame, face.track))
    return [replace(face, number=place) for place, face in enumerate(ordered, start=1)]


def to_line(face: ExposedFace) -> str:
    e = face.exposure
    return dumped(
        {
            "schema": SCHEMA,
            "id": face.id,
            "source": face.source,
            "number": face.number,
            "track": face.track,
            "frame": face.frame,
            "time_s": _seconds(face.time_s),
            "first_s": _seconds(face.first_s),
            "last_s": _seconds(face.last_s),
            "frames": face.frames,
            "box": _box(face.box),
            "detector_score": round(face.detector_score, 4),
            "quality": {
                name: number_or_null(round(value, 1 if name in _COARSE else 3))
                for name, value in asdict(face.quality).items()
            },
            "population": e.population,
            "picked_out": _estimate(e.picked_out),
            "beyond": e.beyond,
            "look_alikes": {key: _counted(getattr(e.look_alikes, key)) for key in ("value", "low", "high")},
            "mean_look_alikes": _counted(e.mean_look_alikes),
            "bits": round(e.bits, 2),
            "recognisable": {
                "chance": face.level,
                "inter_eye_px": None if face.level_px is None else round(face.level_px, 1),
            },
            "pack": face.pack,
            "map": face.map,
        }
    )


def advice_line(advice: Advice) -> str:
    return dumped(
        {
            "schema": ADVICE_SCHEMA,
            "source": advice.source,
            "frame": advice.frame,
            "want": advice.want,
            "faces": advice.faces,
            "exposed": advice.exposed,
            "changes": [_change(change) for change in advice.changes],
        }
    )


def _change(change: Change) -> JsonObject:
    lost = round(change.lost, 4)
    match change:
        case Scale(factor, width, height):
            return {"change": "scale", "lost": lost, "factor": round(factor, 4), "width": width, "height": height}
        case Crop(box, kept):
            return {"change": "crop", "lost": lost, "box": _box(box), "kept_faces": kept}
        case Cover(boxes):
            return {"change": "cover", "lost": lost, "boxes": [_box(box) for box in boxes]}


def _estimate(estimate: Estimate) -> JsonObject:
    return {key: rounded_rate(getattr(estimate, key)) for key in ("value", "low", "high")}


def _counted(people: float) -> float:
    """To 3 significant digits, thousandths at the least."""
    if people < 1e-3:
        return 0.0
    return round(people, max(0, 2 - math.floor(math.log10(people))))


def _box(box: Box) -> list[object]:
    return [number_or_null(round(v, 1)) for v in box]


def _seconds(time_s: float | None) -> float | None:
    return None if time_s is None else round(time_s, 3)
