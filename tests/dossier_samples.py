"""Made-up dossiers; the faces are drawings of nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from report_samples import QUALITY, portrait
from secondlook.audit.kinds import Measure
from secondlook.audit.rates import rate
from secondlook.report.crops import crop_jpeg
from secondlook.report.summary import CalibrationLine
from secondlook.review.dossier import (
    ANOTHER,
    AuditGiven,
    Came,
    Dossier,
    EnrolledFace,
    FaceSaid,
    Found,
    GroupErrors,
    GroupRate,
    LogEntry,
    LogExcerpt,
    Measured,
    OtherSearch,
    Place,
    Reviewer,
    Searches,
    SecondLook,
    SeenFace,
    Shows,
    Standing,
    data_uri,
)
from secondlook.review.reviewers import ReviewerRecord, worth
from secondlook.review.sets import SetKind, Truth, TruthItem
from secondlook.review.verdicts import (
    Answer,
    Feature,
    ItemAnswer,
    Reviewed,
    Said,
    Verdict,
    standing,
)
from secondlook.types import Estimate, Grounds, Outcome

AT = "2026-11-24T15:04:05.678Z"
HASH = "3f" * 32
GROUNDS = Grounds(
    "",
    score=6.12,
    threshold=5.03,
    gallery_size=1200,
    margin=0.81,
    calibrated=True,
    fpir=0.003,
    alike_rate=Estimate(0.0012, 0.0006, 0.0025),
    miss_rate=Estimate(0.34, 0.3, 0.39),
    log10_lr=2.6,
    prior=0.01,
    posterior=Estimate(0.81, 0.7, 0.88),
)
LINE = CalibrationLine(
    fpir=0.003,
    prior=0.01,
    data="13,233 pictures of 5,749 people",
    limits=("children", "pictures taken from above"),
    figures=(),
    largest=3000,
    low_log10_lr=-3.1,
    high_log10_lr=3.0,
)


def found(**changed: Any) -> Found:
    facts: dict[str, Any] = {
        "outcome": Outcome.CANDIDATE,
        "candidate": "Ann Dee",
        "place": Place.FIRST,
        "alike": (Standing(1, "Ann Dee", 6.12), Standing(2, ANOTHER, 5.31)),
        "grounds": GROUNDS,
        "enrolled": (
            EnrolledFace(4, data_uri(crop_jpeg(portrait(4))), Shows.MOST_ALIKE, AT, replace(QUALITY, score=0.9)),
            EnrolledFace(9, None, Shows.ANOTHER, AT, QUALITY),
        ),
        "references": 3,
    } | changed
    return Found(**facts)


def record(name: str, errors: int, absent: int, present: int) -> ReviewerRecord:
    return ReviewerRecord(
        name, rate(errors, absent), rate(0, present), rate(1 if present else 0, present), rate(2, absent + present)
    )


def answers(first: Said, second: Said) -> list[Reviewed]:
    """Two reviewers' sets with the candidate."""
    held = []
    for number, said in enumerate((first, second)):
        set_ = f"{number:032x}"
        truth = Truth(
            set_,
            SetKind.CANDIDATE,
            "c",
            tuple(TruthItem(f"{set_}{i}", "c" if i == 2 else f"r{i}", i, 0.5) for i in range(6)),
        )
        items = tuple(
            ItemAnswer(f"{set_}{i}", said if i == 2 else Said.DIFFERENT, (Feature.EARS, Feature.CHIN)) for i in range(6)
        )  # fmt: skip
        held.append(
            Reviewed(Answer(set_, f"account {number}", datetime(2026, 11, 24, 12, number, tzinfo=UTC), items), truth)
        )
    return held


