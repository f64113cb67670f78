"""What ways of covering faces are worth, attacked with ../shared/data/lfw: each at the sizes that tools use.

    python -m bench.proof --cache /tmp/lfw --probes 150 --gallery 600
    python -m bench.proof --cache /tmp/lfw                       (everybody; about 10 minutes a way on two cores)

The first picture of a person is the reference, another one the probe. Ways beside our own: ``deface`` 1.5.0 as it comes
(box blur of half the covered width on an ellipse 1.6 times the face's box; mosaic of 20 px), blocks of 8 and 16 px, and
a Gaussian of a tenth of the covered width. Prints a table, or JSON with --json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from bench.lfw import LFW
from secondlook.audit.figures import Figure
from secondlook.faces.detect import Search, find_faces
from secondlook.faces.packs import opening
from secondlook.faces.packs.runtime import RunOptions
from secondlook.ports import ChipLayout, Detector, Embedder
from secondlook.redact.attack.looking import Alignment, Attacker, Role, View, attacker_of, look
from secondlook.redact.attack.restoring import Restorer, deblurring, depixelating
from secondlook.redact.attack.shots import Shot, shot_of
from secondlook.redact.attack.world import Terms, attacks_on, world_of_labelled
from secondlook.redact.cover import Covering, Extent, Style, cover
from secondlook.redact.proof import World
from secondlook.redact.proof_json import FILE_NAME, as_plain
from secondlook.redact.proof_words import VERDICTS, attack_name, link_name
from secondlook.redact.shapes import Area, Stencil
from secondlook.sources import read_photo
from secondlook.types import Floats, Pixels

DEFACE_SCALE = 0.3
"""deface 1.5.0: ``mask_scale`` 1.3 adds this share of the box's size on each side."""
DEFACE_MOSAIC_PX = 20


@dataclass(frozen=True, slots=True)
class Way:
    """One way of covering, and the attacker who knows it."""

    name: str
    paint: Callable[[Pixels, Area], Pixels]
    attacker: Callable[[Detector, Embedder], Attacker]


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """The central face of each picture. names: (n,) below LFW. boxes: (n, 4), landmarks: (n, 5, 2), px."""

    names: tuple[str, ...]
    boxes: Floats
    landmarks: Floats


@dataclass(frozen=True, slots=True)
class Wide:
    """An embedder that is shown chips on which the face is ``times`` smaller, and so more of what is round it."""

    embedder: Embedder
    times: float

    @property
    def pack(self) -> str:
        return self.embedder.pack

    @property
    def dimension(self) -> int:
        return self.embedder.dimension

    @property
    def layout(self) -> ChipLayout:
        usual = self.embedder.layout
        middle = usual.size / 2
        return ChipLayout(usual.size, np.asarray(middle + (usual.points - middle) / self.times, np.float32))

    def embed(self, chips: Pixels) -> Floats:
        return self.embedder.embed(chips)


@dataclass(frozen=True, slots=True)
class Remembering:
    """An embedder that makes the template of the same chip once: originals are the same in all ways."""

    embedder: Embedder
    known: dict[bytes, Floats] = field(default_factory=dict)

    @property
    def pack(self) -> str:
        return self.embedder.pack

    @property
    def dimension(self) -> int:
        return self.embedder.dimension

    @property
    def layout(self) -> ChipLayout:
        return self.embedder.layout

    def embed(self, chips: Pixels) -> Floats:
        names = [blake2b(chip.tobytes(), digest_size=16).digest() for chip in chips]
        new = {name: row for row, name in enumerate(names) if name not in self.known}
        if new:
            self.known.update(zip(new, self.embedder.embed(chips[list(new.values())]), strict=True))
        return np.stack([self.known[name] for name in names])


def ways() -> tuple[Way, ...]:
    face, head = Covering(extent=Extent.FACE), Covering(extent=Extent.HEAD)
    return (
        _own("solid, head", head),
        _own("solid, face", face),
        _own("solid, head, true landmarks", head, Alignment.LANDMARKS),
        _own("solid, face, true landmarks", face, Alignment.LANDMARKS),
        _own("solid, head, twice the view", head, wider=2),
        _own("solid, face, twice the view", face, wider=2),
        _own("avatar, head", replace(head, style=Style.AVATAR)),
        _own("avatar, face", replace(face, style=Style.AVATAR)),
        _own("blur, head (ours)", replace(head, style=Style.BLUR)),
        _own("blur, face, a tenth of the width", replace(face, style=Style.BLUR, blur=0.1)),
        _own("pixelate, head, 8 across (ours)", replace(head, style=Style.PIXELATE)),
        _own("pixelate, face, 16 across", replace(face, style=Style.PIXELATE, blocks=16)),
        _others("deface: blur", _deface_blur, deblurring(_deface_ellipse, _deface_sigma)),
        _others("deface: mosaic of 20 px", partial(_mosaic, DEFACE_MOSAIC_PX), _against_blocks(DEFACE_MOSAIC_PX)),
        _others("blocks of 8 px", partial(_mosaic, 8), _against_blocks(8)),
        _others("blocks of 16 px", partial(_mosaic, 16), _against_blocks(16)),
    )


