"""Work that costs little more for several than for one: calls that come at the same time are done together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")


def _taken() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(eq=False, slots=True)
class _Waiting(Generic[A, B]):
    """A call on its way; afterwards its one answer, or why there is none. turn: released when it is done, or when it is this
    caller's turn to work (works)."""

    asked: A
    answer: tuple[B, ...] = ()
    error: Exception | None = None
    works: bool = False
    turn: threading.Lock = field(default_factory=_taken)


class Together(Generic[A, B]):
    """Whoever calls while nobody works does the work, for all who wait by then; the others wait for their answers.

    So nobody waits for company, and the busier it is, the more is done at once. Each is woken once, when there is something
    to do: woken all at once they would wait for each other (measured at 100 searches a second: half of their time). Safe
    from several threads.
    """

    def __init__(self, work: Callable[[Sequence[A]], Sequence[B]], most: int | None = None) -> None:
        """work: several questions -> as many answers, in their order; what it raises is raised to each who asked. most: of
        them at once; None: all who wait."""
        self._work, self._most = work, most
        self._lock = threading.Lock()
        self._queue: deque[_Waiting[A, B]] = deque()
        self._working = False

    def __call__(self, asked: A) -> B:
        mine: _Waiting[A, B] = _Waiting(asked)
        try:
            self._queue_up(mine)
            if not mine.works:
                mine.turn.acquire()
            if mine.works:
                self._lead(mine)
        except BaseException:
            self._give_up(mine)
            raise
        if mine.error is not None:
            raise mine.error
        (answer,) = mine.answer
        return answer

    def _queue_up(self, mine: _Waiting[A, B]) -> None:
        with self._lock:
            self._queue.append(mine)
            if not self._working:
                self._working = mine.works = True

    def _lead(self, mine: _Waiting[A, B]) -> None:
        """The first in the queue works for those behind it."""
        batch: list[_Waiting[A, B]] = []
        try:
            with self._lock:
                count = len(self._queue) if self._most is None else min(self._most, len(self._queue))
                batch += [self._queue.popleft() for _ in range(count)]
            self._do(batch)
        finally:
            self._hand_over(mine)
            for waiting in batch:
                if not waiting.answer and waiting.error is None:
                    waiting.error = RuntimeError("whoever did the work was stopped")
                if waiting is not mine:
                    waiting.turn.release()

    def _do(self, batch: Sequence[_Waiting[A, B]]) -> None:
        try:
            for waiting, answer in zip(batch, self._work([one.asked for one in batch]), strict=True):
                waiting.answer = (answer,)
        except Exception as error:  # noqa: BLE001 - it is raised to each of them
            for waiting in batch:
                waiting.error = error

    def _hand_over(self, mine: _Waiting[A, B]) -> None:
        """To whoever has waited longest."""
        with self._lock:
            mine.works = False
            following = self._queue[0] if self._queue else None
            self._working = following is not None
            if following is not None:
                following.works = True
        if following is not None:
            following.turn.release()

    def _give_up(self, mine: _Waiting[A, B]) -> None:
        """Interrupted: who leaves must not be waited for."""
        with self._lock:
            if mine in self._queue:
                self._queue.remove(mine)
        if mine.works:
            self._hand_over(mine)
