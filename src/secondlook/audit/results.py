"""What an audit says: frozen dataclasses only. Every figure carries its interval and its counts, or is a refusal.

``Rate`` is an error rate with its counts; ``Figure`` is any other number with its interval; ``Unsupported`` is the
typed refusal that stands where a figure cannot be supported by the data. ``Said`` is "a figure or a refusal".
Groups are tuples of values in the order of the attributes: attributes ("gender", "age"), group ("F", "60+").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.figures import Figure as Figure
from secondlook.audit.figures import Rate as Rate
from secondlook.audit.figures import Said as Said
from secondlook.audit.figures import Unsupported as Unsupported
from secondlook.audit.kinds import Audited as Audited
from secondlook.audit.kinds import Direction as Direction
from secondlook.audit.kinds import Enough as Enough
from secondlook.audit.kinds import Measure as Measure
from secondlook.audit.kinds import ScoreMeaning as ScoreMeaning
from secondlook.audit.kinds import Settings as Settings
from secondlook.audit.kinds import ThresholdFrom as ThresholdFrom
from secondlook.audit.kinds import Wanted as Wanted
from secondlook.audit.kinds import Way as Way
from secondlook.audit.kinds import Why as Why
from secondlook.audit.statements import CalibrationBin as CalibrationBin
from secondlook.audit.statements import CalibrationCurve as CalibrationCurve
from secondlook.audit.statements import DecidedAt as DecidedAt
from secondlook.audit.statements import DecidedGroup as DecidedGroup
from secondlook.audit.statements import StatedAdvice as StatedAdvice

Doubles: TypeAlias = NDArray[np.float64]

SCHEMA = "secondlook.audit/1"


@dataclass(frozen=True, slots=True)
class PointOnCurve:
    """1:1 errors at one threshold. asked: the FMR the threshold was set for, None where the threshold was given."""

    threshold: float
    fmr: Rate
    fnmr: Rate
    asked: float | None = None


@dataclass(frozen=True, eq=False, slots=True)
class DetCurve:
    """Detection error trade-off, thinned for drawing; observed values without intervals (``points`` have them).

    n: gallery size, None for 1:1. thresholds, false_positive, false_negative: (k,) each, from the strictest threshold
    on, so false_positive rises. false_positive is FMR or FPIR, false_negative FNMR or FNIR.
    non_mated, mated: trials. rule_of_30: the lowest false-positive rate these trials support to +-30 % (30 errors).
    """

    n: int | None
    thresholds: Doubles
    false_positive: Doubles
    false_negative: Doubles
    non_mated: int
    mated: int

    @property
    def rule_of_30(self) -> float | None:
        return min(1.0, 30 / self.non_mated) if self.non_mated else None


@dataclass(frozen=True, eq=False, slots=True)
class Verification:
    """1:1. eer on the ROC's steps, interpolated (see ``metrics.eer``); points: asked FMRs and given thresholds.

    cllr: bits, only where the scores are likelihood ratios; cllr_min: after the best monotone calibration (PAV).
    """

    mated: int
    non_mated: int
    subjects: int
    eer: Said
    eer_threshold: float | None
    points: tuple[PointOnCurve, ...]
    det: DetCurve | None
    cllr: Said
    cllr_min: Said


@dataclass(frozen=True, slots=True)
class CmcPoint:
    """One point of the cumulative match characteristic of ISO/IEC 19795-1. miss: not among the first ``rank``."""

    rank: int
    miss: Rate

    @property
    def identified(self) -> float | None:
        """Share identified at this rank or better, as observed."""
        return None if self.miss.observed is None else 1 - self.miss.observed


@dataclass(frozen=True, slots=True)
class ClosedSetAt:
    """Closed-set 1:N: every probe is enrolled. cmc: ranks rising, from 1."""

    n: int
    repeats: int
    cmc: tuple[CmcPoint, ...]

    @property
    def rank_1(self) -> CmcPoint:
        return self.cmc[0]


@dataclass(frozen=True, slots=True)
class OpenSetAt:
    """Open-set 1:N at one gallery size: what a threshold set for ``fpir_asked`` really does.

    repeats: random galleries of that size. max_rank: R of FNIR(N, R, T). fpir_asked None where the threshold was given.
    threshold: the one for use, set on every stranger; where threshold_from is OTHER_FOLDS, fpir and fnir are those of
    thresholds set the same way on other people than the ones they were tried on.
    """

    n: int
    repeats: int
    fpir_asked: float | None
    threshold: float
    threshold_from: ThresholdFrom
    fpir: Rate
    fnir: Rate
    max_rank: int = 1


@dataclass(frozen=True, slots=True)
class GroupResult:
    """One group at the one global threshold. A rate that the group's trials cannot support is TOO_FEW, never left out.

    FMR: non-mated comparisons within the group. FPIR, FNIR, FNMR, FTA: by the probe's group. None: not measured here.
    subjects: people of the group in the data.
    """

    attributes: tuple[str, ...]
    group: tuple[str, ...]
    subjects: int
    threshold: float
    n: int | None
    fmr: Rate | None = None
    fnmr: Rate | None = None
    fpir: Rate | None = None
    fnir: Rate | None = None
    fta: Rate | None = None

    def rate(self, measure: Measure) -> Rate | None:
        rates = {
            Measure.FMR: self.fmr,
            Measure.FNMR: self.fnmr,
            Measure.FPIR: self.fpir,
            Measure.FNIR: self.fnir,
            Measure.FTA: self.fta,
        }
        return rates[measure]


@dataclass(frozen=True, slots=True)
class MeasureSpread:
    """How far the groups lie apart on one measure. worst, best: groups; None when fewer than two could be compared."""

    measure: Measure
    worst: tuple[str, ...] | None
    best: tuple[str, ...] | None
    ratio: Said
    """worst / best"""
    max_over_geometric_mean: Said
    gini: Said
    """Gini coefficient of the groups' rates, 0 = equal, with the n/(n-1) correction of Howard et al."""
    ratio_by_chance: float | None = None
    """were all groups equal, 19 of 20 audits this large would find a worst / best ratio below this"""


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """The groups of one attribute (or crossed attributes) at one threshold, in a few figures.

    fdr: Fairness Discrepancy Rate, 1 = equal. garbe: 0 = equal. alpha: weight of the false-positive side in both.
    fdr and garbe are over (FMR, FNMR) in 1:1 and (FPIR, FNIR) in 1:N. refused: groups that had too few trials.
    *_by_chance: what 19 of 20 audits this large would stay within (FDR above, GARBE below) were all groups equal.
    """

    attributes: tuple[str, ...]
    threshold: float
    n: int | None
    spreads: tuple[MeasureSpread, ...]
    alpha: float
    fdr: Said
    garbe: Said
    refused: tuple[tuple[str, ...], ...] = ()
    fdr_by_chance: float | None = None
    garbe_by_chance: float | None = None


