"""Templates of faces before they were covered, covered, and restored: what an attacker compares.

Beside each template there is a picture of 16 x 16 grey values of the middle of the face. Compared directly, those are
what a recogniser cannot blunder on: after a mosaic its blocks are all there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from secondlook.faces.align import chip
from secondlook.faces.detect import Search, find_faces
from secondlook.ports import ChipLayout, Detector, Embedder
from secondlook.redact.attack.restoring import Restorer, restorers
from secondlook.redact.attack.shots import Shot
from secondlook.redact.cover import Covering, Style
from secondlook.redact.shapes import Area, roll_of, shape_of, size_of
from secondlook.types import Floats, Pixels

GRID = 16
"""Edge of the pictures that are compared directly."""
_AT_ONCE = 16
"""Shots that are looked at in one run of the recogniser."""
_GREY = 127
_FLAT = 0.25
"""Grey values that differ by less than this in the mean are rounding, and no picture."""


class View(StrEnum):
    """WHOLE: all a recogniser is shown, hair and background too, as an attacker has it with other pictures of people.

    INNER: only what lies under every cover, from brows to mouth, in one outline for everybody. For an attacker who has
    the very originals: what lies round a cover is the same in both, and would say nothing about the cover.
    """

    WHOLE = "whole"
    INNER = "inner"


class Alignment(StrEnum):
    """How a covered face is aligned. LANDMARKS: by those of the original, the best there is, for covers through which a
    face can be guessed. OUTLINE: by the cover's own place, size and tilt, which is all that an opaque one shows; the
    original's landmarks would tell the attacker what no output holds."""

    LANDMARKS = "landmarks"
    OUTLINE = "outline"


class Role(StrEnum):
    """What a shot is for. PROBE: it is searched for, aligned in every way there is. REFERENCE: others are compared with
    it. For one that is both, PROBE."""

    PROBE = "probe"
    REFERENCE = "reference"


AGAIN = Search(threshold=0.1, max_side=256, confirmed=None)
"""How a face is looked for on its cover: one look, in which next to anything counts."""


@dataclass(frozen=True, eq=False, slots=True)
class Attacker:
    """view: what of a face he looks at. alignment: how covered faces are aligned where both sides are covered.

    restorers: what is tried to undo the cover. proportion: height of a cover by its width, which everybody can see.
    """

    detector: Detector
    embedder: Embedder
    view: View
    alignment: Alignment
    restorers: tuple[Restorer, ...]
    proportion: Callable[[Area], float]


def attacker_of(detector: Detector, embedder: Embedder, view: View, covering: Covering) -> Attacker:
    """Somebody who knows how everything was covered."""
    opaque = covering.style in (Style.SOLID, Style.AVATAR)
    alignment = Alignment.OUTLINE if opaque else Alignment.LANDMARKS
    return Attacker(detector, embedder, view, alignment, restorers(covering), partial(_proportion, covering))


