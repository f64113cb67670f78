"""A matplotlib figure as SVG inside a page: the same bytes every time, and nothing outside the file."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from secondlook.report.markup import Markup, tag, visible

INK, SOFT, RULE = "#16191d", "#4d5560", "#d5d9df"

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#a1457c", "#000000", "#b37b00", "#3a87b5")
"""Okabe and Ito (2008), told apart with every kind of colour blindness; the light ones darkened for a white ground."""
LINES = ("-", (0, (6, 2)), (0, (6, 2, 1.5, 2)), (0, (2, 1.5)), (0, (10, 2, 2, 2, 2, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_WIDTH_IN = 6.8

_STYLE: dict[RcKeyType, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be searched, selected and read aloud
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.parse_math": False,  # names of groups may hold a dollar sign
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "hatch.linewidth": 0.7,
}
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing, what it shows in words, and its numbers.

    name: short, of letters and dashes; told apart from the page's other plots by it. heads, rows: the numbers drawn.
    """

    name: str
    title: str
    svg: Markup
    alt: str
    note: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """Colour, line and marker of one curve: no two curves of a plot differ in colour alone."""

    colour: str
    line: str | tuple[int, tuple[float, ...]]
    marker: str


def look(place: int) -> Look:
    return Look(COLOURS[place % len(COLOURS)], LINES[place % len(LINES)], MARKERS[place % len(MARKERS)])


def draw(name: str, alt: str, height_in: float, paint: Callable[[Axes], None]) -> Markup:
    """One pair of axes as an inline ``svg`` element. paint: draws on the axes, which have the house's style."""

    def on_figure(figure: Figure) -> None:
        paint(figure.add_subplot())

    return draw_figure(name, alt, height_in, on_figure)


def draw_figure(name: str, alt: str, height_in: float, paint: Callable[[Figure], None]) -> Markup:
    """As ``draw``, for plots of several axes."""
    style: dict[RcKeyType, Any] = {**_STYLE, "svg.hashsalt": name}
    with matplotlib.rc_context(style), warnings.catch_warnings():
        # letters that the font lacks are drawn by the browser, from its own fonts
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
        FigureCanvasSVG(figure)
        paint(figure)
        held = io.StringIO()
        figure.savefig(held, format="svg", metadata=_NO_METADATA)
    return _inline(held.getvalue(), name, alt)


def _inline(svg: str, name: str, alt: str) -> Markup:
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    # its style is for every element of the page it would stand in; the page's own says it for plots
    for part in ("<metadata>.*?</metadata>", "<style[^>]*>.*?</style>", "<!--.*?-->"):
        body = re.sub(part, "", body, flags=re.DOTALL)
    body = re.sub("<[^>]*>", lambda found: _own_ids(found.group(), name), body)
    box = re.search(r'viewBox="([^"]+)"', svg)
    return tag("svg", Markup(body), viewBox=box.group(1) if box else None, role="img", aria_label=alt)


def _own_ids(element: str, name: str) -> str:
    """One page holds several plots, whose ids would be the same; and not every machine has the font."""
    told_apart = re.sub(r'\bid="|url\(#|href="#', lambda found: f"{found.group()}{name}-", element)
    return told_apart.replace("font-family: 'DejaVu Sans'", "font-family: 'DejaVu Sans', Verdana, sans-serif")


def legend_above(axes: Axes) -> None:
    """Names of the curves above the axes, where they hide nothing."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, borderaxespad=0.2, handlelength=3.2)


def percent_tick(value: float, _: int | None = None) -> str:
    return f"{100 * value:.4g}\N{NO-BREAK SPACE}%"


def text(name: str) -> str:
    """A name that somebody else chose, as it may stand in a plot."""
    shown = visible(name)
    return shown if len(shown) <= 40 else shown[:39] + "…"
