"""Crowds of known people at known places and sizes: pictures of Labeled Faces in the Wild in real photographs.

    for scene in scenes(shared_data, widths=(16, 64), per_width=100, seed=0):
        boxes = ...                              # whatever finds faces, on scene.pixels
        hits = found(scene.faces, boxes)

No model runs here. The face widths are those of a detector's box: in the deep-funneled pictures CenterFace's box is
x 78-173, y 65-190 in the median of 393 pictures (95 px wide; 5 % to 95 %: 86 to 107).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.optimize import linear_sum_assignment

from bench.backgrounds import backgrounds
from secondlook.compose import (
    Box,
    Camera,
    Cutout,
    PlacedFace,
    free_corner,
    mirrored,
    paste,
    person,
    photographed,
    scaled,
)
from secondlook.errors import SourceError
from secondlook.types import Floats, Pixels

LFW_FACE: Box = (78, 65, 173, 190)
WIDTHS = (12, 16, 24, 32, 48, 64, 96, 128)
ENROLLED_FROM = 64
"""From this face width on, only people who have another picture to enrol are shown."""
_FILL = 0.3
"""Part of a picture that people may cover, before another picture is begun."""
_MOST = 60
"""People in one picture."""


@dataclass(frozen=True, eq=False, slots=True)
class Scene:
    """One crowd. faces: everybody in it. left_out: for whom there was no room, in the order given."""

    name: str
    pixels: Pixels
    faces: tuple[PlacedFace, ...]
    left_out: tuple[Showing, ...] = ()


@dataclass(frozen=True, slots=True)
class Showing:
    """A picture to be shown with a face ``width`` px wide."""

    picture: Path
    width: float

    @property
    def subject(self) -> str:
        return self.picture.parent.name


@dataclass(frozen=True, slots=True)
class Person:
    """shown: the picture in the crowds. reference: another one, to enrol; None where there is none."""

    subject: str
    shown: Path
    reference: Path | None


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """hits: (n,) index of the box that found each placed face, -1 where none did. false: indices of all other boxes."""

    hits: NDArray[np.intp]
    false: NDArray[np.intp]

    @property
    def recall(self) -> float:
        """1 where nobody was there to be found."""
        return float((self.hits >= 0).mean()) if len(self.hits) else 1.0


def compose(
    background: Pixels,
    people: Sequence[Path],
    widths: Sequence[float],
    seed: int,
    avoid: Sequence[Box] = (),
    camera: Camera | None = None,
    name: str = "",
) -> Scene:
    """People on a background, none on another nor on ``avoid``. Same arguments, same pixels.

    people: LFW pictures (250 x 250). widths: their faces' widths in px. avoid: boxes, e.g. of faces already there.
    camera: a mild one is drawn from the seed if None. Who finds no room is in ``Scene.left_out``.
    """
    rng = np.random.default_rng(seed)
    scene, taken = background.copy(), list(avoid)
    faces, left_out = list[PlacedFace](), list[Showing]()
    showings = [Showing(picture, width) for picture, width in zip(people, widths, strict=True)]
    for showing in sorted(showings, key=lambda s: -s.width):  # the large ones find room first
        figure = scaled(cut(showing.picture), showing.width)
        figure = mirrored(figure) if rng.random() < 0.5 else figure
        height, width = figure.alpha.shape
        corner = free_corner((width, height), (scene.shape[1], scene.shape[0]), taken, rng)
        if corner is None:
            left_out.append(showing)
            continue
        taken.append((corner[0], corner[1], corner[0] + width, corner[1] + height))
        faces.append(paste(scene, figure, *corner, light=0.2))
    camera = camera or Camera(rng.uniform(0.2, 0.6), rng.uniform(0.5, 3), int(rng.integers(75, 96)))
    return Scene(name, photographed(scene, camera, seed), tuple(faces), tuple(left_out))


def cut(picture: Path) -> Cutout:
    """The person in the middle of an LFW picture."""
    with Image.open(picture) as image:
        return person(picture.parent.name, picture.stem, np.asarray(image.convert("RGB")), LFW_FACE)


def people(shared_data: Path, seed: int = 0) -> tuple[Person, ...]:
    """Everybody in ``lfw``, in random order, with a picture to show and, where there are two, another one to enrol.

    Pictures in which a second face is cut out along with the first are left aside: it would count as a false face
    though it is a true one. ``bystanders.txt`` names them: CenterFace found another face in the cut-out at its full
    size (score 0.35), and somebody looked at each; 74 of 6,274.
    """
    crowded = frozenset((Path(__file__).parent / "bystanders.txt").read_text().split())
    rng = np.random.default_rng(seed)
    everybody = list[Person]()
    for folder in sorted(path for path in (shared_data / "lfw").iterdir() if path.is_dir()):
        alone = sorted(path for path in folder.glob("*.jpg") if path.stem not in crowded)
        if not alone:
            continue
        order = rng.permutation(len(alone))
        reference = alone[order[1]] if len(alone) > 1 else None
        everybody.append(Person(folder.name, alone[order[0]], reference))
    if not everybody:
        raise SourceError(f"{shared_data / 'lfw'} is empty: put Labeled Faces in the Wild there (NAME/NAME_0001.jpg).")
    return tuple(everybody[i] for i in rng.permutation(len(everybody)))


def scenes(
    shared_data: Path,
    widths: Sequence[float] = WIDTHS,
    per_width: int = 200,
    seed: int = 0,
    size: tuple[int, int] = (1920, 1080),
) -> Iterator[Scene]:
    """The standard set: ``per_width`` people at each face width, sizes mixed, on every background in turn.

    Everybody who was asked for is shown; nobody twice at one width while there are others.
    """
    rng = np.random.default_rng(seed)
    waiting = _showings(people(shared_data, seed), widths, per_width)
    waiting = [waiting[i] for i in rng.permutation(len(waiting))]
    for number, (name, background) in enumerate(cycle(backgrounds(size))):
        if not waiting:
            return
        now = _group(waiting, size)
        scene = compose(
            background,
            [showing.picture for showing in now],
            [showing.width for showing in now],
            seed=seed * 100_000 + number,
            name=f"{number:03d} {Path(name).stem}",
        )
        if not scene.faces:
            raise ValueError(f"{size} px have no room for a face {now[0].width:.0f} px wide: ask for a larger picture.")
        waiting = [*scene.left_out, *waiting[len(now) :]]
        yield scene


def _showings(everybody: Sequence[Person], widths: Sequence[float], per_width: int) -> list[Showing]:
    enrolled = [somebody for somebody in everybody if somebody.reference]
    wanted = list[Showing]()
    for k, width in enumerate(widths):
        cast = enrolled if width >= ENROLLED_FROM else everybody
        wanted += [Showing(cast[(k * per_width + i) % len(cast)].shown, width) for i in range(per_width)]
    return wanted


def _group(waiting: Sequence[Showing], size: tuple[int, int]) -> Sequence[Showing]:
    """As many from the front of the queue as one picture holds, at least one. A cut-out is about 2 by 2.2 faces."""
    room, area = _FILL * size[0] * size[1], 0.0
    for count, showing in enumerate(waiting[:_MOST]):
        area += 2 * 2.2 * showing.width**2
        if area > room:
            return waiting[: max(1, count)]
    return waiting[:_MOST]


def found(faces: Sequence[PlacedFace], boxes: Floats) -> Found:
    """Which placed face was found by which box, each at most once; every other box is false.

    boxes: (m, 4) px. A pair is possible at IoU >= 0.3, or where each centre lies in the other box and the widths are
    within a factor of 2 (a box from brow to chin and one with the hair are the same face). Of all assignments the one
    with the most pairs is taken, then that with the largest sum of IoU. A second box on one face is a false one.
    """
    hits = np.full(len(faces), -1, np.intp)
    given = np.asarray(boxes, np.float64).reshape(-1, 4)
    placed = np.asarray([face.box for face in faces], np.float64).reshape(-1, 4)
    overlap = _iou(placed, given)
    possible = (overlap >= 0.3) | _same_middle(placed, given)
    rows, columns = linear_sum_assignment(np.where(possible, 1.0 + overlap / (2 + len(faces)), 0.0), maximize=True)
    paired = possible[rows, columns]
    hits[rows[paired]] = columns[paired]
    return Found(hits, np.setdiff1d(np.arange(len(given)), hits))


def _iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 4), (m, 4) -> (n, m), 0 to 1."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inside = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = np.prod(a[:, 2:] - a[:, :2], axis=1)[:, None] + np.prod(b[:, 2:] - b[:, :2], axis=1)[None] - inside
    return np.asarray(inside / np.maximum(areas, 1e-9))


def _same_middle(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    def covers(box: NDArray[np.float64], of: NDArray[np.float64]) -> NDArray[np.bool_]:
        middle = (of[..., :2] + of[..., 2:]) / 2
        return np.asarray(((middle > box[..., :2]) & (middle < box[..., 2:])).all(axis=-1))

    first, second = a[:, None], b[None]
    wide, other = first[..., 2] - first[..., 0], second[..., 2] - second[..., 0]
    alike = (wide <= 2 * other) & (other <= 2 * wide)
    return np.asarray(covers(first, second) & covers(second, first) & alike)


def nearest_width(face: PlacedFace, widths: Sequence[float] = WIDTHS) -> float:
    """The width that was asked for: whole pixels have changed it by a few per cent."""
    return min(widths, key=lambda width: abs(width / face.width_px - 1))