def second_look(first: Said = Said.SAME, second: Said = Said.SAME) -> SecondLook:
    come = standing(answers(first, second), frozenset())
    records = (record("Reviewer A", 1, 40, 38), record("Reviewer B", 0, 25, 12))
    decided = (Feature.EARS, Feature.CHIN)
    people = tuple(
        Reviewer(
            own.reviewer,
            FaceSaid(
                said, () if said is Said.CANNOT_TELL else decided, "the left ear’s lobe" if own is records[0] else ""
            ),
            f"2026-11-24T12:0{number}:00.000Z",
            1,
            1 - number,
            (FaceSaid(Said.DIFFERENT, decided, ""),) * 9 + (FaceSaid(Said.CANNOT_TELL, (), ""),) * 2,
            own,
        )
        for number, (said, own) in enumerate(zip((first, second), records, strict=True))
    )
    return SecondLook(
        come.verdict, come.sentence, "", people, worth(records) if come.verdict is Verdict.SUPPORTED else None
    )


UNREVIEWED = SecondLook(Verdict.UNREVIEWED, standing((), frozenset()).sentence, "", (), None)


def audit() -> AuditGiven:
    def group(value: str, misses: int, false: int) -> GroupErrors:
        rates = (GroupRate(Measure.FPIR, rate(false, 3000, 900)), GroupRate(Measure.FNIR, rate(misses, 800, 800)))
        return GroupErrors(("gender",), (value,), 900, rates)

    few = GroupErrors(
        ("gender",), ("not stated",), 3, (GroupRate(Measure.FPIR, rate(0, 3)), GroupRate(Measure.FNIR, rate(1, 3)))
    )
    groups = (group("female", 310, 22), group("male", 240, 9), few)
    return AuditGiven("a" * 32, "winter scores", AT, 1803, 5.03, groups)


def searches(case: str = "C-1") -> Searches:
    made = (Came.NOBODY, Came.NOBODY, Came.UNKNOWN, Came.CANDIDATE) if case else ()
    return Searches(
        "a lost child", case, tuple(OtherSearch(10 + n, AT, came, n == 3) for n, came in enumerate(made)), 1
    )


def log() -> LogExcerpt:
    entries = (
        LogEntry(13, AT, "operator 0b8e3f0b1e6c4f0e9a4a6d7c1f2b3a4d", "search", ("search",)),
        LogEntry(14, AT, "Reviewer A", "view", ("blind set",)),
        LogEntry(15, AT, "Reviewer A", "review", ("blind set", "sighting")),
        LogEntry(20, AT, "auditor 1b8e3f0b1e6c4f0e9a4a6d7c1f2b3a4d", "export", ("sighting",)),
    )
    return LogExcerpt("5c" * 16, entries, 0, 20, HASH, "1a2b 3c4d 5e6f 7081 92a3 b4c5 d6e7 f809")


def dossier(**changed: Any) -> Dossier:
    facts: dict[str, Any] = {
        "sighting": "7d" * 16,
        "written_at": AT,
        "written_by": "auditor 1b8e3f0b1e6c4f0e9a4a6d7c1f2b3a4d",
        "version": "0.1.0",
        "seen": SeenFace(
            data_uri(crop_jpeg(portrait(1))),
            "garage_24.mp4",
            AT,
            320,
            12.8,
            (812.0, 240.0, 868.0, 312.0),
            14,
            0.98,
            QUALITY,
        ),
        "found": found(),
        "measured": Measured("dlib-resnet@9e6b1ef3b1f9", "0123456789ab", "0123456789ab", 5.03, LINE),
        "audit": audit(),
        "second_look": second_look(),
        "searches": searches(),
        "log": log(),
    } | changed
    return Dossier(**facts)


def sparse() -> Dossier:
    """Of which little is known."""
    bare = Grounds("", 0.95, 0.93, 12, against=("only 11 px between the eyes (wanted: 14)",))
    few = found(
        outcome=Outcome.INCONCLUSIVE, grounds=bare, enrolled=(), references=0, alike=(Standing(1, "Ann Dee", 0.95),)
    )
    return dossier(
        seen=replace(dossier().seen, picture=None, time_s=None),
        found=few,
        measured=Measured("test@0123456789ab", None, None, None, None),
        audit=None,
        second_look=UNREVIEWED,
        searches=None,
        log=None,
        no_log="The log is damaged: restore it.",
    )
