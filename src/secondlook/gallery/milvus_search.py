"""A gallery searched in Milvus: its rows and keys stay where they are, one vector a subject lies in clear in Milvus.

The rows decide. What is in Milvus is brought in line with them before a search wherever the gallery was changed: each vector's
stamp says which references, under which pack and comparison, it was made of, so only what differs is made anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.errors import OutputError
from secondlook.faces.fuse import fuse
from secondlook.gallery import reading
from secondlook.gallery.changes import Room
from secondlook.gallery.comparison import in_scale
from secondlook.gallery.founding import Foundation
from secondlook.gallery.milvus import MilvusIndex
from secondlook.gallery.people import checked_templates
from secondlook.gallery.records import ReferenceRow, SubjectRow
from secondlook.gallery.sealing import Kind
from secondlook.gallery.vault import SubjectSeal
from secondlook.ports import Comparison
from secondlook.types import Candidate, Floats

_BATCH = 2048
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Brought:
    """What it took to bring Milvus in line. revision: of the gallery that it is in line with."""

    revision: int
    made: int
    removed: int
    kept: int


def collection_name(gallery: str, comparison: str) -> str:
    """gallery: id in hex. One collection each: none is searched with another, and one can be dropped alone."""
    return f"secondlook_{gallery}_{hashlib.sha256(comparison.encode()).hexdigest()[:12]}"


class MilvusSearch:
    """``ports.Searchable``: the nearest subjects of a gallery, found in Milvus. Safe from several processes, not threads."""

    def __init__(self, foundation: Foundation, index: MilvusIndex, pack: str, comparison: Comparison) -> None:
        """For ``open``; use that. index: the collection of this gallery and comparison. pack: what both are for."""
        self.pack = pack
        self._database = foundation.database
        self._vault = foundation.vault
        self._index = index
        self._comparison = comparison
        self._at: tuple[int, int] | None = None  # revision, failures
        self._subjects = 0

    @classmethod
    def open(cls, foundation: Foundation, place: str, pack: str, comparison: Comparison) -> MilvusSearch:
        """place: as in ``MilvusIndex.open``. Nothing is brought there before it is searched. Raises OutputError, GalleryError,
        ExtraMissing."""
        name = collection_name(foundation.id, comparison.id)
        return cls(foundation, MilvusIndex.open(place, name, comparison.dimension), pack, comparison)

    @property
    def subjects(self) -> int:
        """How many subjects have at least one reference."""
        self.bring()
        return self._subjects

    def search(self, template: Floats, pack: str, k: int = 5) -> tuple[Candidate, ...]:
        """The k nearest subjects, best first, each once, of one state of the gallery. Exact. Raises PackMismatch,
        OutputError where Milvus cannot be asked, or the gallery is changed faster than it can be searched."""
        reading.check_pack(self._database.place, self.pack, pack)
        probe = checked_templates(np.asarray(template)[None], np.asarray(template).size)
        for _ in range(_TRIES):
            self.bring()
            scores, ids = self._index.search(self._comparison.probes(probe), k)
            there = ids[0] >= 0
            with self._database.reading() as session:
                room = self._room(session)
                now = reading.meta(room)
                # whoever changed the gallery meanwhile may have brought Milvus along already
                if (now.revision, self._database.failures) == self._at:
                    told = in_scale(self._comparison, scores[0][there]).tolist()
                    return self._candidates(room, ids[0][there].tolist(), told, probe[0])
        raise OutputError(f"{self._database.place} is changed all the time: search it again when that is over.")

    def bring(self) -> Brought | None:
        """Bring Milvus in line with the gallery; None where nothing was changed since this did so. The first time, and
        after each change, the number of every subject is listed on both sides."""
        if self._at == (self._database.revision(), self._database.failures):
            return None
        with self._database.reading() as session:  # nearly all of it, while others may write
            before = self._brought(self._room(session))
        failures = self._database.failures
        with self._database.locked() as session:  # the rest, while nobody does, nor brings it along at once
            done = self._brought(self._room(session))
        self._at = (done.revision, failures)
        return Brought(done.revision, before.made + done.made, before.removed + done.removed, done.kept)

    def erase_removed(self) -> int:
        """Once somebody was removed from the gallery: so also from Milvus and, as far as its word goes, from its files; how
        many vectors are left. Milvus's own logs and backups it clears in its own time."""
        self.bring()
        with self._database.locked():
            return self._index.rewrite()

    @property
    def out_of_sight(self) -> tuple[str, ...]:
        """For an erasure's receipt (``custody.erasing.erase``)."""
        return (
            f"In Milvus at {self._index.place} a vector of each subject lies in clear: that nothing of it is left in its files, "
            "its logs and its backups once it is rewritten is that server's word.",
        )

    def close(self) -> None:
        self._index.close()

    def _brought(self, room: Room) -> Brought:
        now = reading.meta(room)
        reading.check_pack(self._database.place, now.pack, self.pack)  # it may have been given another one
        opened, _ = reading.seals(room)
        held: dict[str, list[int]] = {}
        for id_, subject in room.session.execute(select(ReferenceRow.id, ReferenceRow.subject_id)):
            if subject in opened:
                held.setdefault(subject, []).append(id_)
        wanted = {min(ids): (subject, self._stamp(now.pack, ids)) for subject, ids in held.items()}
        there = self._index.stamps()
        gone = [id_ for id_ in there if id_ not in wanted]
        new = [id_ for id_, (_, stamp) in wanted.items() if there.get(id_) != stamp]
        self._index.remove(np.array(gone, np.int64))
        for start in range(0, len(new), _BATCH):
            firsts = new[start : start + _BATCH]
            vectors = self._vectors(room, [opened[wanted[first][0]] for first in firsts])
            self._index.add(np.array(firsts, np.int64), vectors, [wanted[first][1] for first in firsts])
        self._subjects = len(wanted)
        return Brought(now.revision, len(new), len(gone), len(wanted) - len(new))

    def _vectors(self, room: Room, seals: list[SubjectSeal]) -> Floats:
        """(n, D) in the order of the subjects."""
        weighed = reading.weighed(room, seals)
        rows: dict[str, list[int]] = {}
        for row, owner in enumerate(weighed.owners):
            rows.setdefault(owner, []).append(row)
        fused = np.stack([_fused(weighed.templates, weighed.weights, rows[seal.subject]) for seal in seals])
        return self._comparison.references(fused)

    def _stamp(self, pack: str, ids: list[int]) -> str:
        made_of = f"{pack} {self._comparison.id} {sorted(ids)}"
        return hashlib.sha256(made_of.encode()).hexdigest()[:32]

    def _candidates(self, room: Room, firsts: list[int], scores: list[float], probe: Floats) -> tuple[Candidate, ...]:
        found = []
        for rank, (first, score) in enumerate(zip(firsts, scores, strict=True), start=1):
            owner = room.session.get_one(ReferenceRow, first).subject_id
            seal = reading.subject_seal(room, owner)
            name = seal.open(room.session.get_one(SubjectRow, owner).sealed_name, Kind.NAME).decode()
            weighed = reading.weighed(room, [seal])
            likest = int(np.asarray(weighed.ids)[int((weighed.templates @ probe).argmax())])
            found.append(Candidate(name, likest, score, rank))
        return tuple(found)

    def _room(self, session: Session) -> Room:
        return Room(session, self._vault, self._database.place)


def _fused(templates: Floats, weights: Floats, rows: list[int]) -> Floats:
    """(D,) of unit length, as in memory."""
    one = templates[rows[0]] if len(rows) == 1 else fuse(templates[rows], weights[rows])
    return np.asarray(one / np.linalg.norm(one), np.float32)
