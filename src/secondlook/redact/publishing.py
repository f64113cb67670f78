"""Sends a covered live picture on: to an RTSP or RTMP server, as UDP, into a file or a pipe."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import av
from av.container import OutputContainer

from secondlook.errors import OutputError
from secondlook.redact.coding import Coded, Muxer
from secondlook.redact.feed import Feed
from secondlook.sources.camera_address import without_secrets
from secondlook.sources.camera_state import Backoff, Ending
from secondlook.sources.opening import shown

_JOIN_S: Final = 3.0


class TargetKind(StrEnum):
    RTSP = "rtsp"
    RTMP = "rtmp"
    UDP = "udp"
    HTTP = "http"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a live picture goes. text: with user and password, for nobody's eyes. shown: without them."""

    text: str = field(repr=False)
    kind: TargetKind
    shown: str


_SCHEMES: Final = {
    "rtsp": TargetKind.RTSP,
    "rtsps": TargetKind.RTSP,
    "rtmp": TargetKind.RTMP,
    "rtmps": TargetKind.RTMP,
    "udp": TargetKind.UDP,
    "http": TargetKind.HTTP,
}
_NEEDS_PORT: Final = frozenset({TargetKind.UDP, TargetKind.HTTP})
_AT_ONCE: Final = {"flush_packets": "1"}
_FORMATS: Final = {TargetKind.RTSP: "rtsp", TargetKind.RTMP: "flv", TargetKind.UDP: "mpegts"}
_OPTIONS: Final = {
    TargetKind.RTSP: {**_AT_ONCE, "rtsp_transport": "tcp"},
    TargetKind.RTMP: {**_AT_ONCE, "flvflags": "no_duration_filesize"},
    TargetKind.UDP: _AT_ONCE,
}
_DATAGRAM: Final = 1316
"""Bytes: seven packets of a transport stream, which fit into a frame of Ethernet."""
_BY_SUFFIX: Final = {".ts": "mpegts", ".mkv": "matroska", ".flv": "flv", ".mp4": "mp4", ".h264": "h264"}


def target(text: str) -> Target:
    """``rtsp://``, ``rtmp://``, ``udp://HOST:PORT``, ``http://HOST:PORT/PATH`` (served there), or a file or pipe.
    Raises OutputError."""
    scheme = text.partition("://")[0].lower()
    if "://" not in text:
        return _file(text)
    kind = _SCHEMES.get(scheme)
    if kind is None or not text.isprintable() or not _complete(text, kind):
        raise OutputError(
            f"{shown(without_secrets(text))} is nowhere a live picture can go: give rtsp://HOST/PATH, rtmp://HOST/PATH, "
            "udp://HOST:PORT, http://HOST:PORT/PATH to serve it there, or a file."
        )
    return Target(text, kind, without_secrets(text))


def _complete(text: str, kind: TargetKind) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and (parts.port is not None or kind not in _NEEDS_PORT)
    except ValueError:
        return False


def _file(text: str) -> Target:
    path = Path(text)
    if path.suffix.lower() not in _BY_SUFFIX and not path.is_fifo():
        known = ", ".join(_BY_SUFFIX)
        raise OutputError(f"{shown(text)} has no ending that says what to write: end it in one of {known}.")
    if path.exists() and not path.is_fifo():
        raise OutputError(f"{shown(text)} is there already: name another file, or remove it.")
    return Target(text, TargetKind.FILE, shown(text))


class Pushed:
    """A picture sent on by a thread of its own, which begins again, ever more patiently, where that fails."""

    def __init__(self, to: Target, backoff: Backoff | None = None) -> None:
        self.shown, self._to, self._backoff = to.shown, to, backoff or Backoff()
        self._feed, self._ending = Feed(), Ending()
        self.sent, self.sentence = 0, ""
        self._thread = threading.Thread(target=self._work, name=f"to {to.shown}", daemon=True)
        self._thread.start()

    @property
    def left_out(self) -> int:
        return self._feed.left_out

    def send(self, coded: Coded) -> None:
        self._feed.put(coded)

    def close(self) -> None:
        """Sends what is waiting, for no longer than some seconds."""
        self._feed.close()
        self._thread.join(_JOIN_S)
        self._ending.set()

    def _work(self) -> None:
        failures, first = 0, None
        while not self._ending.now:
            first = first or self._feed.next_key()
            if first is None:
                return
            before = self.sent
            try:
                first = self._sent_from(first)
            except (OSError, av.FFmpegError, ValueError) as error:
                reason = getattr(error, "strerror", None) or type(error).__name__
                self.sentence = f"{self.shown} does not take the picture ({reason}): look whether it is on, and free."
                failures, first = 1 if self.sent > before else failures + 1, None
                self._ending.within(self._backoff.after(failures))
                self._feed.begin_anew()

    def _sent_from(self, first: Coded) -> Coded | None:
        """One connection: until nothing more comes, or a picture of another size, which is given back."""
        with _opened(self._to) as (container, flush):
            muxer = Muxer(container, first.size)
            coded: Coded | None = first
            while coded is not None and coded.size == first.size:
                muxer.write(coded)
                flush()
                self.sent += 1
                coded = self._feed.following()
            return coded


@contextmanager
def _opened(to: Target) -> Iterator[tuple[OutputContainer, Callable[[], None]]]:
    """A container, closed at the end, and what is called to make all that was written go out."""
    if to.kind is not TargetKind.FILE:
        with av.open(_address(to), "w", format=_FORMATS[to.kind], options=_OPTIONS[to.kind]) as container:
            yield container, _nothing
        return
    form = _BY_SUFFIX.get(Path(to.text).suffix.lower(), "mpegts")
    options = _AT_ONCE | ({"movflags": "+empty_moov+default_base_moof+frag_keyframe"} if form == "mp4" else {})
    with _written(Path(to.text)) as file, av.open(file, "w", format=form, options=options) as container:
        yield container, file.flush


def _address(to: Target) -> str:
    if to.kind is TargetKind.UDP and "?" not in to.text:
        return f"{to.text}?pkt_size={_DATAGRAM}"
    return to.text


def _written(path: Path) -> BinaryIO:
    """A file that goes on, or a pipe. Where nobody reads a pipe that is an error at once, and no waiting for ever."""
    if not path.is_fifo():
        return path.open("ab")
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")


def _nothing() -> None:
    """FFmpeg sends what it is given by itself."""
