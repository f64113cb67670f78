"""Whether a log is what was written: every entry, in its place, signed, up to the end it is known to have had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from secondlook.custody.entries import Line, decoded, line_digest, taken_apart
from secondlook.custody.files import LOCK, Extent, RawLine, extents, raw_lines
from secondlook.custody.heads import Absence, Head, kept_head
from secondlook.custody.identity import FILE_NAME, Identity, read_identity
from secondlook.custody.locks import reading_along
from secondlook.custody.signing import ENTRY, Checker, KeyFolder, fingerprint
from secondlook.errors import LogUnusable
from secondlook.ports import Action

MOST_FINDINGS = 100
KEPT = "the head beside the signing key"


class FindingKind(StrEnum):
    IDENTITY = "identity"
    """log.json is not there, damaged, or not what the log or its signing key says."""
    CHANGED = "changed"
    SIGNATURE = "signature"
    CHAIN = "chain"
    """A genuine entry that does not follow the one before it."""
    MISSING = "missing"
    OUT_OF_PLACE = "out_of_place"
    UNFINISHED = "unfinished"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    CUT = "cut"
    """The log itself found, when it was opened, that its end was not the one it had."""
    WITNESS = "witness"
    """A witness is of another log or key."""


@dataclass(frozen=True, slots=True)
class Finding:
    """seq: of the entry, 0 where it is about none. file: in the log's folder; line: 1 upwards in it, 0 for none."""

    kind: FindingKind
    seq: int
    file: str
    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Verified:
    """Nothing was found. entries: how many there are. first_at, last_at: UTC, ISO 8601, empty for none. compared: what
    the end was compared with; empty: an end that was cut off would not have been found. notes: sentences."""

    log: str
    entries: int
    first_at: str
    last_at: str
    fingerprint: str
    compared: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """findings: the first places first, at most ``MOST_FINDINGS``. entries: how many lines were looked at."""

    log: str
    entries: int
    fingerprint: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def verify(
    folder: Path,
    witnesses: Sequence[Head] = (),
    keys: KeyFolder | None = None,
    log: str | None = None,
    progress: Callable[[int], None] = lambda entries: None,
) -> Verified | Broken:
    """Reads the whole log in a folder, whether or not somebody is writing to it.

    witnesses: heads that were kept elsewhere. keys: where the log's signing key is, with the head beside it; None
    where there is none here, as for a copy of the folder. log: the id it is to have, if that is known. progress: told
    how many entries were read. Raises LogUnusable where the folder holds no log.
    """
    try:
        identity = read_identity(folder)
    except LogUnusable as error:
        return Broken(log or "", 0, "", (Finding(FindingKind.IDENTITY, 0, FILE_NAME, 0, str(error)),), ())
    if identity is None:
        return _gone(folder, keys, log)
    try:
        with reading_along(folder / LOCK):
            files = extents(folder)
            kept = kept_head(keys.head_file(identity.life), identity) if keys is not None else Absence.MISSING
        walk = _Walk(identity, [(KEPT, kept)] if isinstance(kept, Head) else [], witnesses)
        _check_identity(walk, keys, log, kept)
        for raw in raw_lines(files):
            walk.step(raw)
            if walk.lines % 1000 == 0:
                progress(walk.lines)
    except OSError as error:
        raise LogUnusable(f"The log in {folder} cannot be read ({error.strerror}): allow reading it.") from error
    return walk.result(files)


def _gone(folder: Path, keys: KeyFolder | None, log: str | None) -> Broken:
    kept = keys is not None and log is not None and keys.head_file(log).exists()
    if not kept:
        raise LogUnusable(f"There is no log in {folder}: name a gallery's folder, or a service's data folder.")
    sentence = f"There is no log in {folder}, but there was one: a head of it lies beside its signing key."
    return Broken(log or "", 0, "", (Finding(FindingKind.IDENTITY, 0, FILE_NAME, 0, sentence),), ())


def _check_identity(walk: _Walk, keys: KeyFolder | None, log: str | None, kept: Head | Absence) -> None:
    identity = walk.identity
    if log is not None and identity.log != log:
        walk.found(FindingKind.IDENTITY, 0, None, f"{FILE_NAME} is that of the log {identity.log}, not of {log}.")
    if keys is None or not keys.key_file(identity.log).exists():
        walk.notes.append(
            "The log's signing key is not on this machine: compare the key's fingerprint with the one you know."
        )
    elif keys.read(identity.log).public != identity.public_key:
        walk.found(
            FindingKind.IDENTITY, 0, None, f"{FILE_NAME} names another key than the one that signs this log here."
        )
    if kept is Absence.DAMAGED:
        walk.found(FindingKind.WITNESS, 0, None, f"Of {KEPT}, nothing can be read, or it is of another log.")


