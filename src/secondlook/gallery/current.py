"""The index in memory, kept as the gallery on the disk is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from secondlook.gallery import reading
from secondlook.gallery.changes import Room
from secondlook.gallery.comparison import Chosen, fitting
from secondlook.gallery.founding import Foundation
from secondlook.gallery.index_file import Taken
from secondlook.gallery.kept_index import KeptIndexes
from secondlook.gallery.subject_index import SubjectIndex

WORTH_KEEPING = 10_000
"""References from which on reading them row by row, some 0.1 ms each, takes so long that the index is kept in a file."""

PAUSE_S = 300.0
"""After a change the file is written anew no earlier: it is half a gigabyte for a million, whatever the change."""


class _ChangedMeanwhileError(Exception):
    """The index is not any more what the first piece of it was."""


class CurrentIndex:
    """One at a time may use it; the others wait. chosen: the comparison asked for, None for the cosine.

    A large one is kept in a sealed file, written beside all that goes on, and when the gallery is closed.
    """

    def __init__(self, foundation: Foundation, chosen: Chosen | None) -> None:
        self._foundation = foundation
        self._chosen = chosen
        self._kept = KeptIndexes(foundation)
        self._lock = threading.RLock()
        self._index: SubjectIndex | None = None
        self._failures = 0
        self._in_file: int | None = None  # revision
        self._saving: threading.Timer | None = None
        self._closed = False

    @contextmanager
    def held(self) -> Iterator[SubjectIndex]:
        """The index as the gallery now is: read anew where it was changed by somebody else.

        Also where a change failed: a key may be dropped all the same, and then its subject is searched no more.
        """
        database = self._foundation.database
        with self._lock:
            failures, revision = database.failures, database.revision()
            if self._index is None or self._index.revision != revision or self._failures != failures:
                self._index = None  # two at once are more than the memory may hold
                self._index = self._read()
                self._failures = failures
            yield self._index

    def follow(self, revision: int, change: Callable[[SubjectIndex], None]) -> None:
        """Let the index follow our own change, unless somebody else's came between: then it will be read anew."""
        with self._lock:
            held, self._index = self._index, None  # and stays None should the change raise
            if held is not None and held.revision == revision - 1:
                change(held)
                held.revision = revision
            self._index = held
            self._save_after(PAUSE_S)

    def forget_files(self) -> None:
        """Where something is not to be found any more in any of them, although no key was dropped."""
        self._kept.forget()

    def remove_files(self) -> None:
        """Those which nobody can open any more, because a key was dropped."""
        self._kept.remove()

    def close(self) -> None:
        """What is not in the file yet is written now."""
        with self._lock:
            self._closed = True
            saving, self._saving = self._saving, None
        if saving is not None:
            saving.cancel()
            if saving.is_alive():
                saving.join()  # it is writing: a large one takes seconds
        self._save()
        with self._lock:
            self._index = None

    def _read(self) -> SubjectIndex:
        database = self._foundation.database
        with database.reading() as session:
            room = Room(session, self._foundation.vault, database.place)
            now = reading.meta(room)
            comparison = fitting(self._chosen, now.pack, now.dimension, room.place)
            kept = self._kept.load(now, comparison)
            self._in_file = None if kept is None else kept.revision
            found = kept or reading.subject_index(room, now, comparison)
        self._index = found
        self._save_after(0.0)
        return found

    def _save_after(self, seconds: float) -> None:
        """With the lock."""
        if self._closed or self._saving is not None or not self._stale():
            return
        self._saving = threading.Timer(seconds, self._save_in_time)
        self._saving.daemon = True
        self._saving.start()

    def _save_in_time(self) -> None:
        self._save()
        with self._lock:
            self._saving = None
            self._save_after(PAUSE_S)  # where it was changed while it was written

    def _stale(self) -> bool:
        index = self._index
        return (
            index is not None
            and self._foundation.folder is not None
            and len(index) >= WORTH_KEEPING
            and self._in_file != index.revision
        )

    def _save(self) -> None:
        try:
            taken = self._taken()
            if taken is not None and self._kept.save(taken):
                self._in_file = taken.listed.state.revision
        except _ChangedMeanwhileError:
            pass  # it is written another time

    def _taken(self) -> Taken | None:
        with self._lock:
            index = self._index
            if index is None or not self._stale():
                return None
            index.settle()
            listed = index.listed()
            if listed is None:
                return None
            return Taken(listed, index.vectors.ids(), index.templates.ids(), self._blocks(index, index.revision))

    def _blocks(self, index: SubjectIndex, revision: int) -> Iterator[bytes]:
        """A copy of each, so that nobody waits for one to be sealed and written."""
        for rows in (index.vectors, index.templates):
            for number in range(rows.block_count):
                with self._lock:
                    if self._index is not index or index.revision != revision:
                        raise _ChangedMeanwhileError
                    content = rows.block(number).tobytes()
                yield content
