"""A table of candidate lists, understood: one search for each probe and gallery size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.columns import Layout, Role
from secondlook.audit.meaning import Meaning, attribute_columns, joined
from secondlook.audit.raw import Columns, Labels
from secondlook.audit.results import Doubles
from secondlook.audit.scores import Attribute, Codes, Flags, SearchScores
from secondlook.errors import SourceError


def read_candidates(
    path: Path, layout: Layout, columns: Columns, attributes: tuple[str, ...] | None, gallery_size: int | None
) -> tuple[tuple[SearchScores, ...], tuple[str, ...]]:
    """The searches, smallest gallery first, and notes. Raises SourceError naming the line."""
    meaning = Meaning(path, layout, columns)
    score = meaning.score()
    listed = columns.labels[_place(meaning, Role.REFERENCE)].codes >= 0
    meaning.forbid(listed & np.isnan(score), "there is a candidate without a score")
    meaning.forbid(~listed & ~np.isnan(score), "there is a score without a candidate")
    sizes = _sizes(meaning, gallery_size)
    sided, notes = attribute_columns(meaning, attributes)
    person, people, who = _people(meaning)
    mated = _mated(meaning, listed)
    found = []
    for n in np.unique(sizes):
        rows = np.flatnonzero(sizes == n)
        chosen = tuple((a.name, a.probe) for a in sided)
        found.append(_searches(meaning, rows, int(n), score, listed, mated, person, people, chosen))
    return tuple(found), (*who, *notes)


def _searches(
    meaning: Meaning,
    rows: NDArray[np.intp],
    n: int,
    score: Doubles,
    listed: Flags,
    mated: Flags,
    person: Codes,
    people: tuple[str, ...],
    attributes: tuple[tuple[str, Labels], ...],
) -> SearchScores:
    probe, first = _probes(meaning.needed(Role.PROBE).codes[rows])
    count = len(first)
    place = np.full(len(score), -1, np.intp)
    place[rows] = probe
    mates, others = rows[mated[rows]], rows[listed[rows] & ~mated[rows]]
    own, other = _highest(place[mates], score[mates], count), _highest(place[others], score[others], count)
    failed = meaning.truths(Role.FAILED, empty_is=False)
    return SearchScores(
        n,
        _enrolled(meaning, rows, probe, rows[first], mates, place),
        person[rows[first]],
        own,
        _ranks(meaning, place, score, mates, others, own),
        other,
        np.zeros(count, np.bool_) if failed is None else np.bincount(probe, failed[rows], count) > 0,
        people,
        np.zeros(count, np.int32),
        tuple(Attribute(name, tuple(labels.names), labels.codes[rows[first]]) for name, labels in attributes),
        _quality(meaning, rows[first]),
        _posterior(meaning, place, score, np.concatenate([mates, others]), count),
        meaning.layout.direction,
    )


def _sizes(meaning: Meaning, given: int | None) -> NDArray[np.int64]:
    """(rows,) how many people were enrolled when each row was searched."""
    column = meaning.numbers(Role.GALLERY_SIZE)
    if column is None and given is None:
        raise SourceError(
            f"{meaning.path} does not say how large the gallery was: add a column 'gallery_size', or give the size."
        )
    sizes = np.full(meaning.columns.rows, given or 0, np.float64) if column is None else column
    meaning.forbid(~(sizes >= 1) | (sizes % 1 != 0), "the size of the gallery is not a whole number from 1 up")
    return sizes.astype(np.int64)


def _people(meaning: Meaning) -> tuple[Codes, tuple[str, ...], tuple[str, ...]]:
    """(rows,) whose probe; names; a note where nobody said."""
    named = meaning.labels(Role.PROBE_SUBJECT)
    if named is not None:
        named = meaning.needed(Role.PROBE_SUBJECT)
        return named.codes, tuple(named.names), ()
    probe = meaning.needed(Role.PROBE)
    note = "The table names no people, so every probe was taken for a person of its own."
    return probe.codes, tuple(probe.names), (note,)


def _mated(meaning: Meaning, listed: Flags) -> Flags:
    """(rows,) whether the candidate is the probe's person. Without a column for it, by comparing the names."""
    said = meaning.truths(Role.MATED, empty_is=False)
    subject = meaning.labels(Role.PROBE_SUBJECT)
    candidate = meaning.labels(Role.REFERENCE_SUBJECT) or meaning.labels(Role.REFERENCE)
    if subject is None or candidate is None or (said is not None and meaning.layout.at(Role.REFERENCE_SUBJECT) is None):
        return np.zeros(len(listed), np.bool_) if said is None else said & listed
    first, second = joined(subject, candidate)
    same: Flags = listed & (first.codes == second.codes)
    if said is not None:
        meaning.forbid(listed & (said != same), "what is said of being mated does not fit the subjects")
    return same


