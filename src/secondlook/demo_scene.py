"""The crowds that ``secondlook demo`` searches, made only of pixels that come inside dependencies.

Two people are enrolled, from scikit-image's astronaut (Eileen Collins, NASA) and matplotlib's sample picture (Grace
Hopper, US Navy), both public domain. They stand in three crowds at many sizes, never with the pixels they were
enrolled with: turned, mirrored, darker or brighter, noisy and re-compressed. Round them stand the grainy strangers of
scikit-image's ``lfw_subset``: 25 px wide, grey, and nobody's business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from secondlook.compose import (
    Box,
    Camera,
    Cutout,
    PlacedFace,
    brightened,
    filled,
    mirrored,
    moved,
    outlined,
    paste,
    photographed,
    recompressed,
    scaled,
    uint8,
)
from secondlook.errors import SourceError
from secondlook.types import Floats, Pixels

COLLINS, HOPPER = "Eileen Collins", "Grace Hopper"
SIZE = (1600, 1000)

# Where the faces are (CenterFace's boxes, rounded), and the people's outlines, set by hand on the pictures. Both are
# continued below their last row, so that nobody ends at the waist.
_COLLINS_FACE: Box = (181, 58, 270, 178)
_COLLINS_OUTLINE = """
    232,15 260,25 285,43 299,68 301,90 295,110 283,127 274,137 267,140 262,160 256,173 280,192 300,220 306,239 325,248
    345,275 357,310 365,348 372,400 374,440 374,700 25,700 25,450 22,425 19,400
    27,345 40,295 55,260 85,230 112,207 116,190 125,172 140,157 165,149 184,148 181,131 172,120 160,102 154,80 157,57
    175,42 192,35 200,22 215,16
"""
_HOPPER_FACE: Box = (173, 127, 359, 334)
_HOPPER_OUTLINE = """
    254,23 284,26 304,41 330,53 348,71 352,86 363,87 371,102 372,132 370,168 374,188 372,218 363,249 361,279 350,297
    333,307 330,316 356,340 396,358 442,372 472,380 490,390 500,411 511,447 511,900 20,900 20,518 28,442 38,406 53,382
    91,370 137,353 173,338 198,317 201,300 178,289 162,277 158,254 161,241 154,216 154,193 158,183 152,173 151,122
    157,96 175,84 175,71 190,55 218,41 226,29 239,24
