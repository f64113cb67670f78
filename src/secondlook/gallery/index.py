"""Exact search: every template is compared, nothing is approximated. One probe by FAISS, several by ``nearest``."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from secondlook.cores import cores
from secondlook.errors import GalleryError
from secondlook.gallery.nearest import WORTH_SHARING, nearest
from secondlook.gallery.rows import Rows, fitted
from secondlook.types import Floats

_WORTH_THREADS = 2**22
"""Multiplications from which on two threads gain more than handing the work out costs: about a millisecond of one."""

_PIECES = 4
"""For each thread, so that none waits long for the last."""

_PIECE_ROWS = 4096
"""At least."""

_SPARE = 8
"""So many more are found than are wanted: which of two nearly equal ones comes first is decided here."""


def _in_piece(probes: Floats, vectors: Floats, k: int) -> tuple[Floats, NDArray[np.int64]]:
    """Scores and rows, both (n, k), on one thread."""
    if len(probes) >= WORTH_SHARING:
        return nearest(probes, vectors, k)
    with _one_thread():
        best, at = faiss.knn(probes, vectors, k, metric=faiss.METRIC_INNER_PRODUCT)
    return best, at


@contextmanager
def _one_thread() -> Iterator[None]:
    """FAISS's own threads wait for each other on a busy machine: two probes among 100,000, 9 ms on one, were measured to take
    50 to 200 ms on two. The number belongs to the calling thread (OpenMP 5.2, nthreads-var), so nobody else's is changed."""
    usual = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(usual)


@dataclass(frozen=True, eq=False, slots=True)
class _Piece:
    """Rows that are searched at once. first: the number of the first. vectors: (m, D). ids: (m,)."""

    first: int
    vectors: Floats
    ids: NDArray[np.int64]


class ExactIndex:
    """``ports.Index`` by inner products with rows that are kept here.

    Kept here and not in an index of FAISS, because one that is removed is so replaced by the last, while FAISS moves all
    that come after it; and because theirs holds up to twice the memory while it grows.

    A score is the same whatever else is held or searched at once, and wherever the row is: those of the nearest are
    computed again in one way. Products differ by some 1e-7 between one probe and many. Of equal ones the smaller id comes
    first.
    Not for several threads at once; who shares it, guards it.
    """

    def __init__(self, dimension: int, rows: Rows | None = None) -> None:
        """dimension: 1 upwards. rows: that are there already."""
        self._dimension = dimension
        self._threads = ThreadPoolExecutor(cores(), "searching")
        self.rows = Rows(dimension) if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, ids: NDArray[np.int64], templates: Floats) -> None:
        """ids: (n,), each 0 upwards and new. templates: (n, D). Raises GalleryError where they do not fit."""
        ids = np.asarray(ids, np.int64).reshape(-1)
        templates = fitted(templates, self._dimension)
        different = len(np.unique(ids)) == len(ids)
        if len(templates) != len(ids) or not different or (ids < 0).any() or self.rows.held(ids).any():
            raise GalleryError(f"{len(ids)} ids do not fit {len(templates)} templates: give each a new id from 0 up.")
        self.rows.add(ids, templates)

    def remove(self, ids: NDArray[np.int64]) -> None:
        """ids: (n,). Those which are not there are no error."""
        self.rows.remove(np.unique(np.asarray(ids, np.int64).reshape(-1)))

    def search(self, probes: Floats, k: int) -> tuple[Floats, NDArray[np.int64]]:
        """(n, D) -> scores (n, k) descending and ids (n, k); id -1 and score -inf where fewer than k are held."""
        probes = fitted(probes, self._dimension)
        scores = np.full((len(probes), max(k, 0)), -np.inf, np.float32)
        found = np.full(scores.shape, -1, np.int64)
        width = min(k, len(self))
        if len(probes) and width > 0:
            ids, rows = self._nearest(probes, min(width + _SPARE, len(self)))
            again = self._scores(probes, rows)
            order = np.lexsort((ids, -again), axis=1)[:, :width]
            scores[:, :width] = np.take_along_axis(again, order, 1)
            found[:, :width] = np.take_along_axis(ids, order, 1)
        return scores, found

    def _nearest(self, probes: Floats, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids (n, k) and rows (n, k), in no order."""
        at_once = cores()
        pieces = list(self._pieces(at_once))
        several = min(at_once, len(pieces)) > 1 and probes.size * len(self) >= _WORTH_THREADS

        def look(piece: _Piece) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
            best, at = _in_piece(probes, piece.vectors, min(k, len(piece.vectors)))
            return best, piece.ids[at], at + piece.first

        found = list(self._threads.map(look, pieces) if several else map(look, pieces))
        if len(found) == 1:
            return found[0][1:]
        scores, ids, rows = (np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))
        most = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        return np.take_along_axis(ids, most, 1), np.take_along_axis(rows, most, 1)

    def _pieces(self, at_once: int) -> Iterator[_Piece]:
        step = max(_PIECE_ROWS, -(-len(self) // (_PIECES * at_once)))
        first = 0
        for number in range(self.rows.block_count):
            vectors, ids = self.rows.block(number), self.rows.block_ids(number)
            for start in range(0, len(vectors), step):
                yield _Piece(first + start, vectors[start : start + step], ids[start : start + step])
            first += len(vectors)

    def _scores(self, probes: Floats, rows: NDArray[np.int64]) -> Floats:
        vectors = self.rows.at(rows.reshape(-1)).reshape(*rows.shape, self._dimension)
        return np.asarray(np.einsum("nd,nkd->nk", probes, vectors), np.float32)
