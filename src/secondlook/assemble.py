"""Settings to a ready Identifier: the only place where packs, gallery and the way meet."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import numpy as np
from PIL import Image

from secondlook import enrolling, identify
from secondlook.cores import cores
from secondlook.decide import calibration as calibrated
from secondlook.decide.calibration import Calibration
from secondlook.decide.calibration_file import load_calibration
from secondlook.decide.rule import Calibrated, Limits, OperatingPoint, Rule
from secondlook.enrolling import Enrolment, EnrolOptions
from secondlook.errors import GalleryMissing, PackError, PackMismatch
from secondlook.faces.align import chip
from secondlook.faces.detect import Close, Search, find_faces
from secondlook.faces.packs import opening
from secondlook.faces.packs.cards import RecogniserCard
from secondlook.faces.packs.detectors import PackDetector
from secondlook.faces.packs.installed import Existing, Pack, add_pack, home, list_packs
from secondlook.faces.packs.known import RECOMMENDED
from secondlook.faces.packs.recognisers import PackEmbedder
from secondlook.faces.packs.runtime import Provider, RunOptions
from secondlook.gallery import EnrolResult, Gallery, KeySource, Reference
from secondlook.gallery.comparison import Cosine
from secondlook.identify import Detect, LiveSighting, Pace, Stages
from secondlook.ports import Comparison
from secondlook.sources import (
    MAX_PIXELS,
    CameraAddress,
    CameraFrames,
    VideoFrames,
    read_pictures,
)
from secondlook.types import Detections, Floats, Frame, Sighting

SHIPPED_CALIBRATIONS = Path(__file__).parent / "decide" / "fits"

ENROLLED_PX = 24.0
"""Face width, px, below which nobody looks in pictures of people to be enrolled: a reference needs 24 px between the eyes,
which is a face of 50, and a bystander counts from 1 / sqrt(3) of the width of the face meant on."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may choose.

    detector, recogniser: packs by name; recogniser None: the gallery's own, or for a new gallery the best installed.
    provider, threads: where models run (0 threads = one a core). smallest_px: face width still to be found in
    photographs, px. every_s: video time between two looks. video_side: longest side at which video is looked at, px.
    fpir: share of searches for strangers that may give a candidate. prior: chance that a passer-by is enrolled, as far as
    you know it; both between 0 and 1. calibration: file of `secondlook calibrate`, None: the pack's own.
    threshold: comparison score that makes a candidate, in place of a calibration; then no probability is stated.
    max_pixels: largest picture to decode.
    """

    detector: str = "centerface"
    recogniser: str | None = None
    provider: Provider = Provider.AUTO
    threads: int = 0
    smallest_px: float = 12.0
    every_s: float = 0.2
    video_side: int = 960
    fpir: float = 0.003
    prior: float = 0.01
    calibration: Path | None = None
    threshold: float | None = None
    limits: Limits = field(default_factory=Limits)
    max_pixels: int = MAX_PIXELS


@dataclass(frozen=True, slots=True)
class Identifier:
    """A gallery and the stages that fit it, ready to look at sources."""

    gallery: Gallery
    stages: Stages
    settings: Settings
    detector: PackDetector
    embedder: PackEmbedder

    @property
    def card(self) -> RecogniserCard:
        return self.embedder.card

    @property
    def providers(self) -> tuple[str, ...]:
        """What each model runs on, for people."""
        return (
            f"{self.detector.card.title}: {self.detector.provider}",
            f"{self.embedder.card.title}: {self.embedder.provider}",
        )

    def check(self) -> None:
        """Raises CalibrationStale or CalibrationError where the asked FPIR cannot be stated at the gallery's size."""
        rule = self.stages.point
        if isinstance(rule, Calibrated):
            calibrated.check(rule.calibration, self.gallery.subjects, rule.fpir)

    def pictures(self, path: Path) -> Iterator[Frame]:
        """Every picture in one photograph's file (pages, animation)."""
        return read_pictures(path, self.settings.max_pixels)

    def frames(self, path: Path) -> VideoFrames:
        """The frames of one video that are looked at."""
        return VideoFrames(path, every_s=self.settings.every_s, limit=self.settings.max_pixels)

    def in_photo(self, frame: Frame) -> list[Sighting]:
        return identify.photo(frame, self.gallery, self.stages)

    def in_video(self, frames: Iterable[Frame], detect: Detect | None = None) -> Iterator[Sighting]:
        return identify.video(frames, self.gallery, self.stages, detect)

    def camera(self, address: CameraAddress, stop: Event | None = None) -> CameraFrames:
        """The frames of a camera that are looked at, where there is time for them. stop: ends them."""
        return CameraFrames(address, every_s=self.settings.every_s, limit=self.settings.max_pixels, stop=stop)

    def in_live(
        self, frames: Iterable[Frame], detect: Detect | None = None, pace: Pace | None = None
    ) -> Iterator[LiveSighting]:
        return identify.live(frames, self.gallery, self.stages, detect, pace or Pace())

    def look(self, frame: Frame) -> Detections:
        """The faces of one video frame."""
        return find_faces(self.stages.detector, frame.pixels, self.stages.video_search)

    def enrol(self, people: Iterable[Enrolment], options: EnrolOptions) -> Iterator[tuple[EnrolResult, ...]]:
        return enrolling.enrol(people, self.gallery, self.stages, options, cores(self.settings.threads))


