"""Rows of float32 under 64-bit ids, without a gap between them: one that goes is replaced by the last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import GalleryError
from secondlook.gallery.finding import NOWHERE, Finder
from secondlook.types import Floats

BLOCK_BYTES = 1 << 25
"""About the size of a block: large enough that a search hardly notices where one ends, small enough to be sealed at once."""


def rows_in_block(dimension: int) -> int:
    return max(1, BLOCK_BYTES // (4 * dimension))


def fitted(templates: Floats, dimension: int) -> Floats:
    """(n, dimension) as an index takes them. Raises GalleryError."""
    plain = np.ascontiguousarray(templates, np.float32)
    if plain.ndim != 2 or plain.shape[1] != dimension:
        raise GalleryError(
            f"Templates of the shape {plain.shape} do not fit an index of (n, {dimension}): use its pack."
        )
    if not np.isfinite(plain).all():
        raise GalleryError("A template holds numbers that are not finite: make it again from its picture.")
    return plain


class Rows:
    """(n, D) in blocks of one size, so that what is there never moves while it grows. Adding and removing cost what is
    added and removed. Not for several threads at once."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._per_block = rows_in_block(dimension)
        self._blocks: list[Floats] = []
        self._ids: list[NDArray[np.int64]] = []
        self._rows = Finder()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, id_: int) -> bool:
        return id_ in self._rows

    def held(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(n,) which of these are there."""
        return np.asarray(self._rows.find_all(ids) != NOWHERE, bool)

    def find(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) where each of them is now; all have to be there."""
        return self._rows.find_all(ids)

    def add(self, ids: NDArray[np.int64], vectors: Floats) -> None:
        """ids: (n,), none of them there. vectors: (n, D)."""
        first, done = self._count, 0
        while done < len(ids):
            block, at = divmod(self._count, self._per_block)
            if at == 0:
                # zeros of this size are pages nobody has touched yet, so what is empty of a block costs no memory
                self._blocks.append(np.zeros((self._per_block, self.dimension), np.float32))
                self._ids.append(np.zeros(self._per_block, np.int64))
            taken = min(len(ids) - done, self._per_block - at)
            self._blocks[block][at : at + taken] = vectors[done : done + taken]
            self._ids[block][at : at + taken] = ids[done : done + taken]
            self._count += taken
            done += taken
        self._rows.put(ids, np.arange(first, self._count))

    def remove(self, ids: NDArray[np.int64]) -> None:
        """ids: (n,), different; those which are not there are no error. What they held is overwritten."""
        for id_ in ids.tolist():
            row = self._rows.find(id_)
            if row == NOWHERE:
                continue
            last = self._count - 1
            (block, at), (end, behind) = divmod(row, self._per_block), divmod(last, self._per_block)
            self._rows.drop(np.array([id_], np.int64))
            if row != last:
                self._blocks[block][at] = self._blocks[end][behind]
                self._ids[block][at] = self._ids[end][behind]
                self._rows.put(self._ids[block][at : at + 1], np.array([row], np.int64))
            self._blocks[end][behind] = 0.0
            self._count = last
            if behind == 0:
                del self._blocks[end], self._ids[end]

    def at(self, rows: NDArray[np.int64] | Sequence[int]) -> Floats:
        """(n, D), a copy. rows: (n,) as ``find`` gave them."""
        rows = np.asarray(rows, np.int64)
        found = np.empty((len(rows), self.dimension), np.float32)
        blocks, within = np.divmod(rows, self._per_block)
        for block in np.unique(blocks).tolist():
            chosen = blocks == block
            found[chosen] = self._blocks[block][within[chosen]]
        return found

    @property
    def block_count(self) -> int:
        return len(self._blocks)

    def block(self, number: int) -> Floats:
        """(m, D) what is filled of one block: not a copy."""
        return self._blocks[number][: self._filled(number)]

    def block_ids(self, number: int) -> NDArray[np.int64]:
        """(m,): not a copy."""
        return self._ids[number][: self._filled(number)]

    def ids(self) -> NDArray[np.int64]:
        """(n,) in the order of the rows, a copy."""
        return np.concatenate([np.zeros(0, np.int64), *map(self.block_ids, range(self.block_count))])

    @classmethod
    def of(cls, dimension: int, ids: NDArray[np.int64], blocks: list[Floats]) -> Rows:
        """Rows of blocks that were filled already. ids: (n,) all of them. blocks: each (rows_in_block, D)."""
        made = cls(dimension)
        made._blocks, made._count = blocks, len(ids)
        for start in range(0, len(ids), made._per_block):
            whole = np.zeros(made._per_block, np.int64)
            part = ids[start : start + made._per_block]
            whole[: len(part)] = part
            made._ids.append(whole)
        made._rows.put(ids, np.arange(len(ids)))
        return made

    def _filled(self, number: int) -> int:
        return min(self._per_block, self._count - number * self._per_block)
