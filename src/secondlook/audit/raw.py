"""Columns as they were read from a file, before anybody says what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secondlook.audit.results import Doubles
from secondlook.audit.scores import Codes

MISSING = ("", "nan", "NaN", "NAN", "na", "NA", "n/a", "N/A", "null", "NULL", "none", "None")
"""Cells that hold no number."""


@dataclass(frozen=True, eq=False, slots=True)
class Labels:
    """A column of text. codes: (rows,) numbers into ``names``, -1 for an empty cell."""

    codes: Codes
    names: Sequence[str]


@dataclass(frozen=True, eq=False, slots=True)
class Columns:
    """labels, numbers: columns by their place in the header; numbers are (rows,), NaN for an empty cell."""

    rows: int
    labels: Mapping[int, Labels]
    numbers: Mapping[int, Doubles]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which columns to read, by place: ``labels`` as text, ``numbers`` as numbers. width: columns in the file."""

    width: int
    labels: tuple[int, ...]
    numbers: tuple[int, ...]
