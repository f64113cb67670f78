"""Logs with made-up entries, and what is found in them."""

from __future__ import annotations

from pathlib import Path

from secondlook.custody.heads import Head
from secondlook.custody.log import CustodyLog
from secondlook.custody.signing import KeyFolder
from secondlook.custody.verifying import Broken, Finding, FindingKind, verify
from secondlook.ports import Action, Entry

SUBJECT = "9f" * 16


def entry(number: int = 0, action: Action = Action.SEARCH) -> Entry:
    return Entry("os:ann", action, (SUBJECT,), "find the child", "2026-17", {"sources": number, "fpir": 0.003})


def begun(folder: Path, entries: int = 0, segment_bytes: int = 10**6) -> tuple[CustodyLog, KeyFolder]:
    keys = KeyFolder(folder / "keys")
    log = CustodyLog.open(folder / "log", keys, segment_bytes=segment_bytes)
    for number in range(entries):
        log.record(entry(number))
    return log, keys


def findings(folder: Path, *witnesses: Head, keys: KeyFolder | None = None) -> tuple[Finding, ...]:
    said = verify(folder / "log", witnesses, keys)
    return said.findings if isinstance(said, Broken) else ()


def kinds(folder: Path, *witnesses: Head, keys: KeyFolder | None = None) -> list[FindingKind]:
    return [finding.kind for finding in findings(folder, *witnesses, keys=keys)]
