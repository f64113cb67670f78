"""A video in parts that can be read apart from each other, on several machines say, and give what one pass would.

``timeline`` reads the packets without decoding them; ``split`` cuts between them; ``PartFrames`` decodes one part from the
key frame before it. Neighbouring parts decode some frames in common, so that whoever puts them together can see that
both saw the same; where not, or where there is no timeline, one pass from the beginning is what counts.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import dropwhile
from typing import Final

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from secondlook.sources.clock import Clock
from secondlook.sources.cuts import CutCounter
from secondlook.sources.decoding import Tally, check_size, decoded, opened, packets, pictures
from secondlook.sources.opening import Named
from secondlook.sources.thinning import Thinning
from secondlook.sources.upright import shown_size, upright_rgb
from secondlook.sources.video import USUAL_RATE, VideoFrames, ends_early
from secondlook.types import Frame, Pixels

SHARED: Final = 9
"""Frames that two neighbours both decode: the last of the first, and what comes after it. A stream that could not be
begun at its key frame after all differs in the frames that follow it."""

_SEEKS: Final = 6

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Timeline:
    """Every frame of a video in the order of presentation, by its place from 0.

    stamps: (n,) ascending, in the file's ticks. times: (n,) seconds, as ``Frame.time_s``. keys: (k,) places at which
    decoding can begin. looked: (m,) places of the frames that are looked at.
    """

    stamps: Places
    times: NDArray[np.float64]
    keys: Places
    looked: Places


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """The frames of a video from ``first`` up to, not including, ``end``.

    key: stamp at which decoding begins, None for the beginning of the file. stamps: of every frame that is decoded, from
    the one before ``first`` (where there is one) to the last that is shared with the next part. looked, times: (m,) places
    of the frames that are looked at, and when they are, s.
    """

    first: int
    end: int
    key: int | None
    stamps: Places
    looked: Places
    times: NDArray[np.float64]


def timeline(path: Named, every_s: float, limit: int) -> Timeline | None:
    """None where the file is not whole or its frames cannot be told apart by their stamps. Raises as ``VideoFrames``."""
    video, tally = VideoFrames(path, limit=limit), Tally()
    stamps, keys = list[int](), set[int]()
    with opened(path, limit) as (container, stream):
        tick = stream.time_base
        for packet in packets(container, stream, tally):
            if not packet.size or packet.is_discard:
                continue
            if packet.pts is None or packet.is_corrupt:
                return None
            stamps.append(packet.pts)
            if packet.is_keyframe:
                keys.add(packet.pts)
    ordered = sorted(stamps)
    if tally.damaged or not ordered or tick is None or len(set(ordered)) < len(ordered) or ordered[0] not in keys:
        return None
    clock, thinning = Clock(1 / (video.rate or USUAL_RATE)), Thinning(1, every_s)
    times, looked = list[float](), list[int]()
    for place, stamp in enumerate(ordered):
        now = clock.at(float(stamp * tick))
        times.append(now)
        if thinning.takes(place, now):
            thinning.gave(now)
            looked.append(place)
    if video.duration_s is None or ends_early(times[-1], video.duration_s):
        return None
    places = [place for place, stamp in enumerate(ordered) if stamp in keys]
    return Timeline(_places(ordered), np.array(times), _places(places), _places(looked))


def split(line: Timeline, looks: int) -> tuple[Part, ...]:
    """Parts of about ``looks`` frames that are looked at, each but the first beginning right after a key frame where
    those come often enough."""
    firsts, last = [0], 0
    counts = np.searchsorted(line.looked, line.keys + 1)
    for key, count in zip(line.keys.tolist(), counts.tolist(), strict=True):
        while count - last >= 3 * looks:  # rare key frames: a part then decodes some of what the one before it decoded
            last += looks
            firsts.append(int(line.looked[last]))
        if count - last >= looks and len(line.looked) - count >= max(1, looks // 2):
            last = count
            firsts.append(key + 1)
    while len(line.looked) - last >= 2 * looks:
        last += looks
        firsts.append(int(line.looked[last]))
    return tuple(_part(line, first, end) for first, end in zip(firsts, [*firsts[1:], len(line.stamps)], strict=True))


def _part(line: Timeline, first: int, end: int) -> Part:
    before = max(0, first - 1)
    key = line.stamps[line.keys[np.searchsorted(line.keys, before, side="right") - 1]]
    looked = line.looked[np.searchsorted(line.looked, first) : np.searchsorted(line.looked, end)]
    stamps = line.stamps[before : end - 1 + SHARED]
    return Part(first, end, int(key) if first else None, stamps, looked, line.times[looked])


class PartFrames:
    """The frames of one part that are looked at; iterated once. ``Frame.shot`` counts the cuts within the part.

    threads: of the decoder. limit: most pixels in a frame. After the pass, ``whole`` says whether every frame came as the
    timeline has it; ``cuts`` how many there were; ``opening`` and ``closing`` are checksums of the frames that are shared
    with the part before and after. Raises as ``VideoFrames``.
    """

    def __init__(self, path: Named, part: Part, limit: int, threads: int = 1) -> None:
        self._path, self._part, self._limit, self._threads = os.fspath(path), part, limit, threads
        self._aspect: Fraction | None = None
        self.whole, self.cuts = False, 0
        self.opening, self.closing = list[int](), list[int]()

    def __iter__(self) -> Iterator[Frame]:
        part, tally = self._part, Tally()
        place = max(0, part.first - 1)
        ends = place + len(part.stamps)
        due = dict(zip(part.looked.tolist(), part.times.tolist(), strict=True))
        cuts = CutCounter()
        with closing(self._decoded(tally)) as frames:
            try:
                for stamp, picture in zip(part.stamps.tolist(), frames, strict=False):
                    if picture.pts != stamp or picture.is_corrupt:
                        return
                    if place < part.end:
                        self.cuts = cuts.see(picture)
                    self._share(place, picture)
                    if place in due:
                        yield Frame(self._pixels(picture), self._path, place, due[place], self.cuts)
                    place += 1
            except av.FFmpegError:  # cannot be sought in, or not converted: then nothing of it counts
                return
        self.whole = place == ends and not tally.damaged

    def _decoded(self, tally: Tally) -> Generator[av.VideoFrame, None, None]:
        with opened(self._path, self._limit) as (container, stream):
            stream.codec_context.thread_count = self._threads
            self._aspect = stream.sample_aspect_ratio
            if self._part.key is None:
                yield from pictures(container, stream, tally)
                return
            begins = int(self._part.stamps[0])
            _go_to(self._part.key, container, stream)
            for picture in decoded(_from_key(packets(container, stream, tally)), tally):
                if picture.pts is None or picture.pts >= begins:
                    yield picture

    def _share(self, place: int, picture: av.VideoFrame) -> None:
        part = self._part
        opens, closes = 0 <= place - part.first + 1 < SHARED, place >= part.end - 1
        if (part.first and opens) or closes:
            sum_ = zlib.crc32(picture.to_ndarray(format="gray").tobytes())
            if part.first and opens:
                self.opening.append(sum_)
            if closes:
                self.closing.append(sum_)

    def _pixels(self, picture: av.VideoFrame) -> Pixels:
        width, height = shown_size(picture.width, picture.height, self._aspect, None)
        check_size(self._path, width, height, self._limit)
        return upright_rgb(picture, self._aspect, None)


def _go_to(key: int, container: InputContainer, stream: VideoStream) -> None:
    """To the key frame of that stamp, or one before it: containers without an index are sought in by guessing."""
    back = round(1 / (stream.time_base or 1))
    for step in range(_SEEKS):
        target = key - (2**step - 1) * back
        container.seek(target, stream=stream, backward=True)
        first = next(_from_key(packets(container, stream, Tally())), None)
        if first is not None and first.pts is not None and first.pts <= key:
            container.seek(target, stream=stream, backward=True)
            return
    container.seek(0)


def _from_key(packets: Iterable[av.Packet[VideoStream]]) -> Iterator[av.Packet[VideoStream]]:
    return dropwhile(lambda packet: not packet.is_keyframe, packets)


def _places(values: Sequence[int]) -> Places:
    return np.array(values, np.int64)
