"""Exact search with FAISS: every template is compared, nothing is approximated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import numpy as np
from numpy.typing import NDArray

from secondlook.errors import GalleryError
from secondlook.gallery.rows import Rows, fitted
from secondlook.types import Floats

_WORTH_THREADS = 2**28
"""Multiplications from which on several threads gain more than waiting for each other costs: about 45 ms of one. Two probes
among 100,000, 9 ms on one thread, were measured to take 50 to 200 ms on two where the machine had other work."""

_SPARE = 8
"""So many more are asked of FAISS than are wanted: which of two nearly equal ones comes first is decided here."""


@contextmanager
def _threads_for(multiplications: int) -> Iterator[None]:
    """Search on one thread what is quick there: on a busy machine OpenMP's threads wait for each other.

    The number belongs to the calling thread (OpenMP 5.2, nthreads-var), so nobody else's is changed.
    """
    usual = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1 if multiplications < _WORTH_THREADS else usual)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(usual)


class ExactIndex:
    """``ports.Index`` by FAISS's own search (what ``IndexFlatIP`` does) over rows that are kept here.

    Kept here and not in an index of FAISS, because one that is removed is so replaced by the last, while FAISS moves all
    that come after it; and because theirs holds up to twice the memory while it grows.

    A score is the same whatever else is held or searched at once, and wherever the row is: those of the nearest are
    computed again in one way. FAISS's own differ by some 1e-7 between one probe and many. Of equal ones the smaller id comes
    first.
    Not for several threads at once; who shares it, guards it.
    """

    def __init__(self, dimension: int, rows: Rows | None = None) -> None:
        """dimension: 1 upwards. rows: that are there already."""
        self._dimension = dimension
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
            with _threads_for(probes.size * len(self)):
                ids, rows = self._nearest(probes, min(width + _SPARE, len(self)))
            again = self._scores(probes, rows)
            order = np.lexsort((ids, -again), axis=1)[:, :width]
            scores[:, :width] = np.take_along_axis(again, order, 1)
            found[:, :width] = np.take_along_axis(ids, order, 1)
        return scores, found

    def _nearest(self, probes: Floats, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids (n, k) and rows (n, k), in no order."""
        scores, ids, rows, first = [], [], [], 0
        for number in range(self.rows.block_count):
            vectors = self.rows.block(number)
            best, at = faiss.knn(probes, vectors, min(k, len(vectors)), metric=faiss.METRIC_INNER_PRODUCT)
            scores.append(best)
            ids.append(self.rows.block_ids(number)[at])
            rows.append(at + first)
            first += len(vectors)
        if len(scores) == 1:
            return ids[0], rows[0]
        most = np.argpartition(-np.concatenate(scores, axis=1), k - 1, axis=1)[:, :k]
        return (
            np.take_along_axis(np.concatenate(ids, axis=1), most, 1),
            np.take_along_axis(np.concatenate(rows, axis=1), most, 1),
        )

    def _scores(self, probes: Floats, rows: NDArray[np.int64]) -> Floats:
        vectors = self.rows.at(rows.reshape(-1)).reshape(*rows.shape, self._dimension)
        return np.asarray(np.einsum("nd,nkd->nk", probes, vectors), np.float32)
