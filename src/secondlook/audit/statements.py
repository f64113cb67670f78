"""What an audit says of a system's own words: whether its stated chances come true, and what its own decisions do."""

from __future__ import annotations

from dataclasses import dataclass

from secondlook.audit.figures import Figure, Rate, Said


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Stated posteriors between ``low`` and ``high``; wrong: those that turned out non-mated, as they were counted.

    mean_stated: their mean. weighted: where trials do not weigh alike, the share of weight that turned out non-mated;
    None: they do. share: of all weight in this bin.
    """

    low: float
    high: float
    mean_stated: float
    wrong: Rate
    weighted: Figure | None = None
    share: float | None = None

    @property
    def observed(self) -> float | None:
        """Share that was mated, as observed."""
        if self.weighted is not None:
            return 1 - self.weighted.value
        return None if self.wrong.observed is None else 1 - self.wrong.observed

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share that was non-mated."""
        return (self.wrong.low, self.wrong.high) if self.weighted is None else (self.weighted.low, self.weighted.high)


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Stated posterior against what happened. ece: expected calibration error, 0 to 1; brier: mean squared error.

    n: gallery size of the searches, None for comparisons. prior: chance of being enrolled that the posteriors take for
    granted, at which trials of enrolled people and of strangers weigh; None: every trial weighs alike. cllr, cllr_min: in
    bits, of the stated likelihood ratios of "is enrolled"; None where none were stated.
    """

    bins: tuple[CalibrationBin, ...]
    ece: Said
    brier: Said
    n: int | None = None
    prior: float | None = None
    cllr: Said | None = None
    cllr_min: Said | None = None


@dataclass(frozen=True, slots=True)
class DecidedGroup:
    """One group under the system's own decisions; as ``GroupResult`` otherwise."""

    attributes: tuple[str, ...]
    group: tuple[str, ...]
    subjects: int
    fpir: Rate | None
    fnir: Rate | None


@dataclass(frozen=True, slots=True)
class DecidedAt:
    """Open-set 1:N as the system itself decides, with a threshold of its own for each picture and its limits on pictures.

    fpir_asked: the FPIR its thresholds are made for, None where it has one constant threshold. threshold_low,
    threshold_high: least and largest over the pictures. fpir: strangers who were given a candidate; fnir: enrolled people
    who were not given as one. unfit: searches whose picture forbids a candidate whatever the score.
    beyond: the gallery is larger than any its calibration was measured on.
    """

    n: int
    repeats: int
    fpir_asked: float | None
    threshold_low: float
    threshold_high: float
    fpir: Rate
    fnir: Rate
    unfit: Rate
    max_rank: int = 1
    beyond: bool = False
    groups: tuple[DecidedGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class StatedAdvice:
    """What the system's own calibration states of a gallery larger than could be tried. Not measured.

    fpir: at most this, by the union bound where the gallery is larger than any the calibration was measured on. fnir: of
    enrolled people with pictures like those of this audit; its interval is that of the calibration.
    threshold_low, threshold_high: over those pictures.
    """

    n: int
    fpir: float
    fnir: Figure
    threshold_low: float
    threshold_high: float
    sentence: str
