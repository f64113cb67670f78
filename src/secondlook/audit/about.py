"""What a report says about the audit itself. Whoever ran it fills this in; the page only shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from secondlook.audit.histogram import ScoreHistogram


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of "What was audited": what it is about, and what is said, in lines."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unusable:
    """A picture or a row that could not be used. sentence: names it and says why."""

    name: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRun:
    """title: heading of the page. system: whose figures these are, in a few words. started: with its time zone.

    seconds: how long it took. command: what to type to get this page again. facts: on the system and the data, for
    "What was audited". unusable: pictures that failed. histogram: of the comparison scores, where there are any.
    """

    title: str
    system: str
    started: datetime
    seconds: float
    version: str
    command: str
    facts: tuple[Fact, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    histogram: ScoreHistogram | None = None
