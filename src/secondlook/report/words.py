"""Numbers in the words of a report."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from secondlook.report.record import SightingRecord
from secondlook.types import Estimate, Grounds


def counted(count: int, one: str, many: str = "") -> str:
    """``1 face``, ``5,000 faces``, ``no faces``. many: the plural where it is not ``one`` and an s."""
    if count == 1:
        return f"1 {one}"
    return f"{count or 'no'} {many or one + 's'}" if count < 1000 else f"{count:,} {many or one + 's'}"


def listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts)


def clock(seconds: float) -> str:
    """h:mm:ss.s"""
    tenths = max(0, round(seconds * 10))
    minutes, rest = divmod(tenths, 600)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 10:02d}.{rest % 10}"


def span(record: SightingRecord) -> str | None:
    """From when to when somebody was seen; None in a photograph."""
    if record.first_s is None or record.last_s is None:
        return None if record.time_s is None else clock(record.time_s)
    first, last = clock(record.first_s), clock(record.last_s)
    return first if first == last else f"{first} to {last}"


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} seconds"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def percent(rate: float) -> str:
    """One decimal, two under 1 %: ``39.7 %``, ``0.58 %``; the space does not break."""
    if not isfinite(rate):
        return "unknown"
    value = 100 * rate
    digits = 0 if value >= 99.95 or value == 0 else 1 if value >= 1 else 2
    return f"{value:.{digits}f}\N{NO-BREAK SPACE}%"


def out_of(rate: float) -> str:
    """A rate as people count: ``40 of 100``, ``6 of 1,000``."""
    if not isfinite(rate):
        return ""
    of = next((n for n in (100, 1000, 10_000) if rate * n >= 0.95), 100_000)
    return f"{round(rate * of):,}\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}{of if rate else 100:,}"


def asked(rate: float) -> str:
    """A rate that somebody chose, exactly: ``3 of 1,000``, ``125 of 10,000``."""
    of = next((n for n in (100, 1000, 10_000, 100_000) if abs(rate * n - round(rate * n)) < 1e-6 * n * rate), 1_000_000)
    return f"{round(rate * of, 3):,.12g} of {of:,}"


def estimated(estimate: Estimate, of: int, lead: str = "about") -> str:
    """Of so many: ``about 3 (2 to 5)``, with the 95 % interval; none and all are only said where they are meant."""
    value, low, high = (round(of * v) for v in (estimate.value, estimate.low, estimate.high))
    said = f"{lead} {value:,}"
    if value == 0 and estimate.value > 0:
        said = "fewer than 1"
    if value == of and estimate.value < 1:
        said = f"more than {of - 1:,}"
    return said if low == value == high else f"{said} ({low:,} to {high:,})"


def complement(estimate: Estimate) -> Estimate:
    """Of all the others."""
    return Estimate(1 - estimate.value, 1 - estimate.high, 1 - estimate.low)


def score_digits(grounds: Grounds) -> int:
    """Decimals that a score needs to be compared with its threshold: a cosine needs more than a normalised score."""
    return 2 if max(abs(grounds.score or 0.0), abs(grounds.threshold or 0.0)) > 1 else 3


def number(value: float | None, digits: int) -> str:
    """With a real minus sign, but none before 0; where it could not be measured it says so."""
    if value is None or not isfinite(value):
        return "not measured"
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def place_in(record: SightingRecord) -> str:
    """Where in the picture: position of the face and its size in px."""
    if not all(isfinite(v) for v in record.box):
        return "place unknown"
    x0, y0, x1, y1 = record.box
    return f"{x1 - x0:.0f} × {y1 - y0:.0f} px at x {x0:.0f}, y {y0:.0f}".replace("-", "−")