def recognisers() -> tuple[Pack, ...]:
    """Usable recogniser packs, the best first: by measured FNIR at FPIR 0.01, those without a measurement last."""
    found = [pack for pack in list_packs() if isinstance(pack.card, RecogniserCard)]
    return tuple(sorted(found, key=_rank))


def _rank(pack: Pack) -> tuple[bool, float, str]:
    """What runs in integers comes after what it was made from, which has a calibration of its own."""
    card = pack.card
    rates = card.rates if isinstance(card, RecogniserCard) else ()
    measured = [rate.value for rate in rates if (rate.measure, rate.at) == ("FNIR", "FPIR 0.01")]
    # A pack we recommend was chosen for being better; its own measurement, where it has one, still goes first.
    unmeasured = 0.999 if card.name == RECOMMENDED.name else 2.0
    return (bool(pack.ranges), min(measured, default=unmeasured), card.name)


def best_recogniser() -> str:
    """The name of the best installed recogniser. Raises PackError where there is none."""
    found = recognisers()
    if not found:
        raise PackError("no recogniser pack can be used: `secondlook packs list` says why.")
    return found[0].card.name


def calibrations_folder() -> Path:
    """Where `secondlook calibrate` leaves its files."""
    return home() / "calibrations"


def calibration_for(pack: str, file: Path | None = None) -> Calibration | None:
    """The calibration of a pack by its id: the file's, else the user's own, else the one that comes with Second Look.

    Raises CalibrationError where a file cannot be read, PackMismatch where ``file`` is another pack's.
    """
    name = f"{pack.replace('@', '-')}.json"
    if file is not None:
        found = load_calibration(file)
        if found.pack != pack:
            raise PackMismatch(f"{file} is a calibration of {found.pack}, not of {pack}: name one of this pack.")
        return found
    for place in (calibrations_folder() / name, SHIPPED_CALIBRATIONS / name):
        if place.is_file():
            return load_calibration(place)
    return None


def rule_for(card: RecogniserCard, calibration: Calibration | None, settings: Settings) -> Rule:
    """The calibration; or the asked threshold, or the pack's own where it has no calibration. A pack that was never
    measured has neither, and proposes nobody."""
    if settings.threshold is not None:
        return OperatingPoint(
            settings.threshold,
            settings.threshold,
            card.unlike if card.unlike is not None else -1.0,
            f"The threshold was set by hand to {settings.threshold:.3f}.",
        )
    if calibration is not None:
        return Calibrated(calibration, settings.fpir, settings.prior)
    if card.threshold is None:
        return OperatingPoint(
            None,
            None,
            -1.0,
            f"Pack {card.name} was never measured: run `secondlook calibrate` or give a --threshold.",
        )
    doubtful = card.doubtful if card.doubtful is not None else card.threshold
    unlike = card.unlike if card.unlike is not None else -1.0
    return OperatingPoint(card.threshold, doubtful, unlike, card.threshold_note)


def comparison_for(dimension: int, calibration: Calibration | None) -> Comparison:
    """How two templates of that length are compared: as the calibration was fitted, else by their cosine."""
    if calibration is None or calibration.cohort is None:
        return Cosine(dimension)
    return calibration.cohort


