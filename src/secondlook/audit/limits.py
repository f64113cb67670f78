"""What an audit cannot say, one sentence each: read off from what it had."""

from __future__ import annotations

from collections.abc import Iterator

from secondlook.audit.frequencies import rounded_up
from secondlook.audit.results import AuditResult, ThresholdFrom, Unsupported, Way
from secondlook.report import words

_ALWAYS = (
    "How often it is wrong with other people, other cameras, other light or older pictures. Footage of a street is"
    " usually harder than what such data hold.",
    "Whether the labels are right. A wrong label counts as an error of the system; a doubtful one deserves a look.",
    "Whether one particular proposal is right. Rates speak of many searches; people check each candidate.",
)


def limits(result: AuditResult) -> tuple[str, ...]:
    return (*_of_searches(result), *_of_data(result), *_ALWAYS)


def _of_searches(result: AuditResult) -> Iterator[str]:
    if not result.open_set:
        yield (
            "What happens when one face is compared with a whole gallery: these are one-to-one comparisons, and a"
            " search makes as many of them as people are enrolled."
        )
        return
    largest = max(one.n for one in result.open_set)
    yield f"What happens with more than {largest:,} people enrolled: more strangers are then called somebody."
    strangers = max((one.fpir.trials for one in result.open_set if one.n == largest), default=0)
    if strangers:
        finest = words.out_of(min(1.0, 30 / strangers))
        yield (
            f"Anything closer about strangers who are called somebody less often than {finest}:"
            f" {strangers:,} searches of strangers were made, and 30 errors are needed to hold a rate to ±30 %."
        )
    if any(one.threshold_from is ThresholdFrom.SAME_DATA for one in result.open_set):
        yield (
            "How well a threshold holds on new people: thresholds were set on the same people they were tried on, so"
            " the rate of strangers called somebody is met by construction."
        )


def _of_data(result: AuditResult) -> Iterator[str]:
    if not result.audited.attributes:
        yield "For whom it is worse: there was no table of attributes (age, gender, skin tone, camera …)."
    if result.fta is None and result.audited.way is not Way.TEMPLATES:
        yield (
            "How many pictures failed before they were compared: the table lists none. Where a maker leaves them out,"
            " more people are missed than it says."
        )
    if result.calibration is None:
        yield "How likely a given candidate is the right person: no probabilities were stated, only scores."
    for summary in result.summaries:
        for spread in summary.spreads:
            if isinstance(spread.ratio, Unsupported):
                by = words.listed(summary.attributes)
                yield f"Whether {spread.measure.upper()} differs by {by}: {_lower(spread.ratio)}"


def _lower(refusal: Unsupported) -> str:
    more = (
        ""
        if refusal.needed is None or refusal.needed <= refusal.have
        else (f" (about {rounded_up(refusal.needed - refusal.have):,} more {refusal.unit} would be needed)")
    )
    said = refusal.sentence.rstrip(".")
    return f"{said[:1].lower()}{said[1:]}{more}."
