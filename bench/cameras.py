"""Four cameras of 720p at ten frames a second: what is found of what the same files give offline, how late, at what cost.

python -m bench.cameras --minutes 3

Each camera plays a composed clip for ever (``loop:``): six people 36 to 110 px wide walk before a photograph, three of
them enrolled among 200 others. Offline is ``find`` over the same files with the same settings. *Lost* is a candidate of
the offline run that was not told in a whole round of the clip; *lost altogether* one that was told in none. Latency is
from when the newest frame came to when the watching process had the early sighting in hand. Memory is of each process,
resident, every five seconds; its growth is the slope of a straight line through all samples after the first round.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np

from bench.backgrounds import backgrounds
from bench.crowd import Person, people
from bench.crowd_video import compose_video
from secondlook.assemble import Settings, assemble, open_or_create
from secondlook.enrolling import Enrolment, EnrolOptions
from secondlook.gallery import Gallery, KeyFile, OnSuspicion
from secondlook.identify import Alert, Stage
from secondlook.runs.find import Annotate, find_into
from secondlook.runs.journal import Start
from secondlook.runs.watch import WatchOptions
from secondlook.runs.watch_state import CameraSighting, Heard, WatchState
from secondlook.runs.watch_worker import CameraTask, GalleryPlace
from secondlook.runs.watching import Watching
from secondlook.sources import Problem, Source, camera_address
from secondlook.types import Sighting

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
SIZE, RATE, CLIP_S = (1280, 720), 10, 30.0
SHOWN, ENROLLED, OTHERS = 6, 3, 200
WARM_S = CLIP_S
MIB = 2**20


class Silent:
    """A watcher of ``find`` that says nothing."""

    def sources(self, count: int, already: int) -> None: ...
    def begin(self, source: Source, frames: int | None) -> None: ...
    def advance(self, frames: int) -> None: ...
    def found(self, sighting: Sighting) -> None: ...
    def drawing(self, source: Source) -> None: ...
    def drawn(self, frames: int) -> None: ...
    def end(self, source: Source) -> None: ...
    def problem(self, problem: Problem) -> None: ...


@dataclass(frozen=True, slots=True)
class Camera:
    """path: what it plays. enrolled: who of those shown can be found."""

    name: str
    path: Path
    enrolled: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """Of one process. bytes_: resident. cpu_s: used so far."""

    at_s: float
    process: str
    bytes_: int
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Told:
    """Of a sighting what is looked at in the end: no picture, or this process would grow."""

    camera: str
    stage: Stage
    alert: Alert
    subject: str | None
    time_s: float
    last_s: float


@dataclass(slots=True)
class Ear:
    """Hears everything. late: s, of each early sighting."""

    told: list[Told] = field(default_factory=list)
    states: dict[str, WatchState] = field(default_factory=dict)
    oldest_s: dict[str, float] = field(default_factory=dict)
    every_s: dict[str, list[float]] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    troubles: list[str] = field(default_factory=list)

    def __call__(self, message: Heard) -> None:
        if isinstance(message, CameraSighting):
            live, sighting = message.live, message.live.sighting
            times = (sighting.time_s or 0.0, sighting.last_s or 0.0)
            self.told.append(Told(message.camera, live.stage, live.alert, sighting.subject, *times))
            if message.live.stage is Stage.EARLY:
                self.late.append(message.after_s + (datetime.now(UTC) - message.said_at).total_seconds())
        elif isinstance(message, WatchState):
            self.states[message.camera] = message
            self.oldest_s[message.camera] = max(self.oldest_s.get(message.camera, 0.0), message.oldest_s)
            if message.every_s is not None:
                self.every_s.setdefault(message.camera, []).append(message.every_s)
        elif hasattr(message, "sentence"):
            self.troubles.append(message.sentence)


def made(folder: Path, count: int, seed: int) -> tuple[list[Camera], list[Person]]:
    """The cameras, and who else is enrolled; clips that lie there already are taken as they are."""
    everybody = [person for person in people(SHARED, seed) if person.reference]
    cameras = []
    for number, (_, background) in zip(range(count), backgrounds(SIZE), strict=False):
        cast = everybody[number * SHOWN : (number + 1) * SHOWN]
        path = folder / f"camera{number}-{seed}.mp4"
        if not path.is_file():
            widths = np.random.default_rng([seed, number]).uniform(36, 110, SHOWN).tolist()
            compose_video(
                path, background, [person.shown for person in cast], widths, CLIP_S, RATE, seed * 100 + number
            )
        cameras.append(Camera(f"camera {number}", path, tuple(cast[:ENROLLED])))
    return cameras, everybody[count * SHOWN : count * SHOWN + OTHERS]


def enrolled(folder: Path, cast: Iterable[Person], settings: Settings) -> GalleryPlace:
    place = GalleryPlace(folder / "people.gallery", KeyFile(folder / "people.key"))
    with open_or_create(place.path, settings, place.key) as gallery:
        persons = [Enrolment(p.subject, (p.reference,), (p.subject,)) for p in cast if p.reference]
        list(assemble(gallery, settings).enrol(persons, EnrolOptions(on_suspicion=OnSuspicion.ENROL)))
    return place


def offline(cameras: Sequence[Camera], place: GalleryPlace, settings: Settings, out: Path) -> dict[str, set[str]]:
    """Candidates of ``find`` by camera."""
    with Gallery.open(place.path, key=place.key) as gallery:
        identifier = assemble(gallery, settings)
        paths = [camera.path for camera in cameras]
        result = find_into(paths, out, identifier, Start.OVERWRITE, Annotate.NONE, Silent())
    found: dict[str, set[str]] = {camera.name: set() for camera in cameras}
    names = {str(camera.path): camera.name for camera in cameras}
    for record in result.records:
        if record.subject is not None:
            found[names[record.source]].add(record.subject)
    return found


def sampled(own: int) -> list[Sample]:
    """This process and its cameras'."""
    samples = [_sample(own, "watching")]
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            is_camera = parent == own and b"--multiprocessing-fork" in (folder / "cmdline").read_bytes()
            samples += [_sample(int(folder.name), f"process {folder.name}")] if is_camera else []
        except (FileNotFoundError, ProcessLookupError):
            continue
    return samples


