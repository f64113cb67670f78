"""Whether what a system says beforehand holds: stated probabilities, and qualities of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from secondlook.audit.frequencies import cell, frequency
from secondlook.audit.results import CalibrationBin, CalibrationCurve, Enough, QualityDiscard
from secondlook.audit.svg import SOFT, Plot, draw, legend_above, look, percent_tick, text
from secondlook.report import words


def calibration_plot(curve: CalibrationCurve) -> Plot:
    """Stated probability against how often it was right."""
    bins = [b for b in curve.bins if b.wrong.trials]
    stated = np.array([b.mean_stated for b in bins])
    right = np.array([b.observed or 0.0 for b in bins])
    ends = np.array([[1 - b.interval[1], 1 - b.interval[0]] for b in bins]).reshape(len(bins), 2)

    def paint(axes: Axes) -> None:
        style = look(0)
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1.2, linestyle=(0, (4, 2)), label="as it should be")
        axes.errorbar(
            stated,
            right,
            yerr=np.abs(ends.T - right),
            color=style.colour,
            marker=style.marker,
            linestyle=style.line,
            capsize=2.5,
            elinewidth=1.1,
            label="as it was",
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} of 100"))
        axes.set_xlabel("said to be the same person")
        axes.set_ylabel("were the same person")
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        axes.legend(loc="upper left")

    alt = "Stated probabilities against how often they were right; on the dashed line both are the same."
    rows = tuple(
        (f"{words.percent(b.low)} to {words.percent(b.high)}", words.percent(b.mean_stated), _wrong(b)) for b in bins
    )
    return Plot(
        name="calibration",
        title="Stated probability against what happened",
        svg=draw("calibration", alt, 3.8, paint),
        alt=alt,
        note="Below the dashed line the system is surer than it should be. Bars are 95 % intervals.",
        heads=("stated", "on average", "were not the same person"),
        rows=rows,
    )


def _wrong(one: CalibrationBin) -> str:
    if one.weighted is None or one.wrong.enough in (Enough.TOO_FEW, Enough.BOUND_ONLY):
        return cell(one.wrong)
    return frequency(one.weighted.value, one.weighted.low, one.weighted.high).sentence


def discard_plot(discards: Sequence[QualityDiscard]) -> Plot:
    """Miss rate of the rest when the worst pictures are left out, one curve a quality measure."""

    def paint(axes: Axes) -> None:
        for place, one in enumerate(discards):
            style = look(place)
            axes.plot(
                one.discarded,
                one.error,
                color=style.colour,
                linestyle=style.line,
                label=text(one.quality),
                drawstyle="steps-post",
            )
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} of 100"))
        axes.yaxis.set_major_formatter(FuncFormatter(percent_tick))
        axes.set_xlim(0, max((float(one.area_to) for one in discards), default=0.3))
        axes.set_ylim(bottom=0)
        axes.set_xlabel("pictures of lowest quality left out")
        axes.set_ylabel("missed among the rest")
        legend_above(axes)

    alt = "Misses among the rest when the pictures of lowest quality are left out; a useful quality measure falls."
    rows = tuple(
        (one.quality, *(words.percent(_error_at(one, share)) for share in (0.0, 0.1, 0.2)), f"{one.trials:,}")
        for one in discards
    )
    return Plot(
        name="discard",
        title="What leaving out the worst pictures would change",
        svg=draw("discard", alt, 3.4, paint),
        alt=alt,
        note="A curve that falls belongs to a quality measure that foresees errors; a flat one does not.",
        heads=("quality measure", "missed, all pictures", "without the worst 10 of 100", "without 20", "trials"),
        rows=rows,
    )


def _error_at(one: QualityDiscard, share: float) -> float:
    place = int(np.searchsorted(one.discarded, share, side="right")) - 1
    return float(one.error[max(0, place)]) if len(one.error) else float("nan")
