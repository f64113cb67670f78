"""Coded pictures on their way to somebody who may be slow: what cannot be taken in time is left out, up to the next
picture at which decoding can begin. Whoever sends never waits."""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Final, Protocol

from secondlook.redact.coding import Coded

_MOST: Final = 100


class Sink(Protocol):
    """Where a covered live picture goes, beside the disk."""

    @property
    def shown(self) -> str:
        """Its address without user and password."""
        ...

    @property
    def sent(self) -> int:
        """Pictures that went out."""
        ...

    @property
    def left_out(self) -> int:
        """Pictures for which there was nobody, or no room."""
        ...

    @property
    def sentence(self) -> str:
        """The last trouble, in one sentence, or empty."""
        ...

    def send(self, coded: Coded) -> None:
        """Takes the next picture, and does not wait."""
        ...

    def close(self) -> None: ...


class Feed:
    """A queue of pictures from one thread to another, which begins with one at which decoding can begin."""

    def __init__(self, most: int = _MOST) -> None:
        self._queue: Queue[Coded] = Queue(most)
        self._broken = True
        self._closed = threading.Event()
        self.left_out = 0

    def put(self, coded: Coded) -> None:
        if self._broken and not coded.key:
            self.left_out += 1
            return
        try:
            self._queue.put_nowait(coded)
            self._broken = False
        except Full:
            self._broken = True
            self.left_out += 1

    def following(self) -> Coded | None:
        """The next, however long that takes; None where none will come any more."""
        while not self.ended:
            with suppress(Empty):
                return self._queue.get(timeout=0.2)
        return None

    def next_key(self) -> Coded | None:
        """The next at which decoding can begin, however long that takes; None where none will come any more."""
        while (coded := self.following()) is not None and not coded.key:
            self.left_out += 1
        return coded

    def begin_anew(self) -> None:
        """Leaves out what is waiting: it has grown old."""
        self._broken = True
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
                self.left_out += 1

    def close(self) -> None:
        """Nothing more is put; what is there may still be got."""
        self._closed.set()

    @property
    def ended(self) -> bool:
        return self._closed.is_set() and self._queue.empty()
