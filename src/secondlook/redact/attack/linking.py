"""Can two covered appearances be told to be of one person, without any name?

The figure is the chance that two covered shots of one person look more alike than one of them and a covered shot of
somebody else: the area under the ROC, person by person (a tie counts half). 0.5 is chance, 1 is perfect. Only people who
were covered more than once are compared, so that nothing is gained by telling them from the rest. Intervals draw people,
on both sides of a comparison (Owen 2007), see ``audit.bootstrap``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.bootstrap import percentiles, resample
from secondlook.audit.figures import Figure, Said, Unsupported
from secondlook.audit.kinds import Why
from secondlook.redact.attack.searching import scores
from secondlook.types import Floats

LEAST_PEOPLE = 10
"""With fewer, nothing is said."""
ENOUGH_PEOPLE = 30
"""With fewer, linking can be shown but not its absence."""
_MOST = 3000
_REPLICATES = 2000


@dataclass(frozen=True, slots=True)
class Link:
    """said: the figure with its 95 % interval. surely: lower end of the wider interval that was asked for; 0 where
    nothing is said."""

    said: Said
    surely: float


def linked(
    probes: Floats,
    owners: NDArray[np.int64],
    references: Floats,
    people: NDArray[np.int64],
    seed: int,
    confidence: float = 0.95,
) -> Link:
    """probes: (P, D), owners: (P,) each among ``people``. references: (N, D) and people: (N,), one each.

    confidence: of the interval whose lower end is ``Link.surely``.
    """
    several = np.isin(owners, people)
    probes, owners = probes[several], owners[several]
    subjects = len(np.unique(owners))
    if subjects < LEAST_PEOPLE:
        sentence = f"not enough people to say ({subjects} seen more than once, {ENOUGH_PEOPLE} needed)"
        return Link(Unsupported(Why.TOO_FEW_SUBJECTS, sentence, subjects, ENOUGH_PEOPLE, "subjects"), 0.0)
    rng = np.random.default_rng(seed)
    rows = _some(len(probes), rng)
    probes, owners = probes[rows], owners[rows]
    columns = np.nonzero(np.isin(people, owners))[0]
    columns = columns[_some(len(columns), rng)]
    own = np.searchsorted(people, owners)
    mated = np.round((probes * references[own]).sum(1), 5)
    others = scores(probes, references[columns])
    wins = (others < mated[:, None]) + 0.5 * (others == mated[:, None])
    strangers = people[columns][None] != owners[:, None]
    return _link(wins * strangers, strangers, own, columns, len(people), seed, confidence)


def _some(count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """All rows, or as many of them at random as can be compared in memory."""
    return np.sort(rng.permutation(count)[:_MOST])


def _link(
    wins: NDArray[np.floating],
    strangers: NDArray[np.bool_],
    own: NDArray[np.intp],
    columns: NDArray[np.intp],
    people: int,
    seed: int,
    confidence: float,
) -> Link:
    drawn = resample(people, _REPLICATES, seed)
    weights = drawn.weights[:, drawn.block]
    by_row, by_column = weights[:, own].astype(np.float32), weights[:, columns].astype(np.float32)
    total = ((by_row @ wins.astype(np.float32)) * by_column).sum(1, dtype=np.float64)
    trials = ((by_row @ strangers.astype(np.float32)) * by_column).sum(1, dtype=np.float64)
    value = float(wins.sum() / strangers.sum())
    replicated = np.divide(total, trials, out=np.full_like(total, np.nan), where=trials > 0)
    low, high = percentiles(replicated, 0.95) or (0.0, 1.0)
    surely, _ = percentiles(replicated, confidence) or (0.0, 1.0)
    figure = Figure(value, min(low, value), max(high, value), len(own), int(strangers.sum()), len(np.unique(own)))
    return Link(figure, min(surely, figure.low))
