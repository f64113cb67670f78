"""Everything that stating exposure works with: a detector, a calibration, and how many people are feared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from secondlook.assemble import Settings, best_recogniser, calibration_for
from secondlook.decide.calibration import Calibration
from secondlook.errors import CalibrationError
from secondlook.exposure.following import Following, Moment, moments
from secondlook.exposure.stated import check_population, picked_out
from secondlook.faces.detect import Search, find_faces
from secondlook.faces.packs import opening
from secondlook.faces.packs.installed import load_pack
from secondlook.faces.packs.runtime import RunOptions
from secondlook.ports import Detector
from secondlook.sources import MAX_PIXELS, VideoFrames
from secondlook.types import Detections, Frame

RECOGNISABLE = 0.5
"""Chance of being picked out from which a face counts as recognisable, where none was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """pack: the recogniser that is feared, by its id; nothing is recognised here. population: people of whom somebody holds
    a good picture. want: chance of being picked out that nobody should reach, None: none was asked for."""

    detector: Detector
    calibration: Calibration
    pack: str
    population: int
    want: float | None = None
    providers: tuple[str, ...] = ()
    photo_search: Search = field(default_factory=Search)
    video_search: Search = field(default_factory=lambda: Search(threshold=0.2, max_side=960, confirmed=None))
    following: Following = field(default_factory=Following)
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        check_population(self.calibration, self.population, self.want)

    @property
    def level(self) -> float:
        return RECOGNISABLE if self.want is None else self.want

    def find(self, frame: Frame) -> Detections:
        return find_faces(self.detector, frame.pixels, self.photo_search)

    def frames(self, path: Path) -> VideoFrames:
        return VideoFrames(path, every_s=self.following.every_s, limit=self.max_pixels)

    def moments(self, frames: Iterable[Frame]) -> Iterator[Moment]:
        """Everybody in a video, each where they are most exposed."""
        chance = partial(picked_out, self.calibration, population=self.population)
        return moments(frames, lambda f: find_faces(self.detector, f.pixels, self.video_search), chance, self.following)


def kit(settings: Settings, population: int, want: float | None, pack: str | None = None) -> Kit:
    """pack: id of the gallery's pack; None: ``settings.recogniser``, or the best installed.

    Raises CalibrationError where the pack has no calibration, PackMissing, PackCorrupt.
    """
    if pack is None:
        pack = load_pack(settings.recogniser or best_recogniser()).id
    calibration = calibration_for(pack, settings.calibration)
    if calibration is None:
        raise CalibrationError(
            f"pack {pack} has no calibration, so nothing can be said of exposure to it: run `secondlook calibrate`, or name "
            "another --pack."
        )
    detector = opening.detector(settings.detector, RunOptions(settings.provider, settings.threads))
    return Kit(
        detector=detector,
        calibration=calibration,
        pack=pack,
        population=population,
        want=want,
        providers=(f"{detector.card.title}: {detector.provider}",),
        photo_search=Search(smallest_px=settings.smallest_px),
        video_search=Search(threshold=0.2, max_side=settings.video_side, confirmed=None),
        following=Following(every_s=settings.every_s),
        max_pixels=settings.max_pixels,
    )
