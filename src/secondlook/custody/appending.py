"""How entries reach the disk: found end, cut what was never finished, write all at once, remember the head."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from secondlook.custody.entries import decoded, encoded, line_digest, now, taken_apart
from secondlook.custody.files import FIRST, end_of, entry_files, extents, later_file, raw_lines, synchronised
from secondlook.custody.heads import Absence, Head, keep_head, kept_head, stated
from secondlook.custody.identity import Identity
from secondlook.custody.signing import SigningKey
from secondlook.ports import Action, Entry, Recorded

SEGMENT_BYTES = 64 * 1024 * 1024
"""Length from which on a new file is begun."""

ITSELF = "secondlook"
"""The actor of what the log writes about itself."""

_synchronise = getattr(os, "fdatasync", os.fsync)


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the log ends. path, inode, size (bytes): of the file that is written to. seq, hash: of the last entry, 0
    and the log's ``first_prev`` for none. prev: for the next one."""

    path: Path
    inode: int
    size: int
    seq: int
    hash: str
    prev: str


class Appender:
    """Appends to one log. Its caller holds the log's lock. Every method raises OSError where the disk refuses."""

    def __init__(self, folder: Path, identity: Identity, key: SigningKey, head_file: Path, segment_bytes: int) -> None:
        self._folder = folder
        self._identity = identity
        self._key = key
        self._head_file = head_file
        self._segment_bytes = segment_bytes
        self._tail: Tail | None = None

    def append(self, entries: Sequence[Entry]) -> list[Recorded]:
        """All of them on the disk, after whatever the log has to say about itself; or none of them."""
        tail, own = self._settled()
        if not own and not entries:
            if kept_head(self._head_file, self._identity) is Absence.MISSING:
                keep_head(self._head_file, stated(self._identity, tail.seq, tail.hash, now(), self._key))
            self._tail = tail
            return []
        if tail.size >= self._segment_bytes:
            tail = self._begun(later_file(self._folder, tail.seq + 1), tail.seq, tail.hash, tail.prev)
        at, lines, recorded = now(), [], []
        prev = tail.prev
        for seq, entry in enumerate((*own, *entries), start=tail.seq + 1):
            line, entry_hash = encoded(seq, at, entry, prev, self._key)
            prev = line_digest(line)
            lines.append(line)
            recorded.append(Recorded(seq, entry_hash))
        self._tail = None  # found anew should anything fail from here on
        size = self._written(tail, b"".join(line + b"\n" for line in lines))
        last = recorded[-1]
        keep_head(self._head_file, stated(self._identity, last.seq, last.hash, at, self._key))
        self._tail = replace(tail, size=size, seq=last.seq, hash=last.hash, prev=prev)
        return recorded[len(own) :]

    def head(self) -> Head:
        """Where the log ends now."""
        tail, _ = self._settled()
        return stated(self._identity, tail.seq, tail.hash, now(), self._key)

    def _written(self, tail: Tail, content: bytes) -> int:
        """The size of the file afterwards."""
        descriptor = os.open(tail.path, os.O_WRONLY)
        try:
            try:
                os.lseek(descriptor, tail.size, os.SEEK_SET)
                left = memoryview(content)
                while left:
                    left = left[os.write(descriptor, left) :]
                _synchronise(descriptor)
            except OSError:
                os.ftruncate(descriptor, tail.size)
                raise
        finally:
            os.close(descriptor)
        return tail.size + len(content)

    def _settled(self) -> tuple[Tail, list[Entry]]:
        """Where the log ends, and what it has to say about how it got there."""
        if self._tail is not None and self._unmoved(self._tail):
            return self._tail, []
        tail, torn = self._found()
        own = [] if not torn else [Entry(ITSELF, Action.TORN, details={"bytes": torn})]
        head = kept_head(self._head_file, self._identity)
        if not isinstance(head, Absence) and self._hash_at(head.seq, tail) != head.hash:
            details: dict[str, str | int | float] = {"end_seq": tail.seq, "head_seq": head.seq}
            details |= {"head_hash": head.hash, "head_at": head.at}
            own.append(Entry(ITSELF, Action.CUT, details=details))
        return tail, own

    def _unmoved(self, tail: Tail) -> bool:
        """Whether nobody else has written since."""
        try:
            facts = tail.path.stat()
        except FileNotFoundError:
            return False
        same = (facts.st_ino, facts.st_size) == (tail.inode, tail.size)
        return same and not later_file(self._folder, tail.seq + 1).exists()

    def _found(self) -> tuple[Tail, int]:
        """The end, read anew, and how many bytes of an unfinished line were cut off it."""
        files = entry_files(self._folder)
        if not files:
            return self._begun(self._folder / FIRST, 0, self._identity.first_prev, self._identity.first_prev), 0
        end = end_of(files[-1])
        if end.torn:
            _cut(files[-1], end.whole)
        line = end.line
        for earlier in reversed(files[:-1]):
            line = line if line is not None else end_of(earlier).line
        facts = files[-1].stat()
        seq, entry_hash, prev = self._last(line)
        return Tail(files[-1], facts.st_ino, facts.st_size, seq, entry_hash, prev), end.torn

    def _last(self, line: bytes | None) -> tuple[int, str, str]:
        """seq, hash and digest of the last line."""
        if line is None:
            return 0, self._identity.first_prev, self._identity.first_prev
        parts = taken_apart(line)
        found = decoded(parts) if parts is not None else None
        if found is not None:
            return found.seq, found.hash, line_digest(line)
        # damaged: its place is counted, and whoever verifies the log is told of it there
        return sum(1 for _ in raw_lines(extents(self._folder))), "damaged", line_digest(line)

    def _hash_at(self, seq: int, tail: Tail) -> str | None:
        """The hash of an entry, None where it is not there."""
        if seq == tail.seq:
            return tail.hash
        if seq > tail.seq:
            return None
        if seq == 0:
            return self._identity.first_prev
        return entry_hash(self._folder, seq)

    def _begun(self, path: Path, seq: int, last_hash: str, prev: str) -> Tail:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            inode = os.fstat(descriptor).st_ino
        finally:
            os.close(descriptor)
        synchronised(self._folder)
        return Tail(path, inode, 0, seq, last_hash, prev)


def entry_hash(folder: Path, seq: int) -> str | None:
    """What is written as the hash of entry ``seq``, None where there is no such entry. Searched from the end."""
    for extent in reversed(extents(folder)):
        found = None
        for raw in raw_lines((extent,)):
            parts = taken_apart(raw.content)
            line = decoded(parts) if parts is not None else None
            if line is not None and line.seq == seq:
                found = line.hash
        if found is not None:
            return found
    return None


def _cut(path: Path, size: int) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.ftruncate(descriptor, size)
        _synchronise(descriptor)
    finally:
        os.close(descriptor)
