"""Writes the covered copy of a video: H.264 at visually the same quality, upright, with its frame times, sound and
subtitles, and nothing else of the old file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import av
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from secondlook.errors import OutputError
from secondlook.redact.ahead import ahead
from secondlook.redact.cover import Covering, cover, cover_whole
from secondlook.redact.planes import fitted, yuv420
from secondlook.redact.shapes import Area
from secondlook.redact.streams import Carried, StreamCopy
from secondlook.report.writing import replacing
from secondlook.sources.decoding import opened
from secondlook.sources.opening import shown
from secondlook.sources.photos import MAX_PIXELS
from secondlook.sources.video import VideoFrames
from secondlook.types import Frame, Pixels

AreasOf: TypeAlias = Callable[[int], "tuple[Area, ...] | None"]
"""What is covered in the frame with this index, asked in rising order; None where nothing was planned for it."""

Seen: TypeAlias = Callable[[Frame, Pixels], None]
"""Told every frame as it was read, and as it is written."""

_USUAL_RATE = 25.0
_X264 = {"preset": "veryfast", "crf": "18", "x264-params": "mbtree=0"}
"""Without mbtree the same frames give the same bytes: with it, on a processor with AVX-512, 4 of 120 runs differed."""
_MP4_SOUND = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
_BT601 = 6
_FINEST = 1_000_000
"""Ticks a second that a container is asked for at most."""


@dataclass(frozen=True, slots=True)
class VideoWritten:
    """frames: how many were written. whole: of these, how many were covered wholly because nothing was planned for
    them. warning: a sentence on damage in the source, or empty."""

    frames: int
    whole: int
    carried: Carried
    warning: str


@dataclass(frozen=True, slots=True)
class Picture:
    """How pictures are stored. tick: unit of their times, s. matrix, primaries, transfer: the source's own marks
    (ISO/IEC 23091-2), 2 = not said."""

    size: tuple[int, int]
    tick: Fraction
    rate: Fraction
    matrix: int
    full_range: bool
    primaries: int
    transfer: int


def video_suffix(source: Path, limit: int = MAX_PIXELS) -> str:
    """The ending of the copy, by what the source's sound and subtitles need: ``.mp4``, ``.mov`` or ``.mkv``."""
    with opened(source, limit) as (container, _):
        if "mov" not in container.format.name:
            return ".mkv"
        contexts = [stream.codec_context for stream in container.streams.audio if stream.codec_context is not None]
        codecs = {context.codec.canonical_name for context in contexts}
        return ".mp4" if codecs <= _MP4_SOUND else ".mov"


def write_video(
    source: Path,
    out: Path,
    areas_of: AreasOf,
    covering: Covering,
    seen: Seen,
    *,
    keep_metadata: bool = False,
    limit: int = MAX_PIXELS,
) -> VideoWritten:
    """Covers every frame and writes the copy, which appears when it is whole.

    A frame for which nothing was planned is written wholly covered; one that cannot be decoded is not written.
    Raises SourceError where the video cannot be read, OutputError where the copy cannot be written.
    """
    frames = VideoFrames(source, limit=limit)
    try:
        with replacing(out) as file, opened(source, limit) as (container, stream):
            return _Writer(frames, container, stream, file, out.suffix, keep_metadata).write(areas_of, covering, seen)
    except (av.FFmpegError, av.codec.codec.UnknownCodecError) as error:
        raise OutputError(
            f"{shown(out)} cannot be encoded as H.264 ({error}): install PyAV from its wheel, or leave the video out."
        ) from error


class _Writer:
    """One copy being written. source, stream: open for the sound; frames: the same video for its pictures."""

    def __init__(
        self,
        frames: VideoFrames,
        source: InputContainer,
        stream: VideoStream,
        file: BinaryIO,
        suffix: str,
        keep_metadata: bool,
    ) -> None:
        self._frames, self._source, self._stream = frames, source, stream
        self._file, self._format = file, {".mkv": "matroska", ".mov": "mov"}.get(suffix, "mp4")
        self._keep_metadata = keep_metadata
        self._picture = _picture_of(frames, stream)

    def write(self, areas_of: AreasOf, covering: Covering, seen: Seen) -> VideoWritten:
        picture, written, whole, last = self._picture, 0, 0, -1
        options = {} if self._format == "matroska" else {"movflags": "+faststart"}
        with av.open(self._file, "w", format=self._format, options=options) as container:
            stream = _video_stream(container, picture)
            if self._keep_metadata:
                container.metadata.update(self._source.metadata)
                stream.metadata.update(self._stream.metadata)
            copy = StreamCopy(self._source, self._stream, container)
            with ahead(self._covered(areas_of, covering)) as covered:
                for frame, pixels, planned in covered:
                    seen(frame, pixels)
                    time_s = (frame.time_s or 0.0) + float(copy.video_begins_s)
                    last = max(last + 1, round(time_s / picture.tick))
                    copy.until(time_s)
                    container.mux(stream.encode(_coded(pixels, last, picture)))
                    written += 1
                    whole += not planned
            container.mux(stream.encode(None))
            copy.until(last * float(picture.tick) + 1 / (self._frames.rate or _USUAL_RATE))
            copy.close()
            return VideoWritten(written, whole, copy.carried, self._frames.warning or "")

    def _covered(self, areas_of: AreasOf, covering: Covering) -> Iterator[tuple[Frame, Pixels, bool]]:
        for frame in self._frames:
            areas = areas_of(frame.index)
            # boxes are in px of the first frame's size
            if areas is None or frame.pixels.shape[:2] != (self._frames.height, self._frames.width):
                yield frame, fitted(cover_whole(frame.pixels), self._picture.size), False
            else:
                yield frame, fitted(cover(frame.pixels, areas, covering), self._picture.size), True


def _picture_of(frames: VideoFrames, stream: VideoStream) -> Picture:
    context: Any = stream.codec_context
    tick = stream.time_base or Fraction(1, 90_000)
    rate = Fraction(frames.rate or _USUAL_RATE).limit_denominator(1001)
    # stamps finer than a microsecond, or hardly finer than the frames, would not be kept by the container
    if tick.denominator > _FINEST * tick.numerator or tick > 1 / (2 * rate):
        tick = Fraction(1, 90_000)
    size = (frames.width + frames.width % 2, frames.height + frames.height % 2)
    stored_as_rgb = context.format is not None and context.format.is_rgb
    return Picture(
        size=size,
        tick=tick,
        rate=rate,
        # "RGB" is no matrix that a copy in 4:2:0 may name
        matrix=_BT601 if stored_as_rgb else int(context.colorspace),
        full_range=int(context.color_range) == 2 and not stored_as_rgb,
        primaries=int(context.color_primaries),
        transfer=int(context.color_trc),
    )


def _video_stream(container: OutputContainer, picture: Picture) -> VideoStream:
    stream = container.add_stream("libx264", rate=picture.rate, options=dict(_X264))
    stream.width, stream.height = picture.size
    stream.pix_fmt = "yuv420p"
    context: Any = stream.codec_context
    context.time_base = picture.tick
    context.colorspace, context.color_range = picture.matrix, 2 if picture.full_range else 1
    context.color_primaries, context.color_trc = picture.primaries, picture.transfer
    return stream


def _coded(pixels: Pixels, at: int, picture: Picture) -> av.VideoFrame:
    coded = yuv420(pixels, picture.matrix, picture.full_range)
    coded.pts, coded.time_base = at, picture.tick
    return coded
