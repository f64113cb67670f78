"""Covered pictures as H.264, one packet for each picture at once, and packets into whatever holds or carries them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias

import av
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from secondlook.redact.planes import fitted, yuv420
from secondlook.types import Pixels

TICK: Final = Fraction(1, 90_000)
"""Unit of all times here, s."""
Size: TypeAlias = tuple[int, int]
"""Width and height, px, both even."""

_BT709: Final = 1
_LIMITED: Final = 1
_USUAL_RATE: Final = Fraction(25)
_X264: Final = {
    "preset": "veryfast",
    # nothing is held back: what was given is out, and a killed process loses no picture that had been coded
    "tune": "zerolatency",
    "crf": "20",
    "forced-idr": "1",
    "x264-params": "keyint=infinite:scenecut=0",
}


@dataclass(frozen=True, slots=True)
class Coded:
    """One picture. data: H.264 as in Annex B, with parameter sets where ``key``. at: its time in ticks. key: whether
    decoding can begin here."""

    data: bytes
    at: int
    key: bool
    size: Size


class Coder:
    """Codes pictures of one size, given in the order of their times. Every ``key_s`` seconds decoding can begin."""

    def __init__(self, size: Size, key_s: float = 2.0) -> None:
        self.size = size
        self._key_ticks = round(key_s / TICK)
        self._last_key: int | None = None
        self._context = _context(size)

    def code(self, pixels: Pixels, at: int, key: bool = False) -> Coded:
        """pixels: (H, W, 3) of any size, fitted to this one. key: decoding must be able to begin here."""
        key = key or self._last_key is None or at - self._last_key >= self._key_ticks
        frame = yuv420(fitted(pixels, self.size), _BT709, full_range=False)
        frame.pts, frame.time_base = at, TICK
        frame.pict_type = PictureType.I if key else PictureType.NONE
        if key:
            self._last_key = at
        (packet,) = self._context.encode(frame)
        return Coded(bytes(packet), at, packet.is_keyframe, self.size)


def even(height: int, width: int) -> Size:
    """The size at which a picture is coded: one row or column more where it must be even."""
    return width + width % 2, height + height % 2


class Muxer:
    """Packets of one size into one container, whose time begins with the first. Closing ends it."""

    def __init__(self, container: OutputContainer, size: Size) -> None:
        self._container = container
        self._stream = container.add_mux_stream("h264", rate=_USUAL_RATE, width=size[0], height=size[1], time_base=TICK)
        self._first: int | None = None

    def write(self, coded: Coded) -> None:
        """The first must be one at which decoding can begin."""
        if self._first is None:
            self._first = coded.at
        packet = av.Packet(coded.data)
        packet.pts = packet.dts = coded.at - self._first
        packet.time_base, packet.is_keyframe, packet.stream = TICK, coded.key, self._stream
        self._container.mux(packet)

    def close(self) -> None:
        self._container.close()


def _context(size: Size) -> VideoCodecContext:
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height = size
    context.pix_fmt, context.time_base, context.framerate = "yuv420p", TICK, _USUAL_RATE
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED
    context.options = dict(_X264)
    found: VideoCodecContext = context
    return found
