"""The top of a report: what came out in one paragraph, what it must not be taken for, and what ran."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from secondlook.decide.sentence import share
from secondlook.report import words
from secondlook.report.markup import Markup, joined, named, table, tag
from secondlook.report.record import SightingRecord
from secondlook.report.summary import CalibrationLine, PackLine, RateLine, RunSummary
from secondlook.types import Outcome

_MEANINGS = (
    ("FNIR", "false negative identification rate: how often a person who is enrolled was missed"),
    ("FPIR", "false positive identification rate: how often a person who is not enrolled was given a candidate"),
)

_LEAD = (
    " The computer proposes whom a face resembles among those enrolled, and it is sometimes wrong. The person seen may"
    " not be enrolled at all. Before anybody acts, two people should compare the pictures and look for what speaks"
    " against it."
)
_UNCALIBRATED = (
    " Nothing was measured on this gallery or on pictures like these, so no probability can be given that a candidate"
    " is the right person. "
)
_CALIBRATED = (
    " How sure each result is was worked out from pictures of other people: it holds as far as yours are like those."
    " A comparison score is no probability. "
)


def summary_sentence(run: RunSummary, records: Sequence[SightingRecord]) -> str:
    """The whole result in one sentence or two, with counts."""
    looked_at = [words.counted(n, one) for n, one in ((run.pictures, "picture"), (run.videos, "video")) if n]
    if not looked_at:
        return "Nothing was looked at." if not run.problems else "Nothing could be looked at."
    where = words.listed(looked_at)
    if not records:
        return f"No face was found in {where}."
    seen = words.counted(len(records), "face")
    once = " (a face followed through a video counts once)" if run.videos else ""
    was = "was" if len(records) == 1 else "were"
    return f"{seen} {was} seen in {where}{once}; {words.listed(_outcomes(records))}."


def _outcomes(records: Sequence[SightingRecord]) -> list[str]:
    counts = {outcome: sum(r.outcome is outcome for r in records) for outcome in Outcome}
    said = []
    for outcome, one, many in (
        (Outcome.CANDIDATE, "has a candidate", "have a candidate"),
        (Outcome.INCONCLUSIVE, "is inconclusive", "are inconclusive"),
        (Outcome.NOT_SEARCHABLE, "could not be searched", "could not be searched"),
        (Outcome.NO_CANDIDATE, "has no candidate", "have no candidate"),
    ):
        if counts[outcome]:
            said.append(f"{counts[outcome]:,} {one if counts[outcome] == 1 else many}")
    return said


def head(run: RunSummary, records: Sequence[SightingRecord]) -> Iterator[Markup]:
    lead = [tag("p", summary_sentence(run, records), class_="lead")]
    if run.problems:
        link = tag("a", "see which", href="#unread")
        count = words.counted(len(run.problems), "file")
        lead.append(tag("p", count, " could not be read, or only in part: ", link, "."))
    yield tag("header", tag("h1", run.title), *lead)
    yield _caution(run)
    yield _what_ran(run)
    if run.problems:
        yield _unread(run)


def _caution(run: RunSummary) -> Markup:
    text = [tag("p", tag("strong", "A candidate is a lead to be checked by people. It identifies nobody."), _LEAD)]
    if run.calibration is not None:
        text.append(tag("p", tag("strong", "Calibrated on other pictures."), _CALIBRATED, run.rule_note))
        text.append(_fit(run.calibration))
    elif run.threshold is None:
        text.append(tag("p", tag("strong", "Nobody is proposed."), " ", run.rule_note))
    else:
        text.append(tag("p", tag("strong", "Uncalibrated."), _UNCALIBRATED, run.rule_note))
    return tag("section", tag("h2", "Before anybody acts on this"), *text, class_="caution")


def _fit(fit: CalibrationLine) -> Markup:
    """What it was fitted on, what it does not cover, and how it did on people who were not used."""
    parts = [tag("p", f"Fitted on: {fit.data}")]
    for heading, lines in (
        ("What it does not cover:", fit.limits),
        ("Measured on people who were not used to fit it:", fit.figures),
    ):
        if lines:
            parts += [tag("p", heading), tag("ul", *(tag("li", line) for line in lines))]
    if not fit.figures:
        parts.append(tag("p", "How it does on people who were not used to fit it was never measured."))
    return tag("details", tag("summary", "What the figures rest on, and where they do not hold"), *parts)


def _what_ran(run: RunSummary) -> Markup:
    started = f"{run.started:%Y-%m-%d %H:%M} {run.started:%Z}".rstrip()
    facts: list[tuple[str, Markup]] = [
        ("Recogniser", _pack(run.recogniser)),
        ("Detector", _pack(run.detector)),
        ("Ran on", joined(tag("span", line, class_="line") for line in run.providers)),
        ("Gallery", joined((named(run.gallery), f", {words.counted(run.gallery_size, 'person', 'people')} enrolled"))),
        ("Threshold", joined((_threshold(run),))),
        *_prior(run),
        ("Run", joined((f"{started}, {words.duration(run.seconds)}, Second Look {run.version}",))),
    ]
    entries = joined(tag("div", tag("dt", term), tag("dd", said)) for term, said in facts)
    return tag("section", tag("h2", "What ran"), tag("dl", entries), _rates(run.recogniser))


def _pack(pack: PackLine) -> Markup:
    licence = tag("span", f"licence: {pack.licence}", class_="line")
    return joined((tag("span", pack.title, class_="line"), tag("code", pack.id), licence))


def _threshold(run: RunSummary) -> str:
    if run.calibration is not None:
        asked = words.asked(run.calibration.fpir)
        return f"differs by picture, so that {asked} searches for strangers give a candidate; each card names its own"
    if run.threshold is None:
        return "none was ever measured for this pack, so nobody is proposed"
    digits = 3 if abs(run.threshold) <= 1 else 2
    at = words.number(run.threshold, digits)
    said = f"a comparison score of {at} or more makes a candidate"
    if run.doubtful is None or run.doubtful >= run.threshold:
        return said
    return f"{said}; from {words.number(run.doubtful, digits)} to {at} it is inconclusive"


def _prior(run: RunSummary) -> list[tuple[str, Markup]]:
    if run.calibration is None:
        return []
    said = f"{share(run.calibration.prior)} taken to be enrolled: this was stated, nobody measured it"
    return [("Before anybody was compared", joined((said,)))]


def _rates(pack: PackLine) -> Markup:
    if not pack.rates:
        return tag("p", "No error rates were ever measured for this pack: how often it is wrong is unknown.")
    heads = ["measure", "rate", "that is", "95 % interval", "trials", "note"]
    rows = [_rate_cells(rate) for rate in pack.rates]
    # a column in which nobody said anything is left out
    said = [i for i in range(len(heads)) if i < 3 or any(row[i] for row in rows)]
    source = f": {pack.rates_source}" if pack.rates_source else ""
    shown = table(
        f"How often this pack was wrong when it was measured{source}. Your pictures may be harder.",
        [heads[i] for i in said],
        [[row[i] for i in said] for row in rows],
    )
    used = " ".join(f"{rate.measure} {rate.at}" for rate in pack.rates)
    meanings = [tag("p", f"{term}: {meaning}.", class_="small") for term, meaning in _MEANINGS if term in used]
    return joined((tag("div", shown, class_="scroll"), *meanings))


def _rate_cells(rate: RateLine) -> list[str]:
    interval = ""
    if rate.low is not None and rate.high is not None:
        interval = f"{words.percent(rate.low)} to {words.percent(rate.high)}"
    trials = "" if rate.trials is None else f"{rate.trials:,}"
    name = f"{rate.measure} at {rate.at}" if rate.at else rate.measure
    return [name, words.percent(rate.value), words.out_of(rate.value), interval, trials, rate.note]


def _unread(run: RunSummary) -> Markup:
    rows = ((named(str(problem.path)), problem.sentence) for problem in run.problems)
    shown = table("Nobody in these was looked for, or not everywhere.", ("file", "what was wrong"), rows)
    heading = tag("h2", f"What could not be read ({len(run.problems):,})", id="unread")
    return tag("section", heading, tag("div", shown, class_="scroll"), class_="unread")
