"""Marks on a video: a second pass over it, in which everybody's box moves from one look to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, TypeAlias

import av
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream
from PIL import Image

from secondlook.errors import OutputError
from secondlook.report.annotate import draw_marks, lettering_px
from secondlook.report.lettering import Lettering
from secondlook.report.marks import Trail, marks_at, scaled, step_of
from secondlook.report.sound import Sound, SoundCopy
from secondlook.report.writing import replacing
from secondlook.sources.decoding import opened
from secondlook.sources.opening import Named, shown
from secondlook.sources.photos import MAX_PIXELS
from secondlook.sources.video import VideoFrames
from secondlook.types import Pixels

Progress: TypeAlias = "Callable[[int, int | None], None]"
"""Called with the frames written so far and their estimated number, None where the file does not tell."""

_LARGEST = 1280
_CLOCK = Fraction(1, 90_000)
_USUAL_RATE = 25.0
_X264 = {"preset": "superfast", "crf": "24"}


@dataclass(frozen=True, slots=True)
class VideoWritten:
    """frames: how many were written. sound: what became of the sound. warning: a sentence on damage in the source."""

    frames: int
    sound: Sound
    warning: str | None = None


def annotate_video(
    source: Named, trails: Sequence[Trail], out: Path, progress: Progress | None = None, *, limit: int = MAX_PIXELS
) -> VideoWritten:
    """Writes a copy of a video with its marks drawn: H.264 in MP4, upright, longest side 1280 px or less.

    trails: boxes in px of the upright source, by the index that ``VideoFrames`` gives its frames. Frames keep their
    times, sound is copied as it is, metadata are left behind. ``out`` appears only when it is whole. limit: most pixels
    in a frame.

    Raises SourceError where the video cannot be read, OutputError where the copy cannot be written.
    """
    frames = VideoFrames(source, limit=limit)
    try:
        with replacing(out) as file, opened(source, limit) as (container, stream):
            return _encode(frames, trails, file, (container, stream), progress)
    except (av.FFmpegError, av.codec.codec.UnknownCodecError) as error:
        raise OutputError(
            f"{shown(out)} cannot be encoded as H.264 ({error}): install PyAV from its wheel, or leave the video out."
        ) from error


def _encode(
    frames: VideoFrames,
    trails: Sequence[Trail],
    file: BinaryIO,
    source: tuple[InputContainer, VideoStream],
    progress: Progress | None,
) -> VideoWritten:
    size = _even_size(frames.width, frames.height)
    lettering = Lettering(lettering_px(size))
    step = step_of(trails)
    written, last = 0, -1
    with av.open(file, "w", format="mp4") as container:
        stream = _video_stream(container, size, frames.rate)
        copy = SoundCopy(*source, container)
        for frame in frames:
            image = Image.fromarray(_resized(frame.pixels, size))
            factor = size[0] / frame.pixels.shape[1]
            draw_marks(image, [scaled(m, factor) for m in marks_at(trails, frame.index, step)], lettering)
            time_s = frame.time_s or 0.0
            last = max(last + 1, round(time_s / _CLOCK))
            copy.until(time_s)
            container.mux(stream.encode(_picture(image, last)))
            written += 1
            if progress is not None:
                progress(written, frames.frames_estimate)
        container.mux(stream.encode(None))
        copy.until(last * float(_CLOCK) + 1 / (frames.rate or _USUAL_RATE))
        return VideoWritten(written, copy.sound, frames.warning)


def _video_stream(container: OutputContainer, size: tuple[int, int], rate: float | None) -> VideoStream:
    average = Fraction(rate or _USUAL_RATE).limit_denominator(1001)
    stream = container.add_stream("libx264", rate=average, options=dict(_X264))
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    # finer than any frame rate, so that variable ones keep their times
    stream.codec_context.time_base = _CLOCK
    return stream


def _picture(image: Image.Image, at: int) -> av.VideoFrame:
    picture = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
    picture.pts, picture.time_base = at, _CLOCK
    return picture


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _even_size(width: int, height: int) -> tuple[int, int]:
    """The size that is written: even, since H.264 stores colour for every other pixel."""
    factor = min(1.0, _LARGEST / max(width, height))
    return max(2, round(width * factor / 2) * 2), max(2, round(height * factor / 2) * 2)
