"""What one of each thing costs on this machine, for `secondlook plan --costs FILE`.

    python -m bench.unit_costs --out costs.json

Times are processor time of one thread (``time.process_time``), so that what else the machine does lengthens them little; the
middle of ``--runs`` runs, with the least and the most. Pictures are composed of Labeled Faces in the Wild before real
photographs (../shared/data); streams are H.264 (x264 veryfast, CRF 20) of moving people and sensor noise. People in memory
and on disk are made up where the number of them is what counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle, islice, pairwise
from pathlib import Path

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from bench.backgrounds import backgrounds
from bench.crowd import Person, compose, people
from bench.crowd_video import compose_video
from bench.search_api import GOOD
from bench.search_api import people as made_up_people
from secondlook.assemble import Identifier, Settings, assemble, comparison_for, new_gallery
from secondlook.assemble import calibration_for as calibration_of
from secondlook.enrolling import Enrolment, EnrolOptions
from secondlook.faces.quality import assess
from secondlook.fakes import detections
from secondlook.gallery import Gallery, KeyFile, NewReference, OnSuspicion
from secondlook.gallery.held import Weighed
from secondlook.gallery.index import ExactIndex
from secondlook.gallery.subject_index import SubjectIndex
from secondlook.identify import Stage, live
from secondlook.plan.amounts import Amount
from secondlook.plan.costs import Curve, UnitCosts
from secondlook.plan.costs_file import to_json
from secondlook.ports import ChipLayout
from secondlook.report.crops import crop_jpeg
from secondlook.report.sightings import to_record
from secondlook.sources import VideoFrames
from secondlook.track.follow import Follower
from secondlook.track.in_view import shoot
from secondlook.types import Candidate, Floats, Frame, Pixels, Sighting

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
WIDTHS = (640, 1280, 1920, 3840)
SIDES = (640, 960, 1280, 1920)
IN_VIEW_S, RATE, SHOWN, CLIPS = 8.0, 10, 6, 3
BATCH = 64


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of each is taken. searched: vectors in memory that are searched. held, kept: people in memory, on disk.
    enrolled: real pictures."""

    runs: int = 7
    frames: int = 40
    searched: int = 500_000
    held: int = 200_000
    kept: int = 5_000
    enrolled: int = 200


TINY = Scale(3, 6, 20_000, 5_000, 200, 5)


def amount(values: Sequence[float]) -> Amount:
    return Amount(float(np.median(values)), float(min(values)), float(max(values)))


def ms(work: Callable[[], object], runs: int, each: int = 1) -> Amount:
    """Of one of ``each`` that ``work`` does. Once before, unmeasured."""
    work()
    return amount([_ms(work) / each for _ in range(runs)])


