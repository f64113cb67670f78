"""Labelled templates, and the scores of probes against subjects that come of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.kinds import Direction
from secondlook.audit.results import Doubles
from secondlook.audit.scores import Attribute, Codes, Flags
from secondlook.types import Floats

CHUNK = 2_000_000
"""Scores held at once."""


class Role(IntEnum):
    REFERENCE = 0
    PROBE = 1


@dataclass(frozen=True, eq=False, slots=True)
class Templates:
    """Samples of labelled people, one row each.

    values: (s, D) float32 of unit length; a row of NaN where acquisition failed (its person stays enrolled, and is
    missed). subject: (s,) numbers into ``people``.
    role: (s,) ``Role``: what the sample is used as. quality: (s,), higher is better, NaN = none.
    attributes: of the samples (``probe`` codes).
    """

    values: Floats
    subject: Codes
    role: NDArray[np.int8]
    people: tuple[str, ...]
    attributes: tuple[Attribute, ...] = ()
    quality: Doubles | None = None

    def __post_init__(self) -> None:
        if self.subject.shape != self.values.shape[:1] or self.role.shape != self.subject.shape:
            raise ValueError(f"{self.subject.shape} subjects, {self.role.shape} roles, {self.values.shape} values")

    @property
    def failed(self) -> Flags:
        return np.asarray(np.isnan(self.values).any(axis=1))

    def rows(self, role: Role) -> NDArray[np.intp]:
        return np.flatnonzero(self.role == role)


@dataclass(frozen=True, eq=False, slots=True)
class ProbeScores:
    """Each probe against each subject that has a reference: the best of its references.

    subject: (p,) whose probe; enrolled: (s,) person number of each column, ascending. failed: (p,). attributes,
    quality: (p,). mateless: (p,) probes that were never compared with their own person, although it is enrolled; None:
    there are none. They can be strangers, and are not searched where their person is. direction: of the input; the
    scores themselves are similarities. ``blocks`` gives them, a few probes at a time.
    """

    subject: Codes
    enrolled: Codes
    failed: Flags
    people: tuple[str, ...]
    source: Templates | Doubles
    attributes: tuple[Attribute, ...] = ()
    quality: Doubles | None = None
    mateless: Flags | None = None
    direction: Direction = Direction.SIMILARITY

    def blocks(self) -> Iterator[tuple[slice, Doubles]]:
        """Rows, and their scores (rows, s) float64; NaN where nothing was compared."""
        width = max(1, CHUNK // max(1, len(self.enrolled)))
        for start in range(0, len(self.subject), width):
            rows = slice(start, min(start + width, len(self.subject)))
            yield rows, self._scores(rows)

    def _scores(self, rows: slice) -> Doubles:
        if isinstance(self.source, Templates):
            return _best_of_references(self.source, rows, self.enrolled)
        return self.source[rows]


def first_as_reference(subject: Codes, failed: Flags) -> NDArray[np.int8]:
    """Roles where none were given: the first sample of each person that did not fail is its reference.

    A person of one sample is a reference too, so everybody can be enrolled; all other samples are probes.
    """
    role = np.full(len(subject), Role.PROBE, np.int8)
    usable = np.flatnonzero(~failed)
    _, first = np.unique(subject[usable], return_index=True)
    role[usable[first]] = Role.REFERENCE
    return role


def probe_scores(templates: Templates) -> ProbeScores:
    """Cosine of every probe with the best reference of every subject that has one, computed when asked for."""
    probes, references = templates.rows(Role.PROBE), templates.rows(Role.REFERENCE)
    failed = templates.failed
    kept = templates.quality
    return ProbeScores(
        templates.subject[probes],
        np.unique(templates.subject[references]),
        failed[probes],
        templates.people,
        templates,
        tuple(Attribute(a.name, a.values, a.probe[probes]) for a in templates.attributes),
        None if kept is None else kept[probes],
    )


def _best_of_references(templates: Templates, rows: slice, enrolled: Codes) -> Doubles:
    probes = templates.values[templates.rows(Role.PROBE)[rows]]
    references = templates.rows(Role.REFERENCE)
    references = references[np.argsort(templates.subject[references], kind="stable")]
    owner = templates.subject[references]
    compared = (probes @ templates.values[references].T).astype(np.float64)
    # a failed reference is no score of its subject, but does not spoil the others of the same person
    lowest = np.where(np.isnan(compared), -np.inf, compared)
    best = np.maximum.reduceat(lowest, np.searchsorted(owner, enrolled), axis=1)
    return np.where(np.isneginf(best), np.nan, best)
