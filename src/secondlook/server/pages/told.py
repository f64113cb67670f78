"""A sighting in words, as the reports say it."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from math import nan

from secondlook.report import words
from secondlook.report.cards import SCORE_NOTE, quality_rows
from secondlook.report.looks import look_of
from secondlook.report.markup import Markup
from secondlook.report.record import SightingRecord
from secondlook.report.summary import CalibrationLine
from secondlook.report.sureness import how_sure
from secondlook.review.verdicts import Verdict
from secondlook.server.acts.sightings import Opened, Sighting
from secondlook.server.pages import parts
from secondlook.server.pages.parts import Tag
from secondlook.types import Decision, Grounds, Outcome, Quality

LEAD = (
    "A candidate is an investigative lead, no ground for an arrest. It counts for nothing until two people have compared the "
    "faces blind."
)

_MARKS = {Verdict.UNREVIEWED: "waiting", Verdict.SUPPORTED: "same", Verdict.REJECTED: "different"}


def record_of(opened: Opened) -> SightingRecord:
    """As a report would have it."""
    sighting = opened.sighting
    grounds = Grounds(**{name: getattr(opened.grounds, name) for name in Grounds.__slots__})
    return SightingRecord(
        id=sighting.id,
        source=opened.source,
        frame=opened.frame,
        time_s=opened.time_s,
        box=opened.box,
        track=0,
        first_s=opened.first_s,
        last_s=opened.last_s,
        frames=opened.frames,
        detector_score=nan if opened.detector_score is None else opened.detector_score,
        quality=Quality(**{name: nan if value is None else value for name, value in asdict(opened.quality).items()}),
        decision=Decision(sighting.outcome, grounds, opened.candidates),
        pack=opened.pack,
    )


def title(sighting: Sighting) -> str:
    """``Candidate: Ada``; of somebody inconclusive no more than the word."""
    word = look_of(sighting.outcome).word.capitalize()
    named = sighting.outcome is Outcome.CANDIDATE and sighting.subject is not None
    return f"{word}: {sighting.subject}" if named else word


def mark(outcome: Outcome) -> Tag:
    """The box as it is drawn on pictures; its word stands beside it."""
    return Tag("span", look_of(outcome).symbol, class_=f"mark {outcome}", aria_hidden="true")


def review_state(sighting: Sighting) -> Tag:
    """What people said, in the sentence that says it."""
    return Tag("p", sighting.why, class_=f"badge {_MARKS[sighting.review]}")


def when(opened: Opened) -> str:
    """In the footage; empty for a photograph."""
    span = words.span(record_of(opened))
    return f"{span} in the footage, {words.counted(opened.frames, 'frame')}" if span else ""


def sure(opened: Opened, calibration: CalibrationLine | None) -> Markup:
    """calibration: the present one; tells what lies at the end of what its data support."""
    return how_sure(record_of(opened), calibration, level=2)


def measured(opened: Opened) -> list[tuple[str, str]]:
    return quality_rows(record_of(opened).quality)


def candidates(opened: Opened) -> None:
    """A table of the most alike, the candidate and its rivals."""
    digits = words.score_digits(record_of(opened).grounds)
    with parts.table(f"The most alike ({SCORE_NOTE})", ("Rank", "Subject", "Score")):
        for one in opened.candidates:
            score = words.number(one.score, digits)
            parts.row(str(one.rank), partial(parts.name, one.subject), score)
