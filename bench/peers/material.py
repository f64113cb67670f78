"""The pictures that all contestants see, as files: crowds composed of Labeled Faces in the Wild, a clip, and people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from bench.backgrounds import backgrounds
from bench.crowd import compose, people
from bench.crowd_video import compose_video
from secondlook.types import Floats

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
KNOWN = 50
"""People enrolled while a photograph or a video is searched."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """widths: of the faces, px, evenly spread in their logarithm. size: width and height, px."""

    name: str
    size: tuple[int, int]
    faces: int
    widths: tuple[float, float]


FULL_HD, TWELVE = (1920, 1080), (4000, 3000)
SMALL, LARGE = (16.0, 64.0), (40.0, 160.0)
CROWDS = (
    Crowd("1080p-1", FULL_HD, 1, SMALL),
    Crowd("1080p-5", FULL_HD, 5, SMALL),
    Crowd("1080p-25", FULL_HD, 25, SMALL),
    Crowd("1080p-100", FULL_HD, 100, SMALL),
    Crowd("720p-25", (1280, 720), 25, SMALL),
    Crowd("4k-25", (3840, 2160), 25, SMALL),
    Crowd("12mp-25", TWELVE, 25, LARGE),
    Crowd("12mp-100", TWELVE, 100, LARGE),
)
VIDEO_FACES, VIDEO_RATE, VIDEO_WIDTHS = 2, 30, (64.0, 96.0)


def make(folder: Path, seconds: float) -> None:
    """Everything into ``folder``: NAME.jpg and NAME.json for each crowd, clip.mp4, known.json."""
    for number, crowd in enumerate(CROWDS):
        _crowd(crowd, folder, number)
    _, background = next(backgrounds((1280, 720)))
    cast = [person for person in people(SHARED, 0) if person.reference][:VIDEO_FACES]
    compose_video(folder / "clip.mp4", background, [p.shown for p in cast], VIDEO_WIDTHS, seconds, VIDEO_RATE)
    known = [p for p in people(SHARED, 0) if p.reference][:KNOWN]
    said = [[p.subject, str(p.reference)] for p in known]
    (folder / "known.json").write_text(json.dumps(said), encoding="utf-8")
    (folder / "lfw").symlink_to(SHARED / "lfw")


def _crowd(crowd: Crowd, folder: Path, seed: int) -> None:
    everybody = [person.shown for person in people(SHARED, 0)]
    rng = np.random.default_rng(seed)
    low, high = crowd.widths
    widths = np.exp(rng.uniform(np.log(low), np.log(high), crowd.faces))
    name, background = next(
        islice(backgrounds(crowd.size), 2, None)
    )  # a table with a cup: neither empty nor all texture
    scene = compose(background, everybody[: crowd.faces], widths.tolist(), seed, name=name)
    Image.fromarray(scene.pixels).save(folder / f"{crowd.name}.jpg", quality=92)
    placed = [asdict(face) for face in scene.faces]
    (folder / f"{crowd.name}.json").write_text(json.dumps(placed), encoding="utf-8")


def truth(folder: Path, name: str) -> Floats:
    """(n, 4) px, of everybody in a crowd."""
    said = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return np.array([face["box"] for face in said], np.float32).reshape(-1, 4)


@cache
def portraits() -> tuple[str, ...]:
    """All pictures of Labeled Faces in the Wild, listed once: that takes as long as two faces of a contestant."""
    return tuple(str(path) for path in sorted((SHARED / "lfw").glob("*/*.jpg")))


def block(first: int, count: int) -> list[tuple[str, list[str]]]:
    """People with their pictures, ``count`` pictures from the ``first`` on."""
    persons: dict[str, list[str]] = {}
    for path in portraits()[first : first + count]:
        persons.setdefault(Path(path).parent.name, []).append(path)
    return list(persons.items())