def _sample(process: int, name: str) -> Sample:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Sample(time.monotonic(), name, int(fields[21]) * os.sysconf("SC_PAGE_SIZE"), cpu_s)


def watched(
    cameras: Sequence[Camera], place: GalleryPlace, settings: Settings, seconds: float
) -> tuple[Ear, list[Sample]]:
    ear, samples = Ear(), list[Sample]()
    with Watching(ear) as watching:
        for camera in cameras:
            address = camera_address(f"loop:{camera.path}")
            watching.add(CameraTask(camera.name, address, place, settings, WatchOptions(preview_px=None)))
        while len(ear.states) < len(cameras) or not all(s.counts.looked for s in ear.states.values()):
            time.sleep(0.2)
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            samples += sampled(os.getpid())
            time.sleep(min(5.0, max(0.0, until_s - time.monotonic())))
    return ear, samples


def rounds_told(ear: Ear, camera: str) -> tuple[int, dict[int, set[str]]]:
    """How many whole rounds of its clip a camera has played, and who was told in each."""
    told: dict[int, set[str]] = {}
    last_s = 0.0
    for one in ear.told:
        if one.camera != camera:
            continue
        last_s = max(last_s, one.last_s)
        if one.alert is not Alert.NONE and one.subject is not None:
            told.setdefault(int(one.time_s // CLIP_S), set()).add(one.subject)
    return int(last_s // CLIP_S), told


def result(
    ear: Ear, samples: Sequence[Sample], cameras: Sequence[Camera], expected: dict[str, set[str]]
) -> dict[str, object]:
    chances, lost, never, strangers = 0, list[str](), list[str](), 0
    for camera in cameras:
        rounds, told = rounds_told(ear, camera.name)
        for subject in sorted(expected[camera.name]):
            missed = [number for number in range(rounds) if subject not in told.get(number, set())]
            chances += rounds
            lost += [f"{camera.name}, round {number}: {subject}" for number in missed]
            if rounds and len(missed) == rounds:
                never.append(f"{camera.name}: {subject}")
        own = {person.subject for person in camera.enrolled}
        early = [one for one in ear.told if one.camera == camera.name and one.stage is Stage.EARLY]
        strangers += sum(one.subject not in own for one in early)
    late = np.asarray(ear.late or [np.nan])
    return {
        "offline_candidates": {name: len(found) for name, found in expected.items()},
        "chances_to_tell_them": chances,
        "lost": lost,
        "lost_altogether": never,
        "early": len(ear.late),
        "early_of_somebody_not_shown": strangers,
        "taken_back": sum(state.counts.withdrawn for state in ear.states.values()),
        "late_s": {"p50": _round(np.median(late)), "p95": _round(np.quantile(late, 0.95)), "max": _round(late.max())},
        "oldest_frame_s": {name: _round(value) for name, value in sorted(ear.oldest_s.items())},
        "look_every_s": {name: _round(np.mean(values)) for name, values in sorted(ear.every_s.items())},
        "counts": {name: _counts(state) for name, state in sorted(ear.states.items())},
        "processes": [_process(name, samples) for name in sorted({sample.process for sample in samples})],
        "troubles": ear.troubles,
        "load_average": _round(os.getloadavg()[0]),
    }


def _counts(state: WatchState) -> dict[str, int]:
    counts = state.counts
    names = ("received", "looked", "unchanged", "coarse", "dropped", "reconnects", "restarts", "candidate", "early")
    return {name: getattr(counts, name) for name in names}


def _process(name: str, samples: Sequence[Sample]) -> dict[str, object]:
    own = [sample for sample in samples if sample.process == name]
    warm = [sample for sample in own if sample.at_s - own[0].at_s >= WARM_S] or own
    at, size = np.array([s.at_s for s in warm]), np.array([s.bytes_ for s in warm]) / MIB
    slope = float(np.polyfit(at - at[0], size, 1)[0]) * 60 if len(warm) > 2 else float("nan")
    span_s = own[-1].at_s - own[0].at_s
    return {
        "process": name,
        "mib_first": _round(own[0].bytes_ / MIB),
        "mib_warm": _round(size[0]),
        "mib_last": _round(size[-1]),
        "mib_most": _round(max(s.bytes_ for s in own) / MIB),
        "growth_mib_a_minute": _round(slope),
        "cores": _round((own[-1].cpu_s - own[0].cpu_s) / span_s if span_s else float("nan")),
    }


def _round(value: float) -> float | None:
    return round(float(value), 2) if np.isfinite(value) else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--side", type=int, default=960)
    parser.add_argument("--every", type=float, default=0.2)
    parser.add_argument("--folder", type=Path, help="where clips are kept; outside the repository. Default: nowhere")
    asked = parser.parse_args()
    settings = Settings(recogniser="dlib-resnet", threads=1, every_s=asked.every, video_side=asked.side)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        clips = asked.folder or folder
        clips.mkdir(parents=True, exist_ok=True)
        cameras, others = made(clips, asked.cameras, asked.seed)
        cast = [person for camera in cameras for person in camera.enrolled]
        place = enrolled(folder, [*cast, *islice(others, OTHERS)], settings)
        expected = offline(cameras, place, settings, folder / "found")
        ear, samples = watched(cameras, place, settings, asked.minutes * 60)
    head = {
        "cameras": f"{asked.cameras} of {SIZE[0]} x {SIZE[1]}, {RATE} frames a second, {SHOWN} people each",
        "minutes": asked.minutes,
        "cores": len(os.sched_getaffinity(0)),
        "settings": f"a look each {asked.every} s, side {asked.side}, one model thread a camera",
    }
    print(json.dumps({**head, **result(ear, samples, cameras, expected)}, indent=2))


if __name__ == "__main__":
    main()
