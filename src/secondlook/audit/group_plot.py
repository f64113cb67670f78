"""The groups beside each other, at one threshold for everybody."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from secondlook.audit.frequencies import cell
from secondlook.audit.results import Enough, GroupResult, Measure, Rate
from secondlook.audit.saying import MEANINGS
from secondlook.audit.svg import SOFT, Plot, draw_figure, look, percent_tick, text

SEARCH = (Measure.FNIR, Measure.FPIR)
PAIRS = (Measure.FNMR, Measure.FMR)


def group_name(group: tuple[str, ...]) -> str:
    return " × ".join(group)


def measures_of(groups: Sequence[GroupResult]) -> tuple[Measure, ...]:
    """The two measures to draw: of searches where those were made, else of pairs; one where the other is missing."""
    for both in (SEARCH, PAIRS):
        found = tuple(m for m in both if any(_trials(group.rate(m)) for group in groups))
        if found:
            return found
    return ()


def group_plot(groups: Sequence[GroupResult], place: int) -> Plot | None:
    """One row a group, one panel a measure, the rate of all together as a line.

    groups: of the same attributes. None where nothing was measured.
    """
    measures = measures_of(groups)
    if not measures:
        return None
    attribute = " and ".join(text(name) for name in groups[0].attributes)

    def paint(figure: Figure) -> None:
        panels = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
        for column, (axes, measure) in enumerate(zip(panels, measures, strict=True)):
            _panel(axes, groups, measure, column)

    alt = f"Error rates of each group of {attribute} with their 95 % intervals, at one threshold for everybody."
    return Plot(
        name=f"groups-{place}",
        title=f"By {attribute}, at one threshold for everybody",
        svg=draw_figure(f"groups-{place}", alt, 1.2 + 0.34 * len(groups), paint),
        alt=alt,
        note="Further left is better. Bars are 95 % intervals, the dashed line is all of them together. A hollow mark"
        " rests on too few trials to be said.",
        heads=("group", "people", *(MEANINGS[m] for m in measures)),
        rows=tuple((group_name(g.group), f"{g.subjects:,}", *(cell(g.rate(m)) for m in measures)) for g in groups),
    )


def _panel(axes: Axes, groups: Sequence[GroupResult], measure: Measure, column: int) -> None:
    style = look(column)
    for row, group in enumerate(groups):
        rate = group.rate(measure)
        if rate is not None and rate.trials:
            _mark(axes, row, rate, style.colour, style.marker)
    together = _together([rate for group in groups for rate in (group.rate(measure),) if rate is not None])
    if together is not None:
        axes.axvline(together, color=SOFT, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.set_yticks(range(len(groups)), [text(group_name(g.group)) for g in groups])
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(4, min_n_ticks=3))
    axes.xaxis.set_major_formatter(FuncFormatter(percent_tick))
    axes.set_xlabel(MEANINGS[measure])


def _mark(axes: Axes, row: int, rate: Rate, colour: str, marker: str) -> None:
    observed = rate.observed or 0.0
    said = rate.enough in (Enough.ENOUGH, Enough.ROUGH)
    axes.errorbar(
        [observed],
        [row],
        xerr=[[max(0.0, observed - rate.low)], [max(0.0, rate.high - observed)]],
        color=colour,
        marker=marker,
        markersize=6.5,
        markerfacecolor=colour if said else "white",
        alpha=1.0 if said else 0.55,
        linestyle="none",
        elinewidth=1.4,
        capsize=3,
    )


def _trials(rate: Rate | None) -> int:
    return 0 if rate is None else rate.trials


def _together(rates: Sequence[Rate]) -> float | None:
    trials = sum(rate.trials for rate in rates)
    return sum(rate.errors for rate in rates) / trials if trials else None
