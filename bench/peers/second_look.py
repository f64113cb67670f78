"""Second Look as it is installed, with the settings that it comes with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from bench.peers.cases import Case, Outcome
from bench.peers.material import KNOWN, block, portraits
from bench.templates import made_up_chips
from bench.video import Silent
from secondlook.assemble import Identifier, Settings, assemble, new_gallery
from secondlook.enrolling import Enrolment, EnrolOptions
from secondlook.faces.align import chips
from secondlook.faces.detect import find_faces
from secondlook.faces.packs import opening
from secondlook.faces.packs.runtime import RunOptions
from secondlook.gallery import Gallery, KeyFile, OnSuspicion
from secondlook.runs.find import Annotate, find_into
from secondlook.runs.journal import Start
from secondlook.sources import read_photo
from secondlook.types import Detections

Work = Callable[[], Outcome]


def opened(case: Case) -> Work:
    return _STAGES[case.stage](case)


def _settings(case: Case) -> Settings:
    """variant: nothing, or what differs from the defaults."""
    settings = Settings(recogniser="dlib-resnet")
    if "int8 templates" in case.variant:
        settings = replace(settings, recogniser="dlib-resnet-int8")
    if "int8 detector" in case.variant:
        settings = replace(settings, detector="centerface-int8")
    if "every frame" in case.variant:
        settings = replace(settings, every_s=0.0)
    return settings


def _identifier(case: Case) -> Identifier:
    settings = _settings(case)
    gallery = new_gallery(settings)
    identifier = assemble(gallery, settings)
    known = json.loads((Path(case.material) / "known.json").read_text(encoding="utf-8"))
    persons = [Enrolment(name, (Path(path),), (path,)) for name, path in known[:KNOWN]]
    list(identifier.enrol(persons, EnrolOptions(on_suspicion=OnSuspicion.ENROL)))
    return identifier


def _photo_path(case: Case) -> Path:
    return Path(case.material) / f"{case.subject}.jpg"


def _decode(case: Case) -> Work:
    def work() -> Outcome:
        read_photo(_photo_path(case))
        return Outcome()

    return work


def _detect(case: Case) -> Work:
    with new_gallery(_settings(case)) as gallery:
        stages = assemble(gallery, _settings(case)).stages
    pixels = read_photo(_photo_path(case)).pixels

    def work() -> Outcome:
        return Outcome(boxes=find_faces(stages.detector, pixels, stages.photo_search).boxes.tolist())

    return work


def _align(case: Case) -> Work:
    with new_gallery(_settings(case)) as gallery:
        stages = assemble(gallery, _settings(case)).stages
    pixels = read_photo(_photo_path(case)).pixels
    found: Detections = find_faces(stages.detector, pixels, stages.photo_search)

    def work() -> Outcome:
        return Outcome(items=len(chips(pixels, found.landmarks, stages.embedder.layout)))

    return work


def _embed(case: Case) -> Work:
    embedder = opening.recogniser(_settings(case).recogniser or "", RunOptions(threads=case.cores))
    shown = made_up_chips(32)
    run = embedder.raw if "one pass" in case.variant else embedder.embed

    def work() -> Outcome:
        return Outcome(items=len(run(shown)))

    return work


def _photo(case: Case) -> Work:
    identifier = _identifier(case)

    def work() -> Outcome:
        seen = identifier.in_photo(read_photo(_photo_path(case)))
        return Outcome(boxes=[list(sighting.box) for sighting in seen])

    return work


def _video(case: Case) -> Work:
    identifier, clip = _identifier(case), Path(case.material) / "clip.mp4"
    folder = Path(tempfile.mkdtemp())  # the material's folder goes with it
    turn = count()

    def work() -> Outcome:
        out = folder / str(next(turn))
        result = find_into([clip], out, identifier, Start.OVERWRITE, Annotate.NONE, Silent())
        frames = identifier.frames(clip).frames_estimate or 0
        return Outcome(frames, found=sorted(f"{r.outcome} {r.subject}" for r in result.records))

    return work


def _enrol(case: Case) -> Work:
    """subject: how many pictures a round takes; each the next ones."""
    settings, folder = _settings(case), Path(tempfile.mkdtemp())
    embedder = opening.recogniser(settings.recogniser or "", RunOptions())
    gallery = Gallery.create(
        folder / "gallery", pack=embedder.pack, dimension=embedder.dimension, key=KeyFile(folder / "key")
    )
    identifier = assemble(gallery, settings)
    first, step = 0, int(case.subject)
    portraits()

    def work() -> Outcome:
        nonlocal first
        persons = [Enrolment(name, tuple(Path(p) for p in paths), tuple(paths)) for name, paths in block(first, step)]
        first += step
        done = [result for results in identifier.enrol(persons, EnrolOptions()) for result in results]
        return Outcome(len(done), found=[str(sum(r.status == "enrolled" for r in done))])

    return work


_STAGES: dict[str, Callable[[Case], Work]] = {
    "decode": _decode,
    "detect": _detect,
    "align": _align,
    "embed": _embed,
    "photo": _photo,
    "video": _video,
    "enrol": _enrol,
}
