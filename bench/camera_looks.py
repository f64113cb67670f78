"""How a camera should be looked at: at what size and how often, in processes or threads, and what early decisions cost.

    python -m bench.camera_looks sizes      # candidates and alerts by size of the picture and time between two looks
    python -m bench.camera_looks early      # how many strangers are told of because they are searched more than once
    python -m bench.camera_looks workers    # looks a second of four cameras in processes, and in threads of one
    python -m bench.camera_looks still      # what is noticed of people who move, and not of noise

``sizes`` runs the live way over composed clips (720p, ten frames a second, eight people 36 to 110 px wide in each, half of
them enrolled among 200 others), as quick as it can, so that the machine's load changes nothing but the time used.
``early`` takes people with six pictures or more in Labeled Faces in the Wild as if the six were the shots of one track:
pictures of different days, so that the chances of being taken for somebody are as independent as they can get.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from bench.backgrounds import backgrounds
from bench.crowd import Person, cut, people
from bench.crowd_video import compose_video
from secondlook.assemble import Identifier, Settings, assemble, new_gallery
from secondlook.compose import Cutout, moved, paste, scaled
from secondlook.decide.rule import Calibrated, shortcomings, threshold_for
from secondlook.enrolling import Enrolment, EnrolOptions
from secondlook.faces.fuse import fuse
from secondlook.gallery import Gallery, OnSuspicion
from secondlook.identify import Stage, faces, live
from secondlook.runs.labelled import meant
from secondlook.runs.watch_look import MOVED, small_view
from secondlook.sources import VideoFrames, read_photo
from secondlook.types import Face, Frame, Pixels

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
CLIPS, SHOWN, CLIP_S = 8, 8, 20.0
WAYS = ((960, 0.2), (800, 0.2), (640, 0.2), (480, 0.2), (960, 0.3), (640, 0.3), (960, 0.5), (960, 1.0))
SHOTS, DRAWS, ENROLLED = 6, 5, 300
FPIRS = (0.003, 0.01, 0.03, 0.1)
SETTINGS = Settings(recogniser="dlib-resnet", threads=1)


def looking(gallery: Gallery, cast: Sequence[Person]) -> Identifier:
    persons = [Enrolment(p.subject, (p.reference,), (p.subject,)) for p in cast if p.reference]
    list(assemble(gallery, SETTINGS).enrol(persons, EnrolOptions(on_suspicion=OnSuspicion.ENROL)))
    return assemble(gallery, SETTINGS)


@dataclass(frozen=True, slots=True)
class Clip:
    path: Path
    enrolled: frozenset[str]


def clips(folder: Path, cast: Sequence[Person]) -> list[Clip]:
    made = []
    for number, (_, background) in enumerate(islice(cycle(backgrounds((1280, 720))), CLIPS)):
        shown = cast[number * SHOWN : (number + 1) * SHOWN]
        path = folder / f"looks{number}.mp4"
        if not path.is_file():
            widths = np.random.default_rng(100 + number).uniform(36, 110, SHOWN).tolist()
            compose_video(path, background, [p.shown for p in shown], widths, CLIP_S, 10, number)
        made.append(Clip(path, frozenset(p.subject for p in shown[: SHOWN // 2])))
    return made


def sizes(folder: Path) -> Iterator[dict[str, Any]]:
    cast = [person for person in people(SHARED, 11) if person.reference]
    footage = clips(folder, cast)
    enrolled = [p for n in range(CLIPS) for p in cast[n * SHOWN : n * SHOWN + SHOWN // 2]]
    with new_gallery(SETTINGS) as gallery:
        identifier = looking(gallery, [*enrolled, *cast[CLIPS * SHOWN : CLIPS * SHOWN + 200]])
        for side, every_s in WAYS:
            yield _size(identifier, footage, side, every_s)


def _size(identifier: Identifier, footage: Sequence[Clip], side: int, every_s: float) -> dict[str, Any]:
    search = replace(identifier.stages.video_search, max_side=side)
    stages = replace(identifier.stages, every_s=every_s, video_search=search)
    began_s = time.process_time()
    told = found = strangers = tracks = early = withdrawn = 0
    for clip in footage:
        closed, at_once = set[str](), set[str]()
        for one in live(VideoFrames(clip.path, every_s=every_s), identifier.gallery, stages):
            subject = one.sighting.subject
            if one.stage is Stage.EARLY and subject is not None:
                early += 1
                strangers += subject not in clip.enrolled
                at_once.add(subject)
            elif one.stage is not Stage.EARLY:
                tracks += 1
                withdrawn += one.withdraws is not None
                closed |= {subject} if subject else set()
        found, told = found + len(closed & clip.enrolled), told + len(at_once & clip.enrolled)
    return {
        "side": side,
        "every_s": every_s,
        "enrolled_shown": sum(len(clip.enrolled) for clip in footage),
        "candidates_in_the_end": found,
        "told_early": told,
        "tracks": tracks,
        "early_sightings": early,
        "of_somebody_not_enrolled": strangers,
        "taken_back": withdrawn,
        "cpu_s_a_second_of_video": round((time.process_time() - began_s) / (len(footage) * CLIP_S), 3),
    }


def early(seed: int = 0) -> Iterator[dict[str, Any]]:
    """Shares of tracks with a candidate: by the first shot alone, by any number of the first shots, by all of them."""
    rng = np.random.default_rng(seed)
    folders = sorted(path for path in (SHARED / "lfw").iterdir() if len(list(path.glob("*.jpg"))) >= SHOTS)
    enrolled = [p for p in people(SHARED, seed) if p.reference and p.shown.parent not in folders][:ENROLLED]
    with new_gallery(SETTINGS) as gallery:
        identifier = looking(gallery, enrolled)
        shots = [[face for path in sorted(f.glob("*.jpg"))[:20] if (face := _face(path, identifier))] for f in folders]
        tracks = [
            [own[i] for i in rng.permutation(len(own))[:SHOTS]]
            for own in shots
            if len(own) >= SHOTS
            for _ in range(DRAWS)
        ]
        scores = [[_searched(track[:n], identifier) for n in range(1, SHOTS + 1)] for track in tracks]
        for fpir in FPIRS:
            reached = np.array([[_reaches(*one, identifier, fpir) for one in track] for track in scores])
            yield {
                "asked_fpir": fpir,
                "strangers": len(tracks) // DRAWS,
                "tracks": len(tracks),
                "first_shot": round(float(reached[:, 0].mean()), 4),
                "any_number_of_shots": round(float(reached.any(axis=1).mean()), 4),
                "all_shots": round(float(reached[:, -1].mean()), 4),
            }


def _face(path: Path, identifier: Identifier) -> Face | None:
    pixels = read_photo(path).pixels
    return meant(faces(Frame(pixels, str(path)), identifier.stages), *pixels.shape[:2])


def _searched(shots: Sequence[Face], identifier: Identifier) -> tuple[float, Face]:
    """The best score of some shots fused, and the best of the shots."""
    weights = np.array([shot.quality.score for shot in shots], np.float32)
    template = fuse(np.stack([shot.template for shot in shots if shot.template is not None]), weights)
    found = identifier.gallery.search(template, identifier.embedder.pack, 1)
    return found[0].score, shots[int(weights.argmax())]


def _reaches(score: float, best: Face, identifier: Identifier, fpir: float) -> bool:
    rule = identifier.stages.point
    assert isinstance(rule, Calibrated)
    threshold = threshold_for(replace(rule, fpir=fpir), best.quality, identifier.gallery.subjects)
    assert threshold is not None
    return score >= threshold and not shortcomings(best.quality, identifier.stages.limits)


def workers(folder: Path, seconds: float = 20.0) -> Iterator[dict[str, Any]]:
    """Four cameras, one model thread each, each as quick as it can."""
    cast = [person for person in people(SHARED, 11) if person.reference]
    (clip, *_) = clips(folder, cast)
    spawn = multiprocessing.get_context("spawn")
    for _ in range(3):
        for way, processes, threads in (("processes", 4, 1), ("threads", 1, 4)):
            looked, begin = spawn.Queue(), spawn.Barrier(processes)
            args = (clip.path, seconds, threads, looked, begin)
            started = [spawn.Process(target=_work, args=args) for _ in range(processes)]
            for one in started:
                one.start()
            total = sum(looked.get() for _ in range(4))
            for one in started:
                one.join()
            yield {
                "way": way,
                "looks_a_second": round(total / seconds, 1),
                "load_average": round(os.getloadavg()[0], 1),
            }


def _work(path: Path, seconds: float, threads: int, looked: Any, begin: Any) -> None:
    ready = threading.Barrier(threads, begin.wait)
    running = [threading.Thread(target=_look_on, args=(path, seconds, looked, ready)) for _ in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()


def _look_on(path: Path, seconds: float, looked: Any, ready: threading.Barrier) -> None:
    with new_gallery(SETTINGS) as gallery:
        identifier = assemble(gallery, SETTINGS)
        frames = list(islice(VideoFrames(path, every_s=0.2), 40))
        identifier.look(frames[0])
        ready.wait()
        until_s, count = time.monotonic() + seconds, 0

        def coming() -> Iterator[Frame]:
            nonlocal count
            for frame in cycle(frames):
                if time.monotonic() >= until_s:
                    return
                count += 1
                yield replace(frame, time_s=count * 0.2, index=count, shot=count // len(frames))

        for _ in identifier.in_live(coming()):
            pass
    looked.put(count)


def still(folder: Path) -> Iterator[dict[str, Any]]:
    """How far a face may move before the picture counts as changed, and how much noise alone changes it."""
    cast, rng = people(SHARED, 3)[:12], np.random.default_rng(0)
    scenes = [pixels for _, pixels in islice(backgrounds((1280, 720)), 4)]
    for width in (24, 36, 64):
        figures = [(scenes[n % 4], scaled(cut(person.shown), width)) for n, person in enumerate(cast)]
        corners = [(int(rng.integers(100, 1000)), int(rng.integers(100, 400))) for _ in cast]
        moves = [_unnoticed(scene, figure, *corner) for (scene, figure), corner in zip(figures, corners, strict=True)]
        yield {
            "face_px": width,
            "noticed_after_px_median": float(np.median(moves)),
            "noticed_after_px_most": max(moves),
        }
    for crf in ("20", "28", "35"):
        path = folder / f"still{crf}.mp4"
        _noise(path, scenes[0], crf, rng)
        views = [small_view(frame.pixels) for frame in VideoFrames(path)]
        changes = [_change(a, b) for a, b in zip(views, views[2:], strict=False)]
        yield {"noise_levels": 4, "crf": int(crf), "largest_change_levels": round(max(changes) * 255, 1)}


def _unnoticed(scene: Pixels, figure: Cutout, x: int, y: int) -> float:
    before = small_view(_with(scene, figure, x, y))
    for px in np.arange(0.5, 20, 0.5):
        shifted = moved(figure, shift=(float(px % 1), 0.0))
        if _change(before, small_view(_with(scene, shifted, x + int(px), y))) >= MOVED:
            return float(px)
    return float("inf")


def _with(scene: Pixels, figure: Cutout, x: int, y: int) -> Pixels:
    picture = scene.copy()
    paste(picture, figure, x, y, light=0.3)
    return picture


def _change(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.abs(b - a).max())


def _noise(path: Path, scene: Pixels, crf: str, rng: np.random.Generator) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "veryfast", "crf": crf, "g": "10"})
        stream.height, stream.width, stream.pix_fmt = scene.shape[0], scene.shape[1], "yuv420p"
        for _ in range(30):
            noisy = np.clip(scene + rng.normal(0, 4, scene.shape), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="rgb24")))
        container.mux(stream.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("sizes", "early", "workers", "still"))
    parser.add_argument("--folder", type=Path, help="where clips are kept; outside the repository. Default: nowhere")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        done = {"sizes": lambda: sizes(folder), "early": early, "workers": lambda: workers(folder)}
        done["still"] = lambda: still(folder)
        for line in done[asked.what]():
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