def _proportion(covering: Covering, area: Area) -> float:
    shape = shape_of(area, covering.extent, covering.margin)
    return shape.down / shape.across


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """templates: (S, D) of unit length. grey: (S, GRID²) of mean 0 and unit length, 0 where all is flat."""

    templates: Floats
    grey: Floats

    def __getitem__(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Seen:
        return Seen(self.templates[rows], self.grey[rows])


@dataclass(frozen=True, eq=False, slots=True)
class Looks:
    """Every shot as the attacker sees it. persons: (S,).

    uncovered: the original. covered: the output as it is, and then after each restorer, by the attacker's alignment.
    exact: the same by the original's landmarks. found: the output aligned by what was found in it; was_found: (S,)
    whether anything was. outline: (S, 2) of unit length, the proportions of the cover as an angle.
    """

    persons: NDArray[np.int64]
    uncovered: Seen
    covered: tuple[Seen, ...]
    exact: tuple[Seen, ...]
    found: Seen
    was_found: NDArray[np.bool_]
    outline: Floats

    def __len__(self) -> int:
        return len(self.persons)

    def __getitem__(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Looks:
        covered = tuple(seen[rows] for seen in self.covered)
        exact = tuple(seen[rows] for seen in self.exact)
        found, was_found = self.found[rows], self.was_found[rows]
        return Looks(self.persons[rows], self.uncovered[rows], covered, exact, found, was_found, self.outline[rows])


def look(shots: Iterable[Shot], attacker: Attacker, role: Role = Role.PROBE) -> Looks:
    """Looks at shots as they come; only templates and grey values are kept."""
    parts: list[Looks] = []
    coming = iter(shots)
    while some := tuple(islice(coming, _AT_ONCE)):
        parts.append(_looked(some, attacker, role))
    return _joined(parts) if parts else _nothing(attacker)


def _looked(shots: Sequence[Shot], attacker: Attacker, role: Role) -> Looks:
    own = [shot.landmarks for shot in shots]
    by_outline = attacker.alignment is Alignment.OUTLINE
    points = [outline_landmarks(shot.area) for shot in shots] if by_outline else own
    found = [_found_again(shot, attacker) if role is Role.PROBE else None for shot in shots]
    outputs = _outputs(shots, attacker)
    chips = [_chips([shot.original for shot in shots], own, attacker)]
    chips += [_chips(output, points, attacker) for output in outputs]
    if by_outline and role is Role.PROBE:
        chips += [_chips(output, own, attacker) for output in outputs]
    again = [p if p is not None else own[row] for row, p in enumerate(found)]
    if any(p is not None for p in found):
        chips.append(_chips(outputs[0], again, attacker))
    seen = _seen(chips, attacker.embedder)
    covered = seen[1 : 1 + len(outputs)]
    exact = seen[1 + len(outputs) : 1 + 2 * len(outputs)] if by_outline and role is Role.PROBE else covered
    return Looks(
        np.array([shot.person for shot in shots], np.int64),
        seen[0],
        covered,
        exact,
        seen[-1],
        np.array([p is not None for p in found]),
        _outlines([attacker.proportion(shot.area) for shot in shots]),
    )


def _outlines(proportions: Sequence[float]) -> Floats:
    """As angles: the smaller the angle between two, the more alike they are."""
    angle = np.log(np.array(proportions, np.float64))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def _outputs(shots: Sequence[Shot], attacker: Attacker) -> list[list[Pixels]]:
    """The outputs as they are, then after each restorer."""
    restored = [[one.undo(shot.output, shot.area) for shot in shots] for one in attacker.restorers]
    return [[shot.output for shot in shots], *restored]


def _chips(pictures: Sequence[Pixels], points: Sequence[Floats], attacker: Attacker) -> Pixels:
    layout = attacker.embedder.layout
    made = np.stack([chip(pixels, own, layout) for pixels, own in zip(pictures, points, strict=True)])
    if attacker.view is View.INNER:
        made[:, ~inner(layout)] = _GREY
    return made


def _seen(chips: Sequence[Pixels], embedder: Embedder) -> tuple[Seen, ...]:
    """What is seen on chips of several kinds, as many of each: in one run of the recogniser."""
    stack = np.concatenate(chips)
    templates, grey = embedder.embed(stack), grey_values(stack, embedder.layout)
    parts = zip(np.split(templates, len(chips)), np.split(grey, len(chips)), strict=True)
    return tuple(Seen(t, g) for t, g in parts)


def _joined(parts: Sequence[Looks]) -> Looks:
    return Looks(
        np.concatenate([part.persons for part in parts]),
        _joined_seen([part.uncovered for part in parts]),
        tuple(_joined_seen(one) for one in zip(*(part.covered for part in parts), strict=True)),
        tuple(_joined_seen(one) for one in zip(*(part.exact for part in parts), strict=True)),
        _joined_seen([part.found for part in parts]),
        np.concatenate([part.was_found for part in parts]),
        np.concatenate([part.outline for part in parts]),
    )


def _joined_seen(parts: Sequence[Seen]) -> Seen:
    return Seen(np.concatenate([part.templates for part in parts]), np.concatenate([part.grey for part in parts]))


def _nothing(attacker: Attacker) -> Looks:
    empty = Seen(np.zeros((0, attacker.embedder.dimension), np.float32), np.zeros((0, GRID * GRID), np.float32))
    covered = (empty,) * (1 + len(attacker.restorers))
    return Looks(np.zeros(0, np.int64), empty, covered, covered, empty, np.zeros(0, np.bool_), _outlines([]))


_USUAL = np.array([[-0.222, -0.117], [0.222, -0.117], [0.0, 0.077], [-0.186, 0.235], [0.186, 0.235]], np.float32)
"""Where landmarks lie round the middle of CenterFace's box, as shares of its size: means over 3,674 faces of LFW."""


def outline_landmarks(area: Area) -> Floats:
    """(5, 2): where they usually are below a cover of this place, size and tilt."""
    middle, size = (area.box[:2] + area.box[2:]) / 2, np.array(size_of(area), np.float32)
    turn = roll_of(area)
    cosine, sine = np.cos(turn), np.sin(turn)
    turned = np.array([[cosine, sine], [-sine, cosine]], np.float32)
    return np.asarray(middle + (_USUAL * size) @ turned, np.float32)


def _found_again(shot: Shot, attacker: Attacker) -> Floats | None:
    """Landmarks of the best face at the place of the shot, in its output."""
    found = find_faces(attacker.detector, shot.output, AGAIN)
    x0, y0, x1, y1 = shot.area.box
    middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    there = (middles >= [x0, y0]).all(1) & (middles <= [x1, y1]).all(1)
    rows = np.nonzero(there)[0]
    return None if not len(rows) else found.landmarks[rows[0]]


def inner(layout: ChipLayout) -> NDArray[np.bool_]:
    """(size, size): an ellipse from brows to mouth in an aligned chip, inside every cover of a face."""
    middle, across, down = _middle_of(layout)
    y, x = np.mgrid[: layout.size, : layout.size]
    return np.asarray(((x - middle[0]) / across) ** 2 + ((y - middle[1]) / down) ** 2 <= 1, np.bool_)


def _middle_of(layout: ChipLayout) -> tuple[Floats, float, float]:
    """Middle of eyes and mouth, and half the width and height of the inner face, in px of the chip."""
    eyes, mouth = layout.points[:2].mean(0), layout.points[3:].mean(0)
    apart = float(np.hypot(*(layout.points[1] - layout.points[0])))
    return (
        np.asarray((eyes + mouth) / 2, np.float32),
        0.9 * apart,
        0.65 * float(np.hypot(*(mouth - eyes))) + 0.25 * apart,
    )


def grey_values(chips: Pixels, layout: ChipLayout) -> Floats:
    """(n, size, size, 3) -> (n, GRID²): the inner face as a small grey picture, of mean 0 and unit length."""
    (x, y), across, down = _middle_of(layout)
    top, bottom = max(0, round(y - down)), min(layout.size, round(y + down))
    left, right = max(0, round(x - across)), min(layout.size, round(x + across))
    grey = np.empty((len(chips), GRID * GRID), np.float32)
    for row, made in enumerate(chips):
        luma = np.asarray(cv2.cvtColor(made[top:bottom, left:right], cv2.COLOR_RGB2GRAY), np.float32)
        grey[row] = np.asarray(cv2.resize(luma, (GRID, GRID), interpolation=cv2.INTER_AREA)).ravel()
    grey -= grey.mean(1, keepdims=True)
    length = np.linalg.norm(grey, axis=1, keepdims=True)
    return np.asarray(np.divide(grey, length, out=np.zeros_like(grey), where=length > _FLAT * GRID), np.float32)
