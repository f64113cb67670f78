"""Failures to acquire: counted once for each sample presented, not once for each comparison it took part in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from secondlook.audit.scores import Attribute, Codes, Flags, Scores1to1, SearchScores


@dataclass(frozen=True, eq=False, slots=True)
class Presentations:
    """failed: (p,) whether no template could be made. subject: (p,) whose. attributes: of these samples."""

    failed: Flags
    subject: Codes
    attributes: tuple[Attribute, ...]


def presented_in_pairs(scores: Scores1to1) -> Presentations:
    """The samples of a table of comparisons.

    A probe failed where none of its comparisons has a score. A reference failed where none of its comparisons with a
    probe that did not fail has one.
    """
    failed = scores.failed
    probe_failed = _all_failed(scores.probe, failed)
    tried = ~probe_failed[scores.probe]
    reference_failed = _all_failed(scores.reference[tried], failed[tried])
    probes, references = first_rows(scores.probe), first_rows(scores.reference)
    known = np.zeros(len(references), np.bool_)
    known[: len(reference_failed)] = reference_failed
    return Presentations(
        np.concatenate([probe_failed, known]),
        np.concatenate([scores.probe_subject[probes], scores.reference_subject[references]]),
        tuple(_of_samples(a, probes, references) for a in scores.attributes),
    )


def presented_in_searches(searches: SearchScores) -> Presentations:
    """The probes of the first gallery: every repeat searches the same ones."""
    first = searches.repeat == searches.repeat.min() if len(searches) else searches.failed
    return Presentations(
        searches.failed[first],
        searches.subject[first],
        tuple(Attribute(a.name, a.values, a.probe[first]) for a in searches.attributes),
    )


def _all_failed(sample: Codes, failed: Flags) -> Flags:
    """(samples,) whether the sample has comparisons and each of them failed."""
    comparisons = np.bincount(sample)
    failures = np.bincount(sample[failed], minlength=len(comparisons))
    every: Flags = (comparisons > 0) & (failures == comparisons)
    return every


def first_rows(sample: Codes) -> np.ndarray:
    """(samples,) the first row in which each sample stands. sample: (rows,) numbers without gaps."""
    rows = np.zeros(int(sample.max()) + 1 if len(sample) else 0, np.intp)
    rows[sample[::-1]] = np.arange(len(sample))[::-1]
    return rows


def _of_samples(attribute: Attribute, probes: np.ndarray, references: np.ndarray) -> Attribute:
    unknown = np.full(len(references), -1, np.int32)
    other = unknown if attribute.reference is None else attribute.reference[references]
    return Attribute(attribute.name, attribute.values, np.concatenate([attribute.probe[probes], other]))
