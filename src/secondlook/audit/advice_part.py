"""The advice on the page: a threshold, what it costs, and for whom."""

from __future__ import annotations

from secondlook.audit.frequencies import frequency
from secondlook.audit.page_tables import rate_cell, said_cell, scrolled
from secondlook.audit.results import Advice, Figure
from secondlook.audit.saying import label
from secondlook.report import words
from secondlook.report.markup import Markup, tag


def advice_part(advice: Advice) -> Markup:
    """Sentence first, then its numbers."""
    asked = f"{words.out_of(advice.fpir_wanted)} strangers called somebody, with {advice.n:,} people enrolled"
    rows: list[tuple[str, str]] = [("asked for", asked), ("threshold", said_cell(advice.threshold, 3))]
    if isinstance(advice.threshold, Figure):
        rows += [
            ("strangers called somebody (FPIR)", rate_cell(advice.fpir)),
            ("enrolled people missed (FNIR)", rate_cell(advice.fnir)),
        ]
    if advice.stated is not None:
        one = advice.stated
        limits = f"{words.number(one.threshold_low, 3)} to {words.number(one.threshold_high, 3)}"
        f = frequency(one.fnir.value, one.fnir.low, one.fnir.high)
        rows += [
            ("stated by the calibration, not measured: thresholds", limits),
            ("strangers called somebody", f"at most {words.asked(one.fpir)}"),
            ("enrolled people missed", f.sentence),
        ]
    more = "none: these suffice" if not advice.more_trials else f"{advice.more_trials:,} searches of strangers"
    rows.append(("more trials that would settle the rate", more))
    parts = [tag("p", advice.sentence), scrolled("In brackets: 95 % interval.", ("", "figure"), rows)]
    if advice.worse:
        worse = [
            (
                label(w.attributes, w.group),
                w.measure.upper(),
                rate_cell(w.rate),
                rate_cell(w.overall),
                said_cell(w.ratio),
            )
            for w in advice.worse
        ]
        heads = ("group", "measure", "this group", "everybody", "times everybody's")
        parts.append(scrolled("At this threshold it is worse for", heads, worse))
    if advice.undecided:
        names = words.listed([label(attributes, group) for attributes, group in advice.undecided])
        parts.append(tag("p", f"Not enough trials to settle every rate of these groups: {names}."))
    return tag("section", tag("h2", "Advice on the threshold"), tag("div", *parts, class_="advice"))
