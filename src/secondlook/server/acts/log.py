"""The record of what was done, for those who watch over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secondlook.custody.entries import Line
from secondlook.custody.heads import parsed_head
from secondlook.custody.reading import Wanted, newest_first
from secondlook.custody.signing import KeyFolder
from secondlook.custody.verifying import Broken, Finding, Verified, verify
from secondlook.ports import Action
from secondlook.server.actors import Actor, May
from secondlook.server.service import Service


@dataclass(frozen=True, slots=True)
class Said:
    """An entry. object: ids of what it was done to, never names."""

    seq: int
    at: str
    actor: str
    action: Action
    object: tuple[str, ...]
    purpose: str
    case: str
    details: Mapping[str, str | int | float]
    hash: str


@dataclass(frozen=True, slots=True)
class Check:
    """whole: whether nothing was changed, removed, moved or put in. compared: what its end was compared with."""

    whole: bool
    entries: int
    fingerprint: str
    compared: tuple[str, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def entries(
    service: Service, actor: Actor, wanted: Wanted, *, before: int | None = None, most: int = 50
) -> tuple[Said, ...]:
    """The newest first. before: only those with a smaller ``seq``."""
    actor.need(May.SEE_LOG)
    found = []
    for line in newest_first(service.custody_log().folder, wanted, before):
        found.append(_said(line))
        if len(found) == most:
            break
    return tuple(found)


def head(service: Service, actor: Actor) -> str:
    """Where the log ends now, signed: one line, to be kept elsewhere as a witness."""
    actor.need(May.SEE_LOG)
    stated = service.custody_log().head().text()
    service.record(actor, Action.EXPORT, what="head of the log")
    return stated


def check(service: Service, actor: Actor, witnesses: Sequence[str] = ()) -> Check:
    """Reads all of it. witnesses: heads that were kept elsewhere. Raises LogUnusable."""
    actor.need(May.SEE_LOG)
    log = service.custody_log()
    heads = [parsed_head(one.encode(), "A witness") for one in witnesses]
    said = verify(log.folder, heads, KeyFolder.default(), log.identity.log)
    if isinstance(said, Broken):
        return Check(False, said.entries, said.fingerprint, (), said.findings, said.notes)
    assert isinstance(said, Verified)
    return Check(True, said.entries, said.fingerprint, said.compared, (), said.notes)


def _said(line: Line) -> Said:
    e = line.entry
    return Said(line.seq, line.at, e.actor, e.action, e.object, e.purpose, e.case, e.details, line.hash)