"""
# Of the 200 pictures of lfw_subset the first 100 are faces. Their median box in px of 25: CenterFace's, at four times
# the size. Beyond _GRAINY px of face width they are too coarse to stand among people.
_STRANGERS = 100
_STRANGER_FACE: Box = (2.0, 1.0, 20.5, 23.5)
_GRAINY = 100
_NECK = "90,70 90,104 100,124 116,132 132,124 142,104 142,70"
_BODY = "90,70 88,106 52,122 28,138 16,176 10,479 229,479 222,176 204,138 180,122 144,106 142,70"


@dataclass(frozen=True, eq=False, slots=True)
class DemoCrowd:
    """One photograph of a crowd. placed: everybody in it, strangers under the subject ``stranger NN``."""

    name: str
    pixels: Pixels
    placed: tuple[PlacedFace, ...]


@dataclass(frozen=True, eq=False, slots=True)
class DemoScene:
    """enrol: one picture for each of the two subjects. crowds: where to look for them."""

    enrol: tuple[tuple[str, Pixels], ...]
    crowds: tuple[DemoCrowd, ...]


@dataclass(frozen=True, slots=True)
class _Set:
    """How one crowd is staged. rows: face widths in px from the back to the front. top: chin line of the first, px."""

    name: str
    picture: str
    zoom: float
    rows: tuple[int, ...]
    top: int
    camera: Camera
    grey: bool = False


_SETS = (
    _Set("garage", "motorcycle_left.png", 2.2, (20, 32, 56, 96, 160), 150, Camera(0.4, 2.5, 82)),
    _Set("launch", "rocket.jpg", 2.5, (14, 20, 28, 40, 56, 78), 330, Camera(0.5, 4.0, 60)),
    _Set("archive", "brick.png", 2.0, (18, 26, 38, 56, 84, 120), 130, Camera(0.6, 5.0, 35), grey=True),
)


def demo_scene() -> DemoScene:
    """The same pixels on every call. Raises SourceError where a dependency was installed without its pictures."""
    collins = _picture("skimage", "data/astronaut.png")
    hopper = _picture("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
    cast = (
        outlined(
            COLLINS, "astronaut.png", _continued(collins[:455], 25, 250), _COLLINS_FACE, _corners(_COLLINS_OUTLINE)
        ),
        outlined(HOPPER, "grace_hopper.jpg", _continued(hopper, 75, 300), _HOPPER_FACE, _corners(_HOPPER_OUTLINE)),
    )
    strangers = _strangers()
    crowds = tuple(_crowd(stage, cast, strangers, seed) for seed, stage in enumerate(_SETS))
    return DemoScene(((COLLINS, collins[:330, 60:400].copy()), (HOPPER, hopper)), crowds)


def data_file(package: str, name: str) -> Path:
    """A file inside an installed package, which is not imported. Raises SourceError where it is not there."""
    spec = find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(place) / name).is_file():
            return path
    raise SourceError(f"{name} is missing from the package {package}: install {package} again from its wheel.")


def _picture(package: str, name: str) -> Pixels:
    path = data_file(package, name)
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError) as error:
        raise SourceError(f"{path} cannot be read ({error}): install {package} again from its wheel.") from error


def _corners(outline: str) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in (corner.split(",") for corner in outline.split())]


def _continued(pixels: Pixels, band: int, rows: int) -> Pixels:
    """``rows`` more below the picture: its lowest ``band`` of rows, mirrored to and fro."""
    more = np.pad(pixels[-band:], ((0, rows), (0, 0), (0, 0)), mode="symmetric")[band:]
    return np.concatenate([pixels, more])


def _strangers() -> tuple[Cutout, ...]:
    path = data_file("skimage", "data/lfw_subset.npy")
    try:
        faces = np.load(path, allow_pickle=False)[:_STRANGERS].astype(np.float32)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read ({error}): install scikit-image again from its wheel.") from error
    cloth = _picture("skimage", "data/gravel.png")
    rng = np.random.default_rng(25)
    return tuple(_stranger(f"stranger {i:02d}", face, _coat(cloth, rng), rng) for i, face in enumerate(faces))


def _coat(cloth: Pixels, rng: np.random.Generator) -> Floats:
    """(480, 240, 3) of a fabric in a muted colour, 0 to 255."""
    y, x = rng.integers(0, cloth.shape[0] - 480), rng.integers(0, cloth.shape[1] - 240)
    weave = np.asarray(cv2.GaussianBlur(cloth[y : y + 480, x : x + 240], (0, 0), 1.5), np.float32) / 128
    colour = rng.uniform(25, 130) + rng.uniform(-18, 18, 3)
    return ((0.75 + 0.25 * weave) * np.clip(colour, 12, 150)).astype(np.float32)


def _stranger(subject: str, grey: Floats, figure: Floats, rng: np.random.Generator) -> Cutout:
    """A 25 px face, tinted and four times its size, drawn on top of a coat (in place): its box is 74 px wide."""
    face = np.asarray(cv2.resize(grey, (100, 100), interpolation=cv2.INTER_CUBIC), np.float32) * 255
    tint = (np.asarray((1.13, 0.97, 0.84)) * rng.uniform(0.95, 1.05, 3)).astype(np.float32)
    head = np.zeros(figure.shape[:2], np.uint8)
    cv2.ellipse(head, (116, 56), (46, 55), 0, 0, 360, (255,), -1, cv2.LINE_AA)
    body = np.zeros(figure.shape[:2], np.uint8)
    cv2.fillPoly(body, [np.asarray(_corners(_BODY), np.int32)], (255,), cv2.LINE_AA)
    neck = float(np.median(face[70:92, 30:62])) * 0.72 * tint
    cv2.fillPoly(figure, [np.asarray(_corners(_NECK), np.int32)], [float(v) for v in neck], cv2.LINE_AA)
    soft = np.asarray(cv2.GaussianBlur(head, (0, 0), 2), np.float32)[4:104, 70:170, None] / 255
    place = figure[4:104, 70:170]
    place += (face[..., None] * tint - place) * soft
    alpha = np.asarray(cv2.GaussianBlur(np.maximum(head, body), (0, 0), 1.5), np.float32)
    x0, y0, x1, y1 = (4 * v for v in _STRANGER_FACE)
    box = (x0 + 70, y0 + 4, x1 + 70, y1 + 4)
    return Cutout(subject, "lfw_subset.npy", uint8(figure), np.divide(alpha, 255, dtype=np.float32), box)


def _crowd(stage: _Set, cast: tuple[Cutout, ...], strangers: tuple[Cutout, ...], seed: int) -> DemoCrowd:
    rng = np.random.default_rng(seed)
    scene = filled(_picture("skimage", f"data/{stage.picture}"), SIZE, stage.zoom)
    waiting = [strangers[i] for i in rng.permutation(len(strangers))]
    chin, placed = float(stage.top), list[PlacedFace]()
    for row, width in enumerate(stage.rows):
        people = _row(cast, waiting, width, rng)
        step = SIZE[0] / len(people)
        for k, somebody in enumerate(people):
            middle = (k + 0.5 + 0.25 * (-1) ** row + rng.uniform(-0.06, 0.06)) * step
            placed.append(_stand(scene, somebody, width, (middle, chin + rng.uniform(-0.05, 0.05) * width), rng))
        if row + 1 < len(stage.rows):
            chin += 2 * stage.rows[row + 1]
    if stage.grey:
        scene = np.repeat(np.asarray(cv2.cvtColor(scene, cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, axis=2)
    return DemoCrowd(stage.name, photographed(scene, stage.camera, seed), tuple(placed))


def _row(cast: tuple[Cutout, ...], waiting: list[Cutout], width: int, rng: np.random.Generator) -> list[Cutout]:
    """Who stands in one row: the two, and strangers taken off ``waiting`` while there are any."""
    places = round(SIZE[0] / (2.9 * width))
    strangers = [waiting.pop() for _ in range(min(places - 2, len(waiting)))] if width <= _GRAINY else []
    people = [*cast, *strangers]
    return [people[i] for i in rng.permutation(len(people))]


def _stand(
    scene: Pixels, somebody: Cutout, width: int, at: tuple[float, float], rng: np.random.Generator
) -> PlacedFace:
    """Draws one person with the middle of the chin at ``at``, weathered so that no pixel is the enrolled one."""
    figure = scaled(somebody, width * rng.uniform(0.95, 1.05))
    figure = mirrored(figure) if rng.random() < 0.5 else figure
    figure = brightened(moved(figure, rng.uniform(-5, 5)), rng.uniform(0.8, 1.15))
    noise = rng.normal(0, rng.uniform(1, 5), figure.pixels.shape)
    pixels = recompressed(uint8((figure.pixels + noise).astype(np.float32)), int(rng.integers(30, 91)))
    figure = replace(figure, pixels=pixels)
    x, y = at[0] - (figure.face[0] + figure.face[2]) / 2, at[1] - figure.face[3]
    return paste(scene, figure, round(x), round(y), light=0.15)
