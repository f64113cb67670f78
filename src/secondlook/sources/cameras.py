"""Live cameras as ``Frame``: always the newest, in real time, for ever.

Work that cannot keep up does not fall behind: frames that nobody took in time are dropped and counted, and one that has
grown old is never given out. A camera that fails is asked again, ever more patiently.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import av

from secondlook.errors import SourceError, UnsupportedSource
from secondlook.sources.camera_address import CameraAddress, CameraKind, camera_address, is_camera
from secondlook.sources.camera_opening import Arrived, Opening, arriving
from secondlook.sources.camera_shots import ShotCounter
from secondlook.sources.camera_state import Backoff, CameraState, Ending, Link, Received
from secondlook.sources.kinds import SourceKind
from secondlook.sources.opening import kind_of_file
from secondlook.sources.photos import MAX_PIXELS
from secondlook.sources.upright import upright_rgb
from secondlook.types import Frame, Pixels

__all__ = [
    "Backoff",
    "CameraAddress",
    "CameraFrames",
    "CameraKind",
    "CameraState",
    "Link",
    "Received",
    "camera_address",
    "is_camera",
]

_JOIN_S: Final = 1.0
_SLACK_S: Final = 0.002


@dataclass(frozen=True, eq=False, slots=True)
class _Held:
    """A frame that waits to be taken, not yet converted."""

    arrived: Arrived
    index: int
    time_s: float
    shot: int


class CameraFrames:
    """The frames of a camera, upright, as RGB with square pixels, as they come; until ``close`` or ``stop``.

    every_s: give a frame only where this many seconds have passed since the last one given. max_side: shrink frames
    whose longer side is more px. limit: most pixels in a frame. newest_s: seconds after it came in which a frame may
    still be given out. backoff: how long to wait before the camera is asked again. stop: ends it from outside; may be
    shared by many. opening: how frames are got, for tests.

    ``Frame.source`` is the address without user and password. ``Frame.index`` counts frames that came, given or not,
    from 0. ``Frame.time_s`` is when it came, in seconds since the camera's first frame, on the monotonic clock, also
    over reconnects; ``received`` gives the same as a time of day. ``Frame.shot`` rises by one at each cut, after each
    reconnect, when the size of the picture changes and when a file begins again.

    The camera is asked from the first ``iter`` or ``with`` on, by a thread of its own. Iterating waits while there is no
    picture, raises nothing when the camera fails (``state`` tells), and may be taken up again. Everything here may be
    called from any thread; only one at a time may iterate. Raises SourceError at once where a file that is to be
    played as a camera is none.
    """

    def __init__(
        self,
        address: CameraAddress,
        *,
        every_s: float = 0.0,
        max_side: int | None = None,
        limit: int = MAX_PIXELS,
        newest_s: float = 2.0,
        backoff: Backoff | None = None,
        stop: threading.Event | None = None,
        opening: Opening = arriving,
    ) -> None:
        if every_s < 0 or newest_s <= 0 or (max_side is not None and max_side < 1):
            raise ValueError(f"every_s {every_s}, newest_s {newest_s} and max_side {max_side} must be positive")
        if address.kind is CameraKind.LOOP and kind_of_file(address.text) is not SourceKind.VIDEO:
            raise UnsupportedSource(f"{address.shown} is a photograph: only a video can be played as a camera.")
        self.source = address.shown
        self._address, self._every_s, self._max_side, self._limit = address, every_s, max_side, limit
        self._newest_s, self._backoff, self._opening = newest_s, backoff or Backoff(), opening
        self._ending = Ending(stop)
        self._lock = threading.Condition()
        self._thread: threading.Thread | None = None
        self._held: _Held | None = None
        self._due_s = 0.0
        self._link, self._since, self._sentence = Link.CLOSED, datetime.now().astimezone(), ""
        self._received = self._given = self._dropped = self._reconnects = 0
        self._first_s: float | None = None
        self._last_s = 0.0

    def __enter__(self) -> CameraFrames:
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        self._begin()
        while (held := self._taken()) is not None:
            pixels = self._pixels(held)
            with self._lock:
                if pixels is None:
                    self._dropped += 1
                    continue
                self._given += 1
            yield Frame(pixels, self.source, held.index, held.time_s, held.shot)

    @property
    def state(self) -> CameraState:
        with self._lock:
            closed = self._ending.now
            age_s = None if self._first_s is None else time.monotonic() - self._first_s - self._last_s
            return CameraState(
                connected=Link.CLOSED if closed else self._link,
                since=self._since,
                received=self._received,
                given=self._given,
                dropped=self._dropped,
                reconnects=self._reconnects,
                newest_age_s=None if age_s is None else max(0.0, age_s),
                sentence=self._sentence,
            )

    def received(self, frame: Frame) -> Received:
        """When a frame of this camera came; ``time.monotonic()`` less its ``monotonic_s`` is its age in seconds."""
        if self._first_s is None or frame.time_s is None:
            raise ValueError(f"frame {frame.index} did not come from {self.source}")
        monotonic_s = self._first_s + frame.time_s
        age = timedelta(seconds=time.monotonic() - monotonic_s)
        return Received(datetime.now().astimezone() - age, monotonic_s)

    def close(self) -> None:
        """Ends it; nothing is given out any more. The thread ends at once, or, where a camera has fallen silent, as soon
        as its silence is noticed: that is waited for no longer than a second."""
        self._ending.set()
        self._turn(Link.CLOSED)
        with self._lock:
            self._held = None
            self._lock.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_JOIN_S)

    def _begin(self) -> None:
        with self._lock:
            if self._thread is not None or self._ending.now:
                return
            self._link, self._since = Link.CONNECTING, datetime.now().astimezone()
            self._thread = threading.Thread(target=self._capture, name=f"camera {self.source}", daemon=True)
            self._thread.start()

    def _taken(self) -> _Held | None:
        """The newest frame as soon as there is one that may be given; None at the end."""
        with self._lock:
            while not self._ending.now:
                held, self._held = self._held, None
                if held is None:
                    self._lock.wait(0.1)
                elif time.monotonic() - held.arrived.monotonic_s > self._newest_s:
                    self._dropped += 1
                else:
                    self._due_s = max(self._due_s, held.time_s + self._every_s - _SLACK_S)
                    return held
            return None

    def _pixels(self, held: _Held) -> Pixels | None:
        """None where this frame cannot be converted."""
        try:
            return upright_rgb(held.arrived.picture, held.arrived.pixel_aspect, self._max_side)
        except av.FFmpegError:
            return None

    def _capture(self) -> None:
        """The thread's whole work: asks the camera again and again."""
        shots, failures, connection = ShotCounter(), 0, 0
        while not self._ending.now:
            self._turn(Link.CONNECTING)
            before = self._received
            connection += 1
            try:
                self._receive(shots, connection)
                continue
            except SourceError as error:
                sentence = str(error)
            except Exception as error:  # noqa: BLE001 - told in ``state``, and the camera is asked again all the same
                sentence = f"{self.source} failed ({type(error).__name__}): say so to those who make Second Look."
            failures = 1 if self._received > before else failures + 1
            self._turn(Link.WAITING, sentence)
            self._ending.within(self._backoff.after(failures))
        self._turn(Link.CLOSED)

    def _receive(self, shots: ShotCounter, connection: int) -> None:
        """One connection, until it ends or fails."""
        came = False
        with closing(self._opening(self._address, self._limit, self._ending)) as arrivals:
            for arrived in arrivals:
                if self._ending.now:
                    return
                shot = shots.see(arrived, connection)
                if not came:
                    came = True
                    self._turn(Link.LIVE)
                    self._reconnects += self._first_s is not None
                self._offer(arrived, shot)

    def _offer(self, arrived: Arrived, shot: int) -> None:
        """Holds the newest frame that is due; the one before it, which nobody took, is dropped."""
        with self._lock:
            if self._first_s is None:
                self._first_s = arrived.monotonic_s
            time_s = self._last_s = max(self._last_s, arrived.monotonic_s - self._first_s)
            index, self._received = self._received, self._received + 1
            due = time_s >= self._due_s
            if due:
                self._dropped += self._held is not None
                self._due_s = time_s + self._every_s - _SLACK_S
            if due or self._held is not None:
                self._held = _Held(arrived, index, time_s, shot)
                self._lock.notify_all()

    def _turn(self, link: Link, sentence: str | None = None) -> None:
        with self._lock:
            if self._ending.now:
                link = Link.CLOSED
            if self._link is not link:
                self._link, self._since = link, datetime.now().astimezone()
            if sentence is not None:
                self._sentence = sentence
