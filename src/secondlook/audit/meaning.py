"""From columns as they were read to what they mean: truths, scores, people, attributes. Errors name the line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from secondlook.audit import plain_csv
from secondlook.audit.columns import PROBE_PREFIXES, REFERENCE_PREFIXES, Layout, Role
from secondlook.audit.kinds import Direction
from secondlook.audit.raw import Columns, Labels
from secondlook.audit.results import Doubles
from secondlook.audit.scores import Attribute, Codes, Flags
from secondlook.errors import SourceError

TRUE = ("true", "t", "yes", "y", "1", "1.0", "mated", "genuine", "same")
FALSE = ("false", "f", "no", "n", "0", "0.0", "-1", "non-mated", "nonmated", "impostor", "imposter", "different")
MOST_VALUES = 50
"""A column with more different values than this is no attribute unless it is asked for."""


@dataclass(frozen=True, eq=False, slots=True)
class Meaning:
    """A table that is being understood."""

    path: Path
    layout: Layout
    columns: Columns

    def labels(self, role: Role) -> Labels | None:
        place = self.layout.at(role)
        return None if place is None else self.columns.labels[place]

    def needed(self, role: Role, unless: Flags | None = None) -> Labels:
        """A column that must be filled in every row (but those of ``unless``)."""
        place = self.layout.at(role)
        if place is None:
            raise SourceError(f"{self.path} has no column for {role.value}.")
        labels = self.columns.labels[place]
        empty = labels.codes < 0
        if unless is not None:
            empty &= ~unless
        self.forbid(empty, f"there is no {role.value}; fill it in or remove the line")
        return labels

    def numbers(self, role: Role) -> Doubles | None:
        place = self.layout.at(role)
        return None if place is None else self.columns.numbers[place]

    def score(self) -> Doubles:
        """(rows,) similarities, NaN where empty."""
        found = self.numbers(Role.SCORE)
        if found is None:
            raise SourceError(f"{self.path} has no column for scores.")
        self.forbid(np.isinf(found), "the score is infinite; write a number, or nothing where the comparison failed")
        return -found if self.layout.direction is Direction.DISTANCE else found

    def share(self, role: Role) -> Doubles | None:
        """Numbers that must lie from 0 to 1."""
        found = self.numbers(role)
        if found is not None:
            self.forbid((found < 0) | (found > 1), f"the {role.value} is not between 0 and 1")
        return found

    def truths(self, role: Role, empty_is: bool | None = None) -> Flags | None:
        """A column of yes and no. empty_is: what an empty cell means; None forbids it."""
        place = self.layout.at(role)
        if place is None:
            return None
        labels = self.columns.labels[place]
        meanings = np.array([_truth(name) for name in labels.names] + [-1 if empty_is is None else int(empty_is)])
        found = meanings[labels.codes]
        unknown = found < 0
        if unknown.any():
            code = labels.codes[int(np.argmax(unknown))]
            cell = labels.names[code] if code >= 0 else ""
            self.forbid(unknown, f"{cell!r} in column {role.value} is neither true nor false")
        return found > 0

    def forbid(self, rows: Flags, what: str) -> None:
        """Raises SourceError naming the line of the first of ``rows``."""
        if rows.any():
            raise SourceError(f"{self.path}, {self.where(int(np.argmax(rows)))}: {what}.")

    def where(self, row: int) -> str:
        if self.path.suffix.lower() in (".parquet", ".pq"):
            return f"row {row + 1}"
        return f"line {plain_csv.line_of(self.path, row)}"


@dataclass(frozen=True, eq=False, slots=True)
class Sided:
    """An attribute's columns: for the probe, and for the reference where it has its own."""

    name: str
    probe: Labels
    reference: Labels | None


def attribute_columns(meaning: Meaning, asked: tuple[str, ...] | None) -> tuple[tuple[Sided, ...], tuple[str, ...]]:
    """The attributes of the table, and a note for each column that was passed over.

    Raises SourceError where one that was asked for is not there.
    """
    layout, columns = meaning.layout, meaning.columns
    probe: dict[str, Labels] = {}
    reference: dict[str, Labels] = {}
    notes = []
    for place in layout.others:
        name, labels = layout.header[place], columns.labels[place]
        bare, side = _bare(name)
        if asked is None and len(labels.names) > MOST_VALUES:
            notes.append(f"Column {name!r} has {len(labels.names):,} different values, so it was not used for groups.")
        elif asked is None or bare in asked or name in asked:
            (reference if side is Role.REFERENCE else probe)[bare] = labels
    for name in asked or ():
        if name not in probe:
            raise SourceError(
                f"{meaning.path} has no column {name!r} to group by: its columns are {', '.join(layout.header)}."
            )
    return tuple(Sided(name, labels, reference.get(name)) for name, labels in probe.items()), tuple(notes)


def as_attribute(sided: Sided, probe_subject: Codes, reference_subject: Codes, people: int) -> Attribute:
    """Both sides on one list of values. Where the reference has no column of its own, its person's value is taken from
    the rows in which that person is the probe, if they all agree."""
    values = tuple(sided.probe.names)
    if sided.reference is not None:
        both, second = joined(sided.probe, sided.reference)
        return Attribute(sided.name, tuple(both.names), both.codes, second.codes)
    of_person = np.full(people, -1, np.int32)
    of_person[probe_subject] = sided.probe.codes
    if not np.array_equal(of_person[probe_subject], sided.probe.codes):
        return Attribute(sided.name, values, sided.probe.codes)
    of_reference = of_person[reference_subject]
    known = bool((of_reference >= 0).any())
    return Attribute(sided.name, values, sided.probe.codes, of_reference if known else None)


def joined(first: Labels, second: Labels) -> tuple[Labels, Labels]:
    """Two columns on one list of names: those of the first, then what the second adds."""
    index = {name: number for number, name in enumerate(first.names)}
    moved = np.array([index.setdefault(name, len(index)) for name in second.names] + [-1], np.int32)
    names = tuple(index)
    return Labels(first.codes, names), Labels(moved[second.codes], names)


def _bare(name: str) -> tuple[str, Role]:
    for prefix in PROBE_PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix), Role.PROBE
    for prefix in REFERENCE_PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix), Role.REFERENCE
    return name, Role.PROBE


def _truth(name: str) -> int:
    plain = name.strip().lower()
    if plain in TRUE:
        return 1
    return 0 if plain in FALSE else -1
