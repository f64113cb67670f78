"""Pictures that strangers sent, decoded in processes that can do little else (``decoder``, ``frame_decoder``, ``confine``).

A few such processes are kept warm. Each decodes so many pictures and is then replaced, so that nothing of one sender's picture
stays about for long. Whatever a picture does to its decoder (takes too long, eats memory, breaks it) ends that process and is
one sentence for its sender.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

import numpy as np

from secondlook.errors import OutputError, SourceError, SourceTooLarge, UnsupportedSource
from secondlook.server.work.picture_pipe import ANSWER_BYTES, Answer, Moment, Task, What, answer_of
from secondlook.types import Pixels

COMMAND = (sys.executable, "-s", "-B", "-m", "secondlook.server.work.decoder")
FRAME_COMMAND = (sys.executable, "-s", "-B", "-m", "secondlook.server.work.frame_decoder")
READY_S = 60.0
"""Longest a new process may take until it is ready: a busy machine needs a while to start Python."""
GIVEN_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
"""Of the service's environment. It may hold the gallery's key, which is nobody else's business."""

_PIPE_BYTES = 1 << 20
_SET_PIPE = getattr(fcntl, "F_SETPIPE_SZ", None)
_KINDS: dict[What, type[SourceError]] = {
    What.UNREADABLE: SourceError,
    What.UNSUPPORTED: UnsupportedSource,
    What.TOO_LARGE: SourceTooLarge,
}
_Bytes: TypeAlias = "bytes | bytearray | memoryview"


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Of one picture. pixels: most it has. seconds: most it takes. memory_mb: most that opening it takes."""

    pixels: int
    seconds: int
    memory_mb: int


class Decoders:
    """Decodes for several threads; ``at_once`` pictures at the same time, the others wait.

    Nothing is started before the first picture, or ``warm``.
    """

    def __init__(
        self,
        limits: Callable[[], DecodeLimits],
        at_once: int = 2,
        uses: int = 50,
        command: Sequence[str] = COMMAND,
        frame_command: Sequence[str] = FRAME_COMMAND,
    ) -> None:
        """limits: asked before each picture. uses: pictures a process decodes before it is replaced. command: how a process
        is started; the memory limit comes last. frame_command: the same for one frame of a video; its descriptor follows."""
        self._limits, self._at_once, self._uses, self._command = limits, at_once, uses, tuple(command)
        self._frame_command = tuple(frame_command)
        self._turn = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._idle: list[_Decoder] = []
        self._closed = False

    def warm(self) -> None:
        """Starts the processes; does not wait until they are ready."""
        limits = self._limits()
        while self._missing():
            self._give_back(_Decoder(self._command, limits.memory_mb))

    def decode(self, data: bytes) -> Pixels:
        """The first picture of a photograph's file. Raises SourceError, UnsupportedSource, SourceTooLarge: one sentence that
        can be told to whoever sent it. OutputError: nothing can be decoded here at all."""
        if not data:
            raise SourceError("The picture is empty: send the bytes of a photograph's file.")
        limits = self._limits()
        with self._turn, self._one(limits) as decoder:
            return decoder.decode(data, limits)

    def frame(self, video: BinaryIO, moment: Moment) -> Pixels:
        """One frame of a video, in a process of its own that is handed the open file. Raises as ``decode``."""
        limits = self._limits()
        with self._turn:
            decoder = _Decoder(self._frame_command, limits.memory_mb, "The video", video.fileno())
            try:
                return decoder.decode(moment.packed(), limits)
            finally:
                decoder.end()

    def close(self) -> None:
        """Ends the processes. Whoever still decodes is told that the picture cannot be read."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for decoder in idle:
            decoder.end()

    def _missing(self) -> bool:
        with self._lock:
            return not self._closed and len(self._idle) < self._at_once

    @contextmanager
    def _one(self, limits: DecodeLimits) -> Iterator[_Decoder]:
        """A process that goes back where it did well, and is replaced where it did not or has done enough."""
        decoder = self._taken(limits)
        try:
            yield decoder
        finally:
            if decoder.usable and decoder.used < self._uses:
                self._give_back(decoder)
            else:
                decoder.end()
                with suppress(OutputError):  # the next picture says so
                    self._give_back(_Decoder(self._command, limits.memory_mb))

    def _taken(self, limits: DecodeLimits) -> _Decoder:
        with self._lock:
            found = self._idle.pop() if self._idle else None
        if found is not None and found.alive and found.memory_mb == limits.memory_mb:
            return found
        if found is not None:
            found.end()
        return _Decoder(self._command, limits.memory_mb)

    def _give_back(self, decoder: _Decoder) -> None:
        with self._lock:
            kept = not self._closed and len(self._idle) < self._at_once
            if kept:
                self._idle.append(decoder)
        if not kept:
            decoder.end()


