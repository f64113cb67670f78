"""The references of a gallery in memory: each one's template and what it weighs, by the reference's id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from secondlook.errors import GalleryError
from secondlook.types import Floats

_BLOCK = 1024


@dataclass(frozen=True, eq=False, slots=True)
class Weighed:
    """References on their way into memory. ids: n of them. owners: each one's subject id, in hex.

    templates: (n, D) of unit length. weights: (n,) quality scores, 0 to 1; nan where not known yet, which will do
    while a subject has one reference alone.
    """

    ids: Sequence[int]
    owners: Sequence[str]
    templates: Floats
    weights: Floats

    def __post_init__(self) -> None:
        n = len(self.ids)
        if len(self.owners) != n or len(self.templates) != n or self.weights.shape != (n,):
            raise ValueError(f"{n} references, but not as many owners, templates and weights")


class HeldTemplates:
    """Rows in blocks of one size, so that a large gallery never moves while it grows, and holds no array of its own
    for each reference."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._blocks: list[Floats] = []
        self._weights: list[Floats] = []
        self._rows: dict[int, int] = {}
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, reference: int) -> bool:
        return reference in self._rows

    def add(self, ids: Sequence[int], templates: Floats, weights: Floats) -> None:
        """templates: (n, D). Raises GalleryError where an id is held already or the templates do not fit."""
        if len(set(ids)) != len(ids) or not self._rows.keys().isdisjoint(ids):
            raise GalleryError(f"One of {len(ids)} references is in the gallery's memory already: open it again.")
        if templates.shape != (len(ids), self._dimension) or not np.isfinite(templates).all():
            raise GalleryError(
                f"Templates of the shape {templates.shape} do not fit {len(ids)} references of length "
                f"{self._dimension}, or are not finite: make them again with the gallery's pack."
            )
        while len(self._free) < len(ids):
            self._open_block()
        for id_, template, weight in zip(ids, templates, weights, strict=True):
            row = self._free.pop()
            self._rows[id_] = row
            block, at = divmod(row, _BLOCK)
            self._blocks[block][at] = template
            self._weights[block][at] = weight

    def weigh(self, weights: Mapping[int, float]) -> None:
        """Set what these references weigh, by their ids."""
        for id_, weight in weights.items():
            block, at = divmod(self._rows[id_], _BLOCK)
            self._weights[block][at] = weight

    def drop(self, ids: Sequence[int]) -> None:
        """Forget them: what they held is overwritten."""
        for id_ in ids:
            row = self._rows.pop(id_)
            block, at = divmod(row, _BLOCK)
            self._blocks[block][at] = 0.0
            self._free.append(row)

    def templates(self, ids: Sequence[int]) -> Floats:
        """(n, D), n from 1."""
        places = [divmod(self._rows[id_], _BLOCK) for id_ in ids]
        return np.stack([self._blocks[block][at] for block, at in places])

    def weights(self, ids: Sequence[int]) -> Floats:
        """(n,)."""
        places = [divmod(self._rows[id_], _BLOCK) for id_ in ids]
        return np.array([self._weights[block][at] for block, at in places], np.float32)

    def _open_block(self) -> None:
        first = len(self._blocks) * _BLOCK
        self._blocks.append(np.zeros((_BLOCK, self._dimension), np.float32))
        self._weights.append(np.zeros(_BLOCK, np.float32))
        self._free.extend(range(first + _BLOCK - 1, first - 1, -1))
