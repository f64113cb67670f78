"""The currency of the audit: comparison scores with their truth, as arrays.

A larger score is always a likelier mate: distances were negated at the door (``tables.py``), and ``shown`` turns a
threshold back into the input's units. People are numbers 0 to ``len(people) - 1``.

A failed acquisition stays a row. In 1:1 its score is NaN: a mated one is a miss, a non-mated one no false positive,
and both stay in the denominators. In 1:N it is a search that returned nobody: a miss for an enrolled person, no false
positive for a stranger, and both stay in the denominators too. A camera that sees nobody has FNIR 1 and FPIR 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.kinds import Direction, ScoreMeaning
from secondlook.audit.results import Doubles

Codes = NDArray[np.int32]
"""(n,) numbers into a tuple of names; -1 where nothing was given."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Attribute:
    """What groups are made of. probe, reference: (rows,) codes into ``values``; reference None where it is unknown."""

    name: str
    values: tuple[str, ...]
    probe: Codes
    reference: Codes | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Scores1to1:
    """1:1 comparisons, one row each.

    score: (n,) float64, NaN = failed. mated: (n,) bool. probe, reference: (n,) sample numbers, each counted from 0.
    probe_subject, reference_subject: (n,) person numbers. quality: (n,), higher is better, NaN = none.
    posterior: (n,) stated chance of being mated, 0 to 1, NaN = none. people: names.
    """

    score: Doubles
    mated: Flags
    probe: Codes
    reference: Codes
    probe_subject: Codes
    reference_subject: Codes
    people: tuple[str, ...]
    attributes: tuple[Attribute, ...] = ()
    quality: Doubles | None = None
    posterior: Doubles | None = None
    direction: Direction = Direction.SIMILARITY
    meaning: ScoreMeaning = ScoreMeaning.SCORE

    def __post_init__(self) -> None:
        _same_rows(len(self.score), self.mated, self.probe, self.reference, self.probe_subject, self.reference_subject)
        _same_rows(len(self.score), *(a.probe for a in self.attributes))

    def __len__(self) -> int:
        return len(self.score)

    @property
    def failed(self) -> Flags:
        return np.isnan(self.score)

    def trials(self) -> Trials:
        scores = np.where(self.failed, -np.inf, self.score)
        other = ~self.mated
        return Trials(
            scores[self.mated],
            self.probe_subject[self.mated],
            scores[other],
            self.probe_subject[other],
            self.reference_subject[other],
            len(self.people),
        )


@dataclass(frozen=True, eq=False, slots=True)
class SearchScores:
    """Searches of one gallery size, one row each.

    n: subjects enrolled. enrolled: (m,) whether the probe's subject is. subject: (m,) person number.
    mated_score: (m,) best score of its own subject; NaN where it is not enrolled, not returned, or acquisition failed.
    mated_rank: (m,) from 1, ties counted against it; 0 where not returned. other_score: (m,) best score of anybody
    else; NaN where nobody was returned. failed: (m,) acquisition failed. repeat: (m,) which random gallery, from 0.
    posterior: (m,) stated for the best candidate; quality: (m,) of the probe; attributes: of the probe.
    probe: (m,) number of the probe. prior: the chance of being enrolled that ``posterior`` takes for granted, None where
    that is not known. log_lr: (m,) natural log of how much likelier the best score is stated to be if the person is
    enrolled than if not; NaN where nothing was stated.
    """

    n: int
    enrolled: Flags
    subject: Codes
    mated_score: Doubles
    mated_rank: Codes
    other_score: Doubles
    failed: Flags
    people: tuple[str, ...]
    repeat: Codes
    attributes: tuple[Attribute, ...] = ()
    quality: Doubles | None = None
    posterior: Doubles | None = None
    direction: Direction = Direction.SIMILARITY
    probe: Codes | None = None
    prior: float | None = None
    log_lr: Doubles | None = None

    def __post_init__(self) -> None:
        rows = len(self.enrolled)
        _same_rows(rows, self.subject, self.mated_score, self.mated_rank, self.other_score, self.failed, self.repeat)
        _same_rows(rows, *(a.probe for a in self.attributes))

    def __len__(self) -> int:
        return len(self.enrolled)

    @property
    def best_score(self) -> Doubles:
        """(m,) of the first candidate; NaN where nobody was returned."""
        best: Doubles = np.where(self.failed, np.nan, np.fmax(self.mated_score, self.other_score))
        return best

    @property
    def repeats(self) -> int:
        return len(np.unique(self.repeat))

    @property
    def hit_score(self) -> Doubles:
        """(m,) score at which the right person is returned at any rank; -inf where it never is."""
        never = self.failed | (self.mated_rank == 0) | np.isnan(self.mated_score)
        return np.where(never, -np.inf, self.mated_score)

    def trials(self, max_rank: int | None = None) -> Trials:
        """Misses of enrolled people (within ``max_rank`` where given) against false positives of strangers."""
        hits = self.hit_score
        if max_rank is not None:
            hits = np.where(self.mated_rank <= max_rank, hits, -np.inf)
        alarms = np.where(self.failed | np.isnan(self.other_score), -np.inf, self.other_score)
        strangers = ~self.enrolled
        return Trials(
            hits[self.enrolled],
            self.subject[self.enrolled],
            alarms[strangers],
            self.subject[strangers],
            None,
            len(self.people),
        )


@dataclass(frozen=True, eq=False, slots=True)
class Trials:
    """What every measure is computed from: the scores that decide misses, and those that decide false positives.

    mated: (m,), non_mated: (k,) float64, -inf where acquisition failed or nothing was returned. *_subject: whose trial.
    non_mated_other: (k,) the other person of a 1:1 comparison; None for searches. people: how many numbers there are.
    """

    mated: Doubles
    mated_subject: Codes
    non_mated: Doubles
    non_mated_subject: Codes
    non_mated_other: Codes | None
    people: int

    def among(self, mated: Flags, non_mated: Flags) -> Trials:
        """The trials of those rows."""
        other = None if self.non_mated_other is None else self.non_mated_other[non_mated]
        return Trials(
            self.mated[mated],
            self.mated_subject[mated],
            self.non_mated[non_mated],
            self.non_mated_subject[non_mated],
            other,
            self.people,
        )


def shown(threshold: float, direction: Direction) -> float:
    """A threshold in the input's units."""
    return -threshold if direction is Direction.DISTANCE else threshold


def _same_rows(rows: int, *columns: NDArray[np.generic]) -> None:
    if any(column.shape != (rows,) for column in columns):
        raise ValueError(f"columns of {sorted({column.shape for column in columns})} beside {rows} scores")
