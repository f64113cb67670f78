"""What travels between the rooms: frozen dataclasses over numpy arrays.

Pixels are always RGB, uint8, row-major (height, width, 3). Boxes are ``x0, y0, x1, y1`` in pixels of the
picture they were found in, after its EXIF orientation was applied. Landmarks are the *subject's own*: its right
eye, its left eye, nose tip, right and left mouth corner, which in an unmirrored picture run from left to right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) RGB."""

Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """One picture on its way through the house.

    pixels: (H, W, 3) uint8 RGB, upright. source: what the user named (a path, an address).
    index: 0 for a photograph, the frame's position for a video. time_s: presentation time from the first frame in
    seconds, None for a photograph. shot: camera shots of the source before this one; it rises by one at each cut.
    """

    pixels: Pixels
    source: str
    index: int = 0
    time_s: float | None = None
    shot: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Detections:
    """The faces found in one picture, best first.

    boxes: (n, 4) float32 px. landmarks: (n, 5, 2) float32 px. scores: (n,) float32, 0 to 1, the detector's own
    and no probability. n may be 0.
    """

    boxes: Floats
    landmarks: Floats
    scores: Floats

    def __post_init__(self) -> None:
        n = len(self.scores)
        if self.boxes.shape != (n, 4) or self.landmarks.shape != (n, 5, 2):
            raise ValueError(f"boxes {self.boxes.shape} and landmarks {self.landmarks.shape} do not fit {n} scores")

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Detections:
        return Detections(self.boxes[rows], self.landmarks[rows], self.scores[rows])

    @classmethod
    def none(cls) -> Detections:
        return cls(np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True)
class Quality:
    """What in the picture counts for or against a decision. Units and sources: ``faces/quality.py``.

    Each is a measurement, never a verdict; what is too little is the decision's business.
    """

    inter_eye_px: float
    """Distance between the eye centres in source pixels (ISO/IEC 29794-5: inter-eye distance)."""
    sharpness: float
    """Sharpness of the aligned chip, 0 (flat) upwards; about 1 for a crisp photograph."""
    yaw_deg: float
    """Head turned about the vertical axis, degrees, positive to the subject's left; from landmarks, so +-10."""
    pitch_deg: float
    roll_deg: float
    exposure: float
    """Mean luma of the face, 0 to 1."""
    contrast: float
    """Standard deviation of the luma of the face, 0 to 0.5."""
    blockiness: float
    """Excess of steps across the 8 px JPEG grid over steps inside it, 0 = none visible."""
    visible: float
    """Share of the face box inside the picture, 0 to 1 (occlusion by the picture's edge; others are not measured)."""
    score: float
    """One number, 0 to 1, by which shots of one person are ranked and weighted. No probability."""


@dataclass(frozen=True, eq=False, slots=True)
class Face:
    """One face in one picture.

    box: (4,) float32 px. landmarks: (5, 2) float32 px. detector_score: 0 to 1.
    template: (D,) float32 of unit length made by ``pack``, or None where none was made.
    """

    box: Floats
    landmarks: Floats
    detector_score: float
    quality: Quality
    frame: int = 0
    time_s: float | None = None
    template: Floats | None = None
    pack: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Track:
    """One person over the frames of one source.

    faces: the observations that were kept, in time order (not every frame). best: index in ``faces`` of the best shot.
    template: (D,) float32 of unit length, fused from the kept shots; None where no face was usable.
    frames: how many frames the person was seen in. crop: the best shot with a margin, RGB.
    """

    id: int
    faces: tuple[Face, ...]
    best: int
    first_frame: int
    last_frame: int
    first_s: float | None
    last_s: float | None
    frames: int
    template: Floats | None
    pack: str | None
    crop: Pixels | None = None

    @property
    def best_face(self) -> Face:
        return self.faces[self.best]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An enrolled subject proposed for a probe. ``reference``: the most alike of its references.

    score: comparison score of the probe with the subject, larger = more alike; its scale is that of the comparison
    (``ports.Comparison``): a cosine, or a normalised cosine. No probability.
    """

    subject: str
    reference: int
    score: float
    rank: int


class Outcome(StrEnum):
    CANDIDATE = "candidate"
    NO_CANDIDATE = "no_candidate"
    INCONCLUSIVE = "inconclusive"
    NOT_SEARCHABLE = "not_searchable"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate or a chance, 0 to 1, that a calibration states. low, high: 95 % interval, from refits to resampled people."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why the decision came out as it did: numbers, and one sentence for people.

    score: the best comparison score, None where nothing was searched. threshold: the one that was applied.
    gallery_size: subjects searched. margin: best score less the runner-up's (another subject). calibrated: whether
    what follows could be stated; all of it is None where not. against: what in the image counts against a decision, in
    words.

    fpir: asked share of searches for strangers that may give a candidate. alike_rate: of strangers with such a
    picture, the share that would look this alike to somebody in this gallery; never less than the calibration data
    support. miss_rate: of enrolled people with such a picture, the share that would not reach the threshold.
    log10_lr: how much likelier this best score is if its subject is the person than if the person is not enrolled,
    log 10, bounded by what the data support. prior: the stated chance that a passer-by is enrolled. posterior: chance
    that the best candidate is the person, under that prior. calibration: id of the one that decided.
    """

    sentence: str
    score: float | None = None
    threshold: float | None = None
    gallery_size: int = 0
    margin: float | None = None
    calibrated: bool = False
    against: tuple[str, ...] = ()
    fpir: float | None = None
    alike_rate: Estimate | None = None
    miss_rate: Estimate | None = None
    log10_lr: float | None = None
    prior: float | None = None
    posterior: Estimate | None = None
    calibration: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    outcome: Outcome
    grounds: Grounds
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Sighting:
    """Where and when somebody was seen, and what may be said about who it was.

    box: (x0, y0, x1, y1) px in ``frame`` of ``source``. track: number of the track in that source.
    path: (frame, x0, y0, x1, y1) of every frame the person was followed in, for drawing; empty for a photograph.
    """

    source: str
    frame: int
    time_s: float | None
    box: tuple[float, float, float, float]
    track: int
    first_s: float | None
    last_s: float | None
    frames: int
    detector_score: float
    quality: Quality
    decision: Decision
    pack: str
    crop: Pixels | None = field(default=None, repr=False)
    path: tuple[tuple[int, float, float, float, float], ...] = field(default=(), repr=False)

    @property
    def outcome(self) -> Outcome:
        return self.decision.outcome

    @property
    def subject(self) -> str | None:
        """The candidate's name, or None: never the best of those below the threshold."""
        if self.outcome is not Outcome.CANDIDATE:
            return None
        return self.decision.candidates[0].subject
