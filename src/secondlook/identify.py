"""The heart, on one page: a source and a gallery in, sightings out.

    frames -> faces -> track -> gallery -> decide -> sightings

Knows ports and stages; never a model, a database or the web.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from secondlook.decide.rule import Limits, Rule, decide, not_searchable
from secondlook.faces.align import chip
from secondlook.faces.crop import crop
from secondlook.faces.detect import Search, find_faces
from secondlook.faces.quality import assess
from secondlook.ports import Detector, Embedder, Searchable
from secondlook.track.follow import Follower
from secondlook.track.shots import Keep, OpenTrack, Shot, closed, divide
from secondlook.types import Decision, Detections, Face, Floats, Frame, Quality, Sighting, Track

Detect = Callable[[Frame], Detections]

FRAME_S = 1 / 30
"""What two looks are taken to be apart where every frame is looked at."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The parts of the way and how each is set.

    every_s: video time between two looks, 0 = every frame. patience_s: how long a track outlives its last face.
    start_score: detector score from which a face starts a track; single_score: from which one that was seen only once
    still counts.
    """

    detector: Detector
    embedder: Embedder
    point: Rule
    photo_search: Search = field(default_factory=Search)
    video_search: Search = field(default_factory=lambda: Search(threshold=0.2, max_side=960, confirmed=None))
    limits: Limits = field(default_factory=Limits)
    keep: Keep = field(default_factory=Keep)
    every_s: float = 0.2
    patience_s: float = 1.0
    start_score: float = 0.4
    single_score: float = 0.6


def photo(frame: Frame, gallery: Searchable, stages: Stages) -> list[Sighting]:
    """Everybody in one picture, best detected first, each with one decision."""
    found = find_faces(stages.detector, frame.pixels, stages.photo_search)
    shots = [_shoot(frame, found, row, stages) for row in range(len(found))]
    templates = _embed(shots, stages.embedder)
    return [
        _sighting(frame.source, shot, row + 1, template, gallery, stages)
        for row, (shot, template) in enumerate(zip(shots, templates, strict=True))
    ]


def faces(frame: Frame, stages: Stages) -> list[Face]:
    """Every face of one picture with its template: for enrolment, and whoever wants to go on alone."""
    found = find_faces(stages.detector, frame.pixels, stages.photo_search)
    shots = [_shoot(frame, found, row, stages) for row in range(len(found))]
    return [_with_template(s, t, stages) for s, t in zip(shots, _embed(shots, stages.embedder), strict=True)]


def video(
    frames: Iterable[Frame], gallery: Searchable, stages: Stages, detect: Detect | None = None
) -> Iterator[Sighting]:
    """Everybody in a video, one sighting a track, each given out as soon as its track has ended.

    frames: in time order, already thinned to those that are looked at. detect: replaces the search for faces (a run
    that is taken up again replays what it had found).
    """
    look = detect or (lambda frame: find_faces(stages.detector, frame.pixels, stages.video_search))
    looks = round(stages.patience_s / max(stages.every_s, FRAME_S))
    follower = Follower(stages.start_score, max(1, looks))
    tracks: dict[int, OpenTrack] = {}
    source, shot = "", 0
    for frame in frames:
        source = frame.source
        if frame.shot != shot:
            follower.cut()
            shot = frame.shot
        found = look(frame)
        numbers = follower.update(found)
        for row in np.nonzero(numbers)[0]:
            _observe(tracks, int(numbers[row]), frame, found, int(row), stages)
        ended = sorted(tracks.keys() - follower.alive())
        yield from _close([tracks.pop(number) for number in ended], source, follower, gallery, stages)
    yield from _close([tracks[number] for number in sorted(tracks)], source, follower, gallery, stages)


def _observe(
    tracks: dict[int, OpenTrack], number: int, frame: Frame, found: Detections, row: int, stages: Stages
) -> None:
    track = tracks.setdefault(number, OpenTrack(number, frame.index, frame.time_s))
    box = found.boxes[row]
    track.see(frame.index, frame.time_s, box, float(found.scores[row]))
    quality = assess(frame.pixels, box, found.landmarks[row])
    place = track.place(quality.score, frame.time_s, stages.keep)
    if place is not None:
        track.keep(place, _shoot(frame, found, row, stages, quality))


def _shoot(frame: Frame, found: Detections, row: int, stages: Stages, quality: Quality | None = None) -> Shot:
    box, landmarks = found.boxes[row], found.landmarks[row]
    face = Face(
        box=box,
        landmarks=landmarks,
        detector_score=float(found.scores[row]),
        quality=quality or assess(frame.pixels, box, landmarks),
        frame=frame.index,
        time_s=frame.time_s,
    )
    view, _ = crop(frame.pixels, box)
    return Shot(face, chip(frame.pixels, landmarks, stages.embedder.layout), view)


def _embed(shots: list[Shot], embedder: Embedder) -> Floats:
    if not shots:
        return np.zeros((0, embedder.dimension), np.float32)
    return embedder.embed(np.stack([shot.chip for shot in shots]))


def _with_template(shot: Shot, template: Floats, stages: Stages) -> Face:
    f = shot.face
    return Face(f.box, f.landmarks, f.detector_score, f.quality, f.frame, f.time_s, template, stages.embedder.pack)


def _close(
    ended: list[OpenTrack], source: str, follower: Follower, gallery: Searchable, stages: Stages
) -> Iterator[Sighting]:
    counted = [t for t in ended if len(t.path) > 1 or t.best_score >= stages.single_score]
    templates = _embed([shot for track in counted for shot in track.shots], stages.embedder)
    start = 0
    for track in counted:
        own = templates[start : start + len(track.shots)]
        start += len(track.shots)
        for part, shots in divide(track, own, stages.point.unlike, follower.number):
            yield _track_sighting(source, part, closed(part, shots, stages.embedder.pack), gallery, stages)


def _track_sighting(source: str, opened: OpenTrack, track: Track, gallery: Searchable, stages: Stages) -> Sighting:
    best = track.best_face
    x0, y0, x1, y1 = (float(v) for v in best.box)
    return Sighting(
        source=source,
        frame=best.frame,
        time_s=best.time_s,
        box=(x0, y0, x1, y1),
        track=track.id,
        first_s=track.first_s,
        last_s=track.last_s,
        frames=track.frames,
        detector_score=best.detector_score,
        quality=best.quality,
        decision=_decision(track.template, best.quality, gallery, stages),
        pack=stages.embedder.pack,
        crop=track.crop,
        path=tuple(opened.path),
    )


def _sighting(source: str, shot: Shot, number: int, template: Floats, gallery: Searchable, stages: Stages) -> Sighting:
    face = shot.face
    x0, y0, x1, y1 = (float(v) for v in face.box)
    return Sighting(
        source=source,
        frame=face.frame,
        time_s=face.time_s,
        box=(x0, y0, x1, y1),
        track=number,
        first_s=face.time_s,
        last_s=face.time_s,
        frames=1,
        detector_score=face.detector_score,
        quality=face.quality,
        decision=_decision(template, face.quality, gallery, stages),
        pack=stages.embedder.pack,
        crop=shot.crop,
    )


def _decision(template: Floats | None, quality: Quality, gallery: Searchable, stages: Stages) -> Decision:
    if template is None:
        return not_searchable("No usable face was kept of this person, so nothing could be searched.")
    found = gallery.search(template, stages.embedder.pack)
    return decide(found, quality, gallery.subjects, stages.point, stages.limits)
