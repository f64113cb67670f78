"""Second Look in five lines of Python. Nothing is written but what is enrolled into a gallery on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from secondlook.assemble import Identifier, Settings, assemble, new_gallery
from secondlook.enrolling import Enrolment, EnrolOptions, enrolments
from secondlook.errors import SourceError
from secondlook.gallery import EnrolResult, Gallery, OnSuspicion
from secondlook.sources import Picture, SourceKind, expand, picture_from
from secondlook.types import Frame, Sighting

__all__ = ["enrol", "find", "new_gallery"]


def enrol(
    gallery: Gallery,
    people: Mapping[str, Iterable[Picture]] | str | os.PathLike[str],
    settings: Settings | None = None,
    on_suspicion: OnSuspicion = OnSuspicion.HOLD,
) -> tuple[EnrolResult, ...]:
    """Enrols people and says what became of each picture.

    people: pictures by subject (paths, arrays (H, W, 3) RGB, Pillow images, bytes), or a folder with a folder or a
    picture for each. Raises PackMismatch, PackMissing, GalleryError, and SourceError for a folder without people.
    """
    if isinstance(people, str | os.PathLike):
        persons = enrolments(Path(people))
    else:
        persons = tuple(_enrolment(subject, tuple(pictures)) for subject, pictures in people.items())
    identifier = assemble(gallery, settings or Settings())
    options = EnrolOptions(on_suspicion=on_suspicion)
    return tuple(result for results in identifier.enrol(persons, options) for result in results)


def find(
    source: Picture | Frame | Iterable[Frame], gallery: Gallery, settings: Settings | None = None
) -> Iterator[Sighting]:
    """Everybody seen in a source, each with one decision, as soon as it is made.

    source: the path of a photograph, a video or a folder; one picture in memory (array, Pillow image, bytes, Frame);
    or frames in time order, which are taken as one video. Raises SourceError where a source cannot be read,
    PackMismatch where the gallery was made with another pack, CalibrationStale where it has outgrown the calibration.
    """
    identifier = assemble(gallery, settings or Settings())
    identifier.check()
    if isinstance(source, str | os.PathLike):
        return _find_in_paths(Path(source), identifier)
    if isinstance(source, Frame):
        return iter(identifier.in_photo(source))
    if isinstance(source, np.ndarray | Image.Image | bytes | bytearray | memoryview):
        return iter(identifier.in_photo(picture_from(source)))
    return identifier.in_video(source)


def _find_in_paths(path: Path, identifier: Identifier) -> Iterator[Sighting]:
    sources, problems = expand([path])
    for source in sources:
        if source.kind is SourceKind.VIDEO:
            yield from identifier.in_video(identifier.frames(source.path))
        else:
            for frame in identifier.pictures(source.path):
                yield from identifier.in_photo(frame)
    if problems:
        raise SourceError(problems[0].sentence)


def _enrolment(subject: str, pictures: tuple[Picture, ...]) -> Enrolment:
    labels = tuple(
        os.fspath(picture) if isinstance(picture, str | os.PathLike) else f"{subject} {number}"
        for number, picture in enumerate(pictures, start=1)
    )
    return Enrolment(subject, pictures, labels)
