"""What is written beside a box, and where it fits: on no face, on no other label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.report.lettering import Lettering
from secondlook.report.looks import URGENCY, look_of
from secondlook.report.marks import Box, Mark
from secondlook.types import Outcome

_UNSPELLABLE = "name: see the report"


@dataclass(frozen=True, slots=True)
class Label:
    """Lines of text on a plate. box: of the plate, px."""

    lines: tuple[str, ...]
    box: tuple[int, int, int, int]
    mark: Mark


def placed(marks: Sequence[Mark], lettering: Lettering, size: tuple[int, int], gap: int) -> list[Label]:
    """Labels for the marks of one picture of ``size`` (width, height); gap: px between box and label.

    A candidate always gets one, in the place where it hides least. Every other outcome gets its word, or its symbol,
    or nothing, as far as there is free room: its line says the same.
    """
    taken = np.array([m.box for m in marks], np.float64).reshape(-1, 4)
    labels: list[Label] = []
    for mark in sorted(marks, key=lambda m: URGENCY.index(m.outcome)):
        label = _best(mark, lettering, size, gap, taken)
        if label is not None:
            labels.append(label)
            taken = np.concatenate([taken, np.array([label.box], np.float64)])
    return labels


def _best(
    mark: Mark, lettering: Lettering, size: tuple[int, int], gap: int, taken: NDArray[np.float64]
) -> Label | None:
    pad = max(2, lettering.line_px // 6)
    for lines in _texts(mark, lettering, size[0] - 2 * pad):
        wide = max(lettering.width(line) for line in lines) + 2 * pad
        tall = lettering.line_px * len(lines) + pad
        spots = [(x, y, x + wide, y + tall) for x, y in _corners(mark.box, wide, tall, size, gap)]
        hidden = [_hidden(spot, taken) for spot in spots]
        best = int(np.argmin(hidden))
        if hidden[best] == 0 or mark.outcome is Outcome.CANDIDATE:
            return Label(lines, spots[best], mark)
    return None


def _texts(mark: Mark, lettering: Lettering, room: int) -> Iterator[tuple[str, ...]]:
    look = look_of(mark.outcome)
    if mark.outcome is Outcome.CANDIDATE:
        score = "" if mark.score is None else f", score {mark.score:.2f}"
        name = () if mark.subject is None else (lettering.spelt(mark.subject, _UNSPELLABLE),)
        yield tuple(lettering.fitted(line, min(room, 24 * lettering.line_px)) for line in (*name, look.word + score))
        return
    if lettering.width(look.word) <= room:
        yield (look.word,)
    yield (look.symbol if lettering.spells(look.symbol) else look.word[0],)


def _corners(box: Box, wide: int, tall: int, size: tuple[int, int], gap: int) -> Iterator[tuple[int, int]]:
    """Above, below, right and left of a box, each moved as far as it must be to lie inside the picture."""
    x0, y0, x1, y1 = (round(v) for v in box)
    for x, y in ((x0 - gap, y0 - gap - tall), (x0 - gap, y1 + gap), (x1 + gap, y0 - gap), (x0 - gap - wide, y0 - gap)):
        yield max(0, min(x, size[0] - wide)), max(0, min(y, size[1] - tall))


def _hidden(spot: tuple[int, int, int, int], taken: NDArray[np.float64]) -> float:
    """Area in px of everything taken that the spot would cover."""
    across = np.minimum(taken[:, 2], spot[2]) - np.maximum(taken[:, 0], spot[0])
    down = np.minimum(taken[:, 3], spot[3]) - np.maximum(taken[:, 1], spot[1])
    return float((np.clip(across, 0, None) * np.clip(down, 0, None)).sum())
