"""A cohort nobody is in: each point is the average of several people who look alike.

A cohort knows its own people, and whoever looks like them, better than others: with the same people for cohort and fit, one in
a hundred stated false positives was one in seventy. So while fitting, two people are compared with a cohort that neither is in:
the people are dealt into groups, and a pair of groups meets the cohort of the other three.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from secondlook.calibrate.searches import Doubles, Rows, Samples
from secondlook.decide.calibration_file import rounded
from secondlook.decide.normalise import CohortNormalised, nearest
from secondlook.types import Floats

AVERAGED = 8
"""People in each point."""
POINTS = 600
TOP = 40
MOST_PICTURES = 4
"""Of one person, that enter the person's mean."""


@dataclass(frozen=True, eq=False, slots=True)
class Cohort:
    """people: (p, D) mean template of each person. members: (k, AVERAGED) rows of ``people``: a person and those nearest."""

    people: Floats
    members: NDArray[np.intp]

    @property
    def points(self) -> Floats:
        """(k, D) of unit length, as a calibration file keeps them."""
        return rounded(unit(self.people[self.members].sum(axis=1)))

    def comparison(self) -> CohortNormalised:
        return CohortNormalised(self.points, TOP)


def cohort_of(samples: Samples, centres: NDArray[np.int64]) -> Cohort | None:
    """Of pictures fit to be enrolled; None where there are too few people for points that average ``AVERAGED`` of many.

    centres: subjects round whom points are made, those of them who are in the samples.
    """
    subjects = np.unique(samples.subject[samples.reference])
    if len(subjects) < 10 * AVERAGED:
        return None
    rows = [np.flatnonzero((samples.subject == s) & samples.reference)[:MOST_PICTURES] for s in subjects]
    people = unit(np.stack([samples.templates[r].mean(axis=0) for r in rows]))
    middle = np.flatnonzero(np.isin(subjects, centres))
    alike = people[middle] @ people.T
    alike[np.arange(len(middle)), middle] = np.inf
    members = np.argsort(-alike, axis=1, kind="stable")[:, :AVERAGED]
    return Cohort(people, members)


GROUPS = 5
"""Of people; each cohort is made of all but two of them."""


@dataclass(frozen=True, eq=False, slots=True)
class Apart:
    """Scores of samples under cohorts that neither side is in (``searches.Scored``).

    templates: (n, D). group: (n,) of each sample's person. mean, spread: (n, GROUPS) of its nearest cohort cosines, where the
    other side is of that group.
    """

    templates: Floats
    group: NDArray[np.intp]
    mean: Floats
    spread: Floats

    def scores(self, probes: Rows, references: Rows) -> Doubles:
        cosine = (self.templates[probes] @ self.templates[references].T).astype(np.float64)
        by_probe = np.ix_(probes, self.group[references])
        by_reference = np.ix_(references, self.group[probes])
        of_probe = (cosine - self.mean[by_probe]) / self.spread[by_probe]
        of_reference = (cosine - self.mean[by_reference].T) / self.spread[by_reference].T
        return np.asarray((of_probe + of_reference) / 2, np.float64)


def drawn_centres(samples: Samples, share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Subjects for about ``POINTS`` points of a cohort that is made of a ``share`` of the people.

    Drawn once: cohorts which share their centres differ as little as they can, else the best score under many of them is
    larger than under one.
    """
    return rng.permutation(np.unique(samples.subject))[: round(POINTS / share)]


def dealt(samples: Samples, rng: np.random.Generator) -> NDArray[np.intp]:
    """(n,) group of each sample's person."""
    people, row = np.unique(samples.subject, return_inverse=True)
    return rng.permutation(np.arange(len(people)) % GROUPS)[row]


def apart(samples: Samples, group: NDArray[np.intp], centres: NDArray[np.int64]) -> Apart | None:
    """None where there are too few people."""
    mean = np.empty((len(samples), GROUPS), np.float32)
    spread = np.empty_like(mean)
    for one, other in combinations_with_replacement(range(GROUPS), 2):
        # of one group with itself another is left out too, so that all cohorts are of a size
        left_out = (one, other) if one != other else (one, (one + 1) % GROUPS)
        cohort = cohort_of(samples.of(~np.isin(group, left_out)), centres)
        if cohort is None:
            return None
        points = cohort.points
        for mine, theirs in {(one, other), (other, one)}:
            rows = np.flatnonzero(group == mine)
            m, s = nearest(samples.templates[rows] @ points.T, TOP)
            mean[rows, theirs], spread[rows, theirs] = m[:, 0], s[:, 0]
    return Apart(samples.templates, group, mean, spread)


def unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)
