"""What may be enrolled: which face of a picture, whether it is good enough, and whether it is the right person's.

Pure functions over faces that were found already; nothing here opens a picture or a gallery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from secondlook.gallery.names import folded_name
from secondlook.types import Candidate, Face, Floats, Quality


class EnrolStatus(StrEnum):
    ENROLLED = "enrolled"
    REFUSED = "refused"
    SUSPICIOUS = "suspicious"
    ALREADY_ENROLLED = "already_enrolled"


class OnSuspicion(StrEnum):
    """What to do with a picture that seems to show somebody else: hold it back, or enrol it all the same."""

    HOLD = "hold"
    ENROL = "enrol"


class RefusalKind(StrEnum):
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_POOR = "too_poor"


class SuspicionKind(StrEnum):
    LOOKS_LIKE_ANOTHER = "looks_like_another"
    NEARER_TO_ANOTHER = "nearer_to_another"
    FAR_FROM_ITS_OWN = "far_from_its_own"


@dataclass(frozen=True, slots=True)
class EnrolLimits:
    """What a picture must offer to become a reference. Units as in ``types.Quality``.

    Limits of prudence: they keep out what no recogniser can use and little else (3 of 300 pictures drawn from LFW).
    A passport picture has 90 px between the eyes (ISO/IEC 19794-5); the more, the better.
    """

    inter_eye_px: float = 24.0
    """Least distance between the eye centres, source pixels."""
    sharpness: float = 0.15
    """Least sharpness of the aligned chip; about 1 for an in-focus 60 px face."""
    exposure_low: float = 0.12
    exposure_high: float = 0.92
    """Mean luma of the face, 0 to 1, lies between these."""
    contrast: float = 0.05
    """Least standard deviation of the luma of the face, 0 to 0.5."""
    yaw_deg: float = 45.0
    pitch_deg: float = 40.0
    roll_deg: float = 60.0
    """Most the head may be turned either way, degrees."""
    visible: float = 0.85
    """Least share of the face box inside the picture, 0 to 1."""
    bystander_ratio: float = 3.0
    """How many times the area of each other face the largest must have to be taken for the one meant."""


@dataclass(frozen=True, slots=True)
class SuspicionLimits:
    """another: comparison score from which on a picture looks like another subject, in the gallery's comparison's scale.

    own: cosine of two templates of the pack in use, -1 to 1, below which a picture is far from its siblings; that of a
    same person in very different pictures should still be above it.
    """

    another: float
    own: float


@dataclass(frozen=True, eq=False, slots=True)
class Siblings:
    """How like a picture is to the subject's other pictures, enrolled or in the same folder, without itself.

    cosines: (n,) of its template with each of theirs, -1 to 1; n may be 0. score: its comparison score with all of
    them fused as if they were the whole subject, in the scale of a candidate's; None where n is 0.
    """

    cosines: Floats
    score: float | None

    @classmethod
    def none(cls) -> Siblings:
        return cls(np.zeros(0, np.float32), None)


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A measure that is not good enough. wanted: the nearest value that would do, in the measure's unit."""

    measure: str
    value: float
    wanted: float
    sentence: str
    fix: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no reference in a picture, what would fix it, and for ``TOO_POOR`` every measure short of it."""

    kind: RefusalKind
    reason: str
    fix: str
    shortfalls: tuple[Shortfall, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspicion:
    """nearest: the other subject, None for ``FAR_FROM_ITS_OWN``.

    score: what was compared with the limit; a comparison score to ``nearest``, or else a cosine.
    """

    kind: SuspicionKind
    nearest: str | None
    score: float
    reason: str
    fix: str


@dataclass(frozen=True, slots=True)
class EnrolResult:
    """What became of one picture. reason and fix: a sentence each. score: to ``nearest``, or to its own siblings."""

    picture: str
    subject: str
    status: EnrolStatus
    reason: str
    fix: str | None = None
    nearest: str | None = None
    score: float | None = None


def choose_face(faces: Sequence[Face], limits: EnrolLimits) -> Face | Refusal:
    """The one face a picture was meant to show, good enough to enrol, or why there is none.

    Of several faces the largest is taken where it has ``bystander_ratio`` times the area of each other: bystanders.
    """
    if not faces:
        return Refusal(
            RefusalKind.NO_FACE,
            "No face was found in it.",
            "Use a picture that shows the face larger and from the front.",
        )
    largest, *others = sorted(faces, key=_area, reverse=True)
    rivals = [face for face in others if _area(face) * limits.bystander_ratio > _area(largest)]
    if rivals:
        return Refusal(
            RefusalKind.SEVERAL_FACES,
            f"It shows {len(rivals) + 1} faces of similar size, so who is meant cannot be told.",
            "Crop it to the face of the person to enrol.",
        )
    short = shortfalls(largest.quality, limits)
    if short:
        return Refusal(RefusalKind.TOO_POOR, short[0].sentence, short[0].fix, short)
    return largest


def shortfalls(quality: Quality, limits: EnrolLimits) -> tuple[Shortfall, ...]:
    """Every measure that is not good enough, what weighs most first. A measure that is nan is never good enough."""
    q, li = quality, limits
    checks = (
        _at_least("inter_eye_px", q.inter_eye_px, li.inter_eye_px, "The eyes are {v:.0f} px apart, {w:.0f} are needed",
                  "Use a picture in which the face is larger."),
        _at_least("visible", q.visible, li.visible, "{v:.0%} of the face is inside the picture, {w:.0%} is needed",
                  "Use a picture that does not cut the face off."),
        _at_least("sharpness", q.sharpness, li.sharpness, "The face's sharpness is {v:.2f}, {w:.2f} is needed",
                  "Use a picture in focus and without motion blur."),
        _at_least("exposure", q.exposure, li.exposure_low, "The face is too dark: luma {v:.2f}, {w:.2f} is needed",
                  "Use a picture with more light on the face."),
        _at_most("exposure", q.exposure, li.exposure_high, "The face is too bright: luma {v:.2f}, {w:.2f} will do",
                 "Use a picture with less light on the face."),
        _at_least("contrast", q.contrast, li.contrast, "The face's contrast is {v:.3f}, {w:.3f} is needed",
                  "Use a picture without haze, backlight or heavy compression."),
        _at_most("yaw_deg", abs(q.yaw_deg), li.yaw_deg, "The head is turned {v:.0f} degrees aside, {w:.0f} will do",
                 "Use a picture taken from the front."),
        _at_most("pitch_deg", abs(q.pitch_deg), li.pitch_deg, "The head is tipped {v:.0f} degrees, {w:.0f} will do",
                 "Use a picture taken at the height of the eyes."),
        _at_most("roll_deg", abs(q.roll_deg), li.roll_deg, "The head is tilted {v:.0f} degrees, {w:.0f} will do",
                 "Turn the picture upright."),
    )  # fmt: skip
    return tuple(check for check in checks if check is not None)


def suspicion(
    subject: str, siblings: Siblings, candidates: Sequence[Candidate], limits: SuspicionLimits
) -> Suspicion | None:
    """Whether a picture of ``subject`` seems to show somebody else.

    candidates: what the gallery's search for its template says; the subject itself is passed over.
    Another subject must be nearer than the siblings fused, and the median sibling must not be far, so that two
    pictures of one wrong person do not vouch for each other among many right ones.
    """
    other = max(
        (c for c in candidates if folded_name(c.subject) != folded_name(subject)), key=lambda c: c.score, default=None
    )
    if other is not None and other.score >= limits.another:
        return Suspicion(
            SuspicionKind.LOOKS_LIKE_ANOTHER, other.subject, other.score,
            f"It looks like '{other.subject}', who is enrolled already (score {other.score:.2f}).",
            "If they are one person, merge them with `secondlook gallery merge`; if not, look whose picture it is.",
        )  # fmt: skip
    if other is not None and siblings.score is not None and other.score > siblings.score:
        return Suspicion(
            SuspicionKind.NEARER_TO_ANOTHER, other.subject, other.score,
            f"It is nearer to '{other.subject}' (score {other.score:.2f}) than to the other pictures of "
            f"'{subject}' (score {siblings.score:.2f}).",
            "Look whose picture it is, and move or remove it.",
        )  # fmt: skip
    median = float(np.median(siblings.cosines)) if len(siblings.cosines) else None
    # nan would compare as neither near nor far; "not at least" holds it back
    if median is not None and not median >= limits.own:
        return Suspicion(
            SuspicionKind.FAR_FROM_ITS_OWN, None, median,
            f"It does not look like the other pictures of '{subject}' (median cosine {median:.2f}, "
            f"{limits.own:.2f} expected).",
            "Look whether it shows the same person, and move or remove it if not.",
        )  # fmt: skip
    return None


def refused(picture: str, subject: str, refusal: Refusal) -> EnrolResult:
    return EnrolResult(picture, subject, EnrolStatus.REFUSED, refusal.reason, refusal.fix)


def already_enrolled(picture: str, subject: str) -> EnrolResult:
    reason = f"This very picture is enrolled for '{subject}' already."
    return EnrolResult(picture, subject, EnrolStatus.ALREADY_ENROLLED, reason)


def judged(picture: str, subject: str, found: Suspicion | None, on_suspicion: OnSuspicion) -> EnrolResult:
    """The result for a face that is good enough: to be enrolled where ``status`` says so, and only then."""
    if found is None:
        return EnrolResult(picture, subject, EnrolStatus.ENROLLED, f"Enrolled as '{subject}'.")
    if on_suspicion is OnSuspicion.HOLD:
        return EnrolResult(
            picture, subject, EnrolStatus.SUSPICIOUS, found.reason, found.fix, found.nearest, found.score
        )
    reason = f"Enrolled as '{subject}' as you asked, although: {found.reason}"
    return EnrolResult(picture, subject, EnrolStatus.ENROLLED, reason, found.fix, found.nearest, found.score)


def _area(face: Face) -> float:
    x0, y0, x1, y1 = (float(edge) for edge in face.box)
    return max(0.0, x1 - x0) * max(0.0, y1 - y0)


def _at_least(measure: str, value: float, wanted: float, sentence: str, fix: str) -> Shortfall | None:
    return None if value >= wanted else Shortfall(measure, value, wanted, _said(sentence, value, wanted), fix)


def _at_most(measure: str, value: float, wanted: float, sentence: str, fix: str) -> Shortfall | None:
    return None if value <= wanted else Shortfall(measure, value, wanted, _said(sentence, value, wanted), fix)


def _said(sentence: str, value: float, wanted: float) -> str:
    return sentence.format(v=value, w=wanted) + "."
