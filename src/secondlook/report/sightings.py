"""``sightings.jsonl``: one JSON object a line, one line a sighting. The schema for people is ``docs/sightings.md``.

Within a version keys are only added, never renamed or removed; a reader passes over keys that it does not know.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime

from secondlook.report import json_fields as get
from secondlook.report.json_fields import JsonObject, number_or_null
from secondlook.report.lines import each_line
from secondlook.report.record import SightingRecord, crop_name, record_of
from secondlook.types import Candidate, Decision, Estimate, Grounds, Outcome, Quality, Sighting

SCHEMA = "secondlook.sightings/2"
FILE_NAME = "sightings.jsonl"

_ID = re.compile(r"[0-9a-f]{16}")


def to_record(sighting: Sighting) -> str:
    """One line of ``sightings.jsonl``, without its end: strict JSON, never NaN or Infinity."""
    return to_line(record_of(sighting))


def to_line(record: SightingRecord) -> str:
    return get.dumped(to_fields(record))


def to_fields(record: SightingRecord) -> JsonObject:
    """What the line holds, by name."""
    fields_: JsonObject = {
        "schema": SCHEMA,
        "id": record.id,
        "source": record.source,
        "frame": record.frame,
        "time_s": record.time_s,
        "box": [number_or_null(v) for v in record.box],
        "track": record.track,
        "first_s": record.first_s,
        "last_s": record.last_s,
        "frames": record.frames,
        "detector_score": number_or_null(record.detector_score),
        "quality": {name: number_or_null(value) for name, value in asdict(record.quality).items()},
        "outcome": record.outcome.value,
        "candidates": [_candidate_fields(c) for c in record.decision.candidates],
        "grounds": _grounds_fields(record.grounds),
        "pack": record.pack,
        "crop": record.crop,
    }
    if record.seen_at is not None:
        fields_["seen_at"] = moment(record.seen_at)
    if record.person is not None:
        fields_["person"] = record.person
    return fields_


def of_line(line: str) -> SightingRecord:
    """One line, read back. Raises ValueError where it is none."""
    return _record(get.parsed(line))


def moment(at: datetime) -> str:
    """``2026-05-01T12:00:00.250Z``: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_records(path: str | os.PathLike[str]) -> tuple[SightingRecord, ...]:
    """Every sighting of a ``sightings.jsonl``, in the file's order.

    Raises SourceError where a line is damaged or cut off, UnsupportedSource where it has another schema version.
    """
    return tuple(each_record(path))


def each_record(path: str | os.PathLike[str]) -> Iterator[SightingRecord]:
    """The same one by one, for files larger than memory."""
    return each_line(path, SCHEMA, _record)


def _candidate_fields(c: Candidate) -> JsonObject:
    return {"subject": c.subject, "reference": c.reference, "score": number_or_null(c.score), "rank": c.rank}


def _grounds_fields(grounds: Grounds) -> JsonObject:
    return {
        "sentence": grounds.sentence,
        "score": number_or_null(grounds.score),
        "threshold": number_or_null(grounds.threshold),
        "gallery_size": grounds.gallery_size,
        "margin": number_or_null(grounds.margin),
        "calibrated": grounds.calibrated,
        "against": list(grounds.against),
        "fpir": number_or_null(grounds.fpir),
        "alike_rate": _estimate_fields(grounds.alike_rate),
        "miss_rate": _estimate_fields(grounds.miss_rate),
        "log10_lr": number_or_null(grounds.log10_lr),
        "prior": number_or_null(grounds.prior),
        "posterior": _estimate_fields(grounds.posterior),
        "calibration": grounds.calibration,
    }


def _estimate_fields(estimate: Estimate | None) -> JsonObject | None:
    if estimate is None:
        return None
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _record(line: JsonObject) -> SightingRecord:
    quality = get.as_object(line.get("quality"), "quality")
    grounds = get.as_object(line.get("grounds"), "grounds")
    id_ = get.text(line, "id")
    if not _ID.fullmatch(id_):
        raise ValueError("id is not 16 hexadecimal digits")
    return SightingRecord(
        id=id_,
        source=get.text(line, "source"),
        frame=get.whole(line, "frame"),
        time_s=get.optional_number(line, "time_s"),
        box=get.box_of(get.list_of(line, "box", get.as_measure)),
        track=get.whole(line, "track"),
        first_s=get.optional_number(line, "first_s"),
        last_s=get.optional_number(line, "last_s"),
        frames=get.whole(line, "frames"),
        detector_score=get.measure(line, "detector_score"),
        quality=Quality(*(get.measure(quality, f.name) for f in fields(Quality))),
        decision=Decision(_outcome(line), _grounds(grounds), get.list_of(line, "candidates", _candidate)),
        pack=get.text(line, "pack"),
        crop=_crop(line, id_),
        seen_at=_moment(line),
        person=None if line.get("person") is None else get.text(line, "person"),
    )


def _moment(line: JsonObject) -> datetime | None:
    """None of a file's sighting, which has no time of day."""
    if line.get("seen_at") is None:
        return None
    found = datetime.fromisoformat(get.text(line, "seen_at"))
    if found.tzinfo is None:
        raise ValueError("seen_at has no time zone")
    return found


def _outcome(line: JsonObject) -> Outcome:
    found = get.text(line, "outcome")
    if found not in tuple(Outcome):
        raise ValueError(f"outcome is none of {', '.join(Outcome)}")
    return Outcome(found)


def _grounds(grounds: JsonObject) -> Grounds:
    return Grounds(
        sentence=get.text(grounds, "sentence"),
        score=get.optional_number(grounds, "score"),
        threshold=get.optional_number(grounds, "threshold"),
        gallery_size=get.whole(grounds, "gallery_size"),
        margin=get.optional_number(grounds, "margin"),
        calibrated=get.yes_or_no(grounds, "calibrated"),
        against=get.list_of(grounds, "against", get.as_text),
        fpir=get.optional_rate(grounds, "fpir"),
        alike_rate=_estimate(grounds, "alike_rate"),
        miss_rate=_estimate(grounds, "miss_rate"),
        log10_lr=get.optional_number(grounds, "log10_lr"),
        prior=get.optional_rate(grounds, "prior"),
        posterior=_estimate(grounds, "posterior"),
        calibration=None if grounds.get("calibration") is None else get.text(grounds, "calibration"),
    )


def _estimate(grounds: JsonObject, key: str) -> Estimate | None:
    if get.is_null(grounds, key):
        return None
    parts = get.as_object(grounds[key], key)
    value, low, high = (get.rate(parts, part) for part in ("value", "low", "high"))
    if not low <= value <= high:
        raise ValueError(f"{key} lies outside its own interval")
    return Estimate(value, low, high)


def _candidate(value: object, name: str) -> Candidate:
    c = get.as_object(value, name)
    return Candidate(get.text(c, "subject"), get.whole(c, "reference"), get.measure(c, "score"), get.whole(c, "rank"))


def _crop(line: JsonObject, id_: str) -> str | None:
    # a file that somebody else wrote must not make the report show any other file of this machine
    found = line.get("crop")
    if found is not None and found != crop_name(id_):
        raise ValueError(f"crop is not {crop_name(id_)}")
    return None if found is None else crop_name(id_)
