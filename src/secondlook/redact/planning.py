"""What is covered in every frame of one source, before any pixel is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from secondlook.redact.moments import Moment, Spot
from secondlook.redact.places import Place, named_areas
from secondlook.redact.record import RedactedArea, RedactedFrame, Why
from secondlook.redact.rulings import Chosen, Rulings
from secondlook.types import Detections


@dataclass(frozen=True, eq=False, slots=True)
class Wanted:
    """Who is covered. chosen: with ``rulings`` on the faces of this source. places: what a person named."""

    chosen: Chosen
    rulings: Rulings
    places: tuple[Place, ...] = ()


def planned_frames(
    moments: Callable[[], Iterable[Moment]],
    wanted: Wanted,
    source: str,
    output: str,
    time_of: Callable[[int], float | None],
) -> Iterator[RedactedFrame]:
    """One for every frame of a video, in order, also where nothing is covered.

    moments: gives them from the beginning each time it is called. time_of: seconds of the frame with this index.
    """
    sought = _sought_tracks(moments(), wanted.rulings) if wanted.chosen.only else {}
    for moment in moments():
        index = moment.looked.index
        areas = planned_areas(moment, wanted, source, time_of(index), sought)
        yield RedactedFrame(source, output, index, areas)


def planned_areas(
    moment: Moment, wanted: Wanted, source: str, time_s: float | None, sought: Mapping[int, str]
) -> tuple[RedactedArea, ...]:
    """What is covered, or kept, in one frame. sought: tracks that are covered by name, where only some are."""
    rulings = wanted.rulings.about(moment.looked.index, moment.looked.faces.boxes) if wanted.chosen.keep else {}
    areas = []
    for spot in moment.spots:
        ruling = rulings.get(spot.row) if spot.row is not None else None
        if ruling is not None:
            areas.append(_area(spot, kept=True, subject=ruling.subject))
        elif wanted.chosen.only:
            areas.append(_area(spot, kept=spot.track not in sought, subject=sought.get(spot.track)))
        else:
            areas.append(_area(spot))
    return (*areas, *named_areas(wanted.places, source, time_s))


def planned_photo(faces: Detections, wanted: Wanted, source: str, output: str, page: int) -> RedactedFrame:
    """The same for one picture of a photograph. Faces are numbered from 1, the best found first."""
    kept = wanted.rulings.about(page, faces.boxes) if wanted.chosen.keep else {}
    sought = wanted.rulings.all_about(page, faces.boxes) if wanted.chosen.only else {}
    areas = []
    for row in range(len(faces)):
        spot = Spot(row + 1, faces.boxes[row], faces.landmarks[row], Why.DETECTED, float(faces.scores[row]), row)
        if row in kept:
            areas.append(_area(spot, kept=True, subject=kept[row].subject))
        elif wanted.chosen.only:
            subject = sought[row].subject if row in sought else None
            areas.append(_area(spot, kept=row not in sought, subject=subject))
        else:
            areas.append(_area(spot))
    areas.extend(named_areas(wanted.places, source, None))
    return RedactedFrame(source, output, page, tuple(areas))


def _sought_tracks(moments: Iterable[Moment], rulings: Rulings) -> dict[int, str]:
    """Tracks of which at least one face was ruled to be a subject that is to be covered: all of the track is."""
    sought: dict[int, str] = {}
    for moment in moments:
        found = rulings.all_about(moment.looked.index, moment.looked.faces.boxes)
        for spot in moment.spots:
            if spot.row is not None and spot.row in found:
                sought[spot.track] = found[spot.row].subject
    return sought


def _area(spot: Spot, kept: bool = False, subject: str | None = None) -> RedactedArea:
    box = np.asarray(spot.box, np.float32)
    return RedactedArea(spot.track, box, spot.landmarks, spot.why, spot.score, kept, subject)
