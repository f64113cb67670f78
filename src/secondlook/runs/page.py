"""A run's report: what ran, and what it found."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from secondlook import __version__
from secondlook.assemble import Identifier
from secondlook.faces.packs.cards import AnyCard, RecogniserCard
from secondlook.report.page import write_report
from secondlook.report.summary import PackLine, RateLine, RunSummary
from secondlook.runs.drawing import drawn
from secondlook.runs.find import RunResult
from secondlook.sources import SourceKind


def write_page(
    out: Path, result: RunResult, identifier: Identifier, gallery: str, title: str, started: datetime
) -> Path:
    """Writes the report and gives its path. Raises OutputError."""
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
        gallery_size=identifier.gallery.subjects,
        point=identifier.stages.point,
        drawn=drawn(result.read, out),
    )
    return write_report(out, run, result.records)


def pack_line(pack: str, card: AnyCard) -> PackLine:
    if not isinstance(card, RecogniserCard):
        return PackLine(id=pack, title=card.title, licence=card.licence)
    rates = tuple(
        RateLine(measure=r.measure, at=r.at, value=r.value, low=r.low, high=r.high, trials=r.trials, note=r.note)
        for r in card.rates
    )
    return PackLine(id=pack, title=card.title, licence=card.licence, rates=rates, rates_source=card.rates_source)
