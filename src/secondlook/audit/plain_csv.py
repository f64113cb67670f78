"""CSV by the csv module of Python: needs nothing else, and says which line is wrong."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from secondlook.audit.raw import MISSING, Chosen, Columns, Labels
from secondlook.audit.results import Doubles
from secondlook.audit.scores import Codes
from secondlook.errors import SourceError

ROWS_AT_ONCE = 50_000

Rows = list[list[str]]


def delimiter_of(path: Path) -> str:
    """Comma, semicolon or tab: whichever is most often in the first line."""
    with _opened(path) as file:
        first = file.readline()
    return max(",;\t", key=first.count)


def header_of(path: Path) -> tuple[str, ...]:
    """The cells of the first line. Raises SourceError where there is none."""
    with _opened(path) as file:
        header = next(csv.reader(file, delimiter=delimiter_of(path)), None)
    if not header:
        raise SourceError(f"{path} is empty: its first line has to name the columns.")
    return tuple(header)


def read_csv(path: Path, chosen: Chosen) -> Columns:
    """Raises SourceError naming the line that has too few or too many cells, or no number where one belongs."""
    # an empty cell is no name
    indices = {place: {"": -1} for place in chosen.labels}
    codes: dict[int, list[Codes]] = {place: [np.zeros(0, np.int32)] for place in chosen.labels}
    numbers: dict[int, list[Doubles]] = {place: [np.zeros(0)] for place in chosen.numbers}
    rows = 0
    for block in _blocks(path):
        _same_width(path, block, rows, chosen.width)
        cells = list(zip(*block, strict=True))
        for place in chosen.labels:
            codes[place].append(_coded(cells[place], indices[place]))
        for place in chosen.numbers:
            numbers[place].append(_parsed(path, cells[place], rows))
        rows += len(block)
    labels = {place: Labels(np.concatenate(codes[place]), tuple(indices[place])[1:]) for place in chosen.labels}
    return Columns(rows, labels, {place: np.concatenate(numbers[place]) for place in chosen.numbers})


def line_of(path: Path, row: int) -> int:
    """The line of the file in which row ``row`` (from 0, without the header) ends."""
    with _opened(path) as file:
        reader = csv.reader(file, delimiter=delimiter_of(path))
        filled = (cells for cells in reader if cells)
        next(islice(filled, row + 1, None), None)
        return reader.line_num


def _blocks(path: Path) -> Iterator[Rows]:
    """The rows after the header, some at a time; empty lines are passed over."""
    with _opened(path) as file:
        reader = csv.reader(file, delimiter=delimiter_of(path))
        next(reader, None)
        filled = filter(None, reader)
        while block := list(islice(filled, ROWS_AT_ONCE)):
            yield block


def _same_width(path: Path, block: Rows, before: int, width: int) -> None:
    if set(map(len, block)) == {width}:
        return
    row, cells = next((row, cells) for row, cells in enumerate(block) if len(cells) != width)
    line = line_of(path, before + row)
    raise SourceError(f"{path}, line {line}: {len(cells)} cells where the header has {width}; mend or remove the line.")


def _coded(cells: tuple[str, ...], index: dict[str, int]) -> Codes:
    for cell in dict.fromkeys(cells):
        if cell not in index:
            index[cell] = len(index) - 1
    return np.fromiter(map(index.__getitem__, cells), np.int32, len(cells))


def _parsed(path: Path, cells: tuple[str, ...], before: int) -> Doubles:
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return np.array([_number(path, cell, before + row) for row, cell in enumerate(cells)])


def _number(path: Path, cell: str, row: int) -> float:
    text = cell.strip()
    if text in MISSING:
        return math.nan
    try:
        return float(text)
    except ValueError as error:
        line = line_of(path, row)
        raise SourceError(
            f"{path}, line {line}: {cell!r} is no number; write one, or nothing where none is."
        ) from error


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not in UTF-8: save the table as CSV in UTF-8.") from error
    except csv.Error as error:
        raise SourceError(f"{path} is not a table that can be read ({error}): save it as CSV again.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}): check its name and permissions.") from error
