"""Short made-up videos of many kinds; nobody is in them."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np


@dataclass(frozen=True)
class Kind:
    container: str
    codec: str
    options: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.codec} in {self.container}"


KINDS = (
    Kind("mp4", "libx264", (("bf", "3"), ("g", "12"))),
    Kind("mp4", "libx265", (("x265-params", "log-level=none"),)),
    Kind("mp4", "mpeg4"),
    Kind("matroska", "ffv1"),
    Kind("webm", "libvpx-vp9", (("deadline", "realtime"),)),
    Kind("webm", "libsvtav1", (("preset", "12"),)),
    Kind("mpegts", "mpeg2video", (("bf", "2"), ("g", "12"))),
    Kind("avi", "mpeg4"),
)


def written(kind: Kind, frames: int = 30, uneven: bool = False) -> bytes:
    """Each frame another grey, with something that moves. uneven: frames come at uneven times."""
    file = io.BytesIO()
    with av.open(file, "w", format=kind.container) as out:
        stream = out.add_stream(kind.codec, rate=25, options=dict(kind.options))
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        base = Fraction(1, 1000 if uneven else 25)
        stream.codec_context.time_base = base
        for number in range(frames):
            pixels = np.full((64, 96, 3), 7 * number % 256, np.uint8)
            pixels[20:40, 2 * number % 76 : 2 * number % 76 + 20] = 255 - 7 * number % 256
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = 40 * number + number % 3 * 11 if uneven else number, base
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    if hasattr(os, "sched_setscheduler"):
        # SVT-AV1, run by root, leaves its caller at real-time priority, and with it every process that is started later
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return file.getvalue()
