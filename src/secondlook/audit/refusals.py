"""The refusals an audit makes, each one sentence with what there is and what it would take."""

from __future__ import annotations

import math

from secondlook.audit.figures import Unsupported
from secondlook.audit.kinds import Why
from secondlook.audit.rates import LEAST_RATE

LEAST_TRIALS = math.ceil(3 / LEAST_RATE)
"""Trials of each kind, and people, below which no figure is given: the rule of 3 for a rate of one in ten."""


def no_trials(why: Why) -> Unsupported:
    kind = "mated" if why is Why.NO_MATED else "non-mated"
    return Unsupported(why, f"There are no {kind} trials, so this cannot be measured.", 0, LEAST_TRIALS)


def too_few_trials(have: int, needed: int, what: str = "trials") -> Unsupported:
    sentence = f"Not enough trials to say: there are {have:,} {what}, and it takes {needed:,}."
    return Unsupported(Why.TOO_FEW_TRIALS, sentence, have, needed)


def too_few_people(have: int) -> Unsupported:
    sentence = f"Not enough trials to say: there are {have:,} people, and it takes {LEAST_TRIALS}."
    return Unsupported(Why.TOO_FEW_SUBJECTS, sentence, have, LEAST_TRIALS, "subjects")


def too_few_groups(have: int) -> Unsupported:
    said = "no group has" if have == 0 else "only one group has"
    sentence = f"Groups cannot be compared: {said} enough trials to say."
    return Unsupported(Why.TOO_FEW_GROUPS, sentence, have, 2, "groups")


def lacking(mated: int, non_mated: int, people: int) -> Unsupported | None:
    """Why a figure of both kinds of trial must be refused, or None."""
    if not mated:
        return no_trials(Why.NO_MATED)
    if not non_mated:
        return no_trials(Why.NO_NON_MATED)
    if mated < LEAST_TRIALS:
        return too_few_trials(mated, LEAST_TRIALS, "mated trials")
    if non_mated < LEAST_TRIALS:
        return too_few_trials(non_mated, LEAST_TRIALS, "non-mated trials")
    return too_few_people(people) if people < LEAST_TRIALS else None