def _probes(codes: Codes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number of the search of each row, and the first row of each search."""
    _, first, number = np.unique(codes, return_index=True, return_inverse=True)
    return number, first


def _enrolled(
    meaning: Meaning,
    rows: NDArray[np.intp],
    probe: NDArray[np.intp],
    first: NDArray[np.intp],
    mates: NDArray[np.intp],
    place: NDArray[np.intp],
) -> Flags:
    said = meaning.truths(Role.ENROLLED)
    if said is None:
        raise SourceError(f"{meaning.path} has no column for {Role.ENROLLED.value}.")
    enrolled = said[first]
    wrong = np.zeros(len(said), np.bool_)
    wrong[rows] = said[rows] != enrolled[probe]
    meaning.forbid(wrong, "the same probe is enrolled in one line and not in another")
    wrong[mates] = ~enrolled[place[mates]]
    meaning.forbid(wrong, "the candidate is the probe's person, who is said not to be enrolled")
    return enrolled


def _highest(place: NDArray[np.intp], score: Doubles, count: int) -> Doubles:
    best = np.full(count, -np.inf)
    np.maximum.at(best, place, score)
    return np.where(np.isneginf(best), np.nan, best)


def _ranks(
    meaning: Meaning,
    place: NDArray[np.intp],
    score: Doubles,
    mates: NDArray[np.intp],
    others: NDArray[np.intp],
    own: Doubles,
) -> Codes:
    """The mate's rank; 0 where it was not returned. As the table says, else by counting, ties against it."""
    said = meaning.numbers(Role.RANK)
    if said is None:
        above = others[score[others] >= own[place[others]]]
        return np.where(np.isnan(own), 0, 1 + np.bincount(place[above], minlength=len(own))).astype(np.int32)
    wrong = np.zeros(len(said), np.bool_)
    either = np.concatenate([mates, others])
    wrong[either] = ~(said[either] >= 1) | (said[either] % 1 != 0)
    meaning.forbid(wrong, "the rank is not a whole number from 1 up")
    rank = np.full(len(own), np.inf)
    np.minimum.at(rank, place[mates], said[mates])
    return np.where(np.isinf(rank), 0, rank).astype(np.int32)


def _quality(meaning: Meaning, first: NDArray[np.intp]) -> Doubles | None:
    quality = meaning.numbers(Role.QUALITY)
    if quality is None:
        quality = meaning.numbers(Role.PROBE_QUALITY)
    return None if quality is None else quality[first]


def _posterior(
    meaning: Meaning, place: NDArray[np.intp], score: Doubles, rows: NDArray[np.intp], count: int
) -> Doubles | None:
    """Stated for the best candidate of each search; NaN where nobody was returned."""
    stated = meaning.share(Role.POSTERIOR)
    if stated is None:
        return None
    best = np.full(count, np.nan)
    ascending = rows[np.argsort(score[rows], kind="stable")]
    # of several rows the last one written stands
    best[place[ascending]] = stated[ascending]
    return best


def _place(meaning: Meaning, role: Role) -> int:
    place = meaning.layout.at(role)
    if place is None:
        raise SourceError(f"{meaning.path} has no column for {role.value}.")
    return place