@dataclass(frozen=True, eq=False, slots=True)
class QualityDiscard:
    """Error versus discard (ISO/IEC 29794-1): what the miss rate becomes when the worst-quality probes are left out.

    quality: name of the measure. discarded: (k,) shares, rising from 0. error: (k,) observed FNMR or FNIR of the rest.
    area: mean error of the curve from 0 to ``area_to``; ideal: the same had quality foreseen every error.
    """

    quality: str
    measure: Measure
    threshold: float
    discarded: Doubles
    error: Doubles
    trials: int
    area: Said
    area_to: float
    ideal: float


@dataclass(frozen=True, slots=True)
class WorseGroup:
    """A group the advised threshold is worse for than for all together. ratio: group's rate / everybody's rate."""

    attributes: tuple[str, ...]
    group: tuple[str, ...]
    measure: Measure
    rate: Rate
    overall: Rate
    ratio: Said


@dataclass(frozen=True, slots=True)
class Advice:
    """The threshold for a wanted FPIR at the operational gallery size, what it costs and for whom.

    threshold: a figure with its interval, or why none can be advised. worse: groups that are worse than everybody even
    if the confidence is shared out among all groups, worst first; undecided: groups whose trials do not settle it.
    more_trials: further searches of strangers that would hold the FPIR to +-30 %; 0 when these suffice. stated: what the
    system's own calibration states instead, where so large a gallery could not be tried.
    """

    n: int
    fpir_wanted: float
    threshold: Said
    fpir: Rate | None
    fnir: Rate | None
    worse: tuple[WorseGroup, ...]
    undecided: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    more_trials: int
    sentence: str
    stated: StatedAdvice | None = None


@dataclass(frozen=True, eq=False, slots=True)
class AuditResult:
    """Everything an audit found. Distances were turned into similarities inside; thresholds are in the input's units.

    groups and summaries: at ``group_threshold``, the one global threshold. advice: only where it was asked. decided: what
    the system's own decisions do, where its rule is known.
    """

    audited: Audited
    settings: Settings
    fta: Rate | None
    verification: Verification | None
    closed_set: tuple[ClosedSetAt, ...]
    open_set: tuple[OpenSetAt, ...]
    dets: tuple[DetCurve, ...]
    group_threshold: float | None
    groups: tuple[GroupResult, ...]
    summaries: tuple[GroupSummary, ...]
    quality: tuple[QualityDiscard, ...]
    calibration: CalibrationCurve | None
    advice: Advice | None = None
    decided: tuple[DecidedAt, ...] = ()
    schema: str = SCHEMA
