"""The process in which pictures of strangers are decoded: ``python -m secondlook.server.work.decoder MEMORY_MB``.

It imports what it needs, tries every format once, gives up all rights that it does not need, and only then reads.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import closing, suppress

import numpy as np
from PIL import AvifImagePlugin, Image

from secondlook.errors import SourceError, SourceTooLarge, UnsupportedSource
from secondlook.server.work.confine import allow_seconds, confine, step_back
from secondlook.server.work.picture_pipe import LONGEST_SENTENCE, TASK_BYTES, Answer, What, task_of
from secondlook.sources.photos import pictures_in
from secondlook.types import Pixels

NAME = "The picture"
"""What it is called in sentences: what its sender calls it may name somebody."""
Decode = Callable[[bytes, int], Pixels]
"""The bytes of a file and most pixels -> (H, W, 3)."""

_IN, _OUT = 0, 1
_CODECS = ("ascii", "latin-1", "utf-8", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "cp1252")
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM")


def decode(data: bytes, pixels: int) -> Pixels:
    """The first picture of a file. Raises SourceError."""
    with closing(pictures_in(io.BytesIO(data), NAME, pixels)) as pictures:
        return next(pictures).pixels


def serve(memory_mb: int, decode: Decode = decode, warm: Callable[[Decode], None] | None = None) -> None:
    """One task after another until the pipe ends. warm: does once all that ``decode`` does."""
    warm = warm or warm_up
    step_back()
    warm(decode)
    confine(memory_mb)
    warm(decode)  # whether it still works, before anything depends on it
    _send(Answer(What.READY, 0, 0, 0), b"")
    while (header := _read(TASK_BYTES)) is not None:
        task = task_of(bytes(header))
        data = _read(task.length)
        if data is None:
            return
        allow_seconds(task.seconds)
        answer, content = _answered(bytes(data), task.pixels, decode)
        del data
        _send(answer, content)


def warm_up(decode: Decode) -> None:
    """Decodes a small picture of every format, so that nothing has to be opened or imported later. Raises SourceError."""
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # there will be no second one
    for codec in _CODECS:
        b"".decode(codec)
    for format_ in _FORMATS:
        decode(_sample(format_), 1 << 20)


def _sample(format_: str) -> bytes:
    file = io.BytesIO()
    image = Image.new("RGB", (16, 16), "red")
    # with an orientation, so that what reads EXIF data is there as well
    image.save(file, format_, **({"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"}
                                  if format_ in ("JPEG", "PNG", "WEBP") else {}))  # fmt: skip
    return file.getvalue()


def _answered(data: bytes, pixels: int, decode: Decode) -> tuple[Answer, memoryview | bytes]:
    try:
        found = decode(data, pixels)
    except SourceTooLarge as error:
        return _refusal(What.TOO_LARGE, str(error))
    except UnsupportedSource as error:
        return _refusal(What.UNSUPPORTED, str(error))
    except SourceError as error:
        return _refusal(What.UNREADABLE, str(error))
    except MemoryError:
        return _refusal(What.TOO_LARGE, f"{NAME} needs more memory than opening one may take: send it smaller.")
    height, width = found.shape[:2]
    return Answer(What.PICTURE, width, height, found.nbytes), np.ascontiguousarray(found).data.cast("B")


def _refusal(what: What, sentence: str) -> tuple[Answer, bytes]:
    content = sentence.encode()[:LONGEST_SENTENCE]
    return Answer(what, 0, 0, len(content)), content


def _read(length: int) -> bytearray | None:
    """None where the pipe ends."""
    content = bytearray(length)
    left = memoryview(content)
    while left:
        got = os.readv(_IN, [left])
        if got == 0:
            return None
        left = left[got:]
    return content


def _send(answer: Answer, content: memoryview | bytes) -> None:
    for part in (answer.packed(), content):
        left = memoryview(part)
        while left:
            left = left[os.write(_OUT, left) :]


if __name__ == "__main__":
    with suppress(BrokenPipeError, KeyboardInterrupt):
        serve(int(sys.argv[1]))
