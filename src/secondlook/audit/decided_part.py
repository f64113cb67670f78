"""The system's own decisions on the page and in words: what it was asked for, and what it did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from secondlook.audit.page_tables import rate_cell, scrolled
from secondlook.audit.results import AuditResult, DecidedAt, Measure, Rate
from secondlook.audit.saying import PHRASES, Finding, behind, label, sentence
from secondlook.report import words
from secondlook.report.markup import Markup, tag


def own_decisions(result: AuditResult) -> DecidedAt | None:
    """The ones that are spoken of: of the largest gallery, at the FPIR nearest to that of the groups."""
    if not result.decided:
        return None
    largest = max(one.n for one in result.decided)
    here = [one for one in result.decided if one.n == largest]
    return min(here, key=lambda one: abs((one.fpir_asked or 0) - result.settings.group_fpir))


def decided_findings(result: AuditResult) -> Iterator[Finding]:
    one = own_decisions(result)
    if one is None:
        return
    how = f"threshold {_range(one)}"
    if one.fpir_asked is None:
        among = f" with {one.n:,} enrolled, as secondlook find decides with its one threshold"
    else:
        among = f" with {one.n:,} enrolled, as secondlook find decides when asked for {words.asked(one.fpir_asked)}"
        how = f"{how}, by each picture's quality; {_held(one.fpir, one.fpir_asked)}"
    grounds = f"{behind(f'FPIR at N = {one.n:,}', one.fpir)}; {how}."
    yield Finding(sentence(one.fpir, PHRASES[Measure.FPIR], among), grounds)
    unfit = (
        f" {behind('Pictures that forbid a candidate', one.unfit)}; they count as misses." if one.unfit.errors else ""
    )
    yield Finding(
        sentence(one.fnir, PHRASES[Measure.FNIR], among),
        f"{behind(f'FNIR at N = {one.n:,}', one.fnir)}.{unfit}",
    )


def decided_part(result: AuditResult) -> Markup:
    """A table of every gallery size and asked rate, and the groups at one of them."""
    rows = [
        (
            f"{one.n:,}",
            "one threshold" if one.fpir_asked is None else words.asked(one.fpir_asked),
            _range(one),
            rate_cell(one.fpir),
            rate_cell(one.fnir),
            rate_cell(one.unfit),
        )
        for one in sorted(result.decided, key=lambda one: (one.n, -(one.fpir_asked or 0)))
    ]
    heads = (
        "people enrolled (N)",
        "strangers called somebody: asked",
        "thresholds",
        "strangers called somebody: seen (FPIR)",
        "enrolled people missed (FNIR)",
        "pictures that forbid a candidate",
    )
    parts = [tag("p", said) for said in _lead(result.decided)]
    parts.append(scrolled("As secondlook find decides. In brackets: 95 % interval.", heads, rows))
    one = own_decisions(result)
    if one is not None and one.groups:
        parts.append(_groups(one))
    return tag("section", tag("h2", "As secondlook find decides"), *parts)


def _lead(decided: Sequence[DecidedAt]) -> Iterator[str]:
    if all(one.fpir_asked is None for one in decided):
        yield (
            "The decisions of secondlook find itself, at the one threshold it is run with. A picture that is too small, too"
            " blurred, too dark or turned too far gives no candidate, whatever its score."
        )
        return
    yield (
        "The decisions of secondlook find itself: its threshold follows each picture's quality and the gallery's size, so"
        " that strangers are called somebody as often as was asked. A picture that is too small, too blurred, too dark or"
        " turned too far gives no candidate, whatever its score. Everything else on this page is at one threshold for"
        " everybody, as ISO/IEC 19795-10 asks of figures for groups."
    )
    if any(one.beyond for one in decided):
        sizes = words.listed(sorted({f"{one.n:,}" for one in decided if one.beyond}))
        yield (
            f"Galleries of {sizes} are larger than any that its calibration was measured on; there it sets thresholds by a"
            " bound that is on the safe side, so fewer strangers than asked are called somebody, and more people are missed."
        )


def _groups(one: DecidedAt) -> Markup:
    rows = [(label(g.attributes, g.group), f"{g.subjects:,}", rate_cell(g.fpir), rate_cell(g.fnir)) for g in one.groups]
    asked = "" if one.fpir_asked is None else f", asked for {words.asked(one.fpir_asked)} strangers"
    caption = f"By group, with {one.n:,} people enrolled{asked}. In brackets: 95 % interval."
    return scrolled(caption, ("group", "people", "FPIR", "FNIR"), rows)


def _held(seen: Rate, asked: float) -> str:
    """Whether what was asked lies within the interval of what was seen."""
    if seen.low > asked:
        return f"more than the {words.asked(asked)} that were asked for"
    if seen.high < asked:
        return f"fewer than the {words.asked(asked)} that were asked for"
    return f"the interval holds the {words.asked(asked)} that were asked for"


def _range(one: DecidedAt) -> str:
    low, high = words.number(one.threshold_low, 3), words.number(one.threshold_high, 3)
    return low if low == high else f"{low} to {high}"
