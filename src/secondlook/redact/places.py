"""Places that a person names: a fixed region, or a face that was seen and not found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from secondlook.redact.record import RedactedArea, Why

_TIME = r"(?:(?:\d+:)?\d{1,2}:)?\d+(?:\.\d+)?"
_BOX = r"-?\d+(?:\.\d+)?,-?\d+(?:\.\d+)?,\d+(?:\.\d+)?,\d+(?:\.\d+)?"
_REGION = re.compile(rf"(?:(?P<name>[^=]+)=)?(?P<box>{_BOX})(?:@(?P<from>{_TIME})-(?P<to>{_TIME}))?")
_ALSO = re.compile(rf"(?:(?P<name>[^=]+)=)?(?:(?P<from>{_TIME})-(?P<to>{_TIME}):)?(?P<box>{_BOX})")


@dataclass(frozen=True, slots=True)
class Place:
    """box: x0, y0, x1, y1 px. from_s, to_s: when, both included; None: from the beginning, to the end. source: the name
    of the only file it is meant for, None for all. why: ADDED or REGION."""

    box: tuple[float, float, float, float]
    why: Why
    from_s: float | None = None
    to_s: float | None = None
    source: str | None = None

    def counts(self, source: str, time_s: float | None) -> bool:
        """Whether it is meant for this moment of this source. time_s: None for a photograph."""
        if self.source is not None and self.source not in (source, Path(source).name):
            return False
        if self.from_s is None or self.to_s is None:
            return True
        # half a millisecond of slack: times are rounded where they are shown
        return time_s is not None and self.from_s - 0.0005 <= time_s <= self.to_s + 0.0005


def region(text: str) -> Place:
    """``x,y,w,h``, ``x,y,w,h@from-to``, either with ``file=`` before it. Raises ValueError with a sentence."""
    return _place(text, _REGION, Why.REGION, "x,y,w,h or x,y,w,h@from-to")


def also(text: str) -> Place:
    """``from-to:x,y,w,h`` of a video, ``x,y,w,h`` of a photograph, either with ``file=`` before it. Raises ValueError."""
    return _place(text, _ALSO, Why.ADDED, "from-to:x,y,w,h for a video, or x,y,w,h for a photograph")


def also_text(box: tuple[float, float, float, float], from_s: float | None, to_s: float | None) -> str:
    """The text that ``also`` reads."""
    x0, y0, x1, y1 = box
    where = f"{x0:.0f},{y0:.0f},{max(1, x1 - x0):.0f},{max(1, y1 - y0):.0f}"
    return where if from_s is None or to_s is None else f"{from_s:.2f}-{to_s:.2f}:{where}"


def named_areas(places: tuple[Place, ...], source: str, time_s: float | None) -> tuple[RedactedArea, ...]:
    """What of these is covered in this moment."""
    return tuple(
        RedactedArea(0, np.array(place.box, np.float32), None, place.why)
        for place in places
        if place.counts(source, time_s)
    )


def _place(text: str, form: re.Pattern[str], why: Why, said: str) -> Place:
    found = form.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not {said} (numbers in px, times in seconds or as m:ss)")
    x, y, w, h = (float(v) for v in found["box"].split(","))
    if w <= 0 or h <= 0:
        raise ValueError(f"{text!r} has no size: width and height are more than 0")
    from_s, to_s = (None if found[k] is None else _seconds(found[k]) for k in ("from", "to"))
    if from_s is not None and to_s is not None and from_s > to_s:
        raise ValueError(f"{text!r} ends before it begins")
    return Place((x, y, x + w, y + h), why, from_s, to_s, found["name"])


def _seconds(text: str) -> float:
    seconds = 0.0
    for part in text.split(":"):
        seconds = 60 * seconds + float(part)
    return seconds
