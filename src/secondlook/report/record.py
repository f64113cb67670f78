"""A sighting as ``sightings.jsonl`` keeps it: rounded, without pixels, under an id that every run gives it again."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime

from secondlook.types import Candidate, Decision, Estimate, Grounds, Outcome, Quality, Sighting

CROPS = "crops"
"""Folder of the crops, beside ``sightings.jsonl``."""

_TENTHS = 1
_THOUSANDTHS = 3
_SCORE_DIGITS = 4
_RATE_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Watched:
    """What the record of a camera's sighting has beside that of a file's.

    session: names one spell of watching, in which track numbers mean something. followed: the number under which the
    person was followed. seen_at: when the frame came that is shown.
    """

    session: str
    followed: int
    seen_at: datetime

    @property
    def person(self) -> str:
        return f"{self.session}-{self.followed}"


@dataclass(frozen=True, slots=True)
class SightingRecord:
    """One line of ``sightings.jsonl``; fields as in ``types.Sighting``, units and ranges in ``docs/sightings.md``.

    id: 16 hexadecimal digits. crop: name of the picture file beside ``sightings.jsonl``, None where none was kept.
    seen_at, person: of a camera only. A measure that could not be taken is NaN here and null in the file.
    """

    id: str
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
    crop: str | None = None
    seen_at: datetime | None = None
    person: str | None = None

    @property
    def outcome(self) -> Outcome:
        return self.decision.outcome

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return self.decision.candidates

    @property
    def grounds(self) -> Grounds:
        return self.decision.grounds

    @property
    def subject(self) -> str | None:
        """The candidate's name, or None: never the best of those below the threshold."""
        if self.outcome is not Outcome.CANDIDATE or not self.decision.candidates:
            return None
        return self.decision.candidates[0].subject


def sighting_id(source: str, track: int, first_frame: int, session: str | None = None) -> str:
    """First 16 hexadecimal digits of the SHA-256 of what no two sightings of a run share.

    session: of a camera, whose numbers begin anew with each.
    """
    named = f"{source}\0{track}\0{first_frame}" + ("" if session is None else f"\0{session}")
    # surrogatepass: names of files need not be valid UTF-8
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def crop_name(id_: str) -> str:
    return f"{CROPS}/{id_}.jpg"


def record_of(sighting: Sighting, watched: Watched | None = None) -> SightingRecord:
    """The sighting as it will be read back: numbers rounded, pixels replaced by the name of their file."""
    first_frame = sighting.path[0][0] if sighting.path else sighting.frame
    session = None if watched is None else watched.session
    id_ = sighting_id(sighting.source, sighting.track, first_frame, session)
    x0, y0, x1, y1 = (_rounded(v, _TENTHS) for v in sighting.box)
    return SightingRecord(
        id=id_,
        source=sighting.source,
        frame=int(sighting.frame),
        time_s=_optional(sighting.time_s, _THOUSANDTHS),
        box=(x0, y0, x1, y1),
        track=int(sighting.track),
        first_s=_optional(sighting.first_s, _THOUSANDTHS),
        last_s=_optional(sighting.last_s, _THOUSANDTHS),
        frames=int(sighting.frames),
        detector_score=_rounded(sighting.detector_score, _SCORE_DIGITS),
        quality=_rounded_quality(sighting.quality),
        decision=_rounded_decision(sighting.decision),
        pack=sighting.pack,
        crop=None if sighting.crop is None else crop_name(id_),
        seen_at=None if watched is None else _to_milliseconds(watched.seen_at),
        person=None if watched is None else watched.person,
    )


def _to_milliseconds(moment: datetime) -> datetime:
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000, fold=0)


def _rounded_quality(quality: Quality) -> Quality:
    coarse = ("inter_eye_px", "yaw_deg", "pitch_deg", "roll_deg")
    values = (
        _rounded(getattr(quality, f.name), _TENTHS if f.name in coarse else _THOUSANDTHS) for f in fields(Quality)
    )
    return Quality(*values)


def _rounded_decision(decision: Decision) -> Decision:
    grounds = replace(
        decision.grounds,
        score=_optional(decision.grounds.score, _SCORE_DIGITS),
        threshold=_optional(decision.grounds.threshold, _SCORE_DIGITS),
        margin=_optional(decision.grounds.margin, _SCORE_DIGITS),
        against=tuple(decision.grounds.against),
        fpir=_optional_rate(decision.grounds.fpir),
        alike_rate=_rounded_estimate(decision.grounds.alike_rate),
        miss_rate=_rounded_estimate(decision.grounds.miss_rate),
        log10_lr=_optional(decision.grounds.log10_lr, _THOUSANDTHS),
        prior=_optional_rate(decision.grounds.prior),
        posterior=_rounded_estimate(decision.grounds.posterior),
    )
    return Decision(decision.outcome, grounds, tuple(_rounded_candidate(c) for c in decision.candidates))


def _rounded_candidate(c: Candidate) -> Candidate:
    return Candidate(c.subject, int(c.reference), _rounded(c.score, _SCORE_DIGITS), int(c.rank))


def _rounded_estimate(estimate: Estimate | None) -> Estimate | None:
    if estimate is None or not all(math.isfinite(v) for v in (estimate.value, estimate.low, estimate.high)):
        return None
    return Estimate(rounded_rate(estimate.value), rounded_rate(estimate.low), rounded_rate(estimate.high))


def rounded_rate(rate: float) -> float:
    """To 4 significant digits of the rate or of what it lacks to 1, whichever is smaller: so what is rare never becomes 0,
    and what is nearly certain never becomes certain."""
    rate = float(rate)
    smaller = min(rate, 1 - rate)
    if smaller <= 0:
        return rate + 0.0
    return round(rate, _RATE_DIGITS - 1 - math.floor(math.log10(smaller)))


def _optional_rate(rate: float | None) -> float | None:
    return None if rate is None or not math.isfinite(rate) else rounded_rate(rate)


def _rounded(value: float, digits: int) -> float:
    """As a plain float; whatever is no finite number becomes NaN, and -0.0 becomes 0.0."""
    value = float(value)
    return round(value, digits) + 0.0 if math.isfinite(value) else math.nan


def _optional(value: float | None, digits: int) -> float | None:
    """The same where there may be nothing; what is no finite number is nothing, too."""
    if value is None or not math.isfinite(value):
        return None
    return _rounded(value, digits)
