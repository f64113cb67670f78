"""What a reviewer gets next: the oldest sighting that waits, or, as chance falls, a catch trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from secondlook.review.draws import Draws
from secondlook.review.sets import SetKind
from secondlook.review.verdicts import REVIEWERS, Reviewed, answered_with_candidate, standing

CATCH_SHARE = 0.25
"""One set in four is a trial: of 40 a reviewer answers, some five say how often a stranger is taken for the person."""
_PARTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Pending:
    """A sighting with a candidate, and what was done about it.

    since: when it came. searchers: accounts that searched for it. reviewed: every answer to a set about it. open_to:
    accounts that hold a set about it which they have not answered.
    """

    sighting: str
    since: datetime
    searchers: frozenset[str]
    reviewed: tuple[Reviewed, ...] = ()
    open_to: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LookAt:
    """Make a ``blind_set`` about this sighting."""

    sighting: str


@dataclass(frozen=True, slots=True)
class Trial:
    """Make a ``catch_set`` of this kind."""

    kind: SetKind


Task: TypeAlias = LookAt | Trial


def may_review(reviewer: str, pending: Pending) -> bool:
    """Whether this account may be given a set about that sighting, and whether that could still change anything.

    Never one that searched for it, nor one that has answered about its candidate; and no more accounts than must agree.
    """
    if reviewer in pending.searchers or reviewer in pending.open_to:
        return False
    if not standing(pending.reviewed, pending.searchers).wants_more:
        return False
    asked = answered_with_candidate(pending.reviewed)
    return reviewer not in asked and len((asked | pending.open_to) - pending.searchers) < REVIEWERS


def draw_task(
    reviewer: str, pending: Sequence[Pending], catches: frozenset[SetKind], seed: bytes, share: float = CATCH_SHARE
) -> Task | None:
    """What this account gets next, None where nothing waits for it: a trial never comes where no sighting could.

    catches: what trials the gallery allows (``catch_kinds``). seed: ``secrets.token_bytes(32)``, used for this alone. share:
    of trials among all tasks, 0 to 1. Of sightings, one that this account has not seen comes before one that it has
    seen without the candidate, and then the oldest.
    """
    waiting = [one for one in pending if may_review(reviewer, one)]
    if not waiting:
        return None
    draws = Draws(seed, "task")
    if catches and draws.below(_PARTS) < share * _PARTS:
        return Trial(draws.one_of(sorted(catches)))
    return LookAt(min(waiting, key=lambda one: (_times_seen(reviewer, one), one.since, one.sighting)).sighting)


def _times_seen(reviewer: str, pending: Pending) -> int:
    return sum(one.answer.reviewer == reviewer for one in pending.reviewed)
