"""The heart, on one page: a source and a gallery in, sightings out.

    frames -> faces -> track -> gallery -> decide -> sightings

Knows ports and stages; never a model, a database or the web.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from secondlook.decide.rule import Limits, Rule, decide, decide_many, not_searchable
from secondlook.faces.detect import Search, find_faces
from secondlook.ports import Detector, Embedder, Searchable, SearchableAtOnce
from secondlook.track.alerting import Alert, Alerts, Because, LiveSighting, Stage, Withdrawal
from secondlook.track.follow import Follower
from secondlook.track.in_view import Cutting, InView, shoot
from secondlook.track.shots import Keep, OpenTrack, Shot, closed, divide, embedded, with_templates
from secondlook.types import Decision, Detections, Face, Floats, Frame, Quality, Sighting, Track

__all__ = [
    "FRAME_S",
    "Alert",
    "Because",
    "Cutting",
    "Detect",
    "LiveSighting",
    "Pace",
    "Stage",
    "Stages",
    "Withdrawal",
    "counts",
    "faces",
    "follower",
    "live",
    "photo",
    "shots",
    "sightings",
    "video",
]

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
    enrol_search: Search = field(default_factory=Search)
    video_search: Search = field(default_factory=lambda: Search(threshold=0.2, max_side=960, confirmed=None))
    limits: Limits = field(default_factory=Limits)
    keep: Keep = field(default_factory=Keep)
    every_s: float = 0.2
    patience_s: float = 1.0
    start_score: float = 0.4
    single_score: float = 0.6


@dataclass(frozen=True, slots=True)
class Pace:
    """How a source that goes on is followed. look_again_s: least time between two early decisions about one person.
    longest_s: whoever stays longer is closed in pieces."""

    look_again_s: float = 0.5
    longest_s: float = 60.0


def photo(frame: Frame, gallery: Searchable, stages: Stages) -> list[Sighting]:
    """Everybody in one picture, best detected first, each with one decision."""
    return sightings(frame.source, shots(frame, stages), gallery, stages)


def shots(frame: Frame, stages: Stages) -> list[Shot]:
    """Everybody in one picture with their templates, best detected first: all of ``photo`` but the gallery's part."""
    found = find_faces(stages.detector, frame.pixels, stages.photo_search)
    seen = (shoot(frame, found, row, stages.embedder.layout) for row in range(len(found)))
    return list(with_templates(seen, stages.embedder.embed))


def sightings(source: str, seen: Iterable[Shot], gallery: Searchable, stages: Stages) -> list[Sighting]:
    """What is decided of the ``shots`` of one picture."""
    faced = list(seen)
    decisions = _decisions(faced, gallery, stages)
    return [
        _sighting(source, shot, row, decision, stages)
        for row, (shot, decision) in enumerate(zip(faced, decisions, strict=True), start=1)
    ]


def faces(frame: Frame, stages: Stages) -> list[Face]:
    """Every face of one picture with its template: for whoever wants to go on alone."""
    return [replace(shot.face, template=shot.template, pack=stages.embedder.pack) for shot in shots(frame, stages)]


def video(
    frames: Iterable[Frame],
    gallery: Searchable,
    stages: Stages,
    detect: Detect | None = None,
    cutting: Cutting | None = None,
) -> Iterator[Sighting]:
    """Everybody in a video, one sighting a track, each given out as soon as its track has ended.

    frames: in time order, already thinned to those that are looked at. detect: replaces the search for faces (a run
    that is taken up again replays what it had found). cutting: replaces the cutting out (frames that were looked at
    elsewhere have no pixels).
    """
    look = detect or _looking(stages)
    view = InView(follower(stages), stages.embedder.layout, stages.keep, cutting=cutting)
    source = ""
    for frame in frames:
        source = frame.source
        yield from _close(view.see(frame, look(frame)), source, view.number, gallery, stages)
    yield from _close(view.rest(), source, view.number, gallery, stages)


