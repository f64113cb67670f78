"""Hours in which nobody wants to be told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from secondlook.errors import Invalid

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Quiet:
    """begins, ends: times of day, over midnight where ``ends`` is the earlier. zone: of the IANA database."""

    begins: time
    ends: time
    zone: ZoneInfo

    def at(self, moment: datetime) -> bool:
        """moment: with a time zone."""
        now = moment.astimezone(self.zone).time()
        if self.begins <= self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends


def quiet_hours(text: str) -> Quiet | None:
    """``22:00-06:00`` in UTC, or ``22:00-06:00 Europe/Berlin``; empty: None. Raises Invalid."""
    if not text.strip():
        return None
    hours, _, zone = text.strip().partition(" ")
    begins, _, ends = hours.partition("-")
    if not (_TIME.fullmatch(begins) and _TIME.fullmatch(ends)) or begins == ends:
        raise Invalid(
            "Quiet hours are written as 22:00-06:00 Europe/Berlin: give two times, and a time zone if not UTC."
        )
    try:
        found = ZoneInfo(zone.strip() or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"There is no time zone {zone}: give one like Europe/Berlin.") from error
    return Quiet(time.fromisoformat(begins), time.fromisoformat(ends), found)


def kept(text: str) -> dict[str, Any]:
    """As a row keeps it. Raises Invalid."""
    quiet_hours(text)
    return {"hours": text.strip()}
