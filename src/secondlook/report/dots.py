"""A hundred dots, some filled and the rest hollow: a chance that can be counted (an icon array), also without colour."""

from __future__ import annotations

from secondlook.report.markup import Markup, tag

_ACROSS = 10
_STEP = 10


def dots(filled: int) -> Markup:
    """An SVG of 100 dots in rows of ten, the first ``filled`` (0 to 100) of them filled, with a text for who cannot see."""
    said = f"100 dots: {filled} filled, for the person, and {100 - filled} hollow, for somebody else."
    # each dot is a line of no length with round ends; a hollow one is a smaller dot of paper on one of ink
    rings = _places(filled, 100)
    return tag(
        "svg",
        tag("path", class_="dot", d=_places(0, 100)),
        *((tag("path", class_="hole", d=rings),) if rings else ()),
        viewBox=f"0 0 {_ACROSS * _STEP} {_ACROSS * _STEP}",
        role="img",
        aria_label=said,
    )


def _places(first: int, end: int) -> str:
    middles = (
        (place % _ACROSS * _STEP + _STEP // 2, place // _ACROSS * _STEP + _STEP // 2) for place in range(first, end)
    )
    return "".join(f"M{x} {y}h0" for x, y in middles)
