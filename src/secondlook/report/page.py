"""``report.html``: one file that needs nothing else, no network and no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from secondlook.report import words
from secondlook.report.cards import CardContext, card, tile
from secondlook.report.crops import as_data
from secondlook.report.document import BEGINNING, document_head
from secondlook.report.head import head
from secondlook.report.markup import Markup, joined, tag
from secondlook.report.order import Part, Section, sections
from secondlook.report.record import SightingRecord
from secondlook.report.sightings import FILE_NAME as SIGHTINGS
from secondlook.report.summary import RunSummary
from secondlook.report.writing import replacing

FILE_NAME = "report.html"

Marked: TypeAlias = dict[tuple[str, int | None], str]
"""Marked copies by source and frame (None: of the whole source)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a page holds at most, in each of its parts. cards: sightings shown. pictures: of these with a picture.
    tiles: the same for sightings without a candidate, which are small."""

    cards: int = 2000
    pictures: int = 500
    tiles: int = 300


def write_report(
    out_dir: Path, run: RunSummary, sightings: Sequence[SightingRecord], limits: Limits | None = None
) -> Path:
    """Writes ``report.html`` into ``out_dir`` and gives its path; crops are taken from ``out_dir/crops``.

    sightings: in any order; the page sorts them. Raises OutputError.
    """
    path = out_dir / FILE_NAME
    with replacing(path) as file:
        for part in _page(out_dir, run, sightings, limits or Limits()):
            file.write(part.encode("utf-8"))
    return path


def _page(out_dir: Path, run: RunSummary, records: Sequence[SightingRecord], limits: Limits) -> Iterator[str]:
    marked = {(drawn.source, drawn.frame): drawn.file for drawn in run.drawn}
    yield BEGINNING
    yield document_head(run.title)
    yield "<body>\n<main>\n"
    for element in head(run, records):
        yield element + "\n"
    for section in sections(records):
        if section.records:
            for line in _section(section, out_dir, marked, run, limits):
                yield line + "\n"
    yield "</main>\n"
    yield _foot(run) + "\n</body>\n</html>\n"


def _section(
    section: Section, out_dir: Path, marked: Marked, run: RunSummary, limits: Limits
) -> Iterator[Markup | str]:
    count = len(section.records)
    small = section.part is Part.NO_CANDIDATE
    most, pictures = (limits.tiles, limits.tiles) if small else (limits.cards, limits.pictures)
    yield "<section>"
    yield tag("h2", f"{_heading(section.part)} ({count:,})")
    yield tag("p", _explanation(section.part, run))
    if count > most:
        left = words.counted(count - most, "more is", "more are")
        yield tag("p", f"The first {most:,} are shown; {left} in {SIGHTINGS}, with crops/ beside it.", class_="limit")
    if small:
        yield "<details>" + tag("summary", f"Show {words.counted(min(count, most), 'face')}")
    yield f'<div class="{_layout(section.part)}">'
    for place, record in enumerate(section.records[:most]):
        data = as_data(out_dir, record) if place < pictures else None
        copy = marked.get((record.source, record.frame)) or marked.get((record.source, None))
        context = CardContext(data, copy, run.rule_note, run.calibration)
        yield tile(record, context) if small else card(record, context)
    yield "</div></details></section>" if small else "</div></section>"


def _layout(part: Part) -> str:
    match part:
        case Part.CANDIDATE | Part.NAMED:
            return "cards"
        case Part.UNNAMED | Part.NOT_SEARCHABLE:
            return "cards compact"
        case Part.NO_CANDIDATE:
            return "tiles"


def _heading(part: Part) -> str:
    match part:
        case Part.CANDIDATE:
            return "Candidates to check"
        case Part.NAMED:
            return "Inconclusive, with somebody alike"
        case Part.UNNAMED:
            return "Inconclusive"
        case Part.NOT_SEARCHABLE:
            return "Could not be searched"
        case Part.NO_CANDIDATE:
            return "No candidate"


def _explanation(part: Part, run: RunSummary) -> str:
    match part:
        case Part.CANDIDATE:
            first = "furthest above it" if run.calibration is None else "with the strongest evidence"
            return f"The score reached the threshold. Those {first} come first."
        case Part.NAMED:
            return "Neither yes nor no: picture or score cannot carry a decision, though somebody enrolled looks alike."
        case Part.UNNAMED:
            return "Neither yes nor no: the picture cannot carry a decision. A better picture of the same moment may."
        case Part.NOT_SEARCHABLE:
            return "A face was seen but could not be compared with anybody. Nothing is known about who it is."
        case Part.NO_CANDIDATE:
            return "Nobody enrolled looked alike enough. That can be wrong, as the rates above show."


def _foot(run: RunSummary) -> Markup:
    text = joined(
        (
            f"Written by Second Look {run.version}. The same results for machines: {SIGHTINGS}. ",
            "This page shows faces: keep it only as long and as widely as its purpose needs.",
        )
    )
    return tag("footer", tag("p", text))
