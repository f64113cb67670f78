"""Searches out of a table of comparisons, where every probe was compared with everybody."""

from __future__ import annotations

import numpy as np

from secondlook.audit.acquisition import first_rows, presented_in_pairs
from secondlook.audit.scores import Attribute, Scores1to1
from secondlook.audit.templates import ProbeScores

MOST_CELLS = 200_000_000


def searches_possible(scores: Scores1to1) -> bool:
    """Whether each probe was compared with every reference, or with every one of other people's at least."""
    if not len(scores):
        return False
    probes, references = int(scores.probe.max()) + 1, int(scores.reference.max()) + 1
    # far from everybody with everybody
    if probes * references > 4 * len(scores):
        return False
    compared = np.bincount(scores.probe[~scores.mated], minlength=probes)
    owner = scores.reference_subject[first_rows(scores.reference)]
    own = np.bincount(owner, minlength=len(scores.people))
    subject = scores.probe_subject[first_rows(scores.probe)]
    cells = len(compared) * len(np.unique(owner))
    return cells <= MOST_CELLS and bool((compared >= references - own[subject]).all())


def probe_scores_of(scores: Scores1to1) -> ProbeScores:
    """Each probe against each person with a reference: the best of the comparisons. Needs ``searches_possible``."""
    enrolled, column = np.unique(scores.reference_subject, return_inverse=True)
    rows = first_rows(scores.probe)
    best = np.full(len(rows) * len(enrolled), -np.inf)
    cell = scores.probe.astype(np.int64) * len(enrolled) + column
    np.maximum.at(best, cell, np.where(scores.failed, -np.inf, scores.score))
    best[np.isneginf(best)] = np.nan
    subject = scores.probe_subject[rows]
    mates = np.bincount(scores.probe[scores.mated], minlength=len(rows))
    return ProbeScores(
        subject,
        enrolled,
        presented_in_pairs(scores).failed[: len(rows)],
        scores.people,
        best.reshape(len(rows), len(enrolled)),
        tuple(Attribute(a.name, a.values, a.probe[rows]) for a in scores.attributes),
        mateless=np.isin(subject, enrolled) & (mates == 0),
        direction=scores.direction,
    )
