"""bench/RESULTS.md: tables of what was measured, and the bars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.crowd import found
from bench.peers.contest import Measured, Ratio, ratio
from bench.peers.material import truth
from secondlook.compose import PlacedFace
from secondlook.types import Floats

OURS = "second_look"


@dataclass(frozen=True, slots=True)
class Bar:
    """What was to be shown. met: None where it was not measured."""

    wanted: str
    came_out: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class Recall:
    """found of placed faces; false: boxes that are none of them."""

    found: int
    placed: int
    false: int


def recall(measured: Measured) -> Recall:
    placed = truth(Path(measured.case.material), measured.case.subject)
    pairs = found(_placed(placed), _array(measured.outcome.boxes))
    return Recall(int((pairs.hits >= 0).sum()), len(placed), len(pairs.false))


def _placed(boxes: Floats) -> list[PlacedFace]:
    return [PlacedFace("", "", (float(a), float(b), float(c), float(d)), float(c - a)) for a, b, c, d in boxes]


def _array(boxes: list[list[float]]) -> Floats:
    return np.array(boxes, np.float32).reshape(-1, 4)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows), ""]


def time_of(measured: Measured) -> str:
    low, high = min(_each(measured)), max(_each(measured))
    return f"{_ms(measured.seconds)} ({_ms(low)} to {_ms(high)})"


def _each(measured: Measured) -> list[float]:
    return [r.wall_s / r.outcome.items for r in measured.rounds]


def _ms(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def stage_table(title: str, what: str, contest: Sequence[Measured], faces: bool = False) -> list[str]:
    """One stage on one subject; ratios against the first, which is ours."""
    head = [what, "time (least to most)", "ours is faster by", "cores used", "memory, most (before)"]
    rows = []
    for one in contest:
        times = "" if one is contest[0] else str(ratio(contest[0], one))
        memory = f"{one.done.peak_mb:.0f} MB ({one.done.loaded_mb:.0f})"
        row = [one.case.name, time_of(one), times, f"{one.cores_used:.2f}", memory]
        if faces:
            seen = recall(one)
            row.append(f"{seen.found} of {seen.placed}, {seen.false} false")
        rows.append(row)
    return [f"### {title}", "", *table([*head, "faces found"] if faces else head, rows)]


def growth(
    title: str, what: str, contests: Sequence[tuple[str, Sequence[Measured]]], cell: Callable[[Measured], str] = time_of
) -> list[str]:
    """One row a subject, one column a contestant, and the ratio of the first to each other."""
    names = [one.case.name for one in contests[0][1]]
    head = [what, *names, *(f"ours against {name}" for name in names[1:])]
    rows = []
    for subject, measured in contests:
        ratios: list[Ratio] = [ratio(measured[0], other) for other in measured[1:]]
        rows.append([subject, *(cell(one) for one in measured), *(str(each) for each in ratios)])
    return [f"### {title}", "", *table(head, rows)]


def bars_table(bars: Sequence[Bar]) -> list[str]:
    verdict = {True: "yes", False: "**no**", None: "not measured"}
    return table(["wanted", "came out", "reached"], [[b.wanted, b.came_out, verdict[b.met]] for b in bars])
