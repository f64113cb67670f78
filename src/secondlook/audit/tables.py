"""Somebody else's scores: a table of comparisons or of candidate lists, as CSV or Parquet.

Comparisons have a row for each: probe, reference, score, and who is who: ``mated`` (yes or no), or ``probe_subject`` and
``reference_subject``, or both. Candidate lists have a row for each candidate: probe, candidate, score, ``enrolled``
(whether the probe's person is in the gallery), ``rank`` where it is known, and ``mated`` or ``probe_subject``; a search
that returned nobody is one row without candidate and score. Names of columns that are understood: ``columns.py``.
Every other column with few different values is an attribute to group by (``probe_…`` and ``reference_…`` for one side).
An empty score is a failed comparison and stays in every denominator.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from secondlook.audit import arrow, plain_csv
from secondlook.audit.candidate_table import read_candidates
from secondlook.audit.columns import NUMBERS, Layout, read_layout
from secondlook.audit.kinds import Direction
from secondlook.audit.pair_table import read_pairs
from secondlook.audit.raw import Chosen, Columns
from secondlook.audit.scores import Scores1to1, SearchScores
from secondlook.errors import SourceError


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """What a table of scores held: comparisons, or searches (one for each gallery size). notes: for the reader."""

    path: Path
    layout: Layout
    pairs: Scores1to1 | None
    searches: tuple[SearchScores, ...]
    notes: tuple[str, ...]


def read_scores(
    path: Path,
    direction: Direction | None = None,
    attributes: tuple[str, ...] | None = None,
    gallery_size: int | None = None,
) -> Table:
    """Reads the whole table; nothing is left out in silence.

    direction: None = as the name of the score's column says. attributes: the columns to group by, None = every other
    column with few different values. gallery_size: of candidate lists without a column for it.
    Raises SourceError, in one sentence with the line, for anything that cannot be understood.
    """
    layout = read_layout(path, header_of(path), direction)
    columns = _read(path, layout)
    if not columns.rows:
        raise SourceError(f"{path} has a header and no rows: there is nothing to audit.")
    if layout.is_candidate_list:
        searches, notes = read_candidates(path, layout, columns, attributes, gallery_size)
        return Table(path, layout, None, searches, notes)
    pairs, notes = read_pairs(path, layout, columns, attributes)
    return Table(path, layout, pairs, (), notes)


def header_of(path: Path) -> tuple[str, ...]:
    if not path.is_file():
        raise SourceError(f"There is no file {path}: check the name of the table of scores.")
    return arrow.parquet_header(path) if _is_parquet(path) else plain_csv.header_of(path)


def _read(path: Path, layout: Layout) -> Columns:
    numbers = tuple(place for role, place in layout.roles if role in NUMBERS)
    labels = tuple(place for place in range(len(layout.header)) if place not in numbers)
    chosen = Chosen(len(layout.header), labels, numbers)
    if _is_parquet(path):
        return arrow.read_parquet(path, chosen)
    if arrow.is_installed():
        columns = arrow.read_csv(path, plain_csv.delimiter_of(path), chosen)
        if columns is not None:
            return columns
    return plain_csv.read_csv(path, chosen)


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")
