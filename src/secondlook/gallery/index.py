"""Exact search with FAISS: every template is compared, nothing is approximated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import numpy as np
from numpy.typing import NDArray

from secondlook.errors import GalleryError
from secondlook.types import Floats

_WORTH_THREADS = 2**28
"""Multiplications from which on several threads gain more than waiting for each other costs: about 45 ms of one. Two probes
among 100,000, 9 ms on one thread, were measured to take 50 to 200 ms on two where the machine had other work."""


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
    """``ports.Index`` over ``faiss.IndexFlatIP``: inner product of float32 vectors, each under a 64-bit id.

    Not for several threads at once; who shares it, guards it.
    """

    def __init__(self, dimension: int) -> None:
        """dimension: 1 upwards."""
        self._dimension = dimension
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self._ids: set[int] = set()

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: NDArray[np.int64], templates: Floats) -> None:
        """ids: (n,), each 0 upwards and new. templates: (n, D). Raises GalleryError where they do not fit."""
        ids = np.asarray(ids, np.int64).reshape(-1)
        templates = self._fitting(templates)
        new = set(ids.tolist())
        if len(templates) != len(ids) or len(new) != len(ids) or new & self._ids or min(new, default=0) < 0:
            raise GalleryError(f"{len(ids)} ids do not fit {len(templates)} templates: give each a new id from 0 up.")
        if len(ids):
            self._index.add_with_ids(templates, ids)
            self._ids |= new

    def remove(self, ids: NDArray[np.int64]) -> None:
        """ids: (n,). Those which are not there are no error."""
        gone = self._ids & set(np.asarray(ids, np.int64).reshape(-1).tolist())
        if gone:
            self._index.remove_ids(faiss.IDSelectorBatch(np.fromiter(gone, np.int64, len(gone))))
            self._ids -= gone

    def search(self, probes: Floats, k: int) -> tuple[Floats, NDArray[np.int64]]:
        """(n, D) -> scores (n, k) descending and ids (n, k); id -1 and score -inf where fewer than k are held."""
        probes = self._fitting(probes)
        scores = np.full((len(probes), max(k, 0)), -np.inf, np.float32)
        found = np.full(scores.shape, -1, np.int64)
        width = min(k, len(self))
        if len(probes) and width > 0:
            with _threads_for(probes.size * len(self)):
                scores[:, :width], found[:, :width] = self._index.search(probes, width)
        return scores, found

    def _fitting(self, templates: Floats) -> Floats:
        plain = np.ascontiguousarray(templates, np.float32)
        if plain.ndim != 2 or plain.shape[1] != self._dimension:
            raise GalleryError(
                f"Templates of the shape {plain.shape} do not fit an index of (n, {self._dimension}): use its pack."
            )
        if not np.isfinite(plain).all():
            raise GalleryError("A template holds numbers that are not finite: make it again from its picture.")
        return plain
