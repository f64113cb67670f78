"""Which comparison a gallery searches with, and the plainest one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from secondlook.errors import PackMismatch
from secondlook.ports import Comparison
from secondlook.types import Floats


@dataclass(frozen=True, slots=True)
class Cosine:
    """The cosine of the two templates, -1 to 1 (``ports.Comparison``). dimension: length of a template, 1 upwards."""

    dimension: int
    id: str = "cosine"

    def probes(self, templates: Floats) -> Floats:
        return templates

    def references(self, templates: Floats) -> Floats:
        return templates


@dataclass(frozen=True, eq=False, slots=True)
class Chosen:
    """A comparison that was asked for, and the id of the pack whose templates it was asked for."""

    comparison: Comparison
    pack: str


def fitting(chosen: Chosen | None, pack: str, dimension: int, place: str) -> Comparison:
    """The comparison for a gallery of this pack and length of template: as chosen, the cosine where nothing is.

    Raises PackMismatch where what was chosen is for other templates.
    """
    if chosen is None:
        return Cosine(dimension)
    if chosen.pack != pack or not _takes(chosen.comparison, dimension):
        raise PackMismatch(
            f"The comparison {chosen.comparison.id} does not fit the templates of {place} ({pack}, {dimension} long): "
            "choose one that was made for this pack."
        )
    return chosen.comparison


def in_scale(comparison: Comparison, scores: Floats) -> Floats:
    """Scores as they may be told: no cosine is beyond -1 to 1, though rounding carries some past."""
    return np.clip(scores, -1.0, 1.0) if isinstance(comparison, Cosine) else scores


def _takes(comparison: Comparison, dimension: int) -> bool:
    none = np.zeros((0, dimension), np.float32)
    try:
        made = comparison.probes(none), comparison.references(none)
    except ValueError:  # numpy's word for shapes that do not go together
        return False
    return all(one.shape == (0, comparison.dimension) for one in made)
