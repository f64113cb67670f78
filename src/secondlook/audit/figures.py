"""A figure as it may be said: a rate with its counts, any other figure with its interval, or a typed refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from secondlook.audit.kinds import Enough, Why


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A refusal: "not enough trials to say", and how many would be.

    have, needed: in ``unit`` ("trials", "subjects", "groups"); needed is None where more would not help.
    """

    reason: Why
    sentence: str
    have: int = 0
    needed: int | None = None
    unit: str = "trials"


@dataclass(frozen=True, slots=True)
class Rate:
    """An error rate with the counts it comes from. Built by ``rates.rate``.

    errors of trials. low, high: 95 % interval, 0 to 1. subjects: independent people behind the trials.
    effective_errors: how many independent errors would be as precise (at most ``errors``); the rule of 30 reads it.
    trials_needed: trials at which the rule that now fails would hold if the rate stays as seen; None when ENOUGH.
    subjects_needed: the same for people, where people are what lacks; else None.
    """

    errors: int
    trials: int
    low: float
    high: float
    subjects: int
    effective_errors: float
    enough: Enough
    trials_needed: int | None = None
    subjects_needed: int | None = None

    @property
    def observed(self) -> float | None:
        """errors / trials, whatever the rules say; None without trials. For drawing, never for a sentence."""
        return self.errors / self.trials if self.trials else None

    @property
    def value(self) -> float | None:
        """What may be said as a number: None when BOUND_ONLY (say "at most ``high``") or TOO_FEW (say nothing)."""
        return self.observed if self.enough in (Enough.ENOUGH, Enough.ROUGH) else None


@dataclass(frozen=True, slots=True)
class Figure:
    """Any figure that is not a plain rate. low, high: 95 % interval. Counts: what it was computed from."""

    value: float
    low: float
    high: float
    mated: int
    non_mated: int
    subjects: int


Said: TypeAlias = Figure | Unsupported
