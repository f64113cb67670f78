"""A run's report: what ran, and what it found."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from secondlook import __version__
from secondlook.assemble import Identifier
from secondlook.decide.calibration import FitCard
from secondlook.decide.rule import OperatingPoint, Rule
from secondlook.faces.packs.cards import AnyCard, RecogniserCard
from secondlook.report import words
from secondlook.report.page import write_report
from secondlook.report.summary import CalibrationLine, PackLine, RateLine, RunSummary
from secondlook.runs.drawing import drawn
from secondlook.runs.find import RunResult
from secondlook.sources import SourceKind


def write_page(
    out: Path, result: RunResult, identifier: Identifier, gallery: str, title: str, started: datetime
) -> Path:
    """Writes the report and gives its path. Raises OutputError."""
    rule, size = identifier.stages.point, identifier.gallery.subjects
    constant = rule if isinstance(rule, OperatingPoint) else None
    run = RunSummary(
        title=title,
        started=started,
        seconds=(datetime.now(started.tzinfo) - started).total_seconds(),
        version=__version__,
        pictures=sum(source.kind is SourceKind.PHOTO for source in result.read),
        videos=sum(source.kind is SourceKind.VIDEO for source in result.read),
        problems=result.problems,
        recogniser=pack_line(identifier.embedder.pack, identifier.card),
        detector=pack_line(identifier.detector.pack, identifier.detector.card),
        providers=identifier.providers,
        gallery=gallery,
        gallery_size=size,
        rule_note=rule_note(rule, size),
        threshold=None if constant is None else constant.threshold,
        doubtful=None if constant is None else constant.doubtful,
        calibration=calibration_line(rule),
        drawn=drawn(result.read, out),
    )
    return write_report(out, run, result.records)


def rule_note(rule: Rule, gallery_size: int) -> str:
    """Where the thresholds of a run come from, for people."""
    if isinstance(rule, OperatingPoint):
        return rule.measured
    fit = rule.calibration
    enrolled = words.counted(gallery_size, "person", "people")
    note = (
        f"Thresholds follow from each picture and from the {enrolled} enrolled, so that {words.asked(rule.fpir)} searches "
        f"for strangers give a candidate; fitted on {words.counted(fit.card.subjects, 'person', 'people')}, measured up to "
        f"galleries of {fit.largest:,}."
    )
    if gallery_size <= fit.largest:
        return note
    return f"{note} This gallery is larger: what is said of strangers is the most there can be, and not an estimate."


def calibration_line(rule: Rule) -> CalibrationLine | None:
    if isinstance(rule, OperatingPoint):
        return None
    fit = rule.calibration
    return CalibrationLine(
        fpir=rule.fpir,
        prior=rule.prior,
        data=_data(fit.card),
        limits=fit.card.limits,
        figures=fit.card.figures,
        largest=fit.largest,
        low_log10_lr=fit.low_log10_lr,
        high_log10_lr=fit.high_log10_lr,
    )


def _data(card: FitCard) -> str:
    counts = (
        f"{card.pictures:,} pictures of {card.subjects:,} people, as they are and degraded to {card.smallest_px:.0f} px between "
        f"the eyes: {card.views:,} views, and {card.failed:,} in which no face was found"
    )
    if not card.cohort_subjects:
        return f"{card.data} ({counts})"
    return f"{card.data} ({counts}); scores are normalised with averages over {card.cohort_subjects:,} of them"


def pack_line(pack: str, card: AnyCard) -> PackLine:
    if not isinstance(card, RecogniserCard):
        return PackLine(id=pack, title=card.title, licence=card.licence)
    rates = tuple(
        RateLine(measure=r.measure, at=r.at, value=r.value, low=r.low, high=r.high, trials=r.trials, note=r.note)
        for r in card.rates
    )
    return PackLine(id=pack, title=card.title, licence=card.licence, rates=rates, rates_source=card.rates_source)
