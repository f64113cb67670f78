"""An index in memory as one sealed file, so that a start reads one file and not every row.

The file holds templates, and in clear they would be on the disk for whoever comes by; so nothing of it can be mapped into
memory, and it is opened piece by piece into the arrays it stays in. Each piece is sealed by itself (AES-256-GCM), bound to the
gallery and to its number, under a key of this file alone. That key stands at the beginning, sealed under the gallery's
key of indexes, and is written last: a file that was not finished opens for nobody.

    SLINDEX1 · sealed key (60 bytes) · for each piece: its length (8 bytes, little-endian), sealed bytes
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

import numpy as np
from cryptography.exceptions import InvalidTag
from numpy.typing import NDArray

from secondlook.gallery.finding import Numbers
from secondlook.gallery.roster import ID_BYTES
from secondlook.gallery.rows import Rows, rows_in_block
from secondlook.gallery.sealing import KEY_BYTES, SEALED_MORE, Belonging, Kind, seal, unseal_into
from secondlook.gallery.subject_index import Listed, State, SubjectIndex
from secondlook.ports import Comparison
from secondlook.types import Floats

ENDING = ".index-sealed"
"""Of the file's name: no backup takes it along, as it is made anew from the rows."""

_MAGIC = b"SLINDEX1"
_KEY_AT, _PIECES_AT = len(_MAGIC), len(_MAGIC) + KEY_BYTES + SEALED_MORE
_LENGTH = struct.Struct("<Q")
_BETWEEN = "\0"  # no name has a control character


class UnusableError(Exception):
    """The file is not whole, not of this state of the gallery, or its key was dropped: the index is read from the rows."""


@dataclass(frozen=True, eq=False, slots=True)
class Taken:
    """What is to be written. blocks: of vectors, then of templates, each a copy, made when it is asked for."""

    listed: Listed
    vector_ids: Numbers
    template_ids: Numbers
    blocks: Iterator[bytes]


def write(file: IO[bytes], gallery: str, key: bytes, taken: Taken) -> None:
    """All but the key. key: 32 bytes, of this file alone. Raises OSError, and whatever making a block raises."""
    file.write(_MAGIC + bytes(_PIECES_AT - _KEY_AT))
    for number, piece in enumerate(_pieces(taken)):
        sealed = seal(key, piece, _belonging(gallery, number))
        file.write(_LENGTH.pack(len(sealed)))
        file.write(sealed)
    file.flush()
    os.fsync(file.fileno())


def put_key(file: IO[bytes], sealed_key: bytes) -> None:
    """From here on the file opens. Raises OSError."""
    file.seek(_KEY_AT)
    file.write(sealed_key)
    file.flush()
    os.fsync(file.fileno())


def read(
    path: Path, gallery: str, opened_key: Callable[[bytes], bytes | None], wanted: State, comparison: Comparison
) -> SubjectIndex:
    """wanted: the gallery's now. opened_key: opens the file's key, None where it cannot. Raises UnusableError."""
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise UnusableError
            key = opened_key(file.read(_PIECES_AT - _KEY_AT))
            if key is None:
                raise UnusableError
            return _Reader(file, gallery, key).index(wanted, comparison)
    except (InvalidTag, OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise UnusableError from error


class _Reader:
    def __init__(self, file: BufferedReader, gallery: str, key: bytes) -> None:
        self._file = file
        self._gallery = gallery
        self._key = key
        self._number = 0
        self._sealed = bytearray()  # one place for all pieces, one after another

    def index(self, wanted: State, comparison: Comparison) -> SubjectIndex:
        head: dict[str, Any] = json.loads(self._opened())
        state = State(**head["state"])
        if state != wanted:
            raise UnusableError
        ids = self._array(np.uint8).reshape(-1, ID_BYTES)
        names = self._opened().decode().split(_BETWEEN)[:-1]
        first, several, counts, references, vector_ids, template_ids = (self._array(np.int64) for _ in range(6))
        listed = Listed(state, int(head["blinded"]), ids, names, first, several, counts, references)
        vectors = self._rows(comparison.dimension, vector_ids)
        templates = self._rows(state.dimension + 1, template_ids)
        if self._file.read(1):
            raise UnusableError
        return SubjectIndex.of(listed, comparison, vectors, templates)

    def _rows(self, dimension: int, ids: Numbers) -> Rows:
        per_block, blocks = rows_in_block(dimension), []
        for start in range(0, len(ids), per_block):
            block: Floats = np.zeros((per_block, dimension), np.float32)
            filled = block[: len(ids) - start]
            self._into(filled.data.cast("B"), self._next())
            blocks.append(block)
        return Rows.of(dimension, ids, blocks)

    def _array(self, kind: type[np.generic]) -> NDArray[Any]:
        length = self._next()
        plain = np.empty(max(0, length - SEALED_MORE), np.uint8)
        self._into(plain.data, length)
        return plain.view(kind)

    def _opened(self) -> bytes:
        return self._array(np.uint8).tobytes()

    def _next(self) -> int:
        """How long the next piece is, sealed."""
        length: int = _LENGTH.unpack(self._exactly(_LENGTH.size))[0]
        if length > os.fstat(self._file.fileno()).st_size:
            raise EOFError
        return length

    def _into(self, plain: memoryview, length: int) -> None:
        if len(self._sealed) < length:
            self._sealed = bytearray(length)
        sealed = memoryview(self._sealed)[:length]
        if self._file.readinto(sealed) != length:
            raise EOFError
        unseal_into(self._key, sealed, _belonging(self._gallery, self._number), plain)
        self._number += 1

    def _exactly(self, count: int) -> bytes:
        content = self._file.read(count)
        if len(content) != count:
            raise EOFError
        return content


def _pieces(taken: Taken) -> Iterable[bytes]:
    listed = taken.listed
    yield json.dumps({"state": asdict(listed.state), "blinded": listed.blinded}).encode()
    yield listed.ids.tobytes()
    yield "".join(name + _BETWEEN for name in listed.names).encode()
    for numbers in (
        listed.first,
        listed.several,
        listed.counts,
        listed.references,
        taken.vector_ids,
        taken.template_ids,
    ):
        yield numbers.tobytes()
    yield from taken.blocks


def _belonging(gallery: str, number: int) -> Belonging:
    return Belonging(gallery, Kind.INDEX, picture=str(number).encode())
