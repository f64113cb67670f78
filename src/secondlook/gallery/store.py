"""The gallery: who is enrolled, and who of them is nearest to a probe."""

from __future__ import annotations

import uuid
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from sqlalchemy import select

from secondlook.errors import GalleryError, UnknownSubject
from secondlook.gallery import changes, reading
from secondlook.gallery.changes import Enrolled, Room
from secondlook.gallery.comparison import Chosen, fitting
from secondlook.gallery.current import CurrentIndex
from secondlook.gallery.founding import Foundation, found, found_in_memory, reopened
from secondlook.gallery.held import Weighed
from secondlook.gallery.keys import KeySource
from secondlook.gallery.knowing import Known, known
from secondlook.gallery.milvus_search import MilvusSearch
from secondlook.gallery.names import Place, Who, folded_name
from secondlook.gallery.people import NewReference, Reference, Subject, checked_templates
from secondlook.gallery.records import RetiredKeyRow
from secondlook.gallery.reembedding import Embed, Progress, reembed
from secondlook.gallery.sealing import Kind
from secondlook.gallery.subject_index import SubjectIndex
from secondlook.ports import Comparison
from secondlook.types import Candidate, Floats, Quality


class Gallery:
    """Enrolled subjects and their references; ``ports.Searchable``. Safe from several threads and processes.

    Every change is one transaction, on the disk when the call returns. Everything of a person is sealed under the
    person's own key; a subject whose key was dropped is *blinded*: counted, never searched, removable. What stays in
    clear: how many subjects and references there are, when a subject was first enrolled, and the pack.

    Any method raises OutputError where the disk does not take a change, and GalleryError where a row was changed from
    outside. A folder is not for network file systems (SQLite's write-ahead log needs shared memory): for many hosts
    there is PostgreSQL. Not across a fork: each process opens its own.
    """

    def __init__(
        self,
        foundation: Foundation,
        chosen: Chosen | None = None,
        current: CurrentIndex | None = None,
        witness: Callable[[], object] | None = None,
        indexes: weakref.WeakSet[CurrentIndex] | None = None,
    ) -> None:
        """For the makers below; use those. They compare by the cosine until ``compared_by`` says otherwise."""
        self._foundation = foundation
        self._database = foundation.database
        self._vault = foundation.vault
        self._chosen = chosen
        self._current = current or CurrentIndex(foundation, chosen)
        self._indexes = weakref.WeakSet[CurrentIndex]() if indexes is None else indexes
        self._indexes.add(self._current)
        self._witness = witness

    @classmethod
    def create(cls, path: str | Path, *, pack: str, dimension: int, key: KeySource | None = None) -> Gallery:
        """A new gallery in a folder which is empty or not there yet, or in PostgreSQL.

        path: the folder, or ``postgresql://USER@HOST/DATABASE?schema=NAME``, a schema which is empty or not there yet.
        pack: id of the pack whose templates it will hold. dimension: length of its templates. key: where the
        gallery's key is, or is to be kept; by default a file in ``$SECONDLOOK_HOME/keys``. Never in the folder.
        Raises GalleryError where the folder is taken, GalleryLocked, OutputError.
        """
        return cls(found(path, pack, dimension, key))

    @classmethod
    def open(cls, path: str | Path, *, key: KeySource | None = None) -> Gallery:
        """One that is there. key: as at its making, by default as remembered from there.

        Raises GalleryMissing, GalleryVersion, GalleryLocked (the key is missing or wrong).
        """
        gallery = cls(reopened(path, key))
        gallery._drop_retired()
        return gallery

    @classmethod
    def in_memory(cls, pack: str, dimension: int) -> Gallery:
        """One that leaves nothing behind: no file, keys in memory."""
        return cls(found_in_memory(pack, dimension))

    def compared_by(self, comparison: Comparison) -> Gallery:
        """The same gallery, searched by another comparison; it has an index of its own in memory.

        The comparison is for templates of the pack the gallery has now. Where it does not fit them, and later where
        the gallery's pack was changed, PackMismatch is raised. Closing either closes both. Where it is compared so already,
        this very gallery is given back.
        """
        with self._reading() as room:
            meta = reading.meta(room)
            chosen = Chosen(comparison, meta.pack)
            fitting(chosen, meta.pack, meta.dimension, self.place)
        if self._chosen is not None and (self._chosen.pack, self._chosen.comparison.id) == (meta.pack, comparison.id):
            return self
        return Gallery(self._foundation, chosen, indexes=self._indexes)

    def in_milvus(self, place: str) -> MilvusSearch:
        """The same gallery and comparison, searched in Milvus, where a vector of each subject then lies in clear. place:
        ``http://HOST:19530``, or a file of Milvus Lite that ends in ``.db``. Raises OutputError, GalleryError, ExtraMissing."""
        with self._reading() as room:
            meta = reading.meta(room)
            comparison = fitting(self._chosen, meta.pack, meta.dimension, self.place)
        return MilvusSearch.open(self._foundation, place, meta.pack, comparison)

    def witnessed(self, by: Callable[[], object]) -> Gallery:
        """The same gallery; each change made through this one calls ``by`` before it counts, and is not made where that
        raises. Only ``remove`` drops the key first, which nothing brings back."""
        return Gallery(self._foundation, self._chosen, self._current, by, self._indexes)

    def close(self) -> None:
        """Nor can any that was made of it by ``compared_by``, or that it was made of, be used from here on."""
        for index in list(self._indexes):
            index.close()
        self._foundation.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # What is there

    @property
    def id(self) -> str:
        """uuid in hex, for as long as the gallery lives."""
        return self._foundation.id

    @property
    def place(self) -> str:
        """Its folder, its address without a password, or words that say that it has none."""
        return self._database.place

    @property
    def folder(self) -> Path:
        """Where this host keeps files that belong to it, its log first of all. Raises GalleryError where it has none."""
        if self._foundation.folder is None:
            raise GalleryError(f"No file belongs to {self.place}: make a gallery on the disk, or in PostgreSQL.")
        return self._foundation.folder

    @property
    def files(self) -> tuple[Path, ...]:
        """Files and folders in which something of a subject may lie: what an erasure looks through."""
        return self._foundation.files

    @property
    def out_of_sight(self) -> tuple[str, ...]:
        """Sentences on where else something of a subject may lie, which nobody can look through from here."""
        return self._foundation.out_of_sight

    @property
    def revision(self) -> int:
        """Rises with every change."""
        return self._database.revision()

    @property
    def pack(self) -> str:
        with self._reading() as room:
            return reading.meta(room).pack

    @property
    def dimension(self) -> int:
        """Length of a template."""
        with self._reading() as room:
            return reading.meta(room).dimension

    @property
    def subjects(self) -> int:
        """How many can be found: those with at least one reference that are not blinded."""
        with self._current.held() as index:
            return index.subjects

    @property
    def blinded(self) -> int:
        """How many subjects cannot be read because their keys were dropped."""
        with self._current.held() as index:
            return index.blinded

    def __len__(self) -> int:
        """How many references are searched."""
        with self._current.held() as index:
            return len(index)

    @property
    def enrolled(self) -> int:
        """How many have a reference, blinded or not; told by the rows alone, so that nothing is opened for it."""
        with self._reading() as room:
            return reading.enrolled(room)

    def page(self, after: Place | None, most: int, containing: str = "") -> tuple[Subject, ...]:
        """At most so many subjects by name, without those blinded. after: ``place_of`` the last one that was seen; None: from
        the beginning. containing: only those with this in their names, whatever the case."""
        with self._current.held() as index:
            ids = index.named(after, most, folded_name(containing) if containing else "")
        with self._reading() as room:
            found = (reading.subject_or_none(room, id_) for id_ in ids)
            return tuple(subject for subject in found if subject is not None)

    def owners(self, references: Iterable[int]) -> dict[int, str]:
        """The ids of the subjects whose these references are, as they are searched now; of those that are gone none."""
        with self._current.held() as index:
            found = {reference: index.owner(reference) for reference in references}
        return {reference: owner for reference, owner in found.items() if owner is not None}

    def subject_list(self) -> tuple[Subject, ...]:
        """Everybody enrolled, by name, without those blinded."""
        with self._reading() as room:
            return reading.subject_list(room)

    def references(self, subject: Who) -> tuple[Reference, ...]:
        """Of one subject, oldest first. Raises UnknownSubject, GalleryLocked where it is blinded."""
        with self._reading() as room:
            return reading.references(room, subject)

    def reference(self, id: int) -> Reference:  # noqa: A002
        """The one a candidate names. Raises GalleryError where there is none or its subject is blinded."""
        with self._reading() as room:
            return reading.reference(room, id)

    def templates(self, subject: Who) -> Floats:
        """(n, D) of one subject, oldest first. Raises UnknownSubject, GalleryLocked."""
        return self.weighted_templates(subject)[0]

    def weighted_templates(self, subject: Who) -> tuple[Floats, Floats]:
        """As ``templates``, and what each weighs in the subject's fused template: (n,) quality scores, 0 to 1."""
        with self._reading() as room:
            return reading.weighted_templates(room, subject)

    def qualities(self, subject: Who) -> tuple[Quality, ...]:
        """Of one subject's references, oldest first. Raises UnknownSubject, GalleryLocked."""
        with self._reading() as room:
            return reading.qualities(room, subject)

    def has_picture(self, subject: Who, sha256: str) -> bool:
        """Whether that picture (SHA-256 of its file, in hex) is enrolled for that subject. Raises UnknownSubject."""
        with self._reading() as room:
            return changes.has_picture(room, changes.person(room, subject), sha256)

    def subject(self, id: str) -> Subject:  # noqa: A002
        """By its id in hex. Raises UnknownSubject, GalleryLocked where its key was dropped."""
        with self._reading() as room:
            return reading.subject(room, id)

    def subject_id(self, name: str) -> str:
        """In hex; of a blinded subject, too. Raises UnknownSubject."""
        with self._reading() as room:
            return changes.subject_row(room, name).id

    # What others keep

    def seal(self, plain: bytes, what: str, subject: str | None = None) -> bytes:
        """Sealed with the key of a subject (id in hex), so that dropping that reaches it; with a key of the gallery's
        where it is about nobody. what: where it belongs, it opens nowhere else. Raises UnknownSubject, GalleryLocked."""
        if subject is None:
            return self._vault.seal_other(plain, what)
        with self._reading() as room:
            return reading.subject_seal(room, subject).close(plain, Kind.RECORD, picture=what.encode())

    def unseal(self, sealed: bytes, what: str, subject: str | None = None) -> bytes:
        """What ``seal`` has sealed. Raises GalleryError where it was changed, UnknownSubject, GalleryLocked."""
        if subject is None:
            return self._vault.open_other(sealed, what)
        with self._reading() as room:
            return reading.subject_seal(room, subject).open(sealed, Kind.RECORD, picture=what.encode(), row=what)

    # Search

    def search(self, template: Floats, pack: str, k: int = 5) -> tuple[Candidate, ...]:
        """template: (D,) of unit length -> the k nearest subjects, best first, each once, with its likest reference.

        A subject is compared by one template fused of all its references, so that many of them make nobody a likelier
        false candidate. The score is the comparison's: the cosine, unless ``compared_by`` said otherwise. Exact.
        Raises PackMismatch where ``pack`` is not the gallery's.
        """
        return self.search_many(np.asarray(template)[None], pack, k)[0]

    def search_many(self, templates: Floats, pack: str, k: int = 5) -> tuple[tuple[Candidate, ...], ...]:
        """templates: (n, D) of unit length, n may be 0 -> as ``search``, one for each."""
        with self._current.held() as index:
            reading.check_pack(self.place, index.pack, pack)
            return index.search(checked_templates(templates, index.dimension), k)

    def scores(self, probes: Floats, templates: Floats) -> Floats:
        """probes: (m, D), templates: (n, D), of unit length, m and n may be 0 -> (m, n), as if each template were a
        subject's here."""
        with self._current.held() as index:
            asked, many = (checked_templates(each, index.dimension) for each in (probes, templates))
            return index.scores(asked, many)

    # Change

    def enrol(self, subject: Who, references: Sequence[NewReference], pack: str) -> tuple[int | None, ...]:
        """Add references to a subject, who is made where a name is new. All of them or, where anything is raised, none.

        Returns their ids, None for a picture which that subject has already. Raises PackMismatch, GalleryError where
        a template or the name is none, GalleryLocked where the subject is blinded.
        """
        return self.enrol_many(((subject, references),), pack)[0] if references else ()

    def enrol_many(
        self, people: Sequence[tuple[Who, Sequence[NewReference]]], pack: str
    ) -> tuple[tuple[int | None, ...], ...]:
        """As ``enrol`` for each, in one transaction, which makes it fast: for galleries that are brought in. All or none; a
        few thousand at a time, since all of it is held in memory. Whoever is new is named once."""
        with self._writing() as room:
            meta = reading.meta(room)
            reading.check_pack(self.place, meta.pack, pack)
            templates = _stacked([new for _, references in people for new in references], meta.dimension)
            enrolled = changes.enrol(room, people, pack)
            several = reading.weighed(room, [one.person.seal for one in enrolled if not one.alone])
            revision = meta.revision
        added = _alone(enrolled, templates)

        def follow(index: SubjectIndex) -> None:
            index.name({one.person.id: one.person.name for one in enrolled})
            index.add(added)
            index.add(several)

        self._current.follow(revision, follow)
        return tuple(one.ids for one in enrolled)

    def rename(self, old: Who, new: str) -> None:
        """Raises UnknownSubject, SubjectExists, GalleryLocked where it is blinded."""
        with self._writing() as room:
            person = changes.rename(room, old, new)
            revision = reading.meta(room).revision
        self._current.follow(revision, lambda index: index.name({person.id: person.name}))

    def merge(self, into: Who, from_: Who) -> None:
        """Make one subject of two: ``from_``'s references go to ``into``, sealed anew, and ``from_`` is no more.

        A picture that both had stays once. Raises UnknownSubject, GalleryLocked where one of them is blinded.
        """
        with self._writing() as room:
            merged = changes.merge(room, into, from_)
            weighed = reading.weighed(room, [merged.into])
            revision = reading.meta(room).revision

        def follow(index: SubjectIndex) -> None:
            index.merge(merged.into.subject, merged.gone, merged.doubled)
            index.add(weighed)

        self._current.follow(revision, follow)
        self._drop_retired()
        self._current.remove_files()

    def split(self, subject: Who, references: Sequence[int], name: str, id: str | None = None) -> str:  # noqa: A002
        """Make a new subject of some of one's references, and give its id. The references keep theirs.

        id: that it is to have, uuid in hex; None: any.
        What others have sealed with the subject's key stays the subject's. Raises UnknownSubject, GalleryLocked,
        SubjectExists, and GalleryError where a reference is another's, or all or none are named.
        """
        with self._writing() as room:
            divided = changes.split(room, subject, references, name, id or uuid.uuid4().hex)
            left, made = divided.left, divided.made
            weighed = reading.weighed(room, [left, made.seal])
            revision = reading.meta(room).revision

        def follow(index: SubjectIndex) -> None:
            index.name({made.id: made.name})
            index.split(left.subject, made.id, references)
            index.add(weighed)

        self._current.follow(revision, follow)
        self._database.write_back()  # what was sealed with the first subject's key is overwritten
        return made.id

    def remove(self, subject: Who) -> None:
        """Remove a subject and drop its key, which blinds every copy of its rows.

        Raises UnknownSubject; OutputError where the disk is full, and then the subject is at least blinded.
        """
        with self._reading() as room:
            gone = changes.subject_row(room, subject).id
        if not self.remove_by_id(gone):
            raise UnknownSubject(f"There is no subject '{subject}' in {self.place} any more.")

    def remove_by_id(self, subject: str) -> bool:
        """As ``remove``, by the subject's id in hex; False where there is none, and then its key is dropped at least."""
        self._drop_retired()
        with self._writing() as room:
            there = changes.remove(room, subject)
            revision = reading.meta(room).revision
        if there:
            self._current.follow(revision, lambda index: index.remove_subject(subject))
        self._current.remove_files()
        self._database.write_back()
        return there

    def known(self, subject: str) -> Known:
        """All that is kept of a subject (id in hex), to be looked for once it is erased. Raises UnknownSubject."""
        with self._reading() as room:
            return known(room, subject)

    def remove_blinded(self) -> int:
        """Remove the rows of all subjects whose keys were dropped; how many subjects that were."""
        with self._writing() as room:
            _, gone = reading.seals(room)
            for subject in gone:
                changes.remove(room, subject)
        self._current.remove_files()
        self._database.write_back()
        return len(gone)

    def remove_reference(self, id: int) -> None:  # noqa: A002
        """Remove one reference; its subject stays, even without any. Raises GalleryError where there is none."""
        with self._writing() as room:
            changes.remove_reference(room, id)
            self._current.forget_files()
            revision = reading.meta(room).revision
        self._current.follow(revision, lambda index: index.remove([id]))
        self._database.write_back()

    def reembed(self, pack: str, dimension: int, embed: Embed, progress: Progress = lambda done, total: None) -> None:
        """Change the gallery's pack: make every template anew from its crop, then swap all of them at once.

        Where anything is raised, nothing has changed. References of blinded subjects stay as they are.
        """
        reembed(self._database, self._vault, pack, dimension, embed, progress)
        self._current.forget_files()

    @contextmanager
    def _reading(self) -> Iterator[Room]:
        with self._database.reading() as session:
            yield Room(session, self._vault, self.place)

    @contextmanager
    def _writing(self) -> Iterator[Room]:
        with self._database.writing() as session:
            yield Room(session, self._vault, self.place)
            if self._witness is not None:
                session.flush()  # what the database refuses is refused before anybody is told
                self._witness()

    def _drop_retired(self) -> None:
        with self._reading() as room:
            waiting = room.session.scalar(select(RetiredKeyRow.subject_id).limit(1)) is not None
        if waiting:
            with self._database.locked() as session:
                changes.drop_retired(Room(session, self._vault, self.place))


def _stacked(references: Sequence[NewReference], dimension: int) -> Floats:
    """(n, D). Raises GalleryError where one is no template."""
    each = [checked_templates(np.asarray(new.template)[None], dimension) for new in references]
    return np.concatenate([np.zeros((0, dimension), np.float32), *each])


def _alone(enrolled: Sequence[Enrolled], templates: Floats) -> Weighed:
    """The new ones that are their subjects' only references, which nothing has to be weighed against. templates: (n, D) of
    all that were to be enrolled."""
    ids = [(id_, one) for one in enrolled for id_ in one.ids]
    rows = [row for row, (id_, one) in enumerate(ids) if id_ is not None and one.alone]
    return Weighed(
        ids=[id_ for id_, one in ids if id_ is not None and one.alone],
        owners=[one.person.id for id_, one in ids if id_ is not None and one.alone],
        templates=templates[rows],
        weights=np.full(len(rows), np.nan, np.float32),
    )