def compared(gallery: Gallery) -> Gallery:
    """The gallery, searched as ``assemble`` has it searched, without any model. Raises CalibrationError."""
    return gallery.compared_by(comparison_for(gallery.dimension, calibration_for(gallery.pack)))


def assemble(gallery: Gallery, settings: Settings) -> Identifier:
    """Everything that looks at pictures for this gallery. Raises PackMissing, PackCorrupt, PackMismatch, and
    CalibrationError where a calibration cannot be read."""
    name = settings.recogniser or gallery.pack.partition("@")[0]
    embedder = opening.recogniser(name, _options(settings))
    if embedder.pack != gallery.pack:
        raise PackMismatch(
            f"{gallery.place} holds templates of pack {gallery.pack}, not of {embedder.pack}: "
            f"run `secondlook gallery re-embed {gallery.place} --pack {name}` first."
        )
    return _identifier(gallery, embedder, settings)


def _identifier(gallery: Gallery, embedder: PackEmbedder, settings: Settings) -> Identifier:
    calibration = calibration_for(embedder.pack, settings.calibration)
    compared = gallery.compared_by(comparison_for(embedder.dimension, calibration))
    detector = opening.detector(settings.detector, _options(settings))
    stages = Stages(
        detector=detector,
        embedder=embedder,
        point=rule_for(embedder.card, calibration, settings),
        photo_search=Search(smallest_px=settings.smallest_px, close=Close.WHERE_HINTED),
        enrol_search=Search(smallest_px=max(settings.smallest_px, ENROLLED_PX), close=Close.WHERE_HINTED),
        video_search=Search(threshold=0.2, max_side=settings.video_side, confirmed=None),
        limits=settings.limits,
        every_s=settings.every_s,
    )
    return Identifier(compared, stages, settings, detector, embedder)


def _options(settings: Settings) -> RunOptions:
    return RunOptions(settings.provider, settings.threads)


def open_or_create(path: str | Path, settings: Settings, key: KeySource | None = None) -> Gallery:
    """The gallery at ``path``, made with the asked or the best installed pack where there is none."""
    try:
        return Gallery.open(path, key=key)
    except GalleryMissing:
        embedder = opening.recogniser(settings.recogniser or best_recogniser(), _options(settings))
        return Gallery.create(path, pack=embedder.pack, dimension=embedder.dimension, key=key)


def new_gallery(settings: Settings = Settings()) -> Gallery:
    """A gallery in memory, for the asked or the best installed pack; nothing is written."""
    embedder = opening.recogniser(settings.recogniser or best_recogniser(), _options(settings))
    return Gallery.in_memory(embedder.pack, embedder.dimension)


def reembed(gallery: Gallery, name: str, settings: Settings, progress: Callable[[int, int], None]) -> str:
    """Makes every template of the gallery anew with another pack, from its sealed crops; gives the pack's id."""
    embedder = opening.recogniser(name, _options(settings))

    def embed(reference: Reference) -> Floats:
        pixels = np.asarray(Image.open(io.BytesIO(reference.crop)).convert("RGB"))
        template: Floats = embedder.embed(chip(pixels, reference.landmarks, embedder.layout)[None])[0]
        return template

    gallery.reembed(embedder.pack, embedder.dimension, embed, progress)
    return embedder.pack


def check_running(pack: Pack, settings: Settings | None = None) -> str:
    """Runs a pack on made-up pixels; one sentence of what came out. Raises PackCorrupt where nothing usable did."""
    options = _options(settings or Settings())
    noise = np.random.default_rng(0).integers(0, 256, (160, 160, 3), np.uint8)
    if isinstance(pack.card, RecogniserCard):
        embedder = opening.opened_recogniser(pack, options)
        size = embedder.layout.size
        templates = embedder.embed(np.resize(noise, (2, size, size, 3)))
        return f"{templates.shape[1]} numbers a template, on {embedder.provider}."
    found = opening.opened_detector(pack, options)
    return f"{len(found.detect(noise))} faces in noise, on {found.provider}."


def add_tried_pack(file: Path, card: Path, existing: Existing) -> Pack:
    """Installs a pack that was checked and has run; one that does not run changes nothing. Raises PackError."""
    with TemporaryDirectory() as folder:
        check_running(add_pack(file, card, home_folder=Path(folder)))
    return add_pack(file, card, existing)
