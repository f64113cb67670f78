"""Runs a generator some steps ahead in a thread, so that decoding and the rest of the work go on at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

T = TypeVar("T")


class _End(Generic[T]):
    """The end of what is read ahead. error: what ended it, None where it was whole."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


@contextmanager
def ahead(items: Iterable[T], depth: int = 4) -> Iterator[Iterator[T]]:
    """The same items in the same order, ``depth`` of them made in advance; whatever is raised is raised here.

    The thread has ended when the block is left, however that happens.
    """
    queue: Queue[T | _End[T]] = Queue(depth)
    stop = threading.Event()

    def work() -> None:
        try:
            for item in items:
                if not _put(queue, item, stop):
                    return
            _put(queue, _End(), stop)
        except BaseException as error:  # noqa: BLE001 - raised again where the items are used
            _put(queue, _End(error), stop)

    thread = threading.Thread(target=work, name="ahead", daemon=True)
    thread.start()
    try:
        yield _given(queue)
    finally:
        stop.set()
        thread.join()


def _put(queue: Queue[T], item: T, stop: threading.Event) -> bool:
    """False where nobody wants it any more."""
    while not stop.is_set():
        try:
            queue.put(item, timeout=0.1)
            return True
        except Full:
            continue
    return False


def _given(queue: Queue[T | _End[T]]) -> Iterator[T]:
    while True:
        try:
            item = queue.get(timeout=1)
        except Empty:
            continue
        if isinstance(item, _End):
            if item.error is not None:
                raise item.error
            return
        yield item
