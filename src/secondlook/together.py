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
    """A call on its way; afterwards its answer, or why there is none. turn: released when it is done, or when it is this
    caller's turn to work (works)."""

    asked: A
    answer: B | None = None
    error: BaseException | None = None
    done: bool = False
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
        with self._lock:
            self._queue.append(mine)
            mine.works = not self._working
            self._working = True
        if not mine.works:
            self._wait(mine)
        if not mine.done:
            self._lead(mine)
        return _outcome(mine)

    def _wait(self, mine: _Waiting[A, B]) -> None:
        try:
            mine.turn.acquire()
        except BaseException:  # interrupted: what was given to this caller is given on
            with self._lock:
                if mine in self._queue:
                    self._queue.remove(mine)
            if mine.works:
                self._hand_over((), mine)
            raise

    def _lead(self, mine: _Waiting[A, B]) -> None:
        """The first in the queue works for those behind it."""
        with self._lock:
            count = len(self._queue) if self._most is None else min(self._most, len(self._queue))
            batch = [self._queue.popleft() for _ in range(count)]
        try:
            self._do(batch)
        finally:
            self._hand_over(batch, mine)

    def _do(self, batch: Sequence[_Waiting[A, B]]) -> None:
        try:
            for waiting, answer in zip(batch, self._work([one.asked for one in batch]), strict=True):
                waiting.answer = answer
        except Exception as error:  # noqa: BLE001 - it is raised to each of them
            for waiting in batch:
                waiting.error = error
        except BaseException:
            for waiting in batch:
                waiting.error = RuntimeError("whoever did the work was stopped")
            raise
        finally:
            for waiting in batch:
                waiting.done = True

    def _hand_over(self, done: Sequence[_Waiting[A, B]], mine: _Waiting[A, B]) -> None:
        with self._lock:
            following = self._queue[0] if self._queue else None
            if following is None:
                self._working = False
            else:
                following.works = True
        if following is not None:
            following.turn.release()
        for waiting in done:
            if waiting is not mine:
                waiting.turn.release()


def _outcome(waiting: _Waiting[A, B]) -> B:
    if waiting.error is not None:
        raise waiting.error
    return waiting.answer  # type: ignore[return-value]  # where there is no error there is an answer, and None may be one
