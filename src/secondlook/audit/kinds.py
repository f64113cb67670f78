"""Words an audit uses and what it was asked: enums, the settings, and what was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Measure(StrEnum):
    """Error rates of ISO/IEC 19795-1. Each counts errors among trials, so a lower one is better."""

    FMR = "fmr"
    """non-mated comparisons at or above the threshold"""
    FNMR = "fnmr"
    """mated comparisons below the threshold, failed acquisitions among them"""
    FPIR = "fpir"
    """searches of a stranger that return anybody at or above the threshold"""
    FNIR = "fnir"
    """searches of an enrolled subject that do not return it at or above the threshold within the first R ranks"""
    FTA = "fta"
    """presentations from which no template could be made"""


class Enough(StrEnum):
    """What the rule of 3 and the rule of 30 allow to be said of a rate (see ``rates.py``)."""

    ENOUGH = "enough"
    """30 errors or more: the value is within 30 % of the true one, with 90 % confidence"""
    ROUGH = "rough"
    """1 to 29 errors: the value may be said only together with its interval"""
    BOUND_ONLY = "bound_only"
    """no error seen: only "at most ``high``" may be said"""
    TOO_FEW = "too_few"
    """not enough trials to say"""


class Why(StrEnum):
    """Why a figure is refused."""

    TOO_FEW_TRIALS = "too_few_trials"
    TOO_FEW_SUBJECTS = "too_few_subjects"
    TOO_FEW_GROUPS = "too_few_groups"
    NO_MATED = "no_mated"
    NO_NON_MATED = "no_non_mated"
    ZERO_BEST = "zero_best"
    """the best group made no error, so nothing can be divided by it"""
    GALLERY_TOO_SMALL = "gallery_too_small"
    """the data hold fewer subjects than the gallery asked about"""
    NO_CROSSING = "no_crossing"
    """FMR and FNMR are equal at no threshold, because too many acquisitions failed"""
    NOT_LIKELIHOOD_RATIOS = "not_likelihood_ratios"
    """the scores are no log-likelihood ratios"""


class Direction(StrEnum):
    """What a larger score means."""

    SIMILARITY = "similarity"
    DISTANCE = "distance"


class ScoreMeaning(StrEnum):
    """What the scores are; only likelihood ratios have a Cllr."""

    SCORE = "score"
    LOG10_LR = "log10_lr"
    LN_LR = "ln_lr"


class ThresholdFrom(StrEnum):
    """Which data set the threshold: on the same data the asked rate is met by construction."""

    SAME_DATA = "same_data"
    OTHER_FOLDS = "other_folds"
    """set on other subjects than those it was tried on"""
    GIVEN = "given"


class Way(StrEnum):
    """What was audited."""

    PAIRS = "pairs"
    """a table of 1:1 comparisons"""
    CANDIDATES = "candidates"
    """a table of candidate lists of 1:N searches"""
    TEMPLATES = "templates"
    """templates made by Second Look from labelled pictures"""


@dataclass(frozen=True, slots=True)
class Audited:
    """What was looked at. Counts include failed acquisitions; subjects: distinct people, as probe or reference."""

    name: str
    way: Way
    direction: Direction
    meaning: ScoreMeaning
    subjects: int
    mated: int
    non_mated: int
    failed: int
    attributes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """what the reader of the result must know of how the data were taken, one sentence each"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What advice is asked for: the FPIR that may be at a gallery of ``n`` subjects."""

    n: int
    fpir: float


@dataclass(frozen=True, slots=True)
class Settings:
    """How it was audited. confidence: of every interval. replicates: of the bootstrap over subjects.

    gallery_sizes: () = chosen from the data. thresholds: given ones, in the input's units; the first is then the one
    for the groups, else that for ``group_fpir`` at the largest gallery, or for ``group_fmr`` in 1:1.
    max_rank: R of FNIR(N, R, T). folds: subject-disjoint parts; 1 = thresholds are set on the data they are tried on.
    alpha: weight of the false-positive side in FDR and GARBE.
    """

    gallery_sizes: tuple[int, ...] = ()
    fpirs: tuple[float, ...] = (0.003, 0.01, 0.03)
    fmrs: tuple[float, ...] = (1e-4, 1e-3, 1e-2)
    thresholds: tuple[float, ...] = ()
    max_rank: int = 1
    ranks: tuple[int, ...] = (1, 2, 3, 5, 10, 20, 50)
    attributes: tuple[tuple[str, ...], ...] = ()
    """what to group by; each entry one attribute or several crossed; () = every attribute found, one by one"""
    group_fpir: float = 0.01
    group_fmr: float = 1e-3
    repeats: int = 10
    folds: int = 2
    replicates: int = 1000
    confidence: float = 0.95
    alpha: float = 0.5
    seed: int = 0
