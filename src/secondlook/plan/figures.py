"""Quantities as a plan writes them: few digits, a unit, and how far measurements lie apart."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from secondlook.plan.amounts import Amount

_SIZES = (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("bytes", 1.0))

_WIDE = 118
_TIMES = (("days", 86_400.0), ("hours", 3600.0), ("minutes", 60.0), ("s", 1.0), ("ms", 1e-3))


def figure(value: float, digits: int = 3) -> str:
    """``0.0237``, ``12.5``, ``1,230``: so many digits that tell something, whole from there on."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "unknown"
    after = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, after)
    return f"{rounded:,.{max(0, after)}f}"


def whole(value: float) -> str:
    """People and other things that come whole: all below a thousand, three digits above."""
    return f"{round(value):,}" if value < 1000 else figure(value)


def ranged(amount: Amount, unit: str = "") -> str:
    """``12.5 (11.9 to 14) cores``"""
    value, low, high = (figure(v) for v in (amount.value, amount.low, amount.high))
    said = value if low == value == high else f"{value} ({low} to {high})"
    return f"{said} {unit}".rstrip()


def counted_range(amount: Amount) -> str:
    """Of what comes whole: ``12 (11 to 14)``"""
    value, low, high = (f"{math.ceil(v):,}" for v in (amount.value, amount.low, amount.high))
    return value if low == value == high else f"{value} ({low} to {high})"


def spent(seconds: Amount) -> str:
    """Time in the unit that suits: ``1.6 s``, ``36 days``."""
    unit, step = next((one for one in _TIMES if seconds.value >= one[1]), _TIMES[-1])
    return ranged(seconds.times(1 / step), unit)


def sized(amount: Amount) -> str:
    """Bytes in the unit that suits: ``1.2 TB``; 1 kB is 1,000 bytes."""
    unit, step = next((one for one in _SIZES if amount.value >= one[1]), _SIZES[-1])
    return ranged(amount.times(1 / step), unit)


def wrapped(lines: Sequence[str]) -> list[str]:
    """Sentences at most ``_WIDE`` letters wide; rows of a table, which begin with a space, as they are."""
    return [part for line in lines for part in ([line] if line.startswith(" ") else textwrap.wrap(line, _WIDE) or [""])]


def columns(rows: Sequence[Sequence[str]], indent: str = "  ") -> list[str]:
    """Rows of one length as lines whose columns stand below each other."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))] if rows else []
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]
