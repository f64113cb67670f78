"""``report.html`` of an audit: one file that needs nothing else, no network and no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from secondlook.audit.about import AuditRun
from secondlook.audit.advice_part import advice_part
from secondlook.audit.decided_part import decided_part
from secondlook.audit.findings import findings
from secondlook.audit.glossary import TERMS
from secondlook.audit.group_plot import group_plot
from secondlook.audit.limits import limits
from secondlook.audit.page_tables import (
    closed_set_table,
    figures_line,
    group_table,
    open_set_table,
    plotted,
    scrolled,
    spread_table,
    verification_table,
)
from secondlook.audit.plots import cmc_plot, open_set_plot, score_plot, verification_plot
from secondlook.audit.quality_plots import calibration_plot, discard_plot
from secondlook.audit.results import AuditResult, CalibrationCurve, GroupResult
from secondlook.audit.saying import Finding
from secondlook.report import words
from secondlook.report.document import BEGINNING, document_head
from secondlook.report.markup import Markup, joined, named, tag
from secondlook.report.writing import replacing

FILE_NAME = "report.html"

_CAUTION = (
    "These figures hold for these pictures, these people and galleries of these sizes. They say how often a system is"
    " wrong over many searches, never whether one candidate is the right person: people have to check that, every time."
)


def write_audit_page(path: Path, run: AuditRun, result: AuditResult) -> None:
    """Writes the page to ``path``. Raises OutputError."""
    with replacing(path) as file:
        for part in audit_page(run, result):
            file.write(part.encode("utf-8"))


def audit_page(run: AuditRun, result: AuditResult) -> Iterator[str]:
    """The page in parts; the same result and run give the same bytes."""
    yield BEGINNING
    yield document_head(run.title, files("secondlook.audit").joinpath("page.css").read_text("utf-8"))
    yield "<body>\n<main>\n"
    for part in _parts(run, result):
        yield part + "\n"
    yield "</main>\n"
    yield tag("footer", tag("p", _foot(run))) + "\n</body>\n</html>\n"


def _parts(run: AuditRun, result: AuditResult) -> Iterator[Markup]:
    yield tag("header", tag("h1", run.title), tag("p", _lead(run, result), class_="lead"))
    yield tag("section", tag("h2", "Before anybody relies on this"), tag("p", _CAUTION), class_="caution")
    yield _findings(findings(result))
    if result.advice is not None:
        yield advice_part(result.advice)
    yield _audited(run, result)
    yield from _searches(result)
    if result.decided:
        yield decided_part(result)
    yield from _pairs(run, result)
    yield from _groups(result)
    yield from _quality(result)
    yield from _calibration(result)
    yield _section(
        "What this audit cannot say", tag("ul", *(tag("li", said) for said in limits(result)), class_="limits")
    )
    yield _again(run, result)
    yield _section("Words", tag("dl", *(_entry(term, (said,)) for term, said in TERMS), class_="glossary"))


def _section(heading: str, *parts: str) -> Markup:
    return tag("section", tag("h2", heading), *parts)


def _lead(run: AuditRun, result: AuditResult) -> str:
    a = result.audited
    people = words.counted(a.subjects, "person", "people")
    return f"How often {run.system} misses people or takes them for somebody else, measured on {people}."


def _findings(found: Sequence[Finding]) -> Markup:
    if not found:
        return _section("What was found", tag("p", "Nothing can be said: there were not enough trials of any kind."))
    items = (
        tag("li", tag("p", one.headline, class_="says"), tag("p", one.grounds, class_="small") if one.grounds else "")
        for one in found
    )
    return _section("What was found", tag("ul", *items, class_="findings"))


def _audited(run: AuditRun, result: AuditResult) -> Markup:
    a = result.audited
    settings = result.settings
    counted = (
        f"{words.counted(a.subjects, 'person', 'people')}; {a.mated:,} mated and {a.non_mated:,} non-mated trials",
        f"{words.counted(a.failed, 'trial')} without a score: they stay in every count, mated ones as misses"
        if a.failed
        else "every trial has a score",
    )
    started = f"{run.started:%Y-%m-%d %H:%M} {run.started:%Z}".rstrip()
    method = (
        f"intervals: {100 * settings.confidence:g} %, by drawing people {settings.replicates:,} times (bootstrap)",
        f"random galleries of each size: {settings.repeats}, seed {settings.seed}",
    )
    entries = [_entry(fact.name, fact.lines) for fact in run.facts]
    entries += [
        _entry("Data", counted),
        _entry(
            "A higher score means", ("more alike",) if a.direction == "similarity" else ("less alike (a distance)",)
        ),
        _entry("Method", method),
        _entry("Run", (f"{started}, {words.duration(run.seconds)}, Second Look {run.version}",)),
    ]
    notes = [tag("p", note) for note in a.notes]
    return _section("What was audited", tag("dl", *entries), *notes, *_unusable(run))


def _unusable(run: AuditRun) -> Iterator[Markup]:
    if run.unusable:
        count = words.counted(len(run.unusable), "picture")
        rows = [(named(one.name), one.sentence) for one in run.unusable]
        shown = scrolled("Each counts as a failed acquisition.", ("picture", "what was wrong"), rows)
        yield tag("details", tag("summary", f"{count} could not be used"), shown, class_="unread")


def _searches(result: AuditResult) -> Iterator[Markup]:
    if result.open_set:
        parts = [open_set_table(result.open_set)]
        if result.dets:
            parts.append(plotted(open_set_plot(result.dets, result.open_set)))
        yield _section("Searches: strangers pass by, too (open set)", *parts)
    if result.closed_set:
        what = "Flattering by design: nobody passes by who is not enrolled, and no threshold is applied."
        parts = [tag("p", what), closed_set_table(result.closed_set), plotted(cmc_plot(result.closed_set))]
        yield _section("If everybody were enrolled (closed set)", *parts)


def _pairs(run: AuditRun, result: AuditResult) -> Iterator[Markup]:
    one = result.verification
    parts: list[Markup] = []
    if one is not None:
        if one.points:
            parts.append(verification_table(one))
        parts += [
            figures_line("Equal error rate (EER):", one.eer, "%"),
            figures_line("Cllr:", one.cllr, "bits"),
            figures_line("Cllr_min:", one.cllr_min, "bits"),
        ]
        if one.det is not None:
            parts.append(plotted(verification_plot(one.det, one.points)))
    if run.histogram is not None:
        parts.append(plotted(score_plot(run.histogram)))
    if parts:
        yield _section("One picture against one other (1:1)", *parts)


def _groups(result: AuditResult) -> Iterator[Markup]:
    if not result.groups or result.group_threshold is None:
        return
    at = words.number(result.group_threshold, 3)
    parts: list[Markup] = [
        tag(
            "p",
            f"One threshold for everybody ({at}): that is how it would be used. FMR is within a group.",
        )
    ]
    for place, (attributes, members) in enumerate(groupby(result.groups, key=lambda g: g.attributes)):
        parts += _attribute(list(members), place)
        parts += [spread_table(s) for s in result.summaries if s.attributes == attributes]
    yield _section("For whom it is worse", *parts)


def _attribute(own: Sequence[GroupResult], place: int) -> Iterator[Markup]:
    plot = group_plot(own, place)
    if plot is not None:
        yield plotted(plot)
    yield group_table(own)


def _quality(result: AuditResult) -> Iterator[Markup]:
    if result.quality:
        yield _section("Quality of the pictures", plotted(discard_plot(result.quality)))


def _calibration(result: AuditResult) -> Iterator[Markup]:
    curve = result.calibration
    if curve is not None and curve.bins:
        lines = [
            figures_line("Expected calibration error (ECE):", curve.ece, "%"),
            figures_line("Brier score:", curve.brier),
        ]
        if curve.cllr is not None and curve.cllr_min is not None:
            lines.append(figures_line("Cllr of stated likelihood ratios:", curve.cllr, "bits"))
            lines.append(figures_line("Cllr_min of them:", curve.cllr_min, "bits"))
        yield _section("Are stated probabilities true?", *_stated_of(curve), *lines, plotted(calibration_plot(curve)))


def _stated_of(curve: CalibrationCurve) -> Iterator[Markup]:
    if curve.prior is not None and curve.n is not None:
        yield tag(
            "p",
            f"Stated for the best candidate of each search with {curve.n:,} people enrolled, as if"
            f" {words.out_of(curve.prior)} passers-by were enrolled. Searches of enrolled people and of strangers weigh in"
            " that proportion here, however many of each were made; the likelihood ratios are of being enrolled at all.",
        )


def _again(run: AuditRun, result: AuditResult) -> Markup:
    how = tag("p", "The same command on the same data gives the same figures (numbers are drawn from the seed):")
    command = tag("div", tag("code", run.command), class_="command", tabindex="0")
    machine = tag(
        "p", f"For machines, every figure with interval and counts: metrics.json ({result.schema}).", class_="small"
    )
    return _section("How to get this again", how, command, machine)


def _entry(term: str, lines: Sequence[str]) -> Markup:
    return tag("div", tag("dt", term), tag("dd", *(tag("span", line, class_="line") for line in lines)))


def _foot(run: AuditRun) -> Markup:
    return joined(
        (f"Written by Second Look {run.version}. This page shows no faces; it holds error rates of groups of people.",)
    )
