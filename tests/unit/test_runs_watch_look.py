"""Less work where nothing moves, and where time is short; never at the price of what comes into view."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from secondlook.fakes import FakeDetector, Square, painted
from secondlook.runs.watch_look import Load, Looker, small_view
from secondlook.types import Detections, Frame

GREEN = (0, 255, 0)


class Searched:
    """A search that remembers which frames it was asked for."""

    def __init__(self) -> None:
        self.frames: list[int] = []

    def __call__(self, frame: Frame) -> Detections:
        self.frames.append(frame.index)
        return FakeDetector().detect(frame.pixels)


def frame(index: int, *squares: Square, shot: int = 0, time_s: float | None = -1.0) -> Frame:
    pixels = painted(720, 1280, squares)
    return Frame(pixels, "street", index, index / 10 if time_s == -1.0 else time_s, shot)


def looking() -> tuple[Looker, Searched, Searched]:
    full, coarse = Searched(), Searched()
    return Looker(full, coarse, Load()), full, coarse


def test_a_still_picture_is_searched_once_a_second() -> None:
    look, full, _ = looking()
    found = [look(frame(i, Square(100, 100, 40, GREEN))) for i in range(25)]
    assert full.frames == [0, 10, 20] and (look.looked, look.unchanged) == (25, 22)
    assert all(len(one) == 1 for one in found), "whoever stands still stays in view"


def test_what_moves_comes_or_goes_is_searched() -> None:
    look, full, _ = looking()
    for i, square in enumerate([None, Square(100, 100, 24, GREEN), Square(104, 100, 24, GREEN), None]):
        assert len(look(frame(i, *([square] if square else [])))) == (square is not None)
    assert full.frames == [0, 1, 2, 3]


def test_what_creeps_is_noticed() -> None:
    """Each step is too small to be seen, but the picture is compared with the one that was searched."""
    look, full, _ = looking()
    base = np.full((720, 1280, 3), 100, np.uint8)
    for i in range(9):
        look(Frame(base + np.uint8(i), "street", i, i / 10))
    assert 2 <= len(full.frames) < 9


def test_another_shot_another_size_and_a_picture_without_a_time_are_searched() -> None:
    look, full, _ = looking()
    look(frame(0))
    look(frame(1, shot=1))
    look(replace(frame(2, shot=1), pixels=painted(360, 640)))
    assert full.frames == [0, 1, 2]
    for i in (3, 4):
        look(frame(i, time_s=None))
    assert full.frames == [0, 1, 2, 3, 4]


def test_noise_is_no_movement() -> None:
    rng = np.random.default_rng(0)
    look, full, _ = looking()
    for i in range(8):
        noisy = np.clip(np.rint(rng.normal(110, 6, (720, 1280, 3))), 0, 255).astype(np.uint8)
        look(Frame(noisy, "street", i, i / 10))
    assert full.frames == [0]


def test_the_small_view_is_the_mean() -> None:
    view = small_view(painted(720, 1280, (Square(0, 0, 20, (255, 255, 255)),)))
    assert view.shape == (36, 64)
    assert view[0, 0] == pytest.approx(1) and view[0, 1] == pytest.approx(128 / 255, abs=0.01)


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def worked(load: Load, clock: Clock, waits_s: float, works_s: float, frames: int) -> None:
    def coming() -> Iterator[Frame]:
        for index in range(frames):
            clock.now_s += waits_s
            yield frame(index)

    for _ in load.on(coming()):
        clock.now_s += works_s


def test_time_is_short_where_frames_wait_and_not_where_they_are_waited_for() -> None:
    clock = Clock()
    load = Load(clock)
    worked(load, clock, 0.15, 0.05, 200)
    assert not load.short
    worked(load, clock, 0.0, 0.3, 12)
    assert not load.short, "a moment's load is none"
    worked(load, clock, 0.0, 0.3, 60)
    assert load.short
    worked(load, clock, 0.1, 0.1, 500)
    assert load.short, "half of the time is too little for a search that takes twice as long"
    worked(load, clock, 0.15, 0.05, 100)
    assert not load.short


def test_where_time_is_short_the_search_is_coarse_and_that_is_counted() -> None:
    clock = Clock()
    load, full, coarse = Load(clock), Searched(), Searched()
    worked(load, clock, 0.0, 1.0, 60)
    look = Looker(full, coarse, load)
    look(frame(0))
    assert (full.frames, coarse.frames, look.coarsely) == ([], [0], 1)
