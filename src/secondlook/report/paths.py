"""``paths.jsonl``: where each person of a video was in every frame that was looked at, for drawing.

One line a sighting, under its id in ``sightings.jsonl``; kept apart because it is long and only drawing needs it.
"""

from __future__ import annotations

import os
from typing import TypeAlias

from secondlook.report import json_fields as get
from secondlook.report.json_fields import JsonObject, number_or_null
from secondlook.report.lines import each_line
from secondlook.report.record import record_of
from secondlook.types import Sighting

SCHEMA = "secondlook.paths/1"
FILE_NAME = "paths.jsonl"

BoxPath: TypeAlias = "tuple[tuple[int, float, float, float, float], ...]"
"""(frame, x0, y0, x1, y1), frames ascending, px of that frame."""


def to_path_line(sighting: Sighting) -> str | None:
    """One line of ``paths.jsonl``, without its end; None for a photograph, where nobody moves."""
    if not sighting.path:
        return None
    path = [[int(frame), *(number_or_null(round(float(v), 1)) for v in box)] for frame, *box in sighting.path]
    return get.dumped({"schema": SCHEMA, "id": record_of(sighting).id, "path": path})


def read_paths(path: str | os.PathLike[str]) -> dict[str, BoxPath]:
    """Paths by the id of their sighting. Raises as ``sightings.read_records``."""
    return dict(each_line(path, SCHEMA, _path))


def _path(line: JsonObject) -> tuple[str, BoxPath]:
    return get.text(line, "id"), get.list_of(line, "path", _step)


def _step(value: object, name: str) -> tuple[int, float, float, float, float]:
    if not isinstance(value, list) or len(value) != 5:
        raise ValueError(f"{name} holds something else than frame, x0, y0, x1, y1")
    x0, y0, x1, y1 = (get.as_measure(v, name) for v in value[1:])
    return get.as_whole(value[0], name), x0, y0, x1, y1
