"""The index in memory, kept as the gallery on the disk is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from secondlook.gallery import reading
from secondlook.gallery.changes import Room
from secondlook.gallery.comparison import Chosen
from secondlook.gallery.founding import Foundation
from secondlook.gallery.subject_index import SubjectIndex


class CurrentIndex:
    """One at a time may use it; the others wait. chosen: the comparison asked for, None for the cosine."""

    def __init__(self, foundation: Foundation, chosen: Chosen | None) -> None:
        self._foundation = foundation
        self._chosen = chosen
        self._lock = threading.RLock()
        self._index: SubjectIndex | None = None
        self._failures = 0

    @contextmanager
    def held(self) -> Iterator[SubjectIndex]:
        """The index as the gallery now is: read anew where it was changed by somebody else.

        Also where a change failed: a key may be dropped all the same, and then its subject is searched no more.
        """
        database = self._foundation.database
        with self._lock:
            failures, revision = database.failures, database.revision()
            if self._index is None or self._index.revision != revision or self._failures != failures:
                with database.reading() as session:
                    room = Room(session, self._foundation.vault, database.place)
                    self._index = reading.subject_index(room, self._chosen)
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