class _Walk:
    """Goes through the lines of a log, one after another."""

    def __init__(self, identity: Identity, kept: list[tuple[str, Head]], witnesses: Sequence[Head]) -> None:
        self.identity = identity
        self.lines = 0
        self.notes: list[str] = []
        self._findings: list[Finding] = []
        self._checker = Checker(identity.public_key)
        self._seq = 0
        self._prev: str | None = identity.first_prev  # None: the line before was changed, so nothing follows it
        self._heads = [*kept, *((f"the witness of {head.at}, entry {head.seq}", head) for head in witnesses)]
        self._wanted = {head.seq for _, head in self._heads}
        self._hashes = {0: identity.first_prev}
        self._times = ("", "")
        self._life = identity.log
        self._restores: list[Line] = []
        self._unfinished: RawLine | None = None

    def found(self, kind: FindingKind, seq: int, raw: RawLine | None, sentence: str) -> None:
        if len(self._findings) < MOST_FINDINGS:
            file, line = (raw.path.name, raw.number) if raw is not None else (FILE_NAME, 0)
            self._findings.append(Finding(kind, seq, file, line, sentence))

    def step(self, raw: RawLine) -> None:
        self.lines += 1
        if self._unfinished is not None:
            self._say_unfinished(self._unfinished)
        self._unfinished = None if raw.whole else raw
        if not raw.whole:
            return
        parts = taken_apart(raw.content)
        line = decoded(parts) if parts is not None else None
        if parts is None or line is None or not parts.sound:
            self._changed(raw, FindingKind.CHANGED, "is not what was written: it was changed or put there")
        elif not self._checker.good(ENTRY, bytes.fromhex(parts.hash), parts.signature):
            self._changed(raw, FindingKind.SIGNATURE, "is not signed with the log's key")
        else:
            self._genuine(line, raw)

    def result(self, files: tuple[Extent, ...]) -> Verified | Broken:
        if self._life != self.identity.life:
            self.found(FindingKind.IDENTITY, 0, None, f"{FILE_NAME} names another life of the log than its entries do.")
        if self._unfinished is not None:
            self._judge_unfinished(self._unfinished)
        compared = tuple(name for name, head in self._heads if self._holds(name, head, files))
        key = fingerprint(self.identity.public_key)
        if self._findings:
            return Broken(self.identity.log, self.lines, key, tuple(self._findings), tuple(self.notes))
        return Verified(self.identity.log, self._seq, *self._times, key, compared, tuple(self.notes))

    def _changed(self, raw: RawLine, kind: FindingKind, what: str) -> None:
        self._seq += 1
        self._prev = None
        self.found(kind, self._seq, raw, f"Line {raw.number} of {raw.path.name} {what} (about entry {self._seq}).")

    def _genuine(self, line: Line, raw: RawLine) -> None:
        place = f"line {raw.number} of {raw.path.name}"
        if line.seq > self._seq + 1:
            gone = f"{self._seq + 1}" if line.seq == self._seq + 2 else f"{self._seq + 1} to {line.seq - 1}"
            self.found(FindingKind.MISSING, self._seq + 1, raw, f"Entry {gone} is missing before {place}.")
        elif line.seq <= self._seq:
            self.found(
                FindingKind.OUT_OF_PLACE, line.seq, raw, f"Entry {line.seq} stands out of its place, in {place}."
            )
        elif self._prev is not None and line.prev != self._prev:
            self.found(
                FindingKind.CHAIN, line.seq, raw, f"Entry {line.seq} does not follow the one before it ({place})."
            )
        self._seq, self._prev = line.seq, line_digest(raw.content)
        self._times = (self._times[0] or line.at, line.at)
        if line.seq in self._wanted:
            self._hashes[line.seq] = line.hash
        self._note(line, raw)

    def _note(self, line: Line, raw: RawLine) -> None:
        entry = line.entry
        if entry.action is Action.CUT:
            had = f"entry {entry.details.get('head_seq')} of {entry.details.get('head_at')}"
            self.found(
                FindingKind.CUT,
                line.seq,
                raw,
                f"Entry {line.seq} says that the log was cut or rewritten before it: at its end then was not {had}.",
            )
        elif entry.action is Action.RESTORE and "life" in entry.details:
            self._life = str(entry.details["life"])
            self._restores.append(line)
            lost = entry.details.get("lost_to_seq")
            if lost is not None:
                self.notes.append(
                    f"Entry {line.seq} says that a backup was restored at {line.at}: what was recorded after entry "
                    f"{entry.details.get('from_seq')}, up to entry {lost}, is not in it."
                )

    def _holds(self, name: str, head: Head, files: tuple[Extent, ...]) -> bool:
        if (head.log, head.public_key) != (self.identity.log, self.identity.public_key):
            self.found(FindingKind.WITNESS, head.seq, None, f"{name.capitalize()} is of another log or another key.")
        elif self._hashes.get(head.seq) == head.hash:
            return True
        elif any(_left_out(head, line) for line in self._restores):
            self.notes.append(f"{name.capitalize()} is of entries that a restored backup does not have.")
        elif head.seq > self._seq:
            last = files[-1].path.name if files else FILE_NAME
            self._findings.append(
                Finding(
                    FindingKind.TRUNCATED,
                    self._seq + 1,
                    last,
                    0,
                    f"The log ends with entry {self._seq}, but {name} says that there were {head.seq}: its end was cut off.",
                )
            )
        else:
            self.found(
                FindingKind.REWRITTEN,
                head.seq,
                None,
                f"Entry {head.seq} is not the one that {name} saw: it was rewritten.",
            )
        return False

    def _judge_unfinished(self, raw: RawLine) -> None:
        """At the end of the log: harmless where all that was acknowledged is there before it."""
        if any(name == KEPT and self._hashes.get(head.seq) == head.hash for name, head in self._heads):
            count = len(raw.content)
            self.notes.append(
                f"A last line of {count} bytes was never finished, nor acknowledged; the next entry cuts it off."
            )
        else:
            self._say_unfinished(raw)

    def _say_unfinished(self, raw: RawLine) -> None:
        self.found(
            FindingKind.UNFINISHED,
            self._seq + 1,
            raw,
            f"Line {raw.number} of {raw.path.name} has no end: it was cut, or writing it was stopped.",
        )


def _left_out(head: Head, restore: Line) -> bool:
    first, last = restore.entry.details.get("from_seq"), restore.entry.details.get("lost_to_seq")
    return isinstance(first, int) and isinstance(last, int) and first < head.seq <= last and head.at <= restore.at
