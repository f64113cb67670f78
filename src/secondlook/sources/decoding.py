"""From a video file to decoded frames through PyAV, past whatever is broken in it.

Only containers told by their first bytes are opened, by the demuxers named here and from the file alone: no playlist,
no address inside a file is followed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from secondlook.errors import SourceError, SourceTooLarge, UnsupportedSource
from secondlook.sources.kinds import SourceKind
from secondlook.sources.opening import Named, kind_of_open, open_file, shown

_DEMUXERS: Final = "mov,matroska,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,flv,ogg,asf,mxf,yuv4mpegpipe,ivf,dhav,rm,dv"
_HOPELESS: Final = 100
"""After this many places in a row where no packet can be found, the rest of the file is given up (it is cut off)."""
_NEVER: Final = -(2**63)


@dataclass(slots=True)
class Tally:
    """What one pass through a video came across.

    decoded: frames. damaged: packets that could not be decoded. repaired: frames the decoder filled in by guessing.
    sent_pts, given_pts: the latest stamp that went into the decoder, and that came out of it.
    """

    decoded: int = 0
    damaged: int = 0
    repaired: int = 0
    sent_pts: int = _NEVER
    given_pts: int = _NEVER


@contextmanager
def opened(path: Named, limit: int) -> Iterator[tuple[InputContainer, VideoStream]]:
    """A container and the stream to read in it, closed at the end. Raises as ``VideoFrames``."""
    with open_file(path) as file, opened_in(file, path, limit) as both:
        yield both


@contextmanager
def opened_in(file: BinaryIO, path: Named, limit: int) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The same in a file that is open, from its beginning. path: what it is called."""
    name = shown(path)
    if kind_of_open(file, path) is SourceKind.PHOTO:
        raise UnsupportedSource(f"{name} is a photograph and no video: read it with read_photo.")
    try:
        options = {"format_whitelist": _DEMUXERS, "protocol_whitelist": "file"}
        container = av.open(file, "r", options=options, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceError(
            f"{name} cannot be opened as a video (damaged, cut off or never finished): copy it again or repair it."
        ) from error
    with container:
        stream = _video_stream(container, name)
        check_size(path, stream.width, stream.height, limit)
        yield container, stream


def _video_stream(container: InputContainer, name: str) -> VideoStream:
    """The largest moving picture of a container; the picture on an album's cover is none."""
    moving = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not moving:
        raise UnsupportedSource(f"{name} has no video in it, only sound or a cover: leave it out.")
    decodable = [stream for stream in moving if stream.codec_context is not None]
    if not decodable:
        raise UnsupportedSource(f"{name} is coded in a way that is not decoded here: convert it to H.264.")
    return max(decodable, key=lambda stream: (bool(stream.disposition & Disposition.default), stream.width))


def check_size(path: Named, width: int, height: int, limit: int) -> None:
    if width * height > limit:
        raise SourceTooLarge(
            f"{shown(path)} has frames of {width} x {height} px, {width * height / 1e6:,.0f} megapixels, and the limit "
            f"is {limit / 1e6:,.0f}: raise --max-megapixels if you trust the file."
        )


def every_picture(path: Named, limit: int, tally: Tally, *, threads: str) -> Generator[av.VideoFrame, None, None]:
    """Every frame of a video that can be decoded, in the order of presentation. threads: PyAV's ``thread_type``."""
    with opened(path, limit) as (container, stream):
        stream.thread_type = threads
        yield from pictures(container, stream, tally)
    if tally.given_pts >= tally.sent_pts:
        return
    # Where one of the last packets is broken, frame threads lose the whole ones that were decoded beside it. One packet
    # at a time does not: read once more, and give what was not given.
    again = Tally()
    with opened(path, limit) as (container, stream):
        stream.thread_type = "SLICE"
        for picture in pictures(container, stream, again):
            if picture.pts is not None and picture.pts > tally.given_pts:
                tally.decoded += 1
                yield picture
    tally.damaged, tally.repaired = max(tally.damaged, again.damaged), max(tally.repaired, again.repaired)


def pictures(container: InputContainer, stream: VideoStream, tally: Tally) -> Generator[av.VideoFrame, None, None]:
    """Every frame of one pass; a broken packet costs itself and what was coded relative to it, and is counted."""
    yield from decoded(packets(container, stream, tally), tally)


def decoded(packets: Iterable[av.Packet[VideoStream]], tally: Tally) -> Generator[av.VideoFrame, None, None]:
    """The same of these packets."""
    for packet in packets:
        if packet.pts is not None and not packet.is_discard:
            tally.sent_pts = max(tally.sent_pts, packet.pts)
        try:
            found = packet.decode()
        except av.FFmpegError:  # counted, and told in ``VideoFrames.warning``
            tally.damaged += 1
            continue
        for picture in found:
            tally.decoded += 1
            tally.repaired += picture.is_corrupt
            if picture.pts is not None:
                tally.given_pts = max(tally.given_pts, picture.pts)
            yield picture


def packets(
    container: InputContainer, stream: VideoStream, tally: Tally
) -> Generator[av.Packet[VideoStream], None, None]:
    """Every packet of a stream, and the empty one at the end that makes the decoder give what it holds back."""
    failures = 0
    while failures < _HOPELESS:
        try:
            for packet in container.demux(stream):
                failures = 0
                yield packet
            return
        except av.FFmpegError:  # the generator is spent, but the container has moved past the broken place
            failures += 1
            tally.damaged += 1
