"""Looking at a camera's frames with less work, where there is less to see or too little time.

Between two looks people walk, and who has walked too far is taken for somebody new. So when time is short the pictures are
searched at a smaller size, and only when that does not help are there fewer looks (``docs/watch.md`` has the figures).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from secondlook.assemble import Identifier
from secondlook.faces.detect import find_faces
from secondlook.identify import Detect
from secondlook.types import Detections, Frame, Pixels

COARSE: Final = 2 / 3
"""Of the side at which pictures are searched, where time is short."""

MOVED: Final = 3.5 / 255
"""Change of a cell's brightness from which something has moved in it: four levels. Measured (``bench.camera_looks still``):
a face 24 px wide is noticed after 3 px, one of 64 after 1.5; noise of 4 levels, coded as H.264 with CRF 20 to 35, changes
no cell by more than three."""

AT_LEAST_S: Final = 1.0
"""After so long a picture is searched even where nothing has moved."""

_VIEW: Final = (64, 36)
"""Width and height of the small grey view on which two pictures are compared: cells of 20 px in 720p."""

_SHORT: Final = 0.1
_PLENTY: Final = 0.6
"""Share of the time spent waiting for frames below which time is short, and above which there is enough for a full search,
which takes 2.25 times as long."""

_MEMORY: Final = 0.1
_STAY_S: Final = 10.0


class Looker:
    """The search for faces: not done again where the picture is still the same, coarse where time is short. A ``Detect``.

    full, coarse: the searches. looked: frames that came here; unchanged, coarsely: those of them that were not searched,
    and that were searched coarsely.
    """

    def __init__(self, full: Detect, coarse: Detect, load: Load) -> None:
        self._full, self._coarse, self._load = full, coarse, load
        self._found, self._view = Detections.none(), np.zeros((0, 0), np.float32)
        self._shown: tuple[int, tuple[int, ...]] | None = None
        self._searched_s = -np.inf
        self.looked = self.unchanged = self.coarsely = 0

    def __call__(self, frame: Frame) -> Detections:
        view = small_view(frame.pixels)
        self.looked += 1
        if self._same(frame, view):
            self.unchanged += 1
            return self._found
        short = self._load.short
        self.coarsely += short
        self._found = (self._coarse if short else self._full)(frame)
        # compared with what was searched last, so that what creeps is noticed too
        self._view, self._shown = view, (frame.shot, frame.pixels.shape)
        self._searched_s = -np.inf if frame.time_s is None else frame.time_s
        return self._found

    def _same(self, frame: Frame, view: NDArray[np.float32]) -> bool:
        if frame.time_s is None or frame.time_s - self._searched_s >= AT_LEAST_S:
            return False
        same_shot = self._shown == (frame.shot, frame.pixels.shape)
        return same_shot and float(np.abs(view - self._view).max()) < MOVED


class Load:
    """Whether time is short: how much of it is spent waiting for frames. clock: seconds, for tests."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting, self._since_s, self.short = 0.5, clock(), False

    def on(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The frames, with their waits and what is done with each taken note of."""
        asked_s = self._clock()
        for frame in frames:
            came_s = self._clock()
            yield frame
            done_s = self._clock()
            self._learn((came_s - asked_s) / max(done_s - asked_s, 1e-6), done_s)
            asked_s = done_s

    def _learn(self, waiting: float, now_s: float) -> None:
        self._waiting += _MEMORY * (waiting - self._waiting)
        turned = self._waiting > _PLENTY if self.short else self._waiting < _SHORT
        if turned and now_s - self._since_s >= _STAY_S:
            self.short, self._since_s = not self.short, now_s


def looker(identifier: Identifier, load: Load) -> Looker:
    search = identifier.stages.video_search
    side = None if search.max_side is None else round(search.max_side * COARSE)
    coarse = replace(search, max_side=side)
    return Looker(identifier.look, lambda frame: find_faces(identifier.detector, frame.pixels, coarse), load)


def small_view(pixels: Pixels) -> NDArray[np.float32]:
    """(36, 64) mean brightness, 0 to 1, of what each cell shows."""
    small = cv2.resize(np.ascontiguousarray(pixels), _VIEW, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(np.asarray(small, np.uint8), cv2.COLOR_RGB2GRAY), np.float32) / np.float32(255)