def _own(name: str, covering: Covering, alignment: Alignment | None = None, wider: float = 1.0) -> Way:
    """alignment: instead of the attacker's own; with the true landmarks he is told what no copy holds. wider: how many
    times as much as usual the recogniser is shown, so that it sees hair, ears, neck and background."""

    def attacker(detector: Detector, embedder: Embedder) -> Attacker:
        usual = attacker_of(detector, Wide(embedder, wider), View.WHOLE, covering)
        return usual if alignment is None else replace(usual, alignment=alignment)

    return Way(name, lambda pixels, area: cover(pixels, [area], covering), attacker)


def _others(name: str, paint: Callable[[Pixels, Area], Pixels], restorers: tuple[Restorer, ...]) -> Way:
    return Way(
        name,
        paint,
        lambda detector, embedder: Attacker(
            detector, embedder, View.WHOLE, Alignment.LANDMARKS, restorers, _box_proportion
        ),
    )


def _box_proportion(area: Area) -> float:
    return float((area.box[3] - area.box[1]) / (area.box[2] - area.box[0]))


def _deface_box(area: Area, height: int, width: int) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = (float(int(v)) for v in area.box)
    across, down = (x1 - x0) * DEFACE_SCALE, (y1 - y0) * DEFACE_SCALE
    left, top = max(0, round(x0 - across)), max(0, round(y0 - down))
    return left, top, min(width - 1, round(x1 + across)), min(height - 1, round(y1 + down))


def _deface_ellipse(area: Area, height: int, width: int) -> Stencil:
    x0, y0, x1, y1 = _deface_box(area, height, width)
    across, down = (x1 - x0) // 2, (y1 - y0) // 2
    y, x = np.mgrid[: y1 - y0, : x1 - x0]
    inside = ((x - across) / max(across, 1)) ** 2 + ((y - down) / max(down, 1)) ** 2 < 1
    return Stencil(x0, y0, np.asarray(inside, np.bool_))


def _deface_sigma(area: Area) -> float:
    """Standard deviation of its box blur, across."""
    return float((area.box[2] - area.box[0]) * (1 + 2 * DEFACE_SCALE) / 2 / np.sqrt(12))


