"""What an audit found, for people who buy, report on or judge a system: counts of people, not rates.

Each finding is a sentence with its interval, and below it where it comes from. What too few trials can say is not said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from secondlook.audit.decided_part import decided_findings
from secondlook.audit.frequencies import at_most_of, frequency, frequency_of, not_enough, percent
from secondlook.audit.group_findings import group_findings
from secondlook.audit.results import (
    AuditResult,
    CalibrationCurve,
    ClosedSetAt,
    Enough,
    Figure,
    Measure,
    OpenSetAt,
    QualityDiscard,
    Rate,
    Verification,
)
from secondlook.audit.saying import PHRASES, Finding, behind, origin, sentence
from secondlook.report import words


def findings(result: AuditResult) -> tuple[Finding, ...]:
    """The most telling first: strangers, the missed, the gallery's size, pairs, groups, pictures that failed."""
    found: list[Finding] = []
    point = operating_point(result)
    if point is not None:
        found += _search(point)
        found += _gallery_size(result.open_set, point)
    found += decided_findings(result)
    if result.verification is not None:
        found += _pairs(result.verification, point)
    found += group_findings(result.groups, result.summaries)
    if result.fta is not None:
        found.append(_failures(result.fta))
    if result.closed_set:
        found.append(_closed(max(result.closed_set, key=lambda one: one.n)))
    if result.calibration is not None:
        found += _stated(result.calibration)
    found += [finding for one in result.quality for finding in _quality(one)]
    return tuple(found)


def operating_point(result: AuditResult) -> OpenSetAt | None:
    """The search that is spoken of: the largest gallery, at the given threshold or the FPIR the groups are held to."""
    if not result.open_set:
        return None
    largest = max(one.n for one in result.open_set)
    here = [one for one in result.open_set if one.n == largest]
    given = [one for one in here if one.fpir_asked is None]
    if given:
        return given[0]
    return min(here, key=lambda one: abs((one.fpir_asked or 0) - result.settings.group_fpir))


def _search(point: OpenSetAt) -> Iterator[Finding]:
    at = f"threshold {words.number(point.threshold, 3)}, {origin(point.threshold_from)}"
    among = f" in a gallery of {point.n:,}"
    ranks = "" if point.max_rank == 1 else f", among the first {point.max_rank}"
    yield Finding(
        sentence(point.fpir, PHRASES[Measure.FPIR], among), f"{behind(f'FPIR at N = {point.n:,}', point.fpir)}; {at}."
    )
    yield Finding(
        sentence(point.fnir, PHRASES[Measure.FNIR], f", or called somebody else,{among}"),
        f"{behind(f'FNIR at N = {point.n:,}{ranks}', point.fnir)}; {at}. A picture without a face counts as a miss.",
    )


def _gallery_size(open_set: Sequence[OpenSetAt], point: OpenSetAt) -> Iterator[Finding]:
    """What grows with the gallery: strangers called somebody at one threshold, else the missed at one FPIR."""
    same = sorted((one for one in open_set if _same_rule(one, point)), key=lambda one: one.n)
    fixed = point.fpir_asked is None
    said = [(one, one.fpir if fixed else one.fnir) for one in same]
    known = [(one, rate) for one, rate in said if rate.value is not None]
    if len(known) < 2:
        return
    numbers = words.listed([f"{frequency_of(rate).sentence} with {one.n:,} enrolled" for one, rate in known])
    if fixed:
        yield Finding(f"The same threshold calls more strangers somebody the more people are enrolled: {numbers}.")
    elif point.fpir_asked is not None:
        kept = words.out_of(point.fpir_asked)
        yield Finding(f"To hold strangers called somebody to {kept}, this many enrolled people are missed: {numbers}.")


def _same_rule(one: OpenSetAt, point: OpenSetAt) -> bool:
    if point.fpir_asked is None:
        return one.fpir_asked is None and one.threshold == point.threshold
    return one.fpir_asked == point.fpir_asked


