"""``redaction.jsonl``: one line a frame in which something was to be covered, with every place and why.

{"schema": 1, "source", "output", "frame", "areas": [{"track", "box": [x0, y0, x1, y1], "landmarks": [[x, y] * 5] or
null, "why", "score": number or null, "kept", "subject": text or null}]}. Boxes in px of the upright picture, before
the margin of the covering.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from secondlook.errors import SourceError
from secondlook.redact.shapes import Area, Form
from secondlook.report import json_fields as get
from secondlook.report.json_fields import JsonObject
from secondlook.sources.opening import shown
from secondlook.types import Floats

SCHEMA = 1
FILE_NAME = "redaction.jsonl"


class Why(StrEnum):
    """Why a place is covered.

    DETECTED: a face was found there. BRIDGED: the face was found before and after. EXTENDED: it was found shortly
    before or after. ADDED: a person saw it (--also). REGION: it was asked for (--region).
    """

    DETECTED = "detected"
    BRIDGED = "bridged"
    EXTENDED = "extended"
    ADDED = "added"
    REGION = "region"


@dataclass(frozen=True, eq=False, slots=True)
class RedactedArea:
    """track: number in its source, 0 for what was asked for by place. box: (4,) px. score: the detector's, None where
    nothing was detected. kept: left visible on purpose. subject: who was kept, or covered by name."""

    track: int
    box: Floats
    landmarks: Floats | None
    why: Why
    score: float | None = None
    kept: bool = False
    subject: str | None = None

    @property
    def area(self) -> Area:
        form = Form.PLACE if self.why is Why.REGION else Form.FACE
        return Area(self.box, self.landmarks, form)


@dataclass(frozen=True, eq=False, slots=True)
class RedactedFrame:
    """source: as named. output: the copy, relative to the run's folder. areas: those that were kept visible too."""

    source: str
    output: str
    frame: int
    areas: tuple[RedactedArea, ...]

    @property
    def covered(self) -> tuple[Area, ...]:
        """What is to be covered."""
        return tuple(one.area for one in self.areas if not one.kept)


def to_line(frame: RedactedFrame) -> str:
    """One line, without its end."""
    areas = [_written(area) for area in frame.areas]
    return get.dumped(
        {"schema": SCHEMA, "source": frame.source, "output": frame.output, "frame": frame.frame, "areas": areas}
    )


def read_redaction(path: str | os.PathLike[str]) -> tuple[RedactedFrame, ...]:
    """Every line of a ``redaction.jsonl``. Raises SourceError where it cannot be read."""
    return tuple(each_redaction(path))


def each_redaction(path: str | os.PathLike[str]) -> Iterator[RedactedFrame]:
    """As ``read_redaction``, one line after another."""
    name = shown(path)
    try:
        with Path(path).open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield _frame(get.parsed(line))
                except (ValueError, UnicodeError) as error:
                    reason = str(error).replace("\n", " ")
                    raise SourceError(
                        f"{name}, line {number}, is not what Second Look writes ({reason}): redact anew."
                    ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(f"{name} cannot be read ({reason}): check the name and its permissions.") from error


def _written(area: RedactedArea) -> JsonObject:
    return {
        "track": area.track,
        "box": [round(float(v), 2) for v in area.box],
        "landmarks": None if area.landmarks is None else [[round(float(v), 2) for v in p] for p in area.landmarks],
        "why": area.why.value,
        "score": None if area.score is None else round(area.score, 4),
        "kept": area.kept,
        "subject": area.subject,
    }


def _frame(line: JsonObject) -> RedactedFrame:
    if line.get("schema") != SCHEMA:
        raise ValueError(f"its schema is {json.dumps(line.get('schema'))[:40]} and not {SCHEMA}")
    areas = get.list_of(line, "areas", _area)
    return RedactedFrame(get.text(line, "source"), get.text(line, "output"), get.whole(line, "frame"), areas)


def _area(value: object, name: str) -> RedactedArea:
    of = get.as_object(value, name)
    landmarks = of.get("landmarks")
    points = None if landmarks is None else np.array(landmarks, np.float32)
    if points is not None and points.shape != (5, 2):
        raise ValueError("landmarks are not five points")
    subject = of.get("subject")
    return RedactedArea(
        track=get.whole(of, "track"),
        box=np.array(get.box_of(get.list_of(of, "box", get.as_measure)), np.float32),
        landmarks=points,
        why=Why(get.text(of, "why")),
        score=get.optional_number(of, "score"),
        kept=get.yes_or_no(of, "kept"),
        subject=None if subject is None else get.as_text(subject, "subject"),
    )
