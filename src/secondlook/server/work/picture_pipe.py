"""What is said through the pipes between the service and a process that decodes: fixed headers, then bytes; no pickle.

service -> decoder   task:   length of the file, most pixels, most seconds; then the file, or which frame of a video
decoder -> service   answer: what, width, height, length; then the pixels, or a sentence
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

_TASK = struct.Struct("<4sQQI")
_MOMENT = struct.Struct("<Qd")
_ANSWER = struct.Struct("<4sBIIQ")
_MARK = b"SLp1"
TASK_BYTES, ANSWER_BYTES = _TASK.size, _ANSWER.size
LONGEST_SENTENCE = 2000
"""Bytes, UTF-8."""


class What(IntEnum):
    """READY is said once, before the first task."""

    READY = 0
    PICTURE = 1
    UNREADABLE = 2
    UNSUPPORTED = 3
    TOO_LARGE = 4


@dataclass(frozen=True, slots=True)
class Task:
    """length: bytes of the file. pixels, seconds: most it may have, and most it may take."""

    length: int
    pixels: int
    seconds: int

    def packed(self) -> bytes:
        return _TASK.pack(_MARK, self.length, self.pixels, self.seconds)


@dataclass(frozen=True, slots=True)
class Answer:
    """width, height: px, 0 where there is no picture. length: bytes that follow."""

    what: What
    width: int
    height: int
    length: int

    def packed(self) -> bytes:
        return _ANSWER.pack(_MARK, self.what, self.width, self.height, self.length)


@dataclass(frozen=True, slots=True)
class Moment:
    """In a video: frame: its number, from 0. time_s: None where it is not known."""

    frame: int
    time_s: float | None

    def packed(self) -> bytes:
        return _MOMENT.pack(self.frame, math.nan if self.time_s is None else self.time_s)

    @classmethod
    def of(cls, packed: bytes) -> Self:
        """Raises ValueError where it is none."""
        if len(packed) != _MOMENT.size:
            raise ValueError("no moment")
        frame, time_s = _MOMENT.unpack(packed)
        return cls(frame, None if math.isnan(time_s) else time_s)


def task_of(header: bytes) -> Task:
    """Raises ValueError where it is none."""
    mark, length, pixels, seconds = _TASK.unpack(header)
    if mark != _MARK:
        raise ValueError("no task")
    return Task(length, pixels, seconds)


def answer_of(header: bytes, most_pixels: int) -> Answer:
    """Raises ValueError where it is none that a decoder of ours would give: it may have been taken over by what it decodes."""
    mark, what, width, height, length = _ANSWER.unpack(header)
    found = Answer(What(what), width, height, length)
    is_picture = found.what is What.PICTURE
    fits = (
        length == 3 * width * height and 0 < width * height <= most_pixels if is_picture else length <= LONGEST_SENTENCE
    )
    if mark != _MARK or not fits:
        raise ValueError("no answer")
    return found
