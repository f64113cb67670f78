"""One template of several of one person."""

from __future__ import annotations

import numpy as np

from secondlook.types import Floats


def fuse(templates: Floats, weights: Floats) -> Floats:
    """(n, D) unit templates of one person, (n,) weights >= 0 -> (D,) of unit length: the weighted mean direction.

    Where every weight is 0 they count alike.
    """
    w = weights if weights.sum() > 0 else np.ones_like(weights)
    mean = (templates.astype(np.float64) * w[:, None]).sum(0)
    length = float(np.linalg.norm(mean))
    if length < 1e-6:
        return np.asarray(templates[int(np.argmax(w))], np.float32)
    return np.asarray(mean / length, np.float32)
