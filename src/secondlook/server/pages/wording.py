"""Moments, sizes and counts as people read them."""

from __future__ import annotations

from secondlook.server import clock


def day_and_time(moment: str) -> str:
    """``24 Nov 2026, 15:04:05 UTC``; broken into two lines only between day and time."""
    day, _, time = clock.read(moment).strftime("%d %b %Y, %H:%M:%S UTC").lstrip("0").partition(", ")
    return ", ".join(half.replace(" ", "\N{NO-BREAK SPACE}") for half in (day, time))


def size(count: int) -> str:
    """``4.2 MB``; a thousand bytes each step."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def spoken(word: str) -> str:
    """``not_searchable`` as ``not searchable``."""
    return word.replace("_", " ")
