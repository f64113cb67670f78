"""The gallery in memory: one vector a subject in one index, made of all its references."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from secondlook.faces.fuse import fuse
from secondlook.gallery.comparison import in_scale
from secondlook.gallery.held import HeldTemplates, Weighed
from secondlook.gallery.index import ExactIndex
from secondlook.gallery.names import Place, folded_name, place_of
from secondlook.ports import Comparison, Index
from secondlook.types import Candidate, Floats

_BATCH = 8192
"""Subjects whose vectors are made at once."""


class SubjectIndex:
    """Subjects by the mean direction of their references, each weighing as its quality score. State at ``revision``.

    One vector a subject, and not the best of its references, because the best of many pictures is a higher score for
    strangers too. Measured on LFW with dlib's templates: by the best of its references, somebody with many pictures
    was the false candidate 1.5 to 1.9 times as often as their share; by the mean direction under a normalised
    comparison 0.9 to 1.2 times, so that the false positive rate depends on the number of subjects alone. Nor are
    more people missed: of three references, FNIR at FPIR 0.01 is 0.165 by the best and 0.088 by the mean (cosine).

    blinded: how many subjects could not be opened, because their keys were dropped.
    """

    def __init__(self, revision: int, pack: str, dimension: int, comparison: Comparison, blinded: int = 0) -> None:
        """dimension: length of a template. Vectors are made when they are first searched, all that wait at once."""
        self.revision = revision
        self.pack = pack
        self.dimension = dimension
        self.blinded = blinded
        self._comparison = comparison
        self._index: Index = ExactIndex(comparison.dimension)  # a subject's vector is under its first reference's id
        self._templates = HeldTemplates(dimension)
        self._owners: dict[int, str] = {}
        self._held: dict[str, tuple[int, ...]] = {}
        self._names: dict[str, str] = {}
        self._waiting: dict[str, int | None] = {}  # subjects that changed, and the id their old vector is under
        self._order: list[Place] | None = None  # of the names; None: to be sorted anew

    def __len__(self) -> int:
        return len(self._templates)

    @property
    def subjects(self) -> int:
        """How many have at least one reference."""
        return len(self._held)

    def name(self, subject: str, name: str) -> None:
        """subject: its id in hex. A subject is named before it has references."""
        self._names[subject] = name
        self._order = None

    def owner(self, reference: int) -> str | None:
        """The id of the subject whose a reference is; None where there is none."""
        return self._owners.get(reference)

    def named(self, after: Place | None, most: int, containing: str = "") -> list[str]:
        """Ids of subjects by name, with and without references. after: where the list was left. containing: only names with
        this in them, folded."""
        if self._order is None:
            self._order = sorted(place_of(name, id_) for id_, name in self._names.items())
        start = 0 if after is None else bisect_right(self._order, after)
        places = itertools.islice(self._order, start, None)
        ids = (id_ for _, id_ in places if not containing or containing in folded_name(self._names[id_]))
        return list(itertools.islice(ids, most))

    def add(self, new: Weighed) -> None:
        self._change(set(new.owners))
        self._templates.add(new.ids, new.templates, new.weights)
        for id_, owner in zip(new.ids, new.owners, strict=True):
            self._give(owner, [id_])

    def weigh(self, weights: Mapping[int, float]) -> None:
        """weights: quality scores, by the references' ids, of whole subjects."""
        self._change({self._owners[reference] for reference in weights})
        self._templates.weigh(weights)

    def remove(self, references: Iterable[int]) -> None:
        """References which are not there are no error."""
        gone = [reference for reference in set(references) if reference in self._templates]
        self._change({self._owners[reference] for reference in gone})
        self._templates.drop(gone)
        for reference in gone:
            owner = self._owners.pop(reference)
            left = tuple(held for held in self._held.pop(owner) if held != reference)
            if left:
                self._held[owner] = left

    def remove_subject(self, subject: str) -> None:
        """With all its references; one without a name here was blinded."""
        self.remove(self._held.get(subject, ()))
        if self._names.pop(subject, None) is None:
            self.blinded -= 1
        self._order = None

    def merge(self, into: str, gone: str, doubled: Sequence[int]) -> None:
        """All references of ``gone`` but ``doubled`` become those of ``into``."""
        self.remove(doubled)
        self._change({into, gone})
        self._give(into, self._held.pop(gone, ()))
        del self._names[gone]
        self._order = None

    def split(self, left: str, made: str, references: Sequence[int]) -> None:
        """Some references of one become those of another, who was named before and has none."""
        self._change({left, made})
        self._held[left] = tuple(held for held in self._held[left] if held not in set(references))
        self._give(made, references)

    def search(self, probes: Floats, k: int) -> tuple[tuple[Candidate, ...], ...]:
        """(n, D) -> for each probe its k nearest subjects, best first, each once, with its most alike reference.

        Exact. Scores are those of the comparison.
        """
        self._settle()
        width = max(0, min(k, self.subjects))
        if not len(probes):
            return ()
        scores, ids = self._index.search(self._comparison.probes(probes), width)
        told = in_scale(self._comparison, scores)
        rows = zip(probes, told, ids, strict=True)
        return tuple(self._candidates(probe, row_scores, row_ids) for probe, row_scores, row_ids in rows)

    def _candidates(self, probe: Floats, scores: Floats, ids: NDArray[np.int64]) -> tuple[Candidate, ...]:
        found = []
        for rank, (score, id_) in enumerate(zip(scores.tolist(), ids.tolist(), strict=True), start=1):
            subject = self._owners[id_]
            found.append(Candidate(self._names[subject], self._most_alike(subject, probe), score, rank))
        return tuple(found)

    def _most_alike(self, subject: str, probe: Floats) -> int:
        held = self._held[subject]
        return held[0] if len(held) == 1 else held[int((self._templates.templates(held) @ probe).argmax())]

    def _give(self, subject: str, references: Sequence[int]) -> None:
        """Sorted, so that a gallery that was changed makes the same vectors as one that is read anew."""
        if references:
            self._held[subject] = tuple(sorted((*self._held.get(subject, ()), *references)))
            self._owners.update(dict.fromkeys(references, subject))

    def _change(self, subjects: Iterable[str]) -> None:
        """To be told before the subjects change."""
        for subject in subjects:
            held = self._held.get(subject)
            self._waiting.setdefault(subject, held[0] if held else None)

    def _settle(self) -> None:
        """Make the vectors of the subjects that changed, and of no others."""
        if not self._waiting:
            return
        old = [id_ for id_ in self._waiting.values() if id_ is not None]
        self._index.remove(np.array(old, np.int64))
        self._waiting = dict.fromkeys(subject for subject in self._waiting if subject in self._held)
        waiting = list(self._waiting)
        for start in range(0, len(waiting), _BATCH):
            subjects = waiting[start : start + _BATCH]
            vectors = self._comparison.references(self._fused(subjects))
            self._index.add(np.array([self._held[subject][0] for subject in subjects], np.int64), vectors)
            for subject in subjects:
                del self._waiting[subject]

    def _fused(self, subjects: Sequence[str]) -> Floats:
        """(n, D) of unit length."""
        fused = self._templates.templates([self._held[subject][0] for subject in subjects])
        for row, subject in enumerate(subjects):
            held = self._held[subject]
            if len(held) > 1:
                fused[row] = fuse(self._templates.templates(held), self._templates.weights(held))
        return np.asarray(fused / np.linalg.norm(fused, axis=1, keepdims=True), np.float32)
