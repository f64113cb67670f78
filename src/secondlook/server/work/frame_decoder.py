"""The process in which one frame of a stranger's video is decoded: ``... work.frame_decoder MEMORY_MB DESCRIPTOR``.

It is handed the video as an open file, reads nothing of it before it has given up all other rights (``decoder``), and is
ended after one frame.
"""

from __future__ import annotations

import io
import sys
from contextlib import suppress
from functools import partial
from typing import BinaryIO

from secondlook.server.work.decoder import Decode, serve
from secondlook.server.work.picture_pipe import Moment
from secondlook.sources.one_frame import one_frame, tiny_video
from secondlook.types import Pixels

NAME = "The video"
"""What it is called in sentences: what its sender calls it may name somebody."""


def decode(video: BinaryIO, asked: bytes, pixels: int) -> Pixels:
    """asked: a ``Moment``. Raises SourceError."""
    moment = Moment.of(asked)
    return one_frame(video, NAME, moment.frame, moment.time_s, pixels)


def main(memory_mb: int, descriptor: int) -> None:
    sample = tiny_video()  # nothing has to be opened or imported later

    def warm(_: Decode) -> None:
        for moment in (Moment(1, 0.04), Moment(1, None)):
            decode(io.BytesIO(sample), moment.packed(), 1 << 20)

    with open(descriptor, "rb") as video:
        serve(memory_mb, partial(decode, video), warm)


if __name__ == "__main__":
    with suppress(BrokenPipeError, KeyboardInterrupt):
        main(int(sys.argv[1]), int(sys.argv[2]))
