"""Rates as people count: "about 8 (5 to 12) of 1,000", or why nothing can be said."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

from secondlook.audit.results import Enough, Rate
from secondlook.report import words

_ENDS = (100, 1000, 10_000, 100_000, 1_000_000)
_AT_LEAST = 5  # of 100, of 1,000 …: fewer are said of the next larger number


@dataclass(frozen=True, slots=True)
class Frequency:
    """about, low, high: of ``of``, rounded; low and high are the ends of the 95 % interval."""

    of: int
    about: int
    low: int
    high: int

    @property
    def spread(self) -> str:
        return f"{self.low:,} to {self.high:,}"

    @property
    def sentence(self) -> str:
        """``8 (5 to 12) of 1,000``"""
        return f"{self.about:,} ({self.spread}) of {self.of:,}"


def frequency(value: float, low: float, high: float) -> Frequency:
    """Of the first round number at which at least five are counted; of 100 where nobody is."""
    of = _end(value)
    return Frequency(of, round(value * of), round(low * of), round(high * of))


def frequency_of(rate: Rate) -> Frequency:
    """As observed, whatever the rules of 3 and of 30 say; ``said`` keeps to them."""
    return frequency(rate.observed or 0.0, rate.low, rate.high)


def _end(value: float) -> int:
    if not isfinite(value) or value <= 0:
        return _ENDS[0]
    return next((of for of in _ENDS if value * of >= _AT_LEAST - 0.5), _ENDS[-1])


def percent(rate: float) -> str:
    """As ``words.percent``, but small ones with two figures: ``0.0031 %`` instead of ``0.00 %``."""
    if not 0 < rate < 0.00095:
        return words.percent(rate)
    value = 100 * rate
    digits = 1 - floor(log10(value))
    return f"{value:.{digits}f}\N{NO-BREAK SPACE}%"


def at_most(rate: Rate) -> tuple[int, int]:
    """The upper end as (k, of): at most k of ``of``, rounded up."""
    return at_most_of(rate.high)


def at_most_of(high: float) -> tuple[int, int]:
    """(k, of): at most k of ``of``, rounded up."""
    of = _end(high)
    return min(of, ceil(high * of)), of


def counts(rate: Rate) -> str:
    """``27 of 1,615 trials``"""
    return f"{rate.errors:,} of {words.counted(rate.trials, 'trial')}"


def missing(rate: Rate) -> str:
    """What is lacking until the rule that fails holds: ``about 350 more trials``, ``27 more people``; or nothing."""
    trials = (rate.trials_needed or 0) - rate.trials
    if trials > 0:
        return f"about {rounded_up(trials):,} more {'trial' if trials == 1 else 'trials'}"
    people = (rate.subjects_needed or 0) - rate.subjects
    return f"{words.counted(people, 'more person', 'more people')}" if people > 0 else ""


def cell(rate: Rate | None) -> str:
    """For tables: ``8 (5 to 12) of 1,000``, ``at most 4 of 1,000``, ``not enough trials: 300 more needed``."""
    if rate is None:
        return "not measured"
    match rate.enough:
        case Enough.ENOUGH | Enough.ROUGH:
            return frequency_of(rate).sentence
        case Enough.BOUND_ONLY:
            k, of = at_most(rate)
            return f"none seen; at most {k:,} of {of:,}"
        case Enough.TOO_FEW:
            return not_enough(rate)


def not_enough(rate: Rate) -> str:
    """``not enough trials to say (12 so far; about 350 more trials needed)``"""
    wanted = missing(rate)
    return f"not enough trials to say ({rate.trials:,} so far{f'; {wanted} needed' if wanted else ''})"


def rounded_up(count: int) -> int:
    """To two figures, upwards: 347 is 350. An estimate should not look like a count."""
    step = int(10 ** max(0, len(str(count)) - 2))
    return -(-count // step) * step