def _pairs(verification: Verification, point: OpenSetAt | None) -> Iterator[Finding]:
    counted = f"{verification.mated:,} mated and {verification.non_mated:,} non-mated comparisons"
    if isinstance(verification.eer, Figure):
        eer = verification.eer
        f = frequency(eer.value, eer.low, eer.high)
        same = (
            f"Comparing one picture with one other, both kinds of error are equally frequent: about {f.sentence} pairs"
        )
        if point is not None:
            yield Finding(
                f"{same}. That hides what a search does: it compares each face with all {point.n:,} enrolled, and a"
                " stranger is called somebody if one of them is alike enough.",
                f"Equal error rate (EER) {percent(eer.value)}; {counted}.",
            )
        else:
            yield Finding(
                f"{same}. What a search in a gallery does is worse, and cannot be told from these comparisons.",
                f"Equal error rate (EER) {percent(eer.value)}; {counted}.",
            )
    if point is None and verification.points:
        one = min(verification.points, key=lambda p: abs((p.asked or 1e-3) - 1e-3))
        at = f"threshold {words.number(one.threshold, 3)}"
        yield Finding(sentence(one.fmr, PHRASES[Measure.FMR]), f"{behind('FMR', one.fmr)}; {at}.")
        yield Finding(sentence(one.fnmr, PHRASES[Measure.FNMR]), f"{behind('FNMR', one.fnmr)}; {at}.")


def _failures(fta: Rate) -> Finding:
    if not fta.trials:
        return Finding("Whether any picture failed is not known: none was tried.")
    grounds = behind("FTA", fta) + "."
    if not fta.errors:
        return Finding(f"In each of {words.counted(fta.trials, 'picture')} a face could be compared.", grounds)
    said = f"In {fta.errors:,} of {words.counted(fta.trials, 'picture')} no face could be compared."
    return Finding(f"{said} Each counts as a miss; leaving such pictures out flatters a system.", grounds)


def _closed(one: ClosedSetAt) -> Finding:
    first = one.rank_1.miss
    grounds = behind(f"misses at rank 1 among N = {one.n:,}", first) + "."
    certain = f"If it were certain that the person is one of {one.n:,} enrolled"
    if first.enough is Enough.TOO_FEW:
        return Finding(f"{certain}, how often the right one comes first: {not_enough(first)}.", grounds)
    f = frequency(1 - (first.value or 0.0), 1 - first.high, 1 - first.low)
    often = f"at least {f.low:,} of {f.of:,}" if first.value is None else f"about {f.sentence}"
    return Finding(
        f"{certain}, the right one would come first in {often} searches. Nobody knows that beforehand, so this must not"
        " be read as how often it is right.",
        grounds,
    )


def _stated(curve: CalibrationCurve) -> Iterator[Finding]:
    sure = [one for one in curve.bins if one.wrong.trials and one.low >= 0.5]
    if sure:
        top = sure[-1]
        share = 1 - (top.observed or 0.0)
        stated = f"Where it said {100 * top.low:g} of 100 or more"
        match top.wrong.enough:
            case Enough.TOO_FEW:
                said = f"{stated}, too few cases came up to say how often it was wrong."
            case Enough.BOUND_ONLY:
                k, of = at_most_of(top.interval[1])
                said = f"{stated}, it was wrong in none of {top.wrong.trials:,} cases: at most {k:,} of {of:,}."
            case _:
                said = f"{stated}, it was wrong in about {frequency(share, *top.interval).sentence} cases."
        average = percent(1 - top.mean_stated)
        weighed = "" if top.weighted is None else f", weighed {percent(share)}"
        grounds = f"{behind('Wrong', top.wrong)}{weighed}; by its own words it should have been {average}."
        yield Finding(said, grounds)
    if isinstance(curve.ece, Figure):
        ece = curve.ece
        f = frequency(ece.value, ece.low, ece.high)
        yield Finding(
            f"What it states and what happens lie {f.sentence} cases apart on average.",
            f"Expected calibration error {percent(ece.value)}; {ece.mated:,} mated, {ece.non_mated:,} non-mated.",
        )


def _quality(one: QualityDiscard) -> Iterator[Finding]:
    if not isinstance(one.area, Figure) or not len(one.error):
        return
    every = float(one.error[0])
    f = frequency(one.area.value, one.area.low, one.area.high)
    share = words.out_of(one.area_to)
    yield Finding(
        f"The quality measure '{one.quality}' foresees which pictures are missed."
        if one.area.high < every
        else f"It is not shown that the quality measure '{one.quality}' foresees which pictures are missed.",
        f"{one.measure.upper()} {percent(every)} over {words.counted(one.trials, 'trial')}; leaving out the"
        f" worst, step by step up to {share}, it is {f.sentence} on average.",
    )
