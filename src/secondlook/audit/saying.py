"""How a rate becomes a sentence: counts of people, with the interval, or why nothing can be said."""

from __future__ import annotations

from dataclasses import dataclass

from secondlook.audit.frequencies import at_most, counts, frequency_of, not_enough, percent
from secondlook.audit.results import Enough, Measure, Rate, ThresholdFrom
from secondlook.report import words


@dataclass(frozen=True, slots=True)
class Finding:
    """headline: one sentence for everybody. grounds: the measure's name, its counts, where the threshold came from."""

    headline: str
    grounds: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a measure counts, in words: of so many ``who``, so many ``what``."""

    who: str
    what: str


PHRASES = {
    Measure.FNIR: Phrase("enrolled people who walk past", "would be missed"),
    Measure.FPIR: Phrase("strangers who walk past", "would be called somebody"),
    Measure.FNMR: Phrase("pairs of pictures of one person", "would be taken for two people"),
    Measure.FMR: Phrase("pairs of pictures of two people", "would be taken for one person"),
    Measure.FTA: Phrase("pictures", "hold no face that could be compared"),
}


MEANINGS = {
    Measure.FNIR: "enrolled people missed (FNIR)",
    Measure.FPIR: "strangers called somebody (FPIR)",
    Measure.FNMR: "one person taken for two (FNMR)",
    Measure.FMR: "two people taken for one (FMR)",
    Measure.FTA: "no usable face (FTA)",
}
"""The measures as names of columns and axes."""


def sentence(rate: Rate, phrase: Phrase, where: str = "") -> str:
    """``Of 1,000 strangers who walk past, about 8 (5 to 12) would be called somebody.``

    where: goes on after the phrase, for example `` in a gallery of 700``.
    """
    what = phrase.what + where
    match rate.enough:
        case Enough.ENOUGH:
            f = frequency_of(rate)
            return f"Of {f.of:,} {phrase.who}, about {f.about:,} ({f.spread}) {what}."
        case Enough.ROUGH:
            f = frequency_of(rate)
            return f"Of {f.of:,} {phrase.who}, somewhere from {f.spread} {what}: too few were seen to say it closer."
        case Enough.BOUND_ONLY:
            k, of = at_most(rate)
            return f"Of {of:,} {phrase.who}, at most {k:,} {what}: it happened in none of {rate.trials:,} trials."
        case Enough.TOO_FEW:
            return f"How many {phrase.who} {what}: {not_enough(rate)}."


def behind(measure: str, rate: Rate) -> str:
    """``FPIR 0.80 % (8 of 1,017 trials, 1,017 people; 95 % interval 0.35 % to 1.6 %)``"""
    if not rate.trials:
        return f"{measure}: no trials"
    observed = "" if rate.value is None else f" {percent(rate.value)}"
    interval = f"95 % interval {percent(rate.low)} to {percent(rate.high)}"
    people = f", {words.counted(rate.subjects, 'person', 'people')}" if rate.subjects else ""
    return f"{measure}{observed} ({counts(rate)}{people}; {interval})"


def origin(threshold_from: ThresholdFrom) -> str:
    match threshold_from:
        case ThresholdFrom.SAME_DATA:
            return "set on these same people, so elsewhere it will do worse"
        case ThresholdFrom.OTHER_FOLDS:
            return "set on other people than those it was tried on"
        case ThresholdFrom.GIVEN:
            return "given"


def label(attributes: tuple[str, ...], group: tuple[str, ...]) -> str:
    """``gender female × age 60+``"""
    return " × ".join(f"{name} {value}" for name, value in zip(attributes, group, strict=False))
