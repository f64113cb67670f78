"""What a report says about the run itself. Whoever ran it fills this in; the report only shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationLine:
    """What decided a calibrated run.

    fpir: asked share of searches for strangers that may give a candidate. prior: stated chance that a passer-by is
    enrolled. data: what it was fitted on. limits: what it does not cover. figures: what was measured on people who were
    not used to fit. largest: subjects in the largest gallery that was measured. low_log10_lr, high_log10_lr: the most
    that its data support, against and for.
    """

    fpir: float
    prior: float
    data: str
    limits: tuple[str, ...]
    figures: tuple[str, ...]
    largest: int
    low_log10_lr: float
    high_log10_lr: float


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
    packs that ran. providers: what each ran on, for people. gallery: its name; gallery_size: subjects in it. rule_note:
    where the thresholds come from, in words. threshold: that of every picture, None where it differs by picture or, in a
    run without calibration, where none was ever measured. doubtful: from here to the threshold nothing can be said
    either way, None where nothing is. calibration: None where the run was not calibrated. version: of Second Look.
    drawn: marked copies to link to.
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
    rule_note: str
    threshold: float | None = None
    doubtful: float | None = None
    calibration: CalibrationLine | None = None
    drawn: tuple[Drawn, ...] = ()
