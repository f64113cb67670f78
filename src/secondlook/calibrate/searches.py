"""Searches of many gallery sizes, drawn from labelled samples of which everything is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from secondlook.ports import Comparison
from secondlook.types import Floats, Quality

Doubles = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class Samples:
    """Views of labelled pictures, one row each.

    templates: (n, D) of unit length. qualities: n. subject: (n,) numbers. picture: (n,) which photograph a view is of: a
    degraded view is never compared with its own. reference: (n,) bool, fit to be enrolled.
    """

    templates: Floats
    qualities: tuple[Quality, ...]
    subject: NDArray[np.int64]
    picture: NDArray[np.int64]
    reference: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.subject)

    def of(self, rows: NDArray[np.bool_] | Rows) -> Samples:
        rows = np.flatnonzero(rows) if rows.dtype == bool else np.asarray(rows, np.intp)
        return Samples(
            self.templates[rows],
            tuple(self.qualities[int(r)] for r in rows),
            self.subject[rows],
            self.picture[rows],
            self.reference[rows],
        )


@dataclass(frozen=True, eq=False, slots=True)
class Searches:
    """What came of searches, one row each.

    probe: (m,) row of the samples. n: (m,) subjects enrolled. enrolled: (m,) whether the probe's subject is. own: (m,)
    score with its own subject, NaN where not enrolled. other: (m,) best score of anybody else, -inf where there is nobody
    else. rival: (m,) subject number of that other, -1 where there is none. gallery: (m,) which drawn gallery.
    """

    probe: Rows
    n: NDArray[np.int64]
    enrolled: NDArray[np.bool_]
    own: Doubles
    other: Doubles
    rival: NDArray[np.int64]
    gallery: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.probe)

    @property
    def best(self) -> Doubles:
        return np.fmax(self.own, self.other)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the best candidate is the person."""
        return self.enrolled & (self.own > self.other)

    def where(self, rows: NDArray[np.bool_]) -> Searches:
        return Searches(*(column[rows] for column in self._columns()))

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self.probe, self.n, self.enrolled, self.own, self.other, self.rival, self.gallery


class Scored(Protocol):
    """Comparison scores between samples."""

    def scores(self, probes: Rows, references: Rows) -> Doubles:
        """(p,) and (r,) rows of the samples -> (p, r)"""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Compared:
    """What a comparison makes of every sample, as a probe and as a reference: (n, E) each."""

    probes: Floats
    references: Floats

    def scores(self, probes: Rows, references: Rows) -> Doubles:
        return (self.probes[probes] @ self.references[references].T).astype(np.float64)


def compared(samples: Samples, comparison: Comparison) -> Compared:
    return Compared(comparison.probes(samples.templates), comparison.references(samples.templates))


def drawn_searches(
    samples: Samples, made: Scored, sizes: Sequence[int], rng: np.random.Generator, most_views: int = 6
) -> Searches:
    """One gallery for each of ``sizes``, with one reference for each of its subjects, searched by everybody.

    most_views: probes of one subject in one gallery, so that nobody with many pictures decides alone.
    """
    enrollable = np.flatnonzero(samples.reference)
    parts = []
    for number, size in enumerate(sizes):
        chosen = _one_each(samples.subject, rng.permutation(enrollable))
        chosen = rng.permutation(chosen)[:size]
        asked = _some_each(samples.subject, rng.permutation(len(samples)), most_views)
        asked = asked[~np.isin(samples.picture[asked], samples.picture[chosen])]
        parts.append(_searched(samples, made, asked, chosen, number))
    return joined(parts)


def joined(parts: Sequence[Searches]) -> Searches:
    columns = zip(*(p._columns() for p in parts), strict=True)
    return Searches(*(np.concatenate(column) for column in columns))


def _searched(samples: Samples, made: Scored, asked: Rows, chosen: Rows, number: int) -> Searches:
    own, other = np.full(len(asked), np.nan), np.full(len(asked), -np.inf)
    rival = np.full(len(asked), -1)
    place = {int(s): column for column, s in enumerate(samples.subject[chosen])}
    columns = np.array([place.get(int(s), -1) for s in samples.subject[asked]])
    for rows in _blocks(len(asked)):
        scores = made.scores(asked[rows], chosen)
        mated = np.flatnonzero(columns[rows] >= 0)
        at = columns[rows][mated]
        own[rows][mated] = scores[mated, at]
        scores[mated, at] = -np.inf
        first = scores.argmax(1)
        other[rows] = scores[np.arange(len(first)), first]
        rival[rows] = np.where(np.isfinite(other[rows]), samples.subject[chosen][first], -1)
    size, whose = np.full(len(asked), len(chosen)), np.full(len(asked), number)
    return Searches(asked, size, columns >= 0, own, other, rival, whose)


def _blocks(count: int, size: int = 2048) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _one_each(subject: NDArray[np.int64], order: Rows) -> Rows:
    return order[np.unique(subject[order], return_index=True)[1]]


def _some_each(subject: NDArray[np.int64], order: Rows, most: int) -> Rows:
    """The first ``most`` of each subject in this order."""
    by_subject = order[np.argsort(subject[order], kind="stable")]
    whose = subject[by_subject]
    first = np.searchsorted(whose, whose, "left")
    return by_subject[np.arange(len(order)) - first < most]