class _Decoder:
    """One process. Not for several threads at once."""

    def __init__(
        self, command: Sequence[str], memory_mb: int, what: str = "The picture", handed: int | None = None
    ) -> None:
        """Returns at once; the process gets ready meanwhile. what: that it opens, in a sentence. handed: a descriptor that it
        has as well. Raises OutputError where none can be started."""
        self.memory_mb, self.used, self.usable = memory_mb, 0, True
        self._what = what
        handed_on = () if handed is None else (handed,)
        self._ready = False
        environment = {name: os.environ[name] for name in GIVEN_ON if name in os.environ}
        environment["OPENBLAS_NUM_THREADS"] = environment["OMP_NUM_THREADS"] = "1"
        try:
            self._process = subprocess.Popen(
                (*command, str(memory_mb), *map(str, handed_on)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=environment,
                pass_fds=handed_on,
                start_new_session=True,  # what is typed at the service's terminal is not for it
            )
        except OSError as error:
            raise OutputError(
                f"No process can be started to open pictures in ({error.strerror}): free memory."
            ) from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        for pipe in (self._in, self._out):
            os.set_blocking(pipe, False)
            if _SET_PIPE is not None:
                with suppress(OSError):  # beyond what this user may have
                    fcntl.fcntl(pipe, _SET_PIPE, _PIPE_BYTES)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def decode(self, data: bytes, limits: DecodeLimits) -> Pixels:
        self.used += 1
        self.usable = False  # until it has answered whole
        self._await_ready()
        end = time.monotonic() + limits.seconds
        try:
            self._write(Task(len(data), limits.pixels, limits.seconds).packed(), end)
            self._write(data, end)
            answer = answer_of(bytes(self._read(ANSWER_BYTES, end)), limits.pixels)
            content = self._read(answer.length, end)
        except (_Over, _Ended, ValueError) as error:
            raise self._said(error, limits) from error
        self.usable = True
        return _pixels(answer, content)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _await_ready(self) -> None:
        if self._ready:
            return
        try:
            answer_of(bytes(self._read(ANSWER_BYTES, time.monotonic() + READY_S)), 0)
        except (_Over, _Ended, ValueError) as error:
            raise OutputError(
                "Pictures cannot be opened here: the process for it does not start; free memory, or start the service anew."
            ) from error
        self._ready = True

    def _said(self, error: Exception, limits: DecodeLimits) -> SourceError:
        """What became of something without an answer, for its sender."""
        if isinstance(error, _Over) or self._code() == -signal.SIGXCPU:
            return SourceTooLarge(
                f"{self._what} takes longer than {limits.seconds} s to open: save it anew, or smaller, and send that."
            )
        return SourceError(f"{self._what} made the program that opens it fail: save it anew in another format.")

    def _code(self) -> int | None:
        """How it ended; minus the signal that ended it."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(1.0)
        return None

    def _write(self, content: _Bytes, end: float) -> None:
        left = memoryview(content)
        with _waiting(self._in, selectors.EVENT_WRITE) as wait:
            while left:
                wait(end)
                try:
                    left = left[os.write(self._in, left) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError as error:
                    raise _Ended from error

    def _read(self, length: int, end: float) -> bytearray:
        content = bytearray(length)
        left = memoryview(content)
        with _waiting(self._out, selectors.EVENT_READ) as wait:
            while left:
                wait(end)
                try:
                    got = os.readv(self._out, [left])
                except BlockingIOError:
                    continue
                if got == 0:
                    raise _Ended
                left = left[got:]
        return content


class _Over(Exception):
    """The time is up."""


class _Ended(Exception):
    """The process is gone."""


@contextmanager
def _waiting(pipe: int, event: int) -> Iterator[Callable[[float], None]]:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)

        def wait(end: float) -> None:
            if not selector.select(max(0.0, end - time.monotonic())):
                raise _Over

        yield wait


def _pixels(answer: Answer, content: bytearray) -> Pixels:
    if answer.what is What.PICTURE:
        return np.frombuffer(content, np.uint8).reshape(answer.height, answer.width, 3)
    text = content.decode("utf-8", "replace")
    sentence = "".join(letter if letter.isprintable() else "?" for letter in text)
    raise _KINDS.get(answer.what, SourceError)(sentence)
