"""The head of a log: how many entries it had at some time, and the last one's hash, in a small signed statement.

Whoever holds one finds later whether the log was cut or rewritten before that entry. One is kept beside the signing key
and follows every entry; others can be exported, printed, sent to somebody (witnesses).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from secondlook.custody.identity import Identity
from secondlook.custody.signing import HEAD, Checker, SigningKey
from secondlook.errors import CustodyError, LogUnusable

SCHEMA = "secondlook.head/1"
_SLOT_BYTES = 1024
_TURN_BYTES = 13


@dataclass(frozen=True, slots=True)
class Head:
    """seq: of the last entry, 0 for none. hash: its hash, or for none ``Identity.first_prev``. at: when it was stated,
    UTC, ISO 8601."""

    log: str
    seq: int
    hash: str
    at: str
    public_key: bytes
    signature: bytes

    def statement(self) -> bytes:
        """What is signed."""
        return json.dumps(_fields(self), separators=(",", ":")).encode()

    def text(self) -> str:
        """One line, to be kept elsewhere; without a line break."""
        return json.dumps({**_fields(self), "sig": base64.b64encode(self.signature).decode()})

    @property
    def genuine(self) -> bool:
        """Whether it is signed by the key that it names."""
        return Checker(self.public_key).good(HEAD, self.statement(), self.signature)


def stated(identity: Identity, seq: int, entry_hash: str, at: str, key: SigningKey) -> Head:
    unsigned = Head(identity.log, seq, entry_hash, at, key.public, b"")
    return Head(identity.log, seq, entry_hash, at, key.public, key.sign(HEAD, unsigned.statement()))


def parsed_head(text: bytes, words: str) -> Head:
    """Raises CustodyError where the text is no head, or not signed by the key it names. words: where it comes from."""
    try:
        fields = json.loads(text)
        key, signature = (base64.b64decode(fields[name], validate=True) for name in ("public_key", "sig"))
        head = Head(fields["log"], fields["seq"], fields["hash"], fields["at"], key, signature)
        if fields["schema"] == SCHEMA and isinstance(head.seq, int) and head.genuine:
            return head
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error, LogUnusable):
        pass
    raise CustodyError(f"{words} holds no signed head of a log: give what `secondlook log head` printed.")


def read_heads(file: Path) -> tuple[Head, ...]:
    """All heads in a witness file, one a line. Raises CustodyError where there is none, or something else too."""
    try:
        lines = [line for line in file.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise CustodyError(f"{file} cannot be read ({error.strerror}): name a file with a log's head.") from error
    if not lines:
        raise CustodyError(f"{file} is empty: give what `secondlook log head` printed.")
    return tuple(parsed_head(line, str(file)) for line in lines)


class Absence(StrEnum):
    """Why there is no head beside the signing key."""

    MISSING = "missing"
    DAMAGED = "damaged"


def kept_head(file: Path, identity: Identity) -> Head | Absence:
    """The last head of this log that was kept in the file beside its signing key."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return Absence.MISSING
    except OSError:
        return Absence.DAMAGED
    for at in sorted((0, 1), key=lambda at: -_turn(content, at)):
        head = _slot(content, at)
        if head is not None and (head.log, head.public_key) == (identity.log, identity.public_key):
            return head
    return Absence.DAMAGED


def keep_head(file: Path, head: Head) -> None:
    """Overwrites the older of two places in the file, so that a stop at any moment leaves one whole. Raises OSError.

    Not synchronised: after a power cut the head may be behind its log, never ahead of it.
    """
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        content = os.read(descriptor, 2 * _SLOT_BYTES)
        turns = [_turn(content, at) for at in (0, 1)]
        os.lseek(descriptor, turns.index(min(turns)) * _SLOT_BYTES, os.SEEK_SET)
        written = b"%012d " % (max(turns) + 1) + head.text().encode()
        os.write(descriptor, written.ljust(_SLOT_BYTES - 1) + b"\n")
    finally:
        os.close(descriptor)


def _fields(head: Head) -> dict[str, str | int]:
    return {
        "schema": SCHEMA,
        "log": head.log,
        "seq": head.seq,
        "hash": head.hash,
        "at": head.at,
        "public_key": base64.b64encode(head.public_key).decode(),
    }


def _slot(content: bytes, at: int) -> Head | None:
    try:
        return parsed_head(content[at * _SLOT_BYTES + _TURN_BYTES : (at + 1) * _SLOT_BYTES], "a slot")
    except CustodyError:
        return None


def _turn(content: bytes, at: int) -> int:
    """How often a head was kept before this one; -1 where the slot holds none."""
    try:
        return int(content[at * _SLOT_BYTES :][:_TURN_BYTES])
    except ValueError:
        return -1
