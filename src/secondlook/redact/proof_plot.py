"""How often each attack named the right person: covered, uncovered, and by chance."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from secondlook.audit.figures import Figure, Rate
from secondlook.audit.frequencies import cell
from secondlook.audit.page_tables import said_cell
from secondlook.audit.svg import SOFT, Plot, draw, look, percent_tick
from secondlook.redact.proof import World
from secondlook.redact.proof_words import attack_name, link_name

_TICKS = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)


def attack_plot(world: World, name: str) -> Plot | None:
    """Rates on a logarithmic scale; None where nothing was searched."""
    shown = [one for one in world.attacks if one.covered.trials]
    if not shown:
        return None
    floor = min(world.chance, *(rate.high for one in shown for rate in (one.covered, one.originals))) / 5

    def paint(axes: Axes) -> None:
        for place, one in enumerate(shown):
            for number, (rate, label) in enumerate(((one.covered, "covered"), (one.originals, "not covered"))):
                _mark(axes, rate, place + 0.14 * (2 * number - 1), number, label if place == 0 else "", floor)
        axes.axvline(world.chance, color=SOFT, linestyle=(0, (5, 3)), linewidth=1.4, label="chance")
        axes.set_xscale("log")
        axes.set_xlim(floor, 1.25)
        axes.xaxis.set_major_locator(FixedLocator([tick for tick in _TICKS if tick >= floor]))
        axes.xaxis.set_major_formatter(FuncFormatter(percent_tick))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_yticks(range(len(shown)), [_wrapped(attack_name(one)) for one in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_xlabel("searches in which the right person came first")
        _legend(axes)

    alt = f"For each attack, how often the right one of {world.gallery:,} people came first, covered and not covered."
    rows = tuple((attack_name(one), cell(one.covered), f"1 of {world.gallery:,}", cell(one.originals)) for one in shown)
    return Plot(
        name=name,
        title=f"How often the right one of {world.gallery:,} people came first",
        svg=draw(name, alt, 1.1 + 0.5 * len(shown), paint),
        alt=alt,
        note="Bars are 95 % intervals; a hollow mark at the left edge means never. A cover has survived where the bar of"
        " the covered faces reaches the dashed line or lies left of it.",
        heads=("attack", "covered", "chance", "not covered"),
        rows=rows,
    )


def link_plot(world: World, name: str) -> Plot | None:
    """Linking on a linear scale from half to all; None where nothing could be said."""
    shown = [one for one in world.links if isinstance(one.covered, Figure)]
    if not shown:
        return None

    def paint(axes: Axes) -> None:
        for place, one in enumerate(shown):
            for number, (figure, label) in enumerate(((one.covered, "covered"), (one.originals, "not covered"))):
                if isinstance(figure, Figure):
                    _bar(axes, figure, place + 0.14 * (2 * number - 1), number, label if place == 0 else "")
        axes.axvline(0.5, color=SOFT, linestyle=(0, (5, 3)), linewidth=1.4, label="chance")
        axes.xaxis.set_major_formatter(FuncFormatter(percent_tick))
        axes.set_yticks(range(len(shown)), [_wrapped(link_name(one)) for one in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_xlabel("one person's two faces more alike than two people's")
        _legend(axes)

    alt = "For each way of linking, how often two faces of one person were more alike than faces of two people."
    return Plot(
        name=name,
        title="Can two covered faces be told to be of one person?",
        svg=draw(name, alt, 1.1 + 0.5 * len(shown), paint),
        alt=alt,
        note="Half is chance. Bars are 95 % intervals.",
        heads=("way", "covered", "not covered"),
        rows=tuple((link_name(one), said_cell(one.covered, 3), said_cell(one.originals, 3)) for one in shown),
    )


def _legend(axes: Axes) -> None:
    """Above the axes and to the right, since the names of attacks leave little room."""
    axes.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.2, handlelength=1.8, columnspacing=1.2
    )


def _mark(axes: Axes, rate: Rate, y: float, number: int, label: str, floor: float) -> None:
    style = look(number)
    seen = rate.observed or 0.0
    x, low = max(seen, floor), max(rate.low, floor)
    axes.errorbar(
        x,
        y,
        xerr=np.array([[max(0.0, x - low)], [max(0.0, rate.high - x)]]),
        color=style.colour,
        marker=style.marker,
        markerfacecolor=style.colour if seen else "white",
        markersize=6,
        capsize=3,
        linestyle="none",
        label=label or None,
        clip_on=False,
    )


def _bar(axes: Axes, figure: Figure, y: float, number: int, label: str) -> None:
    style = look(number)
    axes.errorbar(
        figure.value,
        y,
        xerr=np.array([[figure.value - figure.low], [figure.high - figure.value]]),
        color=style.colour,
        marker=style.marker,
        markersize=6,
        capsize=3,
        linestyle="none",
        label=label or None,
    )


def _wrapped(name: str) -> str:
    return name.replace(", ", ",\n", 1)