def _deface_blur(pixels: Pixels, area: Area) -> Pixels:
    x0, y0, x1, y1 = _deface_box(area, *pixels.shape[:2])
    out = pixels.copy()
    part = out[y0:y1, x0:x1]
    blurred = cv2.blur(part, (max(1, (x1 - x0) // 2), max(1, (y1 - y0) // 2)))
    mask = _deface_ellipse(area, *pixels.shape[:2]).mask
    part[mask] = np.asarray(blurred, np.uint8)[mask]
    return out


def _mosaic(edge: int, pixels: Pixels, area: Area) -> Pixels:
    """As deface has it: every block has the colour of its first pixel."""
    x0, y0, x1, y1 = _deface_box(area, *pixels.shape[:2])
    out = pixels.copy()
    first = pixels[y0:y1:edge, x0:x1:edge]
    out[y0:y1, x0:x1] = first.repeat(edge, axis=0).repeat(edge, axis=1)[: y1 - y0, : x1 - x0]
    return out


def _against_blocks(edge: int) -> tuple[Restorer, ...]:
    def held(area: Area, height: int, width: int) -> Stencil:
        x0, y0, x1, y1 = _deface_box(area, height, width)
        return Stencil(x0, y0, np.ones((y1 - y0, x1 - x0), np.bool_))

    return (depixelating(held, lambda area: edge),)


def found_faces(detector: Detector, cache: Path) -> Found:
    """Of the first two pictures of everybody, made once and kept in ``cache`` (outside the repository)."""
    place = cache / f"lfw-faces-{detector.pack.replace('@', '-')}.npz"
    if not place.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        made = _find(detector)
        np.savez(place, names=np.array(made.names), boxes=made.boxes, landmarks=made.landmarks)
    held = np.load(place)
    return Found(tuple(str(name) for name in held["names"]), held["boxes"], held["landmarks"])


def _find(detector: Detector) -> Found:
    pictures = [
        path for folder in sorted(LFW.iterdir()) if folder.is_dir() for path in sorted(folder.glob("*.jpg"))[:2]
    ]
    names, boxes, landmarks = [], [], []
    for path in track(pictures, "Faces", console=Console(stderr=True)):
        found = find_faces(detector, read_photo(path).pixels, Search())
        if len(found):
            # LFW's subject is in the middle
            central = int(np.abs((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - 125).sum(1).argmin())
            names.append(path.relative_to(LFW).as_posix())
            boxes.append(found.boxes[central])
            landmarks.append(found.landmarks[central])
    return Found(tuple(names), np.array(boxes, np.float32), np.array(landmarks, np.float32))


def drawn(found: Found, probes: int | None, gallery: int | None, seed: int) -> tuple[list[int], list[int], list[int]]:
    """Rows of probes and references, and the person of every row; those who are searched for are in the gallery."""
    subjects = [name.split("/")[0] for name in found.names]
    number = {subject: i for i, subject in enumerate(dict.fromkeys(subjects))}
    persons = [number[subject] for subject in subjects]
    first = {person: row for row, person in reversed(list(enumerate(persons)))}
    second = [row for row, person in enumerate(persons) if first[person] != row]
    rng = np.random.default_rng(seed)
    chosen = [second[i] for i in rng.permutation(len(second))[:probes]]
    wanted = {persons[row] for row in chosen}
    others = [person for person in first if person not in wanted]
    more = len(others) if gallery is None else max(0, gallery - len(wanted))
    members = wanted | {others[i] for i in rng.permutation(len(others))[:more]}
    return chosen, sorted(first[person] for person in members), persons


def attacked(
    way: Way, found: Found, rows: tuple[list[int], list[int], list[int]], detector: Detector, e: Embedder
) -> World:
    probes, references, persons = rows
    attacker = way.attacker(detector, e)
    covered = look(_shots(way, found, references, persons), attacker, Role.REFERENCE)
    searched = look(_shots(way, found, probes, persons), attacker)
    restorations = [restorer.how for restorer in attacker.restorers]
    terms = Terms(attacks=attacks_on(View.WHOLE, restorations))
    return world_of_labelled(way.name, searched, covered, restorations, terms)


def _shots(way: Way, found: Found, rows: Sequence[int], persons: Sequence[int]) -> Iterator[Shot]:
    for row in track(rows, way.name, console=Console(stderr=True)):
        pixels = read_photo(LFW / found.names[row]).pixels
        box, landmarks = found.boxes[row], found.landmarks[row]
        yield shot_of(persons[row], pixels, way.paint(pixels, Area(box, landmarks)), box, landmarks)


def lines(world: World) -> Iterator[str]:
    yield f"{world.name}: {world.verdict.value} (N = {world.gallery}, {world.probes} probes, chance {world.chance:.5f})"
    for one in world.attacks:
        if one.covered.trials:
            c, o = one.covered, one.originals
            interval = f"{c.observed:8.4f} ({c.low:.4f} to {c.high:.4f})"
            yield f"  {attack_name(one):92s} {interval}  originals {o.observed:.3f}  {VERDICTS[one.verdict]}"
    for link in world.links:
        if isinstance(link.covered, Figure) and isinstance(link.originals, Figure):
            f = link.covered
            interval = f"{f.value:8.4f} ({f.low:.4f} to {f.high:.4f})"
            yield f"  {link_name(link):92s} {interval}  originals {link.originals.value:.3f}  {VERDICTS[link.verdict]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="folder outside the repository")
    parser.add_argument("--pack", default="dlib-resnet")
    parser.add_argument("--probes", type=int, help="people searched for; default: all with two pictures")
    parser.add_argument("--gallery", type=int, help="people in the gallery; default: all")
    parser.add_argument(
        "--only", action="append", help="only ways whose names begin so, in this order; may be repeated"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", type=Path, help=f"write what {FILE_NAME} would hold of each way")
    asked = parser.parse_args()
    options = RunOptions(threads=asked.threads)
    detector, embedder = opening.detector("centerface", options), Remembering(opening.recogniser(asked.pack, options))
    found = found_faces(detector, asked.cache)
    rows = drawn(found, asked.probes, asked.gallery, asked.seed)
    worlds = []
    for way in (way for begins in asked.only or ("",) for way in ways() if way.name.startswith(begins)):
        worlds.append(attacked(way, found, rows, detector, embedder))
        print("\n".join(lines(worlds[-1])), flush=True)
    if asked.json is not None:
        text = json.dumps({"pack": embedder.pack, "worlds": [as_plain(world) for world in worlds]}, indent=1)
        asked.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
