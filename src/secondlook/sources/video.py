"""Video files as ``Frame``: at their times, upright, with square pixels, and with a count of what was broken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from secondlook.errors import SourceError
from secondlook.sources.clock import Clock, stamp_of
from secondlook.sources.cuts import CutCounter
from secondlook.sources.decoding import Tally, check_size, every_picture, opened, pictures
from secondlook.sources.opening import Named, shown
from secondlook.sources.photos import MAX_PIXELS
from secondlook.sources.thinning import Thinning
from secondlook.sources.upright import shown_size, upright_rgb
from secondlook.types import Frame, Pixels

USUAL_RATE: Final = 25.0
"""Frames a second where a file does not tell."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a video says about itself, and its first frame shows."""

    width: int
    height: int
    pixel_aspect: Fraction | None
    rate: float | None
    duration_s: float | None
    frames: int | None


class VideoFrames:
    """The frames of a video file, upright, as RGB with square pixels; can be iterated more than once.

    path: the file. stride: give every n-th frame. every_s: give a frame only where this many seconds have passed since
    the last one given; both may be used, and a frame that is not given is decoded but not converted, which is cheap.
    max_side: shrink frames whose longer side is more px. limit: most pixels in a frame.

    ``Frame.index`` counts decoded frames, given or not, from 0. ``time_s`` is the presentation time from the first
    frame (variable rates as they are; see ``Clock`` for missing and broken stamps). ``shot`` counts the cuts before it,
    seen in every decoded frame, given or not.

    Opening reads up to the first frame. Raises SourceError where the file is damaged beyond that, UnsupportedSource
    where it holds no video, SourceTooLarge where a frame exceeds the limit (also while iterating).
    """

    def __init__(
        self,
        path: Named,
        stride: int = 1,
        *,
        every_s: float = 0.0,
        max_side: int | None = None,
        limit: int = MAX_PIXELS,
    ) -> None:
        if stride < 1 or every_s < 0 or (max_side is not None and max_side < 1):
            raise ValueError(f"stride {stride}, every_s {every_s} and max_side {max_side} must be positive")
        self.source = os.fspath(path)
        self._stride, self._every_s, self._max_side, self._limit = stride, every_s, max_side, limit
        self._tally, self._last_s = Tally(), 0.0
        self._facts = self._first_look()

    @property
    def width(self) -> int:
        """Of the first frame as it is given, in px. Later frames may differ."""
        return self._facts.width

    @property
    def height(self) -> int:
        return self._facts.height

    @property
    def pixel_aspect(self) -> Fraction | None:
        """Width of a pixel by its height, None where the file does not tell."""
        return self._facts.pixel_aspect

    @property
    def rate(self) -> float | None:
        """Average frames a second, None where the file does not tell."""
        return self._facts.rate

    @property
    def duration_s(self) -> float | None:
        """As the file's header has it; None where it does not tell."""
        return self._facts.duration_s

    @property
    def frames_estimate(self) -> int | None:
        """Frames in the file before ``stride`` and ``every_s``, by its header; for progress only."""
        return self._facts.frames

    @property
    def decoded(self) -> int:
        """Frames decoded in the current or last pass, given or not."""
        return self._tally.decoded

    @property
    def damaged(self) -> int:
        """Packets of the current or last pass that could not be decoded, and were skipped."""
        return self._tally.damaged

    @property
    def repaired(self) -> int:
        """Frames of the current or last pass that were damaged and that the decoder filled in by guessing."""
        return self._tally.repaired

    @property
    def warning(self) -> str | None:
        """After a pass: one sentence where something was missing, else None."""
        tally, duration = self._tally, self._facts.duration_s
        found = []
        if tally.damaged:
            found.append(f"{tally.damaged} packets could not be decoded")
        if tally.repaired:
            found.append(f"{tally.repaired} frames were filled in by the decoder")
        if duration is not None and ends_early(self._last_s, duration):
            found.append(f"it ends after {self._last_s:.1f} s of {duration:.1f} s")
        if not found:
            return None
        return f"{shown(self.source)} is damaged ({', '.join(found)}): compare with the original recording."

    def __iter__(self) -> Iterator[Frame]:
        tally = self._tally = Tally()
        clock, cuts = Clock(1 / (self.rate or USUAL_RATE)), CutCounter()
        thinning = Thinning(self._stride, self._every_s)
        # a bare stream has no stamps by which the last frames could be told from those already given
        threads = "SLICE" if self.duration_s is None else "AUTO"
        with closing(every_picture(self.source, self._limit, tally, threads=threads)) as decoded:
            for index, picture in enumerate(decoded):
                self._last_s, shot = clock.at(stamp_of(picture)), _shot(cuts, picture)
                if not thinning.takes(index, self._last_s):
                    continue
                pixels = self._pixels(picture, self._facts.pixel_aspect, tally)
                if pixels is not None:
                    thinning.gave(self._last_s)
                    yield Frame(pixels, self.source, index, self._last_s, shot)

    def _pixels(self, picture: av.VideoFrame, pixel_aspect: Fraction | None, tally: Tally) -> Pixels | None:
        """None where this frame's pixels cannot be converted, which is counted."""
        width, height = shown_size(picture.width, picture.height, pixel_aspect, None)
        check_size(self.source, width, height, self._limit)
        try:
            return upright_rgb(picture, pixel_aspect, self._max_side)
        except av.FFmpegError:
            tally.damaged += 1
            return None

    def _first_look(self) -> Facts:
        tally = Tally()
        with opened(self.source, self._limit) as (container, stream):
            aspect = stream.sample_aspect_ratio
            duration = _duration(container, stream)
            rate = _rate(stream, bare=duration is None)
            frames = _frame_count(stream, rate, duration)
            with closing(pictures(container, stream, tally)) as decoded:
                for picture in decoded:
                    pixels = self._pixels(picture, aspect, tally)
                    if pixels is not None:
                        height, width = pixels.shape[:2]
                        return Facts(width, height, aspect, rate, duration, frames)
        raise SourceError(
            f"{shown(self.source)} has a video in which no frame can be decoded: it is damaged or encrypted, so export "
            "it again from its origin."
        )


def ends_early(last_s: float, duration_s: float) -> bool:
    """Whether the last frame comes well before the end that the header names."""
    return last_s < 0.9 * duration_s - 0.5


def _shot(cuts: CutCounter, picture: av.VideoFrame) -> int:
    try:
        return cuts.see(picture)
    except av.FFmpegError:  # a pixel format that cannot be converted: counted where the frame itself is
        return cuts.cuts


def _rate(stream: VideoStream, bare: bool) -> float | None:
    """bare: without a container, where the average is only what demuxers suppose, and the coded headers know better."""
    likely = (stream.guessed_rate, stream.average_rate) if bare else (stream.average_rate, stream.guessed_rate)
    for rate in likely:
        if rate and 0.01 <= rate <= 1000:
            return float(rate)
    return None


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.duration > 0 and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration and container.duration > 0:
        # of all tracks together, of which the pictures may begin later than the sound
        first = (container.start_time or 0) / av.time_base
        begins = (
            first if stream.start_time is None or not stream.time_base else float(stream.start_time * stream.time_base)
        )
        return max(0.0, container.duration / av.time_base - max(0.0, begins - first))
    return None


def _frame_count(stream: VideoStream, rate: float | None, duration_s: float | None) -> int | None:
    if stream.frames > 0:
        return stream.frames
    if rate is None or duration_s is None:
        return None
    return max(1, round(rate * duration_s))
