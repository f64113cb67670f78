"""The measure that counts: labelled people, covered in the same way, searched among other pictures of many people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from secondlook.errors import SourceError
from secondlook.faces.detect import Search, find_faces
from secondlook.faces.quality import assess
from secondlook.redact.attack.looking import Attacker, Role, look
from secondlook.redact.attack.shots import Shot, shot_of
from secondlook.redact.attack.world import Terms, world_of_labelled
from secondlook.redact.cover import Covering, cover
from secondlook.redact.proof import World
from secondlook.redact.shapes import Area
from secondlook.runs.labelled import Labelled, labelled, meant
from secondlook.sources import read_photo
from secondlook.types import Face

_TOLD_EVERY = 25


@dataclass(frozen=True, slots=True)
class Person:
    """One labelled person. number: for the attack. pictures: in the order of names."""

    number: int
    pictures: tuple[Labelled, ...]


def attack_labelled(
    folder: Path, covering: Covering, attacker: Attacker, limit: int, terms: Terms, told: Callable[[str], None]
) -> World:
    """The first picture with a face of each person is the reference, the second the probe.

    Raises SourceError where there is no such folder or nobody in it.
    """
    found = people(labelled(folder))
    references = look(_shots(found, 0, covering, attacker, limit, told), attacker, Role.REFERENCE)
    probes = look(_shots(found, 1, covering, attacker, limit, told), attacker)
    restorations = [restorer.how for restorer in attacker.restorers]
    return world_of_labelled(folder.name, probes, references, restorations, terms)


def people(pictures: Sequence[Labelled]) -> tuple[Person, ...]:
    by_subject: dict[str, list[Labelled]] = {}
    for picture in pictures:
        by_subject.setdefault(picture.subject, []).append(picture)
    return tuple(Person(number, tuple(own)) for number, own in enumerate(by_subject.values()))


def _shots(
    found: Sequence[Person],
    which: int,
    covering: Covering,
    attacker: Attacker,
    limit: int,
    told: Callable[[str], None],
) -> Iterator[Shot]:
    """which: 0 = the first picture of each person in which a face is found, 1 = the second."""
    for place, person in enumerate(found):
        if place % _TOLD_EVERY == 0:
            what = "references" if which == 0 else "probes"
            told(f"Attacking labelled people: {what}, {place:,} of {len(found):,}")
        if len(person.pictures) > which:
            shots = (one for picture in person.pictures if (one := _shot(person, picture, covering, attacker, limit)))
            shot = next((one for number, one in enumerate(shots) if number == which), None)
            if shot is not None:
                yield shot


def _shot(person: Person, picture: Labelled, covering: Covering, attacker: Attacker, limit: int) -> Shot | None:
    """None where the picture cannot be read or shows no face."""
    try:
        pixels = read_photo(picture.path, limit).pixels
    except SourceError:  # no reference and no probe; who is left without is not counted
        return None
    detections = find_faces(attacker.detector, pixels, Search())
    faces = [
        Face(box, points, float(score), assess(pixels, box, points))
        for box, points, score in zip(detections.boxes, detections.landmarks, detections.scores, strict=True)
    ]
    face = meant(faces, *pixels.shape[:2])
    if face is None:
        return None
    covered = cover(pixels, [Area(face.box, face.landmarks)], covering)
    return shot_of(person.number, pixels, covered, face.box, face.landmarks)
