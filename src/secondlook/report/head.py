"""The top of a report: what came out in one paragraph, what it must not be taken for, and what ran."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from secondlook.report import words
from secondlook.report.markup import Markup, joined, named, table, tag
from secondlook.report.record import SightingRecord
from secondlook.report.summary import PackLine, RateLine, RunSummary
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
    yield _caution(run, records)
    yield _what_ran(run)
    if run.problems:
        yield _unread(run)


def _caution(run: RunSummary, records: Sequence[SightingRecord]) -> Markup:
    text = [tag("p", tag("strong", "A candidate is a lead to be checked by people. It identifies nobody."), _LEAD)]
    if run.point.threshold is None:
        text.append(tag("p", tag("strong", "Nobody is proposed."), " ", run.point.measured))
    elif not run.point.calibrated or any(not r.grounds.calibrated for r in records if r.grounds.score is not None):
        text.append(tag("p", tag("strong", "Uncalibrated."), _UNCALIBRATED, run.point.measured))
    return tag("section", tag("h2", "Before anybody acts on this"), *text, class_="caution")


def _what_ran(run: RunSummary) -> Markup:
    started = f"{run.started:%Y-%m-%d %H:%M} {run.started:%Z}".rstrip()
    facts: list[tuple[str, Markup]] = [
        ("Recogniser", _pack(run.recogniser)),
        ("Detector", _pack(run.detector)),
        ("Ran on", joined(tag("span", line, class_="line") for line in run.providers)),
        ("Gallery", joined((named(run.gallery), f", {words.counted(run.gallery_size, 'person', 'people')} enrolled"))),
        ("Threshold", joined((_threshold(run),))),
        ("Run", joined((f"{started}, {words.duration(run.seconds)}, Second Look {run.version}",))),
    ]
    entries = joined(tag("div", tag("dt", term), tag("dd", said)) for term, said in facts)
    return tag("section", tag("h2", "What ran"), tag("dl", entries), _rates(run.recogniser))


def _pack(pack: PackLine) -> Markup:
    licence = tag("span", f"licence: {pack.licence}", class_="line")
    return joined((tag("span", pack.title, class_="line"), tag("code", pack.id), licence))


def _threshold(run: RunSummary) -> str:
    point = run.point
    if point.threshold is None:
        return "none was ever measured for this pack, so nobody is proposed"
    at = words.number(point.threshold, 3)
    said = f"a score of {at} or more (cosine similarity, −1 to 1) makes a candidate"
    if point.doubtful is None or point.doubtful >= point.threshold:
        return said
    return f"{said}; from {words.number(point.doubtful, 3)} to {at} it is inconclusive"


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