def _ms(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return 1e3 * (time.process_time() - start)


# looking


def streams(folder: Path, scale: Scale) -> tuple[Curve, Curve]:
    """decode_ms, convert_ms"""
    decode, convert = [], []
    for width in WIDTHS:
        path = folder / f"{width}.mp4"
        _, background = next(backgrounds((width, width * 9 // 16)))
        cast = [p.shown for p in islice(people(SHARED), 3)]
        compose_video(path, background, cast, [width / 24] * 3, scale.frames / RATE, RATE)
        counted = sum(1 for _ in VideoFrames(path))
        one, all_ = VideoFrames(path, every_s=1e9), VideoFrames(path)
        plain = ms(lambda one=one: sum(1 for _ in one), scale.runs, counted)
        every = ms(lambda all_=all_: sum(1 for _ in all_), scale.runs, counted)
        decode.append((width, plain))
        less = [max(0.0, v) for v in (every.low - plain.low, every.value - plain.value, every.high - plain.high)]
        convert.append((width, amount(less)))
    return tuple(decode), tuple(convert)


def looks(identifier: Identifier, pixels: Pixels, runs: int) -> Curve:
    """In a picture 1,920 px wide; its scaling down included."""
    frame = Frame(pixels, "bench")
    found = []
    for side in SIDES:
        with new_gallery(identifier.settings) as gallery:
            wide = assemble(gallery, Settings(recogniser=identifier.card.name, threads=1, video_side=side))
        found.append((side, ms(lambda wide=wide: wide.look(frame), runs)))
    return tuple(found)


def following(runs: int) -> Amount:
    boxes = [np.array([[x, 100, x + 60, 180] for x in (100 + step, 400 + step, 800 - step)]) for step in range(50)]

    def follow() -> None:
        follower = Follower(0.4, 5)
        for each in boxes:
            follower.update(detections(np.asarray(each, np.float32)))

    return ms(follow, runs, len(boxes))


def scene() -> Pixels:
    _, background = next(backgrounds((1920, 1080)))
    cast = [p.shown for p in islice(people(SHARED), SHOWN)]
    return compose(background, cast, [48, 64, 80, 96, 112, 128], 0).pixels


# people who pass


class Counting:
    """An embedder and a gallery that count what is asked of them."""

    def __init__(self, identifier: Identifier) -> None:
        self.identifier, self.chips, self.searches = identifier, 0, 0
        self.dimension, self.layout = identifier.embedder.dimension, identifier.embedder.layout
        self.pack, self.subjects = identifier.embedder.pack, identifier.gallery.subjects

    layout: ChipLayout

    def embed(self, chips: Pixels) -> Floats:
        self.chips += len(chips)
        return self.identifier.embedder.embed(chips)

    def search(self, template: Floats, pack: str, k: int = 5) -> tuple[Candidate, ...]:
        self.searches += 1
        return self.identifier.gallery.search(template, pack, k)


def passing(folder: Path, name: str, clips: int) -> tuple[Amount, Amount, list[Sighting]]:
    """Templates and searches of each who is shown, for ``IN_VIEW_S``, and what is seen: nobody is enrolled but made-up
    people, for strangers are searched most often."""
    settings = Settings(recogniser=name, threads=1)
    templates, searches, seen = [], [], list[Sighting]()
    cast = [p for p in people(SHARED) if p.reference]
    with new_gallery(settings) as gallery:
        _enrol_made_up(gallery, 1000)
        identifier = assemble(gallery, settings)
        for number, (_, background) in zip(range(clips), cycle(backgrounds((1280, 720))), strict=False):
            path = folder / f"passing{number}.mp4"
            shown = [p.shown for p in cast[number * SHOWN : (number + 1) * SHOWN]]
            widths = np.random.default_rng(number).uniform(36, 110, SHOWN).tolist()
            compose_video(path, background, shown, widths, IN_VIEW_S, RATE, number)
            counting = Counting(identifier)
            stages = replace(identifier.stages, embedder=counting)
            told = list(live(identifier.frames(path), counting, stages))
            closed = [one.sighting for one in told if one.stage is not Stage.EARLY]
            seen += closed
            templates.append(counting.chips / SHOWN)
            searches.append(counting.searches / SHOWN)
    return amount(templates), amount(searches), seen


def _enrol_made_up(gallery: Gallery, count: int, crop: bytes = b"") -> None:
    templates = made_up_people(gallery.pack, count)
    none = np.zeros((5, 2), np.float32)
    for first in range(0, count, 1000):
        rows = range(first, min(count, first + 1000))
        new = [
            (f"Person {row}", [NewReference(templates[row], crop, none, f"{row}", f"{row:064x}", GOOD)]) for row in rows
        ]
        gallery.enrol_many(new, gallery.pack)


# searching and keeping


def searching(pack: str, length: int, scale: Scale) -> tuple[Amount, Amount, Amount]:
    """ms a probe: of a million alone, in a batch, and of a thousand."""
    comparison = comparison_for(length, calibration_of(pack))
    index, rng = ExactIndex(comparison.dimension), np.random.default_rng(0)
    for first in range(0, scale.searched, 50_000):
        ids = np.arange(first, min(scale.searched, first + 50_000))
        vectors = rng.standard_normal((len(ids), comparison.dimension), np.float32)
        index.add(ids, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    probes = comparison.probes(made_up_people(pack, BATCH))
    millions = scale.searched / 1e6
    alone = ms(lambda: index.search(probes[:1], 5), scale.runs)
    batch = ms(lambda: index.search(probes, 5), scale.runs, BATCH)
    with Gallery.in_memory(pack, length) as gallery:
        _enrol_made_up(gallery, 1000)
        searched = gallery.compared_by(comparison)
        templates = made_up_people(pack, BATCH)
        fixed = ms(lambda: [searched.search(one, pack) for one in templates], scale.runs, BATCH)
    return alone.times(1 / millions), batch.times(1 / millions), fixed


def enrolling(folder: Path, name: str, count: int) -> tuple[Amount, Amount]:
    """ms a picture, bytes a person on disk with the subjects' keys."""
    settings = Settings(recogniser=name, threads=1)
    cast = list(islice((p for p in people(SHARED) if p.reference), count))
    with _gallery(folder / "enrolled", name) as gallery:
        empty = _size(folder / "enrolled")
        identifier = assemble(gallery, settings)
        took = [
            _ms(lambda part=part: list(identifier.enrol(_persons(part), EnrolOptions(on_suspicion=OnSuspicion.ENROL))))
            / len(part)
            for part in _parts(cast, 5)
        ]
        subjects = gallery.subjects
    size = (_size(folder / "enrolled") - empty) / subjects
    return amount(took), Amount(size, size, size)


def _persons(cast: Sequence[Person]) -> list[Enrolment]:
    return [Enrolment(p.subject, (p.reference,), (p.subject,)) for p in cast if p.reference]


def _parts(cast: Sequence[Person], count: int) -> list[Sequence[Person]]:
    edges = np.linspace(0, len(cast), min(count, len(cast)) + 1).astype(int)
    return [cast[a:b] for a, b in pairwise(edges)]


def opening(folder: Path, name: str, scale: Scale) -> Amount:
    """ms a person, from the rows: so few are not kept in a sealed file besides."""
    with _gallery(folder / "opened", name) as gallery:
        _enrol_made_up(gallery, scale.kept, b"x" * 1000)

    def opened() -> None:
        with Gallery.open(folder / "opened" / "gallery", key=KeyFile(folder / "opened" / "key")) as gallery:
            searched = gallery.compared_by(comparison_for(gallery.dimension, calibration_of(gallery.pack)))
            searched.search(made_up_people(gallery.pack, 1)[0], gallery.pack)

    return ms(opened, min(3, scale.runs), scale.kept)


@contextmanager
def _gallery(folder: Path, name: str) -> Iterator[Gallery]:
    folder.mkdir()
    with new_gallery(Settings(recogniser=name)) as none:
        pack, length = none.pack, none.dimension
    with Gallery.create(folder / "gallery", pack=pack, dimension=length, key=KeyFile(folder / "key")) as gallery:
        yield gallery


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def apart(part: str, name: str, *words: str) -> float:
    """What a process of its own measures of itself."""
    command = [sys.executable, "-m", "bench.unit_costs", "--pack", name, "--part", part, *words]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def held_bytes(name: str, count: int) -> float:
    """Resident memory of one of ``count`` people, after the first search."""
    with new_gallery(Settings(recogniser=name)) as gallery:
        pack, length = gallery.pack, gallery.dimension
    comparison = comparison_for(length, calibration_of(pack))
    templates = made_up_people(pack, 1000)
    before = _resident()
    index = SubjectIndex(1, pack, length, comparison)
    for first in range(0, count, 1000):
        ids = range(first, min(count, first + 1000))
        owners = [f"{row:032x}" for row in ids]
        index.name({owner: f"Person {owner[-8:]}" for owner in owners})
        index.add(Weighed(ids, owners, templates[: len(ids)], np.ones(len(ids), np.float32)))
    index.search(templates[:1], 5)
    return (_resident() - before) / count


def camera_bytes(name: str, path: Path) -> float:
    """The most a process held that followed a stream."""
    with new_gallery(Settings(recogniser=name, threads=1)) as gallery:
        identifier = assemble(gallery, Settings(recogniser=name, threads=1))
        list(identifier.in_live(identifier.frames(path)))
    # not ru_maxrss, which a process takes over from the one that started it
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def sighting_bytes(seen: Sequence[Sighting]) -> Amount:
    return amount([len(to_record(one)) + len(crop_jpeg(one.crop)) for one in seen if one.crop is not None])


# the whole


def measure(name: str, scale: Scale, told: Callable[[str], None]) -> UnitCosts:
    load, settings = os.getloadavg()[0], Settings(recogniser=name, threads=1)
    cv2.setNumThreads(1)
    with (
        threadpool_limits(1),
        tempfile.TemporaryDirectory() as temporary,
        new_gallery(settings) as gallery,
    ):
        folder, identifier = Path(temporary), assemble(gallery, settings)
        pack, length = identifier.embedder.pack, identifier.embedder.dimension
        told("streams")
        decode, convert = streams(folder, scale)
        told("looks")
        pixels = scene()
        found = identifier.look(Frame(pixels, "bench"))
        rows, layout, frame = range(len(found)), identifier.embedder.layout, Frame(pixels, "bench")
        assessed = [assess(pixels, found.boxes[row], found.landmarks[row]) for row in rows]
        look = looks(identifier, pixels, scale.runs)
        one_assessed = ms(
            lambda: [assess(pixels, found.boxes[row], found.landmarks[row]) for row in rows], scale.runs, len(found)
        )
        shots = ms(lambda: [shoot(frame, found, row, layout, assessed[row]) for row in rows], scale.runs, len(found))
        chips = np.stack([shoot(frame, found, row, layout, assessed[row]).chip for row in rows])
        template = ms(lambda: identifier.embedder.embed(chips), scale.runs, len(chips))
        told("people who pass")
        templates, searches, seen = passing(folder, name, CLIPS)
        told("searches")
        alone, batch, fixed = searching(pack, length, scale)
        told("galleries")
        enrol, disk = enrolling(folder, name, scale.enrolled)
        opened = opening(folder, name, scale)
        told("memory")
        held = [apart("held", name, "--count", str(scale.held)) for _ in range(min(3, scale.runs))]
        camera = [apart("camera", name, "--video", str(folder / f"{w}.mp4")) for w in (1280, 1920, 3840)]
    return UnitCosts(
        machine=machine(),
        measured=datetime.now(UTC).date().isoformat(),
        load=load,
        pack=pack,
        template=length,
        searched=comparison_for(length, calibration_of(pack)).dimension,
        in_view_s=IN_VIEW_S,
        decode_ms=decode,
        convert_ms=convert,
        look_ms=look,
        follow_ms=following(scale.runs),
        assess_ms=one_assessed,
        shot_ms=shots,
        template_ms=template,
        templates=templates,
        searches=searches,
        search_ms=alone,
        search_batch_ms=batch,
        search_fixed_ms=fixed,
        enrol_ms=enrol,
        open_ms=opened,
        memory_bytes=amount(held),
        disk_bytes=disk,
        camera_bytes=amount(camera),
        sighting_bytes=sighting_bytes(seen),
    )


def machine() -> str:
    rows = (line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines())
    names = {key.strip(): value.strip() for key, _, value in rows}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{names.get('model name', platform.processor())} (family {names.get('cpu family')}, model {names.get('model')}), "
        f"{len(os.sched_getaffinity(0))} cores, {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", default="dlib-resnet")
    parser.add_argument("--out", type=Path, help="file to write; default: print")
    parser.add_argument("--tiny", action="store_true", help="only to see that it runs; the figures mean nothing")
    parser.add_argument("--part", choices=("held", "camera"), help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--video", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part is not None:
        print(held_bytes(asked.pack, asked.count) if asked.part == "held" else camera_bytes(asked.pack, asked.video))
        return
    text = to_json(measure(asked.pack, TINY if asked.tiny else Scale(), lambda what: print(what, file=sys.stderr)))
    json.loads(text)
    if asked.out is None:
        print(text)
    else:
        asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
