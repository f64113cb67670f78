"""The gallery in memory: one vector a subject in one index, made of all its references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.errors import GalleryError
from secondlook.faces.fuse import fuse
from secondlook.gallery.comparison import in_scale
from secondlook.gallery.finding import NOWHERE, Finder, Numbers
from secondlook.gallery.held import HeldTemplates, Weighed
from secondlook.gallery.index import ExactIndex
from secondlook.gallery.names import Place
from secondlook.gallery.roster import Roster
from secondlook.gallery.rows import Rows
from secondlook.ports import Comparison
from secondlook.types import Candidate, Floats

_BATCH = 8192
"""Subjects whose vectors are made at once."""


@dataclass(frozen=True, slots=True)
class State:
    """What an index is of. dimension: length of a template. comparison: its id."""

    revision: int
    pack: str
    dimension: int
    comparison: str


@dataclass(frozen=True, eq=False, slots=True)
class Listed:
    """All of an index but its vectors, as arrays: n subjects, s of them with several references.

    ids: (n, 16) bytes. names: of each. first: (n,) each one's first reference, NOWHERE for none. several: (s,) which
    subjects. counts: (s,) how many references each of those has; references: all of theirs, one subject's after another's.
    """

    state: State
    blinded: int
    ids: NDArray[np.uint8]
    names: list[str]
    first: Numbers
    several: Numbers
    counts: Numbers
    references: Numbers


class SubjectIndex:
    """Subjects by the mean direction of their references, each weighing as its quality score. State at ``revision``.

    One vector a subject, and not the best of its references, because the best of many pictures is a higher score for
    strangers too. Measured on LFW with dlib's templates: by the best of its references, somebody with many pictures
    was the false candidate 1.5 to 1.9 times as often as their share; by the mean direction under a normalised
    comparison 0.9 to 1.2 times, so that the false positive rate depends on the number of subjects alone. Nor are
    more people missed: of three references, FNIR at FPIR 0.01 is 0.165 by the best and 0.088 by the mean (cosine).

    Of a subject with one reference nothing but its vector is held: its template is needed once, to make that. Of one
    with several all templates are, because the likest is told with the subject.

    blinded: how many subjects could not be opened, because their keys were dropped.
    """

    def __init__(self, revision: int, pack: str, dimension: int, comparison: Comparison, blinded: int = 0) -> None:
        """dimension: length of a template. Vectors are made when they are first searched, or where many wait."""
        self.revision = revision
        self.pack = pack
        self.dimension = dimension
        self.blinded = blinded
        self._comparison = comparison
        self._index = ExactIndex(comparison.dimension)  # a subject's vector is under its first reference's id
        self._templates = HeldTemplates(dimension)
        self._roster = Roster()
        self._owners = Finder()  # numbers of subjects by their references
        self._first = np.zeros(0, np.int64)  # reference by a subject's number, NOWHERE for none
        self._several: dict[int, tuple[int, ...]] = {}  # references of those who have more than one
        self._searched = 0
        self._waiting: dict[int, int] = {}  # numbers of those that changed, and the id their old vector is under

    @classmethod
    def of(cls, listed: Listed, comparison: Comparison, vectors: Rows, templates: Rows) -> SubjectIndex:
        """One that was taken apart by ``listed``, ``vectors`` and ``templates``."""
        state = listed.state
        made = cls(state.revision, state.pack, state.dimension, comparison, listed.blinded)
        made._index = ExactIndex(comparison.dimension, vectors)
        made._templates = HeldTemplates(state.dimension, templates)
        made._roster = Roster.of(listed.ids, listed.names)
        made._first = listed.first
        made._searched = int((listed.first != NOWHERE).sum())
        alone = listed.first != NOWHERE
        alone[listed.several] = False
        numbers = np.flatnonzero(alone)
        owners = np.concatenate([numbers, np.repeat(listed.several, listed.counts)])
        made._owners.put(np.concatenate([listed.first[numbers], listed.references]), owners)
        at = 0
        for number, count in zip(listed.several.tolist(), listed.counts.tolist(), strict=True):
            made._several[number] = tuple(listed.references[at : at + count].tolist())
            at += count
        return made

    def __len__(self) -> int:
        return len(self._owners)

    @property
    def subjects(self) -> int:
        """How many have at least one reference."""
        return self._searched

    @property
    def vectors(self) -> Rows:
        """What is searched, not a copy."""
        return self._index.rows

    @property
    def templates(self) -> Rows:
        """What is held of those who have several references, not a copy."""
        return self._templates.rows

    def listed(self) -> Listed | None:
        """Copies, with subjects numbered anew. ``settle`` comes before. None where an id is none of ours."""
        there = self._roster.there()
        ids = self._roster.packed(there)
        if ids is None:
            return None
        several = np.array(sorted(self._several), np.int64)
        tuples = [self._several[number] for number in several.tolist()]
        return Listed(
            state=State(self.revision, self.pack, self.dimension, self._comparison.id),
            blinded=self.blinded,
            ids=ids,
            names=[self._roster.name(number) for number in there.tolist()],
            first=self._first[there],
            several=np.searchsorted(there, several),
            counts=np.array([len(held) for held in tuples], np.int64),
            references=np.array([reference for held in tuples for reference in held], np.int64),
        )

    def name(self, names: Mapping[str, str]) -> None:
        """Names by subjects' ids in hex. A subject is named before it has references."""
        numbers = self._roster.call(names)
        if len(numbers) and (most := int(numbers.max())) >= len(self._first):
            more = np.full(max(1024, most // 4, most + 1 - len(self._first)), NOWHERE, np.int64)
            self._first = np.concatenate([self._first, more])

    def owner(self, reference: int) -> str | None:
        """The id of the subject whose a reference is; None where there is none."""
        number = self._owners.find(reference)
        return None if number == NOWHERE else self._roster.id(number)

    def named(self, after: Place | None, most: int, containing: str = "") -> list[str]:
        """Ids of subjects by name, with and without references. after: where the list was left. containing: only names with
        this in them, folded."""
        return self._roster.named(after, most, containing)

    def add(self, new: Weighed) -> None:
        """New references, and of a subject that gets its second also the first again, as it is not held any more."""
        if not len(new.ids):
            return
        ids, owners = np.asarray(new.ids, np.int64), self._roster.numbers(new.owners)
        known = self._owners.find_all(ids)
        if (owners == NOWHERE).any() or ((known != NOWHERE) & (known != owners)).any():
            raise GalleryError("A reference is nobody's, or another's than in the gallery's memory: open it again.")
        self._change(np.unique(owners).tolist())
        self._templates.drop(new.ids)
        self._templates.add(new.ids, new.templates, new.weights)
        fresh = known == NOWHERE
        self._owners.put(ids[fresh], owners[fresh])
        for number, reference in zip(owners[fresh].tolist(), ids[fresh].tolist(), strict=True):
            self._hold(number, (*self._held(number), reference))
        if len(self._waiting) >= _BATCH:
            self.settle()

    def remove(self, references: Iterable[int]) -> None:
        """References which are not there are no error."""
        gone = np.unique(np.fromiter(references, np.int64))
        owners = self._owners.find_all(gone)
        gone, owners = gone[owners != NOWHERE], owners[owners != NOWHERE]
        self._change(np.unique(owners).tolist())
        self._templates.drop(gone.tolist())
        self._owners.drop(gone)
        away = set(gone.tolist())
        for number in np.unique(owners).tolist():
            self._hold(number, [held for held in self._held(number) if held not in away])

    def remove_subject(self, subject: str) -> None:
        """With all its references; one without a name here was blinded."""
        number = self._roster.number(subject)
        if number == NOWHERE:
            self.blinded -= 1
            return
        self.remove(self._held(number))
        self._roster.remove(number)

    def merge(self, into: str, gone: str, doubled: Sequence[int]) -> None:
        """All references of ``gone`` but ``doubled`` become those of ``into``; ``add`` them then, with their weights."""
        self.remove(doubled)
        one, other = self._roster.number(into), self._roster.number(gone)
        self._change((one, other))
        self._give(one, self._held(other))
        self._hold(other, ())
        self._roster.remove(other)

    def split(self, left: str, made: str, references: Sequence[int]) -> None:
        """Some references of one become those of another, who was named before and has none."""
        one, other = self._roster.number(left), self._roster.number(made)
        self._change((one, other))
        self._hold(one, [held for held in self._held(one) if held not in set(references)])
        self._give(other, references)

    def scores(self, probes: Floats, templates: Floats) -> Floats:
        """probes: (m, D), templates: (n, D) -> (m, n), as if each template were a subject's."""
        theirs = self._comparison.references(templates)
        return in_scale(self._comparison, np.asarray(self._comparison.probes(probes) @ theirs.T, np.float32))

    def search(self, probes: Floats, k: int) -> tuple[tuple[Candidate, ...], ...]:
        """(n, D) -> for each probe its k nearest subjects, best first, each once, with its most alike reference.

        Exact. Scores are those of the comparison.
        """
        self.settle()
        width = max(0, min(k, self.subjects))
        if not len(probes):
            return ()
        scores, ids = self._index.search(self._comparison.probes(probes), width)
        told = in_scale(self._comparison, scores)
        numbers = self._owners.find_all(ids.reshape(-1)).reshape(ids.shape)
        rows = zip(probes, told, numbers, strict=True)
        return tuple(self._candidates(probe, row_scores, row_numbers) for probe, row_scores, row_numbers in rows)

    def settle(self) -> None:
        """Make the vectors of the subjects that changed, and of no others."""
        if not self._waiting:
            return
        old = [id_ for id_ in self._waiting.values() if id_ != NOWHERE]
        self._index.remove(np.array(old, np.int64))
        self._waiting = {number: NOWHERE for number in self._waiting if self._first[number] != NOWHERE}
        waiting = np.fromiter(self._waiting, np.int64)
        for start in range(0, len(waiting), _BATCH):
            numbers = waiting[start : start + _BATCH]
            vectors = self._comparison.references(self._fused(numbers))
            self._index.add(self._first[numbers], vectors)
            self._let_go(numbers)
            for number in numbers.tolist():
                del self._waiting[number]

    def _candidates(self, probe: Floats, scores: Floats, numbers: Numbers) -> tuple[Candidate, ...]:
        found = []
        for rank, (score, number) in enumerate(zip(scores.tolist(), numbers.tolist(), strict=True), start=1):
            found.append(Candidate(self._roster.name(number), self._most_alike(number, probe), score, rank))
        return tuple(found)

    def _most_alike(self, number: int, probe: Floats) -> int:
        held = self._held(number)
        return held[0] if len(held) == 1 else held[int((self._templates.templates(held) @ probe).argmax())]

    def _held(self, number: int) -> tuple[int, ...]:
        """A subject's references, the first one first."""
        first = int(self._first[number])
        return () if first == NOWHERE else self._several.get(number, (first,))

    def _hold(self, number: int, references: Sequence[int]) -> None:
        """Sorted, so that a gallery that was changed makes the same vectors as one that is read anew."""
        self._searched += bool(references) - int(self._first[number] != NOWHERE)
        self._first[number] = min(references, default=NOWHERE)
        if len(references) > 1:
            self._several[number] = tuple(sorted(references))
        else:
            self._several.pop(number, None)

    def _give(self, number: int, references: Sequence[int]) -> None:
        self._hold(number, (*self._held(number), *references))
        self._owners.put(np.asarray(references, np.int64), np.full(len(references), number, np.int64))

    def _change(self, numbers: Iterable[int]) -> None:
        """To be told before the subjects change."""
        for number in numbers:
            self._waiting.setdefault(number, int(self._first[number]))

    def _let_go(self, numbers: Numbers) -> None:
        """Of the templates of those with one reference, whose weights nobody asked for."""
        alone = [number for number in numbers.tolist() if number not in self._several]
        first = self._first[alone]
        if len(alone):
            self._templates.drop(first[np.isnan(self._templates.weights(first))].tolist())

    def _fused(self, numbers: Numbers) -> Floats:
        """(n, D) of unit length."""
        fused = self._templates.templates(self._first[numbers])
        for row, number in enumerate(numbers.tolist()):
            held = self._several.get(number)
            if held is not None:
                fused[row] = fuse(self._templates.templates(held), self._templates.weights(held))
        return np.asarray(fused / np.linalg.norm(fused, axis=1, keepdims=True), np.float32)
