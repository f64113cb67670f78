"""In which order and in which part of the page sightings come: what needs a person first comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import TypeAlias

from secondlook.report.record import SightingRecord
from secondlook.types import Outcome

SortKey: TypeAlias = tuple[float, float, str, float, int, int]


class Part(StrEnum):
    """The parts of a page, in its order."""

    CANDIDATE = "candidate"
    NAMED = "inconclusive, somebody named"
    UNNAMED = "inconclusive, nobody named"
    NOT_SEARCHABLE = "not searchable"
    NO_CANDIDATE = "no candidate"


@dataclass(frozen=True, slots=True)
class Section:
    part: Part
    records: tuple[SightingRecord, ...]


def sections(records: Sequence[SightingRecord]) -> tuple[Section, ...]:
    """Every part, also an empty one: candidates and inconclusive ones with names by their evidence, all others by source
    and time. Evidence is the likelihood ratio; where nothing is calibrated a candidate's margin over the threshold, or
    the score of somebody below it."""
    ordered = sorted(records, key=_key)
    return tuple(Section(part, tuple(r for r in ordered if part_of(r) is part)) for part in Part)


def part_of(record: SightingRecord) -> Part:
    match record.outcome:
        case Outcome.CANDIDATE:
            return Part.CANDIDATE
        case Outcome.INCONCLUSIVE:
            return Part.NAMED if record.candidates else Part.UNNAMED
        case Outcome.NOT_SEARCHABLE:
            return Part.NOT_SEARCHABLE
        case Outcome.NO_CANDIDATE:
            return Part.NO_CANDIDATE


def _key(record: SightingRecord) -> SortKey:
    first = -1.0 if record.first_s is None else record.first_s
    return *_standing(record), record.source, first, record.frame, record.track


def _standing(record: SightingRecord) -> tuple[float, float]:
    """Lower comes first. Evidence is bounded by what a calibration's data support: at the bound the margin decides."""
    grounds = record.grounds
    if part_of(record) not in (Part.CANDIDATE, Part.NAMED):
        return 0.0, 0.0
    if grounds.score is None:
        return inf, inf
    behind = (grounds.threshold or 0.0) - grounds.score
    if grounds.log10_lr is not None:
        return -grounds.log10_lr, behind
    return (-grounds.score if part_of(record) is Part.NAMED else behind), 0.0
