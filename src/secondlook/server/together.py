"""Work that costs little more for several than for one: calls that come at the same time are done together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")


@dataclass(eq=False, slots=True)
class _Waiting(Generic[A, B]):
    """A call on its way; afterwards its answer, or why there is none."""

    asked: A
    answer: B | None = None
    error: Exception | None = None
    done: bool = False


class Together(Generic[A, B]):
    """Whoever calls while nobody works does the work, for all who wait by then; the others wait for their answers.

    So nobody waits for company, and the busier it is, the more is done at once. Safe from several threads.
    """

    def __init__(self, work: Callable[[Sequence[A]], Sequence[B]], most: int) -> None:
        """work: several questions -> as many answers, in their order; what it raises is raised to each who asked. most: of
        them at once."""
        self._work, self._most = work, most
        self._turn = threading.Condition()
        self._queue: deque[_Waiting[A, B]] = deque()
        self._working = False

    def __call__(self, asked: A) -> B:
        mine: _Waiting[A, B] = _Waiting(asked)
        with self._turn:
            self._queue.append(mine)
        while True:
            with self._turn:
                while self._working and not mine.done:
                    self._turn.wait()
                if mine.done:
                    return _outcome(mine)
                self._working = True
                batch = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
            try:
                self._do(batch)
            finally:
                with self._turn:
                    self._working = False
                    self._turn.notify_all()

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


def _outcome(waiting: _Waiting[A, B]) -> B:
    if waiting.error is not None:
        raise waiting.error
    return waiting.answer  # type: ignore[return-value]  # where there is no error there is an answer, and None may be one
