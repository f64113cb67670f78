"""What is done for several at once, and what is kept for a moment."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from secondlook.errors import CalibrationStale
from secondlook.server.remembering import MOST, Remembered
from secondlook.together import Together


def test_everybody_gets_their_own_answer_and_nobody_waits_for_company() -> None:
    batches: list[int] = []

    def doubled(asked: Sequence[int]) -> list[int]:
        batches.append(len(asked))
        return [2 * number for number in asked]

    together = Together(doubled, most=4)
    assert together(21) == 42 and batches == [1]
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(together, range(500))) == [2 * number for number in range(500)]
    assert sum(batches) == 501 and max(batches) <= 4


def test_who_comes_while_somebody_works_is_done_with_the_next() -> None:
    busy, go, batches = threading.Event(), threading.Event(), []

    def work(asked: Sequence[int]) -> Sequence[int]:
        batches.append(sorted(asked))
        if len(batches) == 1:
            busy.set()
            assert go.wait(30)
        return asked

    together = Together(work, most=8)
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(together, 0)
        assert busy.wait(30)
        others = [threads.submit(together, number) for number in range(1, 6)]
        while len(together._queue) < 5:
            pass
        go.set()
        assert [first.result(30), *(one.result(30) for one in others)] == [0, 1, 2, 3, 4, 5]
    assert batches == [[0], [1, 2, 3, 4, 5]]


def test_who_is_interrupted_while_waiting_is_not_waited_for() -> None:
    busy, go = threading.Event(), threading.Event()

    def work(asked: Sequence[int]) -> Sequence[int]:
        if asked[0] == 0:
            busy.set()
            assert go.wait(30)
        return asked

    together = Together(work, most=1)

    def interrupt() -> None:
        while len(together._queue) < 1:
            pass
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    try:
        with ThreadPoolExecutor(3) as threads:
            first = threads.submit(together, 0)
            assert busy.wait(30)
            threads.submit(interrupt)
            with pytest.raises(KeyboardInterrupt):
                together(1)
            assert not together._queue
            third = threads.submit(together, 2)
            while not together._queue:
                pass
            go.set()
            assert (first.result(30), third.result(30), together(3)) == (0, 2, 3)
    finally:
        signal.signal(signal.SIGINT, before)


def test_whoever_works_and_is_stopped_hands_on() -> None:
    def work(asked: Sequence[int]) -> Sequence[int]:
        if 13 in asked:
            raise KeyboardInterrupt
        return asked

    together = Together(work)
    with pytest.raises(KeyboardInterrupt):
        together(13)
    assert together(1) == 1


def test_what_goes_wrong_is_told_to_each_and_it_goes_on() -> None:
    def work(asked: Sequence[int]) -> Sequence[int]:
        if 13 in asked:
            raise CalibrationStale("the gallery has outgrown its calibration.")
        return asked

    together = Together(work, most=1)
    with ThreadPoolExecutor(8) as threads:
        found = [threads.submit(together, number) for number in range(20)]
    for number, one in enumerate(found):
        if number == 13:
            with pytest.raises(CalibrationStale, match="outgrown"):
                one.result()
        else:
            assert one.result() == number


def test_an_answer_is_kept_for_a_moment_and_forgotten_when_it_changes() -> None:
    asked: list[str] = []

    def look_up() -> str:
        asked.append("asked")
        return f"answer {len(asked)}"

    kept: Remembered[str, str] = Remembered(seconds=3600)
    assert kept.get("a", look_up) == kept.get("a", look_up) == "answer 1"
    assert kept.get("b", look_up) == "answer 2"
    kept.forget()
    assert kept.get("a", look_up) == "answer 3"
    short: Remembered[str, str] = Remembered(seconds=0)
    assert short.get("a", look_up) == "answer 4" and short.get("a", look_up) == "answer 5"


def test_what_was_looked_up_before_a_change_is_not_kept_after_it() -> None:
    kept: Remembered[str, str] = Remembered(seconds=3600)

    def changed_meanwhile() -> str:
        kept.forget()
        return "old"

    assert kept.get("a", changed_meanwhile) == "old"
    assert kept.get("a", lambda: "new") == "new"


def test_an_error_is_not_kept_and_many_are_no_leak() -> None:
    kept: Remembered[int, int] = Remembered(seconds=3600)
    with pytest.raises(ZeroDivisionError):
        kept.get(0, lambda: 1 // 0)
    for number in range(3 * MOST):
        assert kept.get(number, lambda number=number: number) == number
    assert len(kept._held) <= MOST
