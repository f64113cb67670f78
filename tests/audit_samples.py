"""A made-up audit with a bit of everything that a page must show well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from secondlook.audit.about import AuditRun, Fact, Unusable
from secondlook.audit.histogram import score_histogram
from secondlook.audit.rates import rate
from secondlook.audit.results import (
    Advice,
    Audited,
    AuditResult,
    CalibrationBin,
    CalibrationCurve,
    ClosedSetAt,
    CmcPoint,
    DecidedAt,
    DecidedGroup,
    DetCurve,
    Direction,
    Figure,
    GroupResult,
    GroupSummary,
    Measure,
    MeasureSpread,
    OpenSetAt,
    PointOnCurve,
    QualityDiscard,
    Rate,
    ScoreMeaning,
    Settings,
    ThresholdFrom,
    Unsupported,
    Verification,
    Way,
    Why,
    WorseGroup,
)

SIZES = (100, 300, 700)
FPIRS = (0.003, 0.01, 0.03)
TRAP = "Élan <b>$x^2$</b>"
"""A name of a group that must not become code, nor mathematics."""


def figure(value: float, low: float, high: float) -> Figure:
    return Figure(value, low, high, 1615, 4080, 850)


def curve(n: int | None, trials: int = 1017) -> DetCurve:
    thresholds = np.linspace(1.0, 0.8, 60)
    falling = np.linspace(0, 1, 60)
    return DetCurve(
        n,
        thresholds,
        np.clip((n or 1) / 1e4 * 10 ** (4 * falling - 2), 0, 1),
        0.75 * (1 - falling) ** 1.5 + 0.002,
        trials,
        1615,
    )


def open_set() -> tuple[OpenSetAt, ...]:
    return tuple(
        OpenSetAt(
            n,
            10,
            asked,
            0.9 + 0.0003 * asked**-0.5 + n / 20_000,
            ThresholdFrom.OTHER_FOLDS,
            rate(round(1.05 * asked * 4068), 4068, 1017),
            rate(round((0.2 + n / 4000 - asked) * 1615), 1615, 850),
        )
        for n in SIZES
        for asked in FPIRS
    )


def group(value: tuple[str, ...], fnir: Rate, fpir: Rate, subjects: int, name: str = "gender") -> GroupResult:
    return GroupResult((name,), value, subjects, 0.931, 700, fnir=fnir, fpir=fpir)


def genders() -> tuple[GroupResult, ...]:
    return (
        group(("female",), rate(150, 484, 210), rate(12, 305, 305), 515),
        group(("male",), rate(249, 1131, 640), rate(30, 712, 712), 1352),
        group((TRAP,), rate(2, 11, 4), rate(0, 6, 6), 10),
    )


def ages() -> tuple[GroupResult, ...]:
    return (
        group(("under 60",), rate(300, 1200, 600), rate(31, 800, 800), 1400, "age"),
        group(("60 and over",), rate(104, 415, 250), rate(9, 217, 217), 467, "age"),
    )


def summaries() -> tuple[GroupSummary, ...]:
    refusal = Unsupported(Why.TOO_FEW_TRIALS, "Not enough trials to say how far the groups lie apart.", 305, 900)
    apart = MeasureSpread(
        Measure.FNIR,
        ("female",),
        ("male",),
        figure(1.41, 1.18, 1.68),
        figure(1.19, 1.09, 1.3),
        figure(0.17, 0.08, 0.25),
    )
    unclear = MeasureSpread(Measure.FPIR, ("male",), ("female",), refusal, refusal, refusal)
    same = MeasureSpread(
        Measure.FNIR, ("60 and over",), ("under 60",), figure(1.01, 0.83, 1.2), figure(1.0, 1.0, 1.1), figure(0, 0, 0.1)
    )
    fdr, garbe = figure(0.95, 0.92, 0.98), figure(0.09, 0.04, 0.14)
    return (
        GroupSummary(("gender",), 0.931, 700, (apart, unclear), 0.5, fdr, garbe, ((TRAP,),)),
        GroupSummary(("age",), 0.931, 700, (same,), 0.5, fdr, garbe),
    )


def verification() -> Verification:
    points = tuple(
        PointOnCurve(0.95 - i / 50, rate(round(fmr * 200_000), 200_000, 900), rate(300 - 120 * i, 1615, 850), fmr)
        for i, fmr in enumerate((1e-3, 1e-2))
    )
    no_lr = Unsupported(Why.NOT_LIKELIHOOD_RATIOS, "The scores are no likelihood ratios.", 0, None)
    return Verification(
        1615,
        200_000,
        900,
        figure(0.021, 0.019, 0.023),
        0.91,
        points,
        curve(None, 200_000),
        no_lr,
        figure(0.08, 0.07, 0.1),
    )


def closed_set() -> tuple[ClosedSetAt, ...]:
    return tuple(
        ClosedSetAt(n, 10, tuple(CmcPoint(r, rate(round(n / (3 + r)), 1615, 850)) for r in (1, 2, 5, 10, 20)))
        for n in SIZES
    )


def quality() -> tuple[QualityDiscard, ...]:
    left = np.linspace(0, 0.3, 31)
    return (
        QualityDiscard(
            "sharpness", Measure.FNIR, 0.931, left, 0.27 - 0.25 * left, 1615, figure(0.23, 0.21, 0.25), 0.3, 0.1
        ),
        QualityDiscard(
            "exposure", Measure.FNIR, 0.931, left, 0.27 + 0 * left, 1615, figure(0.27, 0.25, 0.29), 0.3, 0.1
        ),
    )


def calibration() -> CalibrationCurve:
    bins = tuple(
        CalibrationBin(i / 10, (i + 1) / 10, 0.05 + i / 10, rate(round((0.92 - i / 10.4) * 400), 400, 300))
        for i in range(10)
    )
    return CalibrationCurve(bins, figure(0.018, 0.012, 0.025), figure(0.11, 0.1, 0.12))


def stated() -> CalibrationCurve:
    """Of a system that states at even odds, over searches in which strangers are four times as many."""
    bins = tuple(
        replace(one, weighted=figure(0.9 - 0.09 * i, 0.8 - 0.08 * i, 0.97 - 0.09 * i), share=0.1)
        for i, one in enumerate(calibration().bins)
    )
    cllr, lowest = figure(0.256, 0.21, 0.31), figure(0.243, 0.19, 0.3)
    return replace(calibration(), bins=bins, n=700, prior=0.5, cllr=cllr, cllr_min=lowest)


def decided() -> tuple[DecidedAt, ...]:
    groups = (
        DecidedGroup(("gender",), ("female",), 515, rate(4, 305, 305), rate(160, 484, 210)),
        DecidedGroup(("gender",), ("male",), 1352, rate(8, 712, 712), rate(260, 1131, 640)),
        DecidedGroup(("gender",), (TRAP,), 10, rate(0, 6, 6), rate(2, 11, 4)),
    )
    return tuple(
        DecidedAt(
            n,
            10,
            asked,
            2.1 + n / 1000,
            3.4 + n / 1000,
            rate(round(0.9 * asked * 4068), 4068, 1017),
            rate(round((0.22 + n / 4000 - asked) * 1615), 1615, 850),
            rate(140, 5683, 1867),
            beyond=n == 700,
            groups=groups,
        )
        for n in SIZES
        for asked in FPIRS
    )


def advice() -> Advice:
    female = genders()[0].fnir
    assert female is not None
    overall = rate(399, 1615, 850)
    worse = WorseGroup(("gender",), ("female",), Measure.FNIR, female, overall, figure(1.26, 1.1, 1.4))
    return Advice(
        700,
        0.01,
        figure(0.931, 0.928, 0.936),
        rate(43, 4068, 1017),
        overall,
        (worse,),
        ((("gender",), (TRAP,)),),
        2_000,
        "Set the threshold to 0.931 (0.928 to 0.936) for 1 of 100 strangers called somebody with 700 people enrolled.",
    )


def audited(**changed: Any) -> Audited:
    whole = Audited(
        name="dlib ResNet v1",
        way=Way.TEMPLATES,
        direction=Direction.SIMILARITY,
        meaning=ScoreMeaning.SCORE,
        subjects=1867,
        mated=1615,
        non_mated=4068,
        failed=12,
        attributes=("gender", "age"),
        notes=("Where a picture held several faces, the most central large one was taken.",),
    )
    return replace(whole, **changed)


def result(**changed: Any) -> AuditResult:
    whole = AuditResult(
        audited=audited(),
        settings=Settings(gallery_sizes=SIZES),
        fta=rate(12, 6274, 2848),
        verification=verification(),
        closed_set=closed_set(),
        open_set=open_set(),
        dets=tuple(curve(n) for n in SIZES),
        group_threshold=0.931,
        groups=(*genders(), *ages()),
        summaries=summaries(),
        quality=quality(),
        calibration=stated(),
        advice=advice(),
        decided=decided(),
    )
    return replace(whole, **changed)


def nothing() -> AuditResult:
    """An audit that found no trial of any kind."""
    return AuditResult(
        audited(subjects=0, mated=0, non_mated=0, failed=0, attributes=(), notes=()),
        Settings(),
        None,
        None,
        (),
        (),
        (),
        None,
        (),
        (),
        (),
        None,
    )


def run(**changed: Any) -> AuditRun:
    rng = np.random.default_rng(0)
    mated, other = rng.normal(0.95, 0.02, 3000), rng.normal(0.87, 0.03, 30_000)
    whole = AuditRun(
        title="Audit of dlib ResNet v1",
        system="dlib ResNet v1",
        started=datetime(2026, 11, 23, 14, 3, tzinfo=UTC),
        seconds=83.4,
        version="0.1.0",
        command="secondlook audit lfw --out audited --attributes lfw_subjects.csv --gallery-sizes 100,300,700 --advise",
        facts=(
            Fact("Recogniser", ("dlib ResNet v1", "dlib-resnet@55533b28a958", "licence: CC0-1.0")),
            Fact("Pictures", ("lfw: 6,274 pictures of 2,848 people",)),
        ),
        unusable=(Unusable("lfw/x/x_0001.jpg", "no face was found"),),
        histogram=score_histogram(mated, other, "cosine", 0.931),
    )
    return replace(whole, **changed)
