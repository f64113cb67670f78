"""Parts of the people, so that a threshold is tried on others than it was set on."""

from __future__ import annotations

import numpy as np

from secondlook.audit.scores import Codes


def subject_folds(people: int, folds: int, seed: int) -> Codes:
    """(people,) the fold of each, 0 to ``folds - 1``; their sizes differ by one at most; the same for the same seed."""
    if folds < 1:
        raise ValueError(f"{folds} folds")
    order = np.random.default_rng(seed).permutation(people)
    fold = np.empty(people, np.int32)
    fold[order] = np.arange(people) % folds
    return fold
