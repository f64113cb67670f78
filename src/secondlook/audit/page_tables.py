"""The tables of the audit's page. Every rate as people count, and small below it the percentage and the counts."""

from __future__ import annotations

from collections.abc import Sequence

from secondlook.audit.frequencies import cell, percent
from secondlook.audit.results import (
    ClosedSetAt,
    Enough,
    Figure,
    GroupResult,
    GroupSummary,
    Measure,
    MeasureSpread,
    OpenSetAt,
    Rate,
    Said,
    ThresholdFrom,
    Unsupported,
    Verification,
)
from secondlook.audit.saying import label
from secondlook.audit.svg import Plot
from secondlook.report import words
from secondlook.report.markup import Markup, joined, table, tag


def scrolled(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    return tag("div", table(caption, heads, rows), class_="scroll")


def plotted(plot: Plot) -> Markup:
    """A drawing on its white plate, with its numbers to unfold."""
    numbers = tag("details", tag("summary", "The numbers drawn"), scrolled(plot.title, plot.heads, plot.rows))
    caption = tag("figcaption", tag("strong", plot.title), plot.note)
    return tag("figure", caption, tag("div", plot.svg, class_="plate scroll", tabindex="0"), numbers, class_="plot")


def rate_cell(rate: Rate | None) -> Markup:
    if rate is None or not rate.trials:
        return joined((cell(rate),))
    said = "" if rate.value is None else f"{percent(rate.value)}, "
    number = "" if rate.enough is Enough.TOO_FEW else " number"
    return joined(
        (tag("span", cell(rate), class_=f"cell{number}"), _small(f"{said}{rate.errors:,} of {rate.trials:,}"))
    )


def said_cell(said: Said, digits: int = 2) -> str:
    """``1.35 (1.18 to 1.52)``, or the refusal."""
    if isinstance(said, Unsupported):
        return said.sentence
    low, high = words.number(said.low, digits), words.number(said.high, digits)
    return f"{words.number(said.value, digits)} ({low} to {high})"


def open_set_table(points: Sequence[OpenSetAt]) -> Markup:
    rows = [
        (
            f"{p.n:,}",
            "threshold given" if p.fpir_asked is None else words.out_of(p.fpir_asked),
            words.number(p.threshold, 3),
            rate_cell(p.fpir),
            rate_cell(p.fnir),
        )
        for p in sorted(points, key=lambda p: (p.n, -(p.fpir_asked or 0)))
    ]
    heads = (
        "people enrolled (N)",
        "strangers called somebody: asked",
        "threshold",
        "strangers called somebody: seen (FPIR)",
        "enrolled people missed (FNIR)",
    )
    return scrolled(f"Searches in galleries. {thresholds_note(points)} In brackets: 95 % interval.", heads, rows)


_ORIGINS = {
    ThresholdFrom.SAME_DATA: "Thresholds were set on the same people they were tried on; elsewhere they will do worse",
    ThresholdFrom.OTHER_FOLDS: "Thresholds were set on other people than those they were tried on",
    ThresholdFrom.GIVEN: "The threshold was given",
}


def thresholds_note(points: Sequence[OpenSetAt]) -> str:
    ways = {point.threshold_from for point in points}
    return " ".join(f"{_ORIGINS[way]}." for way in ThresholdFrom if way in ways)


def closed_set_table(sets: Sequence[ClosedSetAt]) -> Markup:
    ranks = sorted({point.rank for one in sets for point in one.cmc})
    rows = []
    for one in sets:
        misses = {point.rank: point.miss for point in one.cmc}
        rows.append((f"{one.n:,}", *(rate_cell(misses.get(rank)) for rank in ranks)))
    caption = "The right person is not among the first k, though certainly enrolled. In brackets: 95 % interval."
    return scrolled(caption, ("people enrolled (N)", *(f"first {rank}" for rank in ranks)), rows)


def verification_table(one: Verification) -> Markup:
    rows = [
        (
            "given" if p.asked is None else words.out_of(p.asked),
            words.number(p.threshold, 3),
            rate_cell(p.fmr),
            rate_cell(p.fnmr),
        )
        for p in one.points
    ]
    heads = (
        "two people taken for one: asked",
        "threshold",
        "two people taken for one: seen (FMR)",
        "one person taken for two (FNMR)",
    )
    people = words.counted(one.subjects, "person", "people")
    counted = f"{one.mated:,} mated and {one.non_mated:,} non-mated comparisons of {people}"
    return scrolled(f"{counted}. In brackets: 95 % interval.", heads, rows)


def group_table(groups: Sequence[GroupResult]) -> Markup:
    measured = [m for m in Measure if any(g.rate(m) is not None for g in groups)]
    heads = ("group", "people", *(m.upper() for m in measured))
    rows = [
        (label(g.attributes, g.group), f"{g.subjects:,}", *(rate_cell(g.rate(m)) for m in measured)) for g in groups
    ]
    return scrolled("All at one threshold. In brackets: 95 % interval.", heads, rows)


def spread_table(summary: GroupSummary) -> Markup:
    rows = [_spread_row(summary, spread) for spread in summary.spreads]
    heads = ("measure", "worst", "best", "worst / best", "largest / geometric mean", "Gini coefficient")
    over = "FPIR and FNIR" if summary.n is not None else "FMR and FNMR"
    shown = scrolled("How far the groups lie apart. In brackets: 95 % interval.", heads, rows)
    both = (("FDR", summary.fdr, "1 is equal"), ("GARBE", summary.garbe, "0 is equal"))
    said = "; ".join(f"{name} {said_cell(figure)} ({note})" for name, figure, note in both)
    return joined((shown, tag("p", f"Over {over}, weight α = {summary.alpha:g}: {said}.", class_="small")))


def _spread_row(summary: GroupSummary, spread: MeasureSpread) -> tuple[str, ...]:
    ends = ("–" if group is None else label(summary.attributes, group) for group in (spread.worst, spread.best))
    figures = (spread.ratio, spread.max_over_geometric_mean, spread.gini)
    return (spread.measure.upper(), *ends, *(said_cell(figure) for figure in figures))


def figures_line(name: str, said: Said, unit: str = "", digits: int = 3) -> Markup:
    """``EER 2.1 % (1.9 % to 2.3 %)``"""
    if isinstance(said, Figure) and unit == "%":
        numbers = f"{percent(said.value)} ({percent(said.low)} to {percent(said.high)})"
    else:
        numbers = said_cell(said, digits) + (f" {unit}" if isinstance(said, Figure) and unit else "")
    return tag("p", tag("strong", name), f" {numbers}", class_="small")


def _small(text: str) -> Markup:
    return tag("span", text, class_="cell number small")
