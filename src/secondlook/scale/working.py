"""What is done on the machines of a cluster, each a plain function of what it is given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from secondlook import identify
from secondlook.errors import SourceError
from secondlook.faces.detect import find_faces
from secondlook.faces.quality import assess
from secondlook.identify import Stages
from secondlook.scale.kit import File, Kit, stages_of
from secondlook.scale.looks import NO_PIXELS, Chooser, Key, Look, Page, PartSeen, PhotoSeen, Shots, WholeSeen
from secondlook.sources import VideoFrames, read_pictures
from secondlook.sources.parts import Part, PartFrames, split, timeline
from secondlook.track.in_view import shoot
from secondlook.types import Frame


def plan_video(kit: Kit, file: File) -> tuple[Part, ...]:
    """The parts of a video; none where only a pass from the beginning gives the right frames. Raises SourceError."""
    file.check()
    try:
        line = timeline(file.path, kit.every_s, kit.max_pixels)
    except SourceError as error:
        raise type(error)(file.told(str(error))) from error
    return () if line is None else split(line, kit.looks)


def look_at_part(kit: Kit, file: File, part: Part) -> tuple[PartSeen, Shots]:
    """One part, and every face in it, cut out."""
    file.check()
    stages, looks, cut = stages_of(kit), list[Look](), Shots()
    frames = PartFrames(file.path, part, kit.max_pixels, kit.threads)
    try:
        for frame in frames:
            looks.append(_look(frame, stages, cut))
    except SourceError as error:
        raise type(error)(file.told(str(error))) from error
    return PartSeen(tuple(looks), frames.cuts, frames.whole, tuple(frames.opening), tuple(frames.closing)), cut


def choose(kit: Kit, cut: Shots, wanted: Iterable[Key]) -> Shots:
    """Of the faces that were cut out those that count, each with its template in place of its chip."""
    return _embedded(stages_of(kit), {key: cut[key] for key in wanted})


def look_at_whole(kit: Kit, file: File) -> WholeSeen:
    """A video in one pass from its beginning, as a machine alone would look at it. Raises SourceError."""
    file.check()
    stages, looks, shots, held = stages_of(kit), list[Look](), Shots(), Shots()
    chooser = Chooser(stages)
    try:
        frames = VideoFrames(file.path, every_s=kit.every_s, limit=kit.max_pixels)
        for frame in frames:
            looks.append(_look(frame, stages, held))
            if not len(looks) % kit.looks:
                shots |= choose(kit, held, chooser.take(looks[-kit.looks :]))
                held.clear()
        shots |= choose(kit, held, chooser.take(looks[len(looks) - len(looks) % kit.looks :]))
    except SourceError as error:
        raise type(error)(file.told(str(error))) from error
    return WholeSeen(tuple(looks), shots, file.told(frames.warning) if frames.warning else None)


def look_at_photos(kit: Kit, files: Iterable[File]) -> tuple[PhotoSeen, ...]:
    return tuple(_photo(kit, file) for file in files)


def _photo(kit: Kit, file: File) -> PhotoSeen:
    file.check()
    stages, pages = stages_of(kit), list[Page]()
    try:
        for frame in read_pictures(file.path, kit.max_pixels):
            shots = tuple(replace(shot, chip=NO_PIXELS) for shot in identify.shots(frame, stages))
            pages.append(Page(frame.index, frame.time_s, shots))
    except SourceError as error:
        return PhotoSeen(tuple(pages), file.told(str(error)))
    return PhotoSeen(tuple(pages))


def _look(frame: Frame, stages: Stages, cut: Shots) -> Look:
    """frame: of a video. cut: given every face in it."""
    found = find_faces(stages.detector, frame.pixels, stages.video_search)
    rows = range(len(found))
    qualities = tuple(assess(frame.pixels, found.boxes[row], found.landmarks[row]) for row in rows)
    for row in rows:
        cut[frame.index, row] = shoot(frame, found, row, stages.embedder.layout, qualities[row])
    return Look(frame.index, frame.time_s or 0.0, frame.shot, found, qualities)


def _embedded(stages: Stages, shots: Shots) -> Shots:
    if not shots:
        return {}
    templates = stages.embedder.embed(np.stack([shot.chip for shot in shots.values()]))
    return {
        key: replace(shot, chip=NO_PIXELS, template=template)
        for (key, shot), template in zip(shots.items(), templates, strict=True)
    }
