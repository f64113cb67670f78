"""What is written beside a box, and where it fits: on no face, on no other label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.report.lettering import Lettering
from secondlook.report.looks import URGENCY, look_of
from secondlook.report.marks import Box, Mark
from secondlook.types import Outcome

_UNSPELLABLE = "name: see the report"
_CROWD = 12
"""With more faces than this, words give way to symbols; the legend explains them."""


@dataclass(frozen=True, slots=True)
class Label:
    """Lines of text on a plate. box: of the plate, px."""

    lines: tuple[str, ...]
    box: tuple[int, int, int, int]
    mark: Mark


def placed(marks: Sequence[Mark], lettering: Lettering, size: tuple[int, int], gap: int) -> list[Label]:
    """Labels for the marks of one picture of ``size`` (width, height); gap: px between box and label.

    A candidate always gets one, in the place where it hides least. Every other outcome gets its word (in a crowd its
    symbol) where there is free room, or nothing: its line says the same.
    """
    taken = np.array([m.box for m in marks], np.float64).reshape(-1, 4)
    brief = len(marks) > _CROWD
    labels: list[Label] = []
    for mark in sorted(marks, key=lambda m: URGENCY.index(m.outcome)):
        label = _best(mark, _texts(mark, lettering, size[0], brief), lettering, size, gap, taken)
        if label is not None:
            labels.append(label)
            taken = np.concatenate([taken, np.array([label.box], np.float64)])
    return labels


def _best(
    mark: Mark,
    texts: Iterable[tuple[str, ...]],
    lettering: Lettering,
    size: tuple[int, int],
    gap: int,
    taken: NDArray[np.float64],
) -> Label | None:
    """The first text in the first place where it hides nothing; for a candidate else where it hides least."""
    best: Label | None = None
    least = np.inf
    for lines in texts:
        wide = max(lettering.width(line) for line in lines) + 2 * lettering.pad_px
        tall = lettering.line_px * len(lines) + lettering.pad_px
        for x, y in _corners(mark.box, wide, tall, size, gap):
            spot = (x, y, x + wide, y + tall)
            hidden = _hidden(spot, taken)
            if hidden == 0:
                return Label(lines, spot, mark)
            if hidden < least:
                best, least = Label(lines, spot, mark), hidden
    return best if mark.outcome is Outcome.CANDIDATE else None


def _texts(mark: Mark, lettering: Lettering, width: int, brief: bool) -> Iterator[tuple[str, ...]]:
    """What may be written, best first."""
    look = look_of(mark.outcome)
    room = min(width - 2 * lettering.pad_px, 24 * lettering.line_px)
    if mark.outcome is Outcome.CANDIDATE:
        name = () if mark.subject is None else (lettering.spelt(mark.subject, _UNSPELLABLE),)
        score = () if mark.score is None else (f"score {mark.score:.2f}",)
        for lines in ((*name, ", ".join((look.word, *score))), (*name, look.word, *score)):
            yield tuple(lettering.fitted(line, room) for line in lines)
        return
    if not brief and lettering.width(look.word) <= room:
        yield (look.word,)
    yield (lettering.symbol(look),)


def _corners(box: Box, wide: int, tall: int, size: tuple[int, int], gap: int) -> Iterator[tuple[int, int]]:
    """Places above, below and beside a box, each moved as far as it must be to lie inside the picture."""
    x0, y0, x1, y1 = round(box[0]) - gap, round(box[1]) - gap, round(box[2]) + gap, round(box[3]) + gap
    columns = (x0, x1 - wide, (x0 + x1 - wide) // 2)
    above_and_below = [(x, y) for x in columns for y in (y0 - tall, y1)]
    beside = [(x, y) for y in (y0, y1 - tall) for x in (x1, x0 - wide)]
    for x, y in (*above_and_below, *beside):
        yield max(0, min(x, size[0] - wide)), max(0, min(y, size[1] - tall))


def _hidden(spot: tuple[int, int, int, int], taken: NDArray[np.float64]) -> float:
    """Area in px of everything taken that the spot would cover."""
    across = np.minimum(taken[:, 2], spot[2]) - np.maximum(taken[:, 0], spot[0])
    down = np.minimum(taken[:, 3], spot[3]) - np.maximum(taken[:, 1], spot[1])
    return float((np.clip(across, 0, None) * np.clip(down, 0, None)).sum())
