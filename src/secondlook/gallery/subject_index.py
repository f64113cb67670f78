"""The gallery in memory: all its templates in one index, and whose they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from secondlook.gallery.index import ExactIndex
from secondlook.ports import Index
from secondlook.types import Candidate, Floats

_FIRST_WIDTH = 16
_WIDEN = 8


class SubjectIndex:
    """References by template, subjects by their best reference. State of the gallery at ``revision``.

    blinded: how many subjects could not be opened, because their keys were dropped.
    """

    def __init__(self, revision: int, pack: str, dimension: int, blinded: int = 0) -> None:
        self.revision = revision
        self.pack = pack
        self.dimension = dimension
        self.blinded = blinded
        self._index: Index = ExactIndex(dimension)
        self._owners: dict[int, str] = {}
        self._names: dict[str, str] = {}
        self._held: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._owners)

    @property
    def subjects(self) -> int:
        """How many have at least one reference."""
        return len(self._held)

    def name(self, subject: str, name: str) -> None:
        """subject: its id in hex. A subject is named before it has references."""
        self._names[subject] = name

    def add(self, references: Mapping[int, Floats], owners: Sequence[str]) -> None:
        """references: template (D,) by reference id. owners: the id of each one's subject, in the same order."""
        if not references:
            return
        ids = np.fromiter(references, np.int64, len(references))
        self._index.add(ids, np.stack(list(references.values())))
        self._owners.update(zip(references, owners, strict=True))
        self._held.update(owners)

    def remove(self, references: Sequence[int]) -> None:
        """References which are not there are no error."""
        gone = [reference for reference in references if reference in self._owners]
        self._index.remove(np.asarray(gone, np.int64))
        self._held -= Counter(self._owners.pop(reference) for reference in gone)  # drops those that reach 0

    def remove_subject(self, subject: str) -> None:
        """With all its references; one without a name here was blinded."""
        self.remove([reference for reference, owner in self._owners.items() if owner == subject])
        if self._names.pop(subject, None) is None:
            self.blinded -= 1

    def merge(self, into: str, gone: str, doubled: Sequence[int]) -> None:
        """All references of ``gone`` but ``doubled`` become those of ``into``."""
        self.remove(doubled)
        moved = [reference for reference, owner in self._owners.items() if owner == gone]
        self._owners.update(dict.fromkeys(moved, into))
        self._held.update([into] * len(moved))
        del self._held[gone], self._names[gone]

    def search(self, probes: Floats, k: int) -> tuple[tuple[Candidate, ...], ...]:
        """(n, D) -> for each probe its k nearest subjects, best first, each once, by their nearest reference.

        Exact: it looks at more references until k subjects are among them or no reference is left.
        """
        wanted = min(k, self.subjects)
        found: list[tuple[Candidate, ...]] = [()] * len(probes)
        open_rows = np.arange(len(probes) if wanted > 0 else 0)
        width = max(_FIRST_WIDTH, wanted)
        while len(open_rows):
            width = min(width, len(self))
            scores, ids = self._index.search(probes[open_rows], width)
            for row, row_scores, row_ids in zip(open_rows, scores, ids, strict=True):
                found[row] = self._best_of_each(row_scores, row_ids, wanted)
            open_rows = open_rows[[len(found[row]) < wanted for row in open_rows]]
            width *= _WIDEN
        return tuple(found)

    def _best_of_each(self, scores: Floats, ids: NDArray[np.int64], wanted: int) -> tuple[Candidate, ...]:
        best: list[Candidate] = []
        seen: set[str] = set()
        for score, reference in zip(scores.tolist(), ids.tolist(), strict=True):
            subject = self._owners[reference]
            if subject in seen:
                continue
            seen.add(subject)
            cosine = min(1.0, max(-1.0, score))  # rounding may carry it past
            best.append(Candidate(self._names[subject], reference, cosine, len(best) + 1))
            if len(best) == wanted:
                break
        return tuple(best)
