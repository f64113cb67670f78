"""Every picture of a copy beside its original: what is still to be seen in it, and the faces that attacks are tried on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from secondlook.errors import SourceError
from secondlook.ports import Detector
from secondlook.redact.attack.detecting import beside, found_at, left_visible, look_again, still_there
from secondlook.redact.attack.found_leftovers import Kind, Leftover
from secondlook.redact.attack.searching import hit_rate
from secondlook.redact.attack.shots import Shot, shot_of
from secondlook.redact.proof import Detection, ProofAsked, Spot, Unread
from secondlook.redact.record import RedactedArea, RedactedFrame
from secondlook.sources import SourceKind, VideoFrames, read_pictures
from secondlook.sources.opening import kind_of_file
from secondlook.types import Floats, Frame, Pixels

_LISTED = 100
_TOLD_EVERY = 50


@dataclass(frozen=True, slots=True)
class Copy:
    """source: the original. name: of the copy in the run's records. output: where it is."""

    source: Path
    name: str
    output: Path


@dataclass(slots=True)
class _Trials:
    """One kind of look at a place: for each whether something was there, and whose place it was."""

    right: list[bool] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def add(self, right: bool, owner: int) -> None:
        self.right.append(right)
        self.owners.append(owner)


class Watch:
    """Goes through copies, gives the shots that are attacked, and keeps count of what is found on the way."""

    def __init__(self, detector: Detector, limit: int, asked: ProofAsked, told: Callable[[str], None]) -> None:
        self._detector, self._limit, self._asked, self._told = detector, limit, asked, told
        self._persons: dict[tuple[str, ...], int] = {}
        self._found, self._chance, self._before = _Trials(), _Trials(), _Trials()
        self._uncovered: list[Spot] = []
        self._elsewhere: list[Spot] = []
        self._frames = 0
        self._leftovers: list[Leftover] = []
        self._unread: list[Unread] = []

    @property
    def leftovers(self) -> tuple[Leftover, ...]:
        return tuple(self._leftovers)

    @property
    def unread(self) -> tuple[Unread, ...]:
        return tuple(self._unread)

    @property
    def detection(self) -> Detection:
        found, chance, before = (
            hit_rate(np.array(t.right, np.bool_), np.array(t.owners, np.int64), self._asked.seed)
            for t in (self._found, self._chance, self._before)
        )
        return Detection(
            frames=self._frames,
            places=len(self._before.right),
            found=found,
            by_chance=chance,
            originals=before,
            uncovered_count=len(self._uncovered),
            uncovered=tuple(self._uncovered[:_LISTED]),
            elsewhere_count=len(self._elsewhere),
            elsewhere=tuple(self._elsewhere[:_LISTED]),
        )

    def shots(self, copy: Copy, records: Sequence[RedactedFrame]) -> Iterator[Shot]:
        """Of one copy; what cannot be read is noted, and ends it."""
        try:
            of_video = kind_of_file(copy.output) is SourceKind.VIDEO
            by_frame = {record.frame: record.areas for record in records}
            chosen = self._chosen(copy, records, of_video)
            for place, (frame, output) in enumerate(_pairs(copy, self._limit)):
                if place % _TOLD_EVERY == 0:
                    self._told(f"Attacking {copy.name}" + (f", picture {place + 1:,}" if place else ""))
                if frame is None:
                    self._extra(copy)
                    return
                yield from self._picture(copy, frame, output, by_frame.get(frame.index, ()), chosen, of_video)
        except SourceError as error:
            self._unread.append(Unread(copy.name, str(error)))

    def _extra(self, copy: Copy) -> None:
        self._leftovers.append(Leftover(Kind.FRAMES, copy.name, "more pictures than the original has"))

    def _picture(
        self,
        copy: Copy,
        frame: Frame,
        output: Pixels,
        areas: Sequence[RedactedArea],
        chosen: dict[tuple[int, int], int],
        of_video: bool,
    ) -> Iterator[Shot]:
        covered = [area for area in areas if not area.kept]
        for area in covered:
            if still_there(frame.pixels, output, area.area):
                self._uncovered.append(Spot(copy.name, frame.index, _box(area.box)))
        if frame.index % self._asked.every == 0:
            self._detect(copy, frame, output, areas, of_video)
        for row, area in enumerate(areas):
            person = chosen.get((frame.index, row))
            if person is not None and area.landmarks is not None:
                yield shot_of(person, frame.pixels, output, area.box, area.landmarks)

    def _detect(self, copy: Copy, frame: Frame, output: Pixels, areas: Sequence[RedactedArea], of_video: bool) -> None:
        self._frames += 1
        everywhere = [area.area for area in areas]
        found = look_again(self._detector, output, of_video)
        for area in areas:
            if area.kept:
                continue
            owner = self._person(copy, area, frame.index, of_video)
            self._found.add(bool(found_at([area.area], found)[0]), owner)
            self._before.add(area.score is not None, owner)
            empty = beside(area.area, everywhere, *output.shape[:2])
            if empty is not None:
                self._chance.add(bool(found_at([empty], found)[0]), owner)
        left = left_visible(self._detector, output, everywhere, found, self._asked.smallest_px)
        for box, score in zip(left.boxes, left.scores, strict=True):
            self._elsewhere.append(Spot(copy.name, frame.index, _box(box), float(score)))

    def _chosen(self, copy: Copy, records: Sequence[RedactedFrame], of_video: bool) -> dict[tuple[int, int], int]:
        """Frame and row of the areas that are attacked, and who it is: of each person some, evenly over its time."""
        places: dict[int, list[tuple[int, int]]] = {}
        for record in records:
            for row, area in enumerate(record.areas):
                if not area.kept and area.track > 0 and area.landmarks is not None:
                    person = self._person(copy, area, record.frame, of_video)
                    places.setdefault(person, []).append((record.frame, row))
        chosen: dict[tuple[int, int], int] = {}
        for person, own in places.items():
            count = min(len(own), self._asked.shots)
            for place in np.linspace(0, len(own) - 1, count).round().astype(int):
                chosen[own[place]] = person
        return chosen

    def _person(self, copy: Copy, area: RedactedArea, frame: int, of_video: bool) -> int:
        """Whoever was recognised by name is one person; a track is one within its film, a face within its picture."""
        if area.subject is not None:
            key: tuple[str, ...] = (area.subject,)
        else:
            key = (copy.name, "" if of_video else str(frame), str(area.track))
        return self._persons.setdefault(key, len(self._persons))


def _pairs(copy: Copy, limit: int) -> Iterator[tuple[Frame | None, Pixels]]:
    """Original and output of every picture of the copy; None where the original has ended before."""
    with closing(_pictures(copy.source, limit)) as originals, closing(_pictures(copy.output, limit)) as outputs:
        for output in outputs:
            original = next(originals, None)
            pixels = output.pixels if original is None else _fitted(output.pixels, original.pixels)
            yield original, pixels
            if original is None:
                return


def _pictures(path: Path, limit: int) -> Generator[Frame, None, None]:
    if kind_of_file(path) is SourceKind.VIDEO:
        yield from VideoFrames(path, limit=limit)
    else:
        yield from read_pictures(path, limit)


def _fitted(pixels: Pixels, original: Pixels) -> Pixels:
    """Of the original's size: a row or column that the coder wanted is cut off, anything else is scaled."""
    height, width = original.shape[:2]
    if pixels.shape[:2] == (height, width):
        return pixels
    if 0 <= pixels.shape[0] - height <= 1 and 0 <= pixels.shape[1] - width <= 1:
        return pixels[:height, :width]
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _box(box: Floats) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (round(float(v), 1) for v in box)
    return x0, y0, x1, y1
