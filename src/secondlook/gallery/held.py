"""References on their way into memory, and those of them that stay there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import GalleryError
from secondlook.gallery.rows import Rows
from secondlook.types import Floats


@dataclass(frozen=True, eq=False, slots=True)
class Weighed:
    """ids: n of them. owners: each one's subject id, in hex.

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
    """Each one's template and what it weighs, by the reference's id."""

    def __init__(self, dimension: int, rows: Rows | None = None) -> None:
        """rows: that are there already, (n, D + 1), the weight last."""
        self._dimension = dimension
        self.rows = Rows(dimension + 1) if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, reference: int) -> bool:
        return reference in self.rows

    def held(self, ids: Sequence[int]) -> NDArray[np.bool_]:
        """(n,) which of these are held."""
        return self.rows.held(np.asarray(ids, np.int64))

    def add(self, ids: Sequence[int], templates: Floats, weights: Floats) -> None:
        """templates: (n, D). Raises GalleryError where an id is held already or the templates do not fit."""
        if len(set(ids)) != len(ids) or self.held(ids).any():
            raise GalleryError(f"One of {len(ids)} references is in the gallery's memory already: open it again.")
        if templates.shape != (len(ids), self._dimension) or not np.isfinite(templates).all():
            raise GalleryError(
                f"Templates of the shape {templates.shape} do not fit {len(ids)} references of length "
                f"{self._dimension}, or are not finite: make them again with the gallery's pack."
            )
        weighed = np.concatenate([templates, weights[:, None]], axis=1, dtype=np.float32)
        self.rows.add(np.asarray(ids, np.int64), weighed)

    def drop(self, ids: Sequence[int]) -> None:
        """Forget them: what they held is overwritten. Those which are not held are no error."""
        self.rows.remove(np.asarray(ids, np.int64))

    def templates(self, ids: Sequence[int] | NDArray[np.int64]) -> Floats:
        """(n, D), n from 1."""
        return np.ascontiguousarray(self._at(ids)[:, :-1])

    def weights(self, ids: Sequence[int] | NDArray[np.int64]) -> Floats:
        """(n,)."""
        return np.ascontiguousarray(self._at(ids)[:, -1])

    def _at(self, ids: Sequence[int] | NDArray[np.int64]) -> Floats:
        return self.rows.at(self.rows.find(np.asarray(ids, np.int64)))
