"""A table of what people are, by subject: what the figures of an audit are grouped by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from secondlook.audit import plain_csv
from secondlook.audit.raw import Chosen, Labels
from secondlook.audit.scores import Attribute
from secondlook.errors import SourceError

_SUBJECT = ("subject", "subject_id", "person", "name", "identity")


@dataclass(frozen=True, eq=False, slots=True)
class AttributeTable:
    """rows: subject to row number. columns: name and values, a code for each row, -1 where the cell is empty."""

    path: Path
    rows: dict[str, int]
    columns: tuple[tuple[str, Labels], ...]


def read_attributes(path: Path) -> AttributeTable:
    """A CSV file with a column ``subject`` and one for each attribute.

    Raises SourceError where there is no such file or column, or a subject has two lines that differ.
    """
    header = tuple(name.strip().lower() for name in plain_csv.header_of(path))
    place = next((i for i, name in enumerate(header) if name in _SUBJECT), None)
    if place is None or len(header) < 2:
        raise SourceError(f"{path} needs a column 'subject' and one for each attribute: its first line names neither.")
    columns = plain_csv.read_csv(path, Chosen(len(header), tuple(range(len(header))), ()))
    subjects = columns.labels[place]
    others = tuple((name, columns.labels[i]) for i, name in enumerate(header) if i != place)
    rows: dict[str, int] = {}
    for row, code in enumerate(subjects.codes):
        if code < 0:
            raise SourceError(f"{path}, line {plain_csv.line_of(path, row)}: there is no subject; fill it in.")
        name = subjects.names[code]
        first = rows.setdefault(name, row)
        if any(labels.codes[first] != labels.codes[row] for _, labels in others):
            line = plain_csv.line_of(path, row)
            raise SourceError(f"{path}, line {line}: {name} was described differently before; keep one of the two.")
    return AttributeTable(path, rows, others)


def of_samples(table: AttributeTable, subjects: Sequence[str]) -> tuple[tuple[Attribute, ...], tuple[str, ...]]:
    """The attributes of samples, by whose they are, and a note where people are not in the table.

    Raises SourceError where nobody is.
    """
    places = np.array([table.rows.get(subject, -1) for subject in subjects], np.int64)
    lacking = {subject for subject, place in zip(subjects, places, strict=True) if place < 0}
    if subjects and len(lacking) == len(set(subjects)):
        example = min(lacking)
        raise SourceError(
            f"{table.path} describes nobody of these pictures, not even {example}: use their names there."
        )
    attributes = tuple(
        Attribute(name, tuple(labels.names), np.where(places < 0, -1, labels.codes[places]).astype(np.int32))
        for name, labels in table.columns
    )
    if not lacking:
        return attributes, ()
    return attributes, (
        f"{len(lacking):,} of {len(set(subjects)):,} people are not in {table.path.name}, so in no group.",
    )
