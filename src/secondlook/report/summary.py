"""What a report says about the run itself. Whoever ran it fills this in; the report only shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from secondlook.decide.rule import OperatingPoint
from secondlook.sources.folders import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLine:
    """One error rate that was measured for a pack, as ISO/IEC 19795-1 names it.

    measure: for example ``FNIR``. at: the operating point, for example ``FPIR 0.01``. value: 0 to 1. low, high: 95 %
    interval where it is known. trials: the rate's denominator.
    """

    measure: str
    at: str
    value: float
    low: float | None = None
    high: float | None = None
    trials: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackLine:
    """A model that took part.

    id: ``name@first 12 hex digits of its SHA-256``. rates_source: on what the rates were measured, and by whom.
    """

    id: str
    title: str
    licence: str
    rates: tuple[RateLine, ...] = ()
    rates_source: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A marked copy.

    source: what it is a copy of. file: its name, relative to the report, with ``/``. frame: the page or picture of the
    source that it shows, None where it shows all of it.
    """

    source: str
    file: str
    frame: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """title: heading of the page. started: with its time zone. seconds: how long the run took.

    pictures, videos: how many were read. problems: what could not be read, or only in part. recogniser, detector: the
    packs that ran. providers: what each ran on, for people. gallery: its name; gallery_size: subjects in it. point:
    the threshold that was applied. version: of Second Look. drawn: marked copies to link to.
    """

    title: str
    started: datetime
    seconds: float
    version: str
    pictures: int
    videos: int
    problems: tuple[Problem, ...] = ()
    recogniser: PackLine
    detector: PackLine
    providers: tuple[str, ...]
    gallery: str
    gallery_size: int
    point: OperatingPoint
    drawn: tuple[Drawn, ...] = ()
