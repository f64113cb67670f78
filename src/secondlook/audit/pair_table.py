"""A table of comparisons, understood."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from secondlook.audit.columns import Layout, Role
from secondlook.audit.meaning import Meaning, as_attribute, attribute_columns, joined
from secondlook.audit.raw import Columns, Labels
from secondlook.audit.results import Doubles
from secondlook.audit.scores import Codes, Flags, Scores1to1

LOOKED_AT = 10_000
"""Mated comparisons that are checked for being of one sample with itself."""


def read_pairs(
    path: Path, layout: Layout, columns: Columns, attributes: tuple[str, ...] | None
) -> tuple[Scores1to1, tuple[str, ...]]:
    """The comparisons, and notes on how they were understood. Raises SourceError naming the line."""
    meaning = Meaning(path, layout, columns)
    probe, reference = meaning.needed(Role.PROBE), meaning.needed(Role.REFERENCE)
    score = meaning.score()
    failed = meaning.truths(Role.FAILED, empty_is=False)
    if failed is not None:
        score = np.where(failed, np.nan, score)
    first, second, people, notes = _people(meaning, probe, reference)
    mated = _mated(meaning, first, second)
    sided, passed_over = attribute_columns(meaning, attributes)
    pairs = Scores1to1(
        score,
        mated,
        _without_gaps(probe),
        _without_gaps(reference),
        first,
        second,
        people,
        tuple(as_attribute(a, first, second, len(people)) for a in sided),
        _quality(meaning),
        meaning.share(Role.POSTERIOR),
        layout.direction,
        layout.meaning,
    )
    return pairs, (*notes, *passed_over, *_doubts(pairs, probe, reference))


def _people(
    meaning: Meaning, probe: Labels, reference: Labels
) -> tuple[Codes, Codes, tuple[str, ...], tuple[str, ...]]:
    """Who is on either side, (rows,) each, their names, and a note where they had to be found out."""
    if meaning.labels(Role.PROBE_SUBJECT) is not None and meaning.labels(Role.REFERENCE_SUBJECT) is not None:
        first, second = joined(meaning.needed(Role.PROBE_SUBJECT), meaning.needed(Role.REFERENCE_SUBJECT))
        return first.codes, second.codes, tuple(second.names), ()
    note = (
        "The table names no people: samples that were said to be mated, directly or through others, were taken for one"
        " person, and every other sample for a person of its own."
    )
    first, second = joined(probe, reference)
    mated = meaning.truths(Role.MATED)
    rows = np.zeros(len(first.codes), np.bool_) if mated is None else mated
    size = len(second.names)
    links = coo_array((np.ones(int(rows.sum())), (first.codes[rows], second.codes[rows])), shape=(size, size))
    count, person = connected_components(links, directed=False)
    person = person.astype(np.int32)
    names = tuple(f"person {number + 1}" for number in range(count))
    return person[first.codes], person[second.codes], names, (note,)


def _mated(meaning: Meaning, first: Codes, second: Codes) -> Flags:
    same: Flags = first == second
    said = meaning.truths(Role.MATED)
    if said is None:
        return same
    meaning.forbid(said & ~same, "the comparison is said to be mated, but its subjects are two people")
    meaning.forbid(~said & same, "the comparison is said to be non-mated, but both sides are one person")
    return said


def _quality(meaning: Meaning) -> Doubles | None:
    """Of a comparison: the lower of its two samples' (ISO/IEC 29794-1)."""
    probe, reference = meaning.numbers(Role.PROBE_QUALITY), meaning.numbers(Role.REFERENCE_QUALITY)
    if probe is not None and reference is not None:
        return np.fmin(probe, reference)
    one = probe if probe is not None else reference
    return meaning.numbers(Role.QUALITY) if one is None else one


def _without_gaps(labels: Labels) -> Codes:
    """Sample numbers of which each occurs."""
    present = np.bincount(labels.codes, minlength=len(labels.names)) > 0
    if present.all():
        return labels.codes
    number = np.cumsum(present, dtype=np.int32) - np.int32(1)
    return number[labels.codes]


def _doubts(pairs: Scores1to1, probe: Labels, reference: Labels) -> tuple[str, ...]:
    notes = []
    looked = np.flatnonzero(pairs.mated)[:LOOKED_AT]
    both = zip(probe.codes[looked], reference.codes[looked], strict=True)
    itself = sum(probe.names[one] == reference.names[other] for one, other in both)
    if itself:
        notes.append(
            f"Of the first {len(looked):,} mated comparisons {itself:,} are of two samples of the same name: if these"
            " are the same picture, leave them out, for they make the system look better than it is."
        )
    given = ~pairs.failed
    mated, other = pairs.score[given & pairs.mated], pairs.score[given & ~pairs.mated]
    if len(mated) and len(other) and np.median(mated) < np.median(other):
        notes.append(
            "Mated comparisons score lower than non-mated ones: the scores may be"
            f" {'similarities' if pairs.direction.value == 'distance' else 'distances'}, so check the direction."
        )
    return tuple(notes)
