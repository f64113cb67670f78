"""From a camera's address to decoded frames as they come, once: until it fails, falls silent or ends.

A network camera is opened by the demuxers and protocols named here, so an address cannot lead into a file or a playlist.
RTSP goes over TCP where the camera knows how, since a lost packet costs the picture until the next whole one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.video.stream import VideoStream

from secondlook.errors import SourceError, SourceTooLarge
from secondlook.sources.camera_address import CameraAddress, CameraKind
from secondlook.sources.camera_state import Ending
from secondlook.sources.clock import Clock, stamp_of
from secondlook.sources.decoding import Tally, opened, pictures

_USUAL_RATE: Final = 25.0
_LATE_S: Final = 1.0
"""A file played as a camera that is this far behind goes on from where it is, instead of running after the clock."""

_FORMATS: Final = {CameraKind.RTSP: "rtsp", CameraKind.DEVICE: "v4l2"}
"""For HTTP the first bytes tell."""
_OPTIONS: Final[dict[CameraKind, dict[str, str]]] = {
    CameraKind.RTSP: {
        "rtsp_flags": "prefer_tcp",
        "allowed_media_types": "video",
        "protocol_whitelist": "rtsp,rtsps,tcp,tls,udp,rtp",
        "fflags": "nobuffer+discardcorrupt",
        "analyzeduration": "2000000",
    },
    CameraKind.HTTP: {
        "format_whitelist": "mpjpeg,mjpeg,mpegts,matroska,webm,flv,mov,mp4",
        "protocol_whitelist": "http,https,tcp,tls",
        "fflags": "nobuffer+discardcorrupt",
        "analyzeduration": "1000000",
        "probesize": "500000",
    },
    CameraKind.DEVICE: {"protocol_whitelist": "file"},
}


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until a camera that does not answer, and one that answers and sends no picture, is given up."""

    open_s: float = 10.0
    silence_s: float = 5.0


@dataclass(frozen=True, eq=False, slots=True)
class Arrived:
    """One decoded frame. pixel_aspect: as in ``upright_rgb``. monotonic_s: when the bytes it was decoded from came.
    round: how often a file that is played for ever had come to its end."""

    picture: av.VideoFrame
    pixel_aspect: Fraction | None
    monotonic_s: float
    round: int = 0


Opening: TypeAlias = Callable[[CameraAddress, int, Ending], Generator[Arrived, None, None]]
"""address, limit (most pixels of a frame), ending -> frames as they come. Raises SourceError when the camera fails; ends
only where it was told to."""


def arriving(
    address: CameraAddress, limit: int, ending: Ending, patience: Patience | None = None
) -> Generator[Arrived, None, None]:
    """The frames of a camera as they come, each as soon as it is decoded. An ``Opening``."""
    patience = patience or Patience()
    if address.kind is CameraKind.LOOP:
        yield from _played(address, limit, ending)
        return
    waited_s = patience.open_s
    try:
        with _container(address, patience) as container:
            waited_s = patience.silence_s
            yield from _decoded(container, address, limit, ending, patience)
    except SourceError:
        raise
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceError(_sentence(address, error, waited_s)) from error
    if not ending.now:
        raise SourceError(f"{address.shown} ended its stream: look whether it is on and still sends.")


def _container(address: CameraAddress, patience: Patience) -> InputContainer:
    return av.open(
        address.text,
        "r",
        format=_FORMATS.get(address.kind),
        options=_OPTIONS[address.kind],
        metadata_errors="replace",
        timeout=(patience.open_s, patience.silence_s),
    )


def _decoded(
    container: InputContainer, address: CameraAddress, limit: int, ending: Ending, patience: Patience
) -> Generator[Arrived, None, None]:
    stream = _video_of(container, address)
    # one frame at a time: frame threads would hold back one picture each
    stream.thread_type = "SLICE"
    context: Any = stream.codec_context
    context.flags |= Flags.low_delay | Flags.copy_opaque
    heard_s = time.monotonic()
    for packet in container.demux(stream):
        now_s = time.monotonic()
        if ending.now:
            return
        if now_s - heard_s > patience.silence_s:
            raise SourceError(f"{address.shown} sends nothing that can be decoded: set it to H.264 or MJPEG.")
        packet.opaque = now_s
        try:
            found = packet.decode()
        except av.FFmpegError:  # damaged on its way: the next whole picture mends it
            continue
        for picture in found:
            heard_s = now_s
            _check_size(picture, address, limit)
            came_s = picture.opaque if isinstance(picture.opaque, float) else now_s
            yield Arrived(picture, stream.sample_aspect_ratio, came_s)


def _video_of(container: InputContainer, address: CameraAddress) -> VideoStream:
    found = [stream for stream in container.streams.video if stream.codec_context is not None]
    if not found:
        raise SourceError(f"{address.shown} sends no picture that is decoded here: set it to H.264 or MJPEG.")
    return max(found, key=lambda stream: stream.width)


def _check_size(picture: av.VideoFrame, address: CameraAddress, limit: int) -> None:
    if picture.width * picture.height > limit:
        raise SourceTooLarge(
            f"{address.shown} has frames of {picture.width} x {picture.height} px and the limit is "
            f"{limit / 1e6:,.0f} megapixels: raise --max-megapixels if you trust the camera."
        )


def _played(address: CameraAddress, limit: int, ending: Ending) -> Generator[Arrived, None, None]:
    """A file for ever, each frame at its time."""
    rounds, begins_s = 0, -math.inf
    while not ending.now:
        given, last_s = 0, 0.0
        with opened(address.text, limit) as (container, stream):
            stream.thread_type = "SLICE"
            step_s = 1 / float(stream.average_rate or stream.guessed_rate or _USUAL_RATE)
            clock = Clock(step_s)
            with closing(pictures(container, stream, Tally())) as decoded:
                for picture in decoded:
                    last_s = clock.at(stamp_of(picture))
                    late_s = time.monotonic() - (begins_s + last_s)
                    if late_s > _LATE_S:
                        begins_s, late_s = time.monotonic() - last_s, 0.0
                    if ending.within(-late_s):
                        return
                    _check_size(picture, address, limit)
                    given += 1
                    yield Arrived(picture, stream.sample_aspect_ratio, time.monotonic(), rounds)
        if not given:
            raise SourceError(f"{address.shown} has a video in which no frame can be decoded: name another file.")
        rounds, begins_s = rounds + 1, begins_s + last_s + step_s


def _sentence(address: CameraAddress, error: Exception, waited_s: float) -> str:
    """FFmpeg's own texts name the address with its password, so only its reason is taken over."""
    if isinstance(error, av.error.ExitError):
        return f"{address.shown} sent nothing for {waited_s:.0f} s: check its power and the network."
    if isinstance(error, av.error.HTTPUnauthorizedError):
        return f"{address.shown} wants a user and a password: write them into the address, as in rtsp://USER:PASSWORD@HOST."
    if isinstance(error, FileNotFoundError | av.error.HTTPNotFoundError):
        return f"{address.shown} is not there: check the address."
    reason = (error.strerror if isinstance(error, OSError | av.FFmpegError) else None) or type(error).__name__
    return f"{address.shown} cannot be reached ({reason}): check that it is on, and the address."