def live(
    frames: Iterable[Frame],
    gallery: Searchable,
    stages: Stages,
    detect: Detect | None = None,
    pace: Pace = Pace(),
) -> Iterator[LiveSighting]:
    """Everybody in a source that goes on: as ``video``, and who is a candidate is told while still in view.

    frames: with times; ``every_s`` of the stages is the least time between two. What closes a track that was followed
    for less than ``pace.longest_s`` is what ``video`` would say of the same frames. A track has at most one early
    sighting; it is a search of its own, so a stranger who stays is searched more than once. Sightings come with the
    frame that brought them about: while no frame comes, nothing does.
    """
    look = detect or _looking(stages)
    gap_s = stages.patience_s + 2 * max(stages.every_s, FRAME_S)
    view = InView(follower(stages), stages.embedder.layout, stages.keep, longest_s=pace.longest_s, gap_s=gap_s)
    alerts, source = Alerts(), ""
    for frame in frames:
        source = frame.source
        for track in view.see(frame, look(frame)):
            stage = Stage.PIECE if track.id in view else Stage.FINAL
            seen = list(_close([track], source, view.number, gallery, stages))
            yield from alerts.closed(track.id, track.piece, seen, stage)
        asked = [track for track in view if counts(track, stages) and alerts.may_be_early(track.id)]
        for track in [track for track in asked if track.due(frame.time_s, pace.look_again_s)]:
            # as it would be closed now; a part that follows gets no number of its own before that
            seen = list(_close([track], source, partial(int, track.id), gallery, stages))
            early = alerts.early(track.id, track.piece, seen)
            if early is not None:
                yield early
    for track in view.rest():
        seen = list(_close([track], source, view.number, gallery, stages))
        yield from alerts.closed(track.id, track.piece, seen, Stage.FINAL)


def _looking(stages: Stages) -> Detect:
    return lambda frame: find_faces(stages.detector, frame.pixels, stages.video_search)


def follower(stages: Stages) -> Follower:
    """Who follows faces through one video that is looked at as ``stages`` say."""
    return Follower(stages.start_score, max(1, round(stages.patience_s / max(stages.every_s, FRAME_S))))


def counts(track: OpenTrack, stages: Stages) -> bool:
    """Seen once and weakly is nobody."""
    return track.piece > 1 or len(track.path) > 1 or track.best_score >= stages.single_score


def _close(
    tracks: list[OpenTrack], source: str, number: Callable[[], int], gallery: Searchable, stages: Stages
) -> Iterator[Sighting]:
    counted = [track for track in tracks if counts(track, stages)]
    embedded(counted, stages.embedder.embed)
    for track in counted:
        for part in divide(track, stages.point.unlike, number):
            yield _track_sighting(source, part, closed(part, stages.embedder.pack), gallery, stages)


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


def _sighting(source: str, shot: Shot, number: int, decision: Decision, stages: Stages) -> Sighting:
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
        decision=decision,
        pack=stages.embedder.pack,
        crop=shot.crop,
    )


def _decisions(faced: list[Shot], gallery: Searchable, stages: Stages) -> list[Decision]:
    """One each; all are searched for at once where the gallery can."""
    templates = [shot.template for shot in faced if shot.template is not None]
    if not isinstance(gallery, SearchableAtOnce) or len(templates) < len(faced):
        return [_decision(shot.template, shot.face.quality, gallery, stages) for shot in faced]
    found = gallery.search_many(np.array(templates, np.float32), stages.embedder.pack) if templates else ()
    qualities = [shot.face.quality for shot in faced]
    return list(decide_many(found, qualities, gallery.subjects, stages.point, stages.limits))


def _decision(template: Floats | None, quality: Quality, gallery: Searchable, stages: Stages) -> Decision:
    if template is None:
        return not_searchable("No usable face was kept of this person, so nothing could be searched.")
    found = gallery.search(template, stages.embedder.pack)
    return decide(found, quality, gallery.subjects, stages.point, stages.limits)
