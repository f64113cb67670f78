"""What is covered in each frame of a camera, as its frames come: look, hold back, decide who may stay visible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from secondlook.redact.live import Hold, Settled
from secondlook.redact.planning import Wanted, planned_areas
from secondlook.redact.record import RedactedArea
from secondlook.redact.rulings import Rulings, rulings_of
from secondlook.runs.redact_kit import Kit
from secondlook.types import Detections, Frame

Trouble = Callable[[str], None]
"""Told, in one sentence, why a frame could not be looked at."""


@dataclass(frozen=True, eq=False, slots=True)
class Planned:
    """areas: what is covered or kept; None where nothing is known about this frame, so that all of it is covered."""

    frame: Frame
    areas: tuple[RedactedArea, ...] | None


def planned(frames: Iterable[Frame], kit: Kit, delay_s: float, trouble: Trouble) -> Iterator[Planned]:
    """Every frame, in order, some time after it came. A frame that cannot be looked at is covered wholly, and ends
    nothing."""
    hold, pieces = Hold(delay_s, kit.alone), _Pieces(kit, delay_s)
    wanted = Wanted(kit.ask.chosen, pieces.rulings, kit.ask.places)

    def plan(settled: Settled) -> Planned:
        frame = settled.frame
        areas = planned_areas(settled.moment, wanted, frame.source, frame.time_s, {})
        pieces.rulings.forget(frame.index)
        return Planned(frame, areas if settled.known else None)

    for frame in frames:
        faces = _looked(frame, kit, trouble)
        pieces.see(frame, faces)
        yield from map(plan, hold.see(frame, faces))
    pieces.end()
    yield from map(plan, hold.rest())


def _looked(frame: Frame, kit: Kit, trouble: Trouble) -> Detections | None:
    height, width = frame.pixels.shape[:2]
    try:
        return kit.look(width, height)(frame)
    except Exception as error:  # noqa: BLE001 - told, and the frame is covered wholly
        trouble(f"frame {frame.index} of {frame.source} could not be looked at ({type(error).__name__}: {error})")
        return None


class _Pieces:
    """Decides who stays visible from one piece of the picture after another, each no longer than frames are held back:
    a piece is decided before any of its frames is let go, and by nothing but what was seen in it."""

    def __init__(self, kit: Kit, longest_s: float) -> None:
        self.rulings = Rulings()
        self._kit, self._longest_s = kit, longest_s
        self._piece: list[tuple[Frame, Detections]] = []

    def see(self, frame: Frame, faces: Detections | None) -> None:
        if self._kit.identifier is None or faces is None:
            return
        if self._piece and self._full(frame):
            self.end()
        self._piece.append((frame, faces))

    def end(self) -> None:
        piece, self._piece = self._piece, []
        if not piece:
            return
        found = {frame.index: faces for frame, faces in piece}
        first, last = piece[0][0], piece[-1][0]
        seconds = (last.time_s or 0.0) - (first.time_s or 0.0)
        frame_s = seconds / max(1, last.index - first.index)
        for sighting in self._kit.in_video((frame for frame, _ in piece), lambda frame: found[frame.index]):
            self.rulings.add(rulings_of(sighting, self._kit.ask.chosen, frame_s))

    def _full(self, frame: Frame) -> bool:
        first = self._piece[0][0]
        return frame.shot != first.shot or (frame.time_s or 0.0) - (first.time_s or 0.0) >= self._longest_s
