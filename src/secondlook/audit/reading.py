"""Reads the columns of a CSV or Parquet file into arrays: text as numbers into a list of names, numbers as float64.

With pyarrow (extra ``audit``) a file is read a block at a time, so ten million rows fit in memory; without it the csv
module reads a CSV the same way, slower. A line that cannot be read stops the audit and is named.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn, TextIO

import numpy as np

from secondlook.audit.results import Doubles
from secondlook.audit.scores import Codes
from secondlook.errors import ExtraMissing, SourceError

ROWS_AT_ONCE = 100_000
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})
"""Cells, in lower case, that hold no number."""


@dataclass(frozen=True, eq=False, slots=True)
class Labels:
    """codes: (rows,) numbers into ``names``, -1 for an empty cell."""

    codes: Codes
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Columns:
    """What was read: by place in the header."""

    rows: int
    labels: dict[int, Labels]
    numbers: dict[int, Doubles]


def has_arrow() -> bool:
    return find_spec("pyarrow") is not None


def is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def read_header(path: Path) -> tuple[str, ...]:
    """The names of the columns. Raises SourceError where there is no such file or no header."""
    if not path.is_file():
        raise SourceError(f"There is no file {path}: check the name of the table of scores.")
    if is_parquet(path):
        from secondlook.audit import arrow

        return arrow.parquet_header(path)
    with opened(path) as (file, delimiter):
        header = next(csv.reader(file, delimiter=delimiter), None)
    if not header:
        raise SourceError(f"{path} is empty: its first line has to name the columns.")
    return tuple(header)


def read_columns(path: Path, labels: tuple[int, ...], numbers: tuple[int, ...]) -> Columns:
    """The columns at these places of the header. Raises SourceError naming the line, ExtraMissing for Parquet."""
    if is_parquet(path):
        from secondlook.audit import arrow

        return arrow.read_parquet(path, labels, numbers)
    if has_arrow():
        from secondlook.audit import arrow

        read = arrow.read_csv(path, delimiter_of(path), labels, numbers)
        if read is not None:
            return read
    # slower, and it says which line is wrong
    return read_plainly(path, labels, numbers)
