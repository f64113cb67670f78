"""Everything a redaction works with: the detector as it is set for covering, and who is to be told from whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from secondlook import identify
from secondlook.assemble import Identifier, Settings, assemble
from secondlook.decide.rule import OperatingPoint, Rule
from secondlook.faces.detect import Search, find_faces
from secondlook.faces.packs import opening
from secondlook.faces.packs.detectors import PackDetector
from secondlook.faces.packs.runtime import RunOptions
from secondlook.gallery import Gallery
from secondlook.identify import Stages
from secondlook.ports import Detector
from secondlook.redact.cover import Covering
from secondlook.redact.places import Place
from secondlook.redact.rulings import Chosen
from secondlook.runs.replay import Look
from secondlook.sources import MAX_PIXELS
from secondlook.types import Detections, Frame, Sighting

FAINTEST = 0.1
"""Detector score from which a face continues a track in a video."""
ALONE = 0.2
"""Detector score from which a face is covered in a photograph and, by itself, in a video."""
CONFIRMED = 0.3
"""Least mean of two looks at a doubtful face of a photograph; where faces and texture lie is in ``faces/detect.py``."""
COMFORTABLE_PX = 12.0
"""Face width that the detector finds nearly always; video is shrunk until the smallest wanted face is that wide."""

LEAST_SIDE = 640
"""Longest side, px, at which any video is looked at: below it there is little time to be gained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a redaction is asked for. smallest_px: face width that is found for certain in videos, and in photographs
    in which it is larger than a third of that. max_pixels: largest picture to decode."""

    covering: Covering = field(default_factory=Covering)
    chosen: Chosen = field(default_factory=Chosen)
    places: tuple[Place, ...] = ()
    keep_metadata: bool = False
    smallest_px: float = 16.0
    max_pixels: int = MAX_PIXELS


@dataclass(frozen=True, slots=True)
class Kit:
    """ask, and the models it needs. identifier: None where nobody is to be told from anybody."""

    ask: Ask
    detector: Detector
    providers: tuple[str, ...] = ()
    identifier: Identifier | None = None
    alone: float = ALONE

    @property
    def photo_search(self) -> Search:
        return Search(smallest_px=min(self.ask.smallest_px, 12.0), threshold=self.alone, confirmed=CONFIRMED)

    def video_search(self, width: int, height: int) -> Search:
        return Search(threshold=FAINTEST, max_side=self.side(width, height), confirmed=None)

    def side(self, width: int, height: int) -> int:
        """Longest side at which a video of this size is looked at, px."""
        longest = max(width, height)
        side = round(longest * min(2.0, COMFORTABLE_PX / self.ask.smallest_px))
        # landmarks that decide who is who are looked for as ``find`` does
        least = LEAST_SIDE if self.identifier is None else self.identifier.settings.video_side
        return max(side, min(least, 2 * longest))

    def look(self, width: int, height: int) -> Look:
        search = self.video_search(width, height)
        return lambda frame: find_faces(self.detector, frame.pixels, search)

    def in_photo(self, frame: Frame) -> tuple[Detections, list[Sighting]]:
        """The faces of one picture, and a decision on each where somebody is to be told from others."""
        found = find_faces(self.detector, frame.pixels, self.photo_search)
        if self.identifier is None:
            return found, []
        once = Search(threshold=0.0, max_side=max(frame.pixels.shape[:2]), confirmed=None)
        stages = replace(self._stages(self.identifier), detector=_Told(found), photo_search=once)
        return found, identify.photo(frame, self.identifier.gallery, stages)

    def in_video(self, frames: Iterable[Frame], look: Look) -> Iterator[Sighting]:
        """Everybody in a video, with a decision each; none where nobody is to be told from anybody, but every frame is
        looked at all the same."""
        if self.identifier is not None:
            yield from identify.video(frames, self.identifier.gallery, self._stages(self.identifier), look)
            return
        for frame in frames:
            look(frame)

    @property
    def settings(self) -> str:
        """Whatever would change the results, as a text."""
        ask, identifier = self.ask, self.identifier
        who = ""
        if identifier is not None:
            how = _decided_by(identifier.stages.point)
            who = f" gallery {identifier.gallery.id} pack {identifier.embedder.pack} {how}"
        return f"redact {ask} detector {self.detector.pack} alone {self.alone}{who}"

    def _stages(self, identifier: Identifier) -> Stages:
        return replace(identifier.stages, detector=self.detector, every_s=0.0)


def _decided_by(rule: Rule) -> str:
    if isinstance(rule, OperatingPoint):
        return f"threshold {rule.threshold} doubtful {rule.doubtful}"
    return f"fpir {rule.fpir} prior {rule.prior} calibration {rule.calibration.id}"


@dataclass(frozen=True, slots=True)
class _Told:
    """A detector that says what was found already."""

    found: Detections
    pack: str = "told"

    def detect(self, pixels: object) -> Detections:
        return self.found


def kit(ask: Ask, settings: Settings, gallery: Gallery | None = None) -> Kit:
    """Models opened. gallery: who is to be told from others. Raises PackMissing, PackCorrupt, PackMismatch, and
    CalibrationStale or CalibrationError where the asked FPIR cannot be stated at the gallery's size."""
    if gallery is None:
        detector = opening.detector(settings.detector, RunOptions(settings.provider, settings.threads))
        return Kit(ask, _faint(detector), (f"{detector.card.title}: {detector.provider}",))
    identifier = assemble(gallery, settings)
    identifier.check()
    return Kit(ask, _faint(identifier.detector), identifier.providers, identifier)


def _faint(detector: PackDetector) -> PackDetector:
    """The same detector, which says also what is faint."""
    return replace(detector, card=replace(detector.card, threshold=FAINTEST))


def source_identity(path: Path) -> str:
    """A file changed between two runs is another file."""
    facts = path.stat()
    return f"{path} {facts.st_size} {facts.st_mtime_ns}"
