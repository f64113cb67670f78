"""The curves of an audit: error trade-off, ranks, scores. Each says in words what it shows and gives its numbers.

Light parts of a curve rest on fewer than 30 errors (rule of 30). Bars are 95 % intervals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from secondlook.audit.frequencies import cell
from secondlook.audit.histogram import ScoreHistogram
from secondlook.audit.results import ClosedSetAt, DetCurve, Doubles, OpenSetAt, PointOnCurve, Rate
from secondlook.audit.svg import SOFT, Look, Plot, draw, legend_above, look, percent_tick
from secondlook.report import words

_LOWEST = 1e-6


def open_set_plot(curves: Sequence[DetCurve], points: Sequence[OpenSetAt]) -> Plot:
    """DET of searches: one curve a gallery size, and the thresholds that were tried, with their intervals."""
    sizes = sorted({curve.n for curve in curves if curve.n is not None} | {point.n for point in points})
    looks = {n: look(i) for i, n in enumerate(sizes)}

    def paint(axes: Axes) -> None:
        for curve in curves:
            if curve.n is not None:
                _curve(axes, curve, looks[curve.n], f"{curve.n:,} enrolled")
        for point in points:
            _cross(axes, point.fpir, point.fnir, looks[point.n])
        _log_rates(axes, curves, [p.fpir for p in points], [p.fnir for p in points])
        axes.set_xlabel("strangers called somebody (FPIR)")
        axes.set_ylabel("enrolled people missed (FNIR)")
        legend_above(axes)

    said = words.listed([f"{n:,}" for n in sizes])
    alt = (
        f"Curves for {said} people enrolled: the fewer strangers are called somebody, the more enrolled people are"
        " missed. The numbers are in the table below."
    )
    rows = tuple(
        (f"{p.n:,}", words.number(p.threshold, 3), cell(p.fpir), cell(p.fnir))
        for p in sorted(points, key=lambda p: (p.n, -p.threshold))
    )
    return Plot(
        name="det",
        title="Strangers called somebody against enrolled people missed",
        svg=draw("det", alt, 4.3, paint),
        alt=alt,
        note="Lower and further left is better. Each mark is a threshold that was tried, its bars the 95 % intervals."
        " Light parts rest on fewer than 30 errors.",
        heads=("people enrolled", "threshold", "strangers called somebody (FPIR)", "enrolled people missed (FNIR)"),
        rows=rows,
    )


def verification_plot(curve: DetCurve, points: Sequence[PointOnCurve]) -> Plot:
    """DET of one-to-one comparison."""

    def paint(axes: Axes) -> None:
        _curve(axes, curve, look(0), "one to one")
        for point in points:
            _cross(axes, point.fmr, point.fnmr, look(0))
        _log_rates(axes, (curve,), [p.fmr for p in points], [p.fnmr for p in points])
        axes.set_xlabel("pairs of two people taken for one (FMR)")
        axes.set_ylabel("pairs of one person taken for two (FNMR)")

    alt = "Curve of one-to-one comparison: the fewer pairs of two people are taken for one, the more of one are missed."
    return Plot(
        name="det-pairs",
        title="One to one: both kinds of error",
        svg=draw("det-pairs", alt, 3.8, paint),
        alt=alt,
        note="Lower and further left is better. Light parts rest on fewer than 30 errors.",
        heads=("threshold", "two people taken for one (FMR)", "one person taken for two (FNMR)"),
        rows=tuple((words.number(p.threshold, 3), cell(p.fmr), cell(p.fnmr)) for p in points),
    )


def cmc_plot(sets: Sequence[ClosedSetAt]) -> Plot:
    """Share identified among the first k, one curve a gallery size, with intervals."""

    def paint(axes: Axes) -> None:
        for place, one in enumerate(sets):
            style = look(place)
            rates = [point.miss for point in one.cmc]
            shares = np.array([1 - (rate.observed or 0.0) for rate in rates])
            bars = np.array([[rate.high, rate.low] for rate in rates]).T
            axes.errorbar(
                [point.rank for point in one.cmc],
                shares,
                yerr=np.abs(1 - bars - shares),
                color=style.colour,
                linestyle=style.line,
                marker=style.marker,
                markersize=4.5,
                elinewidth=1,
                capsize=2,
                label=f"{one.n:,} enrolled",
            )
        axes.set_xscale("log")
        ranks = sorted({point.rank for one in sets for point in one.cmc})
        axes.xaxis.set_major_locator(FixedLocator(ranks))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} of 100"))
        axes.set_xlabel("rank: how many of the most alike are looked at")
        axes.set_ylabel("right person among them")
        legend_above(axes)

    alt = "Share of enrolled people who are among the first k of the list, rising with k."
    rows = tuple((f"{one.n:,}", str(p.rank), cell(p.miss)) for one in sets for p in one.cmc)
    return Plot(
        name="cmc",
        title="If the person is certainly enrolled: on which rank",
        svg=draw("cmc", alt, 3.6, paint),
        alt=alt,
        note="Higher is better. Bars are 95 % intervals.",
        heads=("people enrolled", "rank", "right person not among them"),
        rows=rows,
    )


def score_plot(histogram: ScoreHistogram) -> Plot:
    """How the comparison scores of mated and non-mated pairs lie, and the threshold between them."""

    def paint(axes: Axes) -> None:
        for style, counts, label, hatch in (
            (look(1), histogram.non_mated, histogram.non_mated_name, "///"),
            (look(0), histogram.mated, histogram.mated_name, ""),
        ):
            shares = counts / max(1, counts.sum())
            axes.stairs(shares, histogram.edges, fill=True, color=style.colour, alpha=0.18)
            if hatch:
                axes.stairs(shares, histogram.edges, fill=True, fc="none", ec=style.colour, hatch=hatch, linewidth=0)
            name = f"{label} ({int(counts.sum()):,})"
            axes.stairs(shares, histogram.edges, color=style.colour, linestyle=style.line, linewidth=1.6, label=name)
        if histogram.threshold is not None:
            axes.axvline(histogram.threshold, color=SOFT, linewidth=1.4, linestyle=(0, (3, 2)), label="threshold")
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(FuncFormatter(percent_tick))
        axes.set_xlabel(f"comparison score ({histogram.unit})")
        axes.set_ylabel("share of each kind")
        axes.set_ylim(bottom=0)
        legend_above(axes)

    alt = f"Distribution of scores: {histogram.mated_name} and {histogram.non_mated_name}, which overlap."
    return Plot(
        name="scores",
        title="Comparison scores",
        svg=draw("scores", alt, 3.4, paint),
        alt=alt,
        note="Where the two overlap, no threshold tells them apart.",
        heads=("score", histogram.mated_name, histogram.non_mated_name),
        rows=_score_rows(histogram),
    )


def _score_rows(histogram: ScoreHistogram) -> tuple[tuple[str, ...], ...]:
    bins = len(histogram.mated)
    starts = range(0, bins, max(1, bins // 20))
    rows = []
    for start, end in zip(starts, (*starts[1:], bins), strict=True):
        ends = (words.number(histogram.edges[start], 3), words.number(histogram.edges[end], 3))
        counted = (histogram.mated[start:end].sum(), histogram.non_mated[start:end].sum())
        rows.append((" to ".join(ends), *(f"{int(count):,}" for count in counted)))
    return tuple(rows)


def _curve(axes: Axes, curve: DetCurve, style: Look, label: str) -> None:
    """Drawn in two parts: light where the false-positive rate, or the miss rate, rests on fewer than 30 errors."""
    x, y = curve.false_positive, curve.false_negative
    sure = (x * curve.non_mated >= 30) & (y * curve.mated >= 30)
    drawn = (x > 0) & (y > 0)
    for part, alpha, name in ((drawn, 0.4, None), (drawn & sure, 1.0, label)):
        axes.plot(
            np.where(part, x, np.nan),
            np.where(part, y, np.nan),
            color=style.colour,
            linestyle=style.line,
            alpha=alpha,
            label=name,
            drawstyle="default",
        )


def _cross(axes: Axes, across: Rate, up: Rate, style: Look) -> None:
    x, y = across.observed, up.observed
    if not x or not y:
        return
    axes.errorbar(
        [x],
        [y],
        xerr=_arms(x, across),
        yerr=_arms(y, up),
        color=style.colour,
        marker=style.marker,
        markersize=6,
        elinewidth=1.1,
        capsize=2.5,
    )


def _arms(value: float, rate: Rate) -> Doubles:
    return np.array([[max(0.0, value - max(rate.low, _LOWEST))], [max(0.0, rate.high - value)]])


def _log_rates(axes: Axes, curves: Sequence[DetCurve], across: Sequence[Rate], up: Sequence[Rate]) -> None:
    """Both axes logarithmic, from what is drawn lowest to 1. across, up: rates of single points."""
    left = max(_LOWEST, _lowest([c.false_positive for c in curves], across, 1e-3))
    # a little below the lowest mark, so that it is not cut in two
    bottom = max(1e-4, 0.9 * _lowest([c.false_negative for c in curves], up, 1e-2))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(min(0.1, 10.0 ** np.floor(np.log10(left))), 1.0)
    lowest = min(0.5, _floor_125(bottom))
    axes.set_ylim(lowest, 1.0)
    axes.xaxis.set_major_formatter(FuncFormatter(_decade))
    # of a short range more is named than 1, 2 and 5
    steps = [k / 10 for k in range(1, 11)] if lowest >= 0.1 else _steps_125()
    axes.yaxis.set_major_locator(FixedLocator([v for v in steps if v >= lowest]))
    axes.yaxis.set_major_formatter(FuncFormatter(_decade))
    axes.yaxis.set_minor_locator(NullLocator())


def _lowest(curves: Sequence[Doubles], points: Sequence[Rate], default: float) -> float:
    """The least value above 0 that is drawn."""
    positive = [float(values[values > 0].min()) for values in curves if (values > 0).any()]
    return min([*positive, *(rate.observed for rate in points if rate.observed)], default=default)


def _steps_125() -> list[float]:
    return [m * 10.0**-e for e in range(5, 0, -1) for m in (1, 2, 5)] + [1.0]


def _floor_125(value: float) -> float:
    return max((v for v in _steps_125() if v <= value), default=1e-5)


def _decade(value: float, _: int | None) -> str:
    """``all``, ``10 of 100``, ``1 of 1,000``, ``1 of 10^6``"""
    if value >= 0.999:
        return "all"
    least = 10 ** max(2, round(-np.log10(value) + 0.49))
    of = f"{least:,}" if least < 1e6 else "1 million" if least == 1e6 else f"{least:.0e}"
    return f"{round(value * least)} of {of}"
