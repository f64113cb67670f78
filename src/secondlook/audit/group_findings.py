"""For whom it is worse: said only where the trials of both groups carry it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from secondlook.audit.frequencies import frequency, missing, not_enough
from secondlook.audit.results import Enough, Figure, GroupResult, GroupSummary, Measure, MeasureSpread, Rate
from secondlook.audit.saying import MEANINGS, PHRASES, Finding, behind, label
from secondlook.report import words


def group_findings(groups: Sequence[GroupResult], summaries: Sequence[GroupSummary]) -> Iterator[Finding]:
    """One finding for each attribute and measure, and one more for the groups of whom it cannot be said."""
    for summary in summaries:
        own = [g for g in groups if g.attributes == summary.attributes and g.n == summary.n]
        for spread in summary.spreads:
            finding = _spread(spread, summary, own)
            if finding is not None:
                yield finding
        yield from _refused(summary.attributes, own)


def _spread(spread: MeasureSpread, summary: GroupSummary, own: Sequence[GroupResult]) -> Finding | None:
    worst, best = _rate(own, spread.worst, spread), _rate(own, spread.best, spread)
    if worst is None or best is None or spread.worst is None or spread.best is None or spread.worst == spread.best:
        return None
    names = (label(summary.attributes, spread.worst), label(summary.attributes, spread.best))
    phrase, measure = PHRASES[spread.measure], spread.measure.upper()
    grounds = (
        f"{names[0]}: {behind(measure, worst)}. {names[1]}: {behind(measure, best)}."
        f" These are the worst and the best of {words.counted(len(own), 'group')}, at one threshold for everybody."
    )
    if worst.enough is not Enough.ENOUGH or best.enough is not Enough.ENOUGH:
        return Finding(_undecided(names, (worst, best), phrase.who, phrase.what), grounds)
    both = _beside(worst, best)
    if isinstance(spread.ratio, Figure) and spread.ratio.low > 1:
        times = f"{spread.ratio.value:.2f} times as many ({spread.ratio.low:.2f} to {spread.ratio.high:.2f})"
        said = f"Worse for {names[0]} than for {names[1]}: {both.format(who=phrase.who, what=phrase.what)}, {times}."
        return Finding(said, grounds)
    said = f"No difference between {names[0]} and {names[1]} is shown: {both.format(who=phrase.who, what=phrase.what)}."
    return Finding(said, grounds)


def _beside(worst: Rate, best: Rate) -> str:
    """Both of the same round number; ``{who}`` and ``{what}`` are left to fill in."""
    a, b = worst.observed or 0.0, best.observed or 0.0
    of = frequency(b or a, 0, 0).of
    first = f"{round(a * of):,} ({round(worst.low * of):,} to {round(worst.high * of):,})"
    second = f"{round(b * of):,} ({round(best.low * of):,} to {round(best.high * of):,})"
    return f"of {of:,} {{who}}, {first} {{what}}, against {second}"


def _undecided(names: tuple[str, str], rates: tuple[Rate, Rate], who: str, what: str) -> str:
    lacking = [f"{missing(rate)} for {name}" for name, rate in zip(names, rates, strict=True) if missing(rate)]
    wanted = f": {words.listed(lacking)} needed" if lacking else ""
    return f"Whether more {who} {what} for {names[0]} than for {names[1]}: not enough trials to say{wanted}."


def _refused(attributes: tuple[str, ...], own: Sequence[GroupResult]) -> Iterator[Finding]:
    """What cannot be said of one group or more: in one finding, with what is lacking."""
    lacking: dict[Measure, list[str]] = {}
    for group in own:
        for measure in PHRASES:
            rate = group.rate(measure)
            if rate is not None and rate.enough is Enough.TOO_FEW:
                lacking.setdefault(measure, []).append(f"{label(group.attributes, group.group)} {not_enough(rate)}")
    if lacking:
        by = words.listed(attributes)
        what = words.listed([f"{MEANINGS[measure]}" for measure in lacking])
        grounds = ". ".join(f"{measure.upper()}: {'; '.join(said)}" for measure, said in lacking.items())
        yield Finding(f"Not enough trials to say of every group of {by}: {what}.", f"{grounds}.")


def _rate(own: Sequence[GroupResult], group: tuple[str, ...] | None, spread: MeasureSpread) -> Rate | None:
    return next((g.rate(spread.measure) for g in own if g.group == group), None)
