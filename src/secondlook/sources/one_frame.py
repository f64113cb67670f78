"""One frame of a video, found again as ``VideoFrames`` has counted it."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO, Final

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from secondlook.errors import SourceError
from secondlook.sources.clock import stamp_of
from secondlook.sources.decoding import Tally, check_size, opened_in, pictures
from secondlook.sources.opening import Named, shown
from secondlook.sources.upright import shown_size, upright_rgb
from secondlook.types import Pixels

_INDEXED: Final = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
"""Containers whose stamps go on from one end to the other, so that a frame can be gone to by its time. In all others
recordings may be joined that begin at 0 each."""
_SAME_S: Final = 0.001
"""Times are kept to the millisecond."""


def one_frame(file: BinaryIO, path: Named, index: int, time_s: float | None, limit: int) -> Pixels:
    """file: open. path: what it is called. index, time_s: of the frame, as ``types.Frame`` has them; a time saves decoding all
    that comes before. limit: most pixels. -> (H, W, 3) uint8 RGB, upright, in one thread.

    Raises SourceError, also where there is no such frame; UnsupportedSource, SourceTooLarge.
    """
    if time_s is not None and index > 0:
        with _opened(file, path, limit) as (container, stream):
            found = _sought(container, stream, path, time_s, limit) if container.format.name in _INDEXED else None
        if found is not None:
            return found
        file.seek(0)
    with _opened(file, path, limit) as (container, stream), closing(_decoded(container, stream)) as decoded:
        for number, picture in enumerate(decoded):
            if number == index:
                return _pixels(picture, stream, path, limit)
    raise SourceError(f"{shown(path)} has no frame {index:,}: it is damaged, or cut off since it was looked at.")


@contextmanager
def _opened(file: BinaryIO, path: Named, limit: int) -> Iterator[tuple[InputContainer, VideoStream]]:
    with opened_in(file, path, limit) as (container, stream):
        stream.codec_context.thread_count = 1
        yield container, stream


def _sought(container: InputContainer, stream: VideoStream, path: Named, time_s: float, limit: int) -> Pixels | None:
    """None where no whole frame has that time."""
    with closing(_decoded(container, stream)) as decoded:
        first = next(decoded, None)
    zero_s = None if first is None else stamp_of(first)
    if zero_s is None or not stream.time_base:
        return None
    try:
        container.seek(round((zero_s + time_s) / stream.time_base), stream=stream)
    except av.FFmpegError:
        return None
    with closing(_decoded(container, stream)) as decoded:
        for picture in decoded:
            stamp_s = stamp_of(picture)
            ahead_s = -1.0 if stamp_s is None else stamp_s - zero_s - time_s
            if abs(ahead_s) < _SAME_S and not picture.is_corrupt:
                return _pixels(picture, stream, path, limit)
            if ahead_s >= _SAME_S:
                return None
    return None


def _decoded(container: InputContainer, stream: VideoStream) -> Generator[av.VideoFrame, None, None]:
    return pictures(container, stream, Tally())


def _pixels(picture: av.VideoFrame, stream: VideoStream, path: Named, limit: int) -> Pixels:
    aspect = stream.sample_aspect_ratio
    check_size(path, *shown_size(picture.width, picture.height, aspect, None), limit)
    try:
        return upright_rgb(picture, aspect, None)
    except av.FFmpegError as error:
        raise SourceError(f"{shown(path)} has a frame that cannot be shown: export the video anew.") from error


def tiny_video() -> bytes:
    """Two frames at 0 and 0.04 s, for whoever wants to see ``one_frame`` work."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 32
        stream.pix_fmt, stream.codec_context.thread_count = "yuv420p", 1
        for number in range(2):
            grey = np.full((32, 32, 3), 90 * number, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        out.mux(stream.encode())
    return file.getvalue()
