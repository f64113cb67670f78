"""What lies behind a dossier: the last audit, other searches, the log, and by what it was measured."""

from __future__ import annotations

from collections.abc import Iterator

from secondlook.audit.saying import MEANINGS, label
from secondlook.report import words
from secondlook.report.markup import Markup, joined, named, table, tag
from secondlook.review import dossier_words as say
from secondlook.review.dossier import AuditGiven, Dossier

_MOST_ROWS = 100
NO_AUDIT = (
    "No audit of this system was given. How often it is wrong on pictures like these, and about whom more often, is unknown"
    " here."
)


def audit_part(of: AuditGiven | None) -> Iterator[Markup]:
    if of is None:
        yield tag("p", tag("strong", NO_AUDIT))
        return
    about = (
        "The newest audit that was done here is of ",
        named(of.label),
        f" ({say.moment(of.at)}). Whether those are scores of this system is for whoever asked for it to say.",
    )
    yield tag("p", joined(about))
    if of.problem:
        yield tag("p", of.problem)
        return
    if not of.groups:
        yield tag(
            "p",
            f"It was made of {words.counted(of.people, 'person', 'people')} and compared no groups, so about whom the system is"
            " wrong more often is unknown here.",
        )
        return
    at = "" if of.threshold is None else f", all at one threshold ({words.number(of.threshold, 3)})"
    yield tag(
        "p",
        f"Groups among its {words.counted(of.people, 'person', 'people')}{at}. In brackets: 95 % interval. A rate of a group is"
        " about many searches of such people, and says nothing of this one.",
    )
    measures = list(dict.fromkeys(rate.measure for group in of.groups for rate in group.rates))
    columns = []
    for measure in measures:
        held = [next((one.rate for one in g.rates if one.measure is measure), None) for g in of.groups]
        said = iter(say.group_rates([one for one in held if one is not None]))
        columns.append(["not measured" if one is None else next(said) for one in held])
    who = (
        joined((named(label(g.attributes, g.group)), f" ({words.counted(g.subjects, 'person', 'people')})"))
        for g in of.groups
    )
    rows = [(name, *cells) for name, *cells in zip(who, *columns, strict=True)]
    heads = ("group", *(MEANINGS[measure] for measure in measures))
    yield tag("div", table("Errors by group", heads, rows), class_="scroll", tabindex="0")


def searches_part(of: Dossier) -> Iterator[Markup]:
    searches = of.searches
    if searches is None:
        yield tag("p", f"The log cannot be read, so searches cannot be counted. {of.no_log}")
        return
    facts = (("Purpose of this search", searches.purpose), ("Case number", searches.case))
    yield tag("dl", *(tag("div", tag("dt", name), tag("dd", named(said or "none was stated"))) for name, said in facts))
    yield from (tag("p", line) for line in say.searched(searches))
    if searches.searches:
        if len(searches.searches) > _MOST_ROWS:
            yield tag("p", f"Here are the newest {_MOST_ROWS}; dossier.json has all of them.")
        rows = [
            (str(one.seq), say.moment(one.at), say.CAME[one.came], "this one" if one.of_this else "another search")
            for one in searches.searches[-_MOST_ROWS:]
        ]
        heads = ("Entry of the log", "When", "What came of it", "Which")
        yield tag("div", table("Searches for this case", heads, rows), class_="scroll", tabindex="0")


def log_part(of: Dossier) -> Iterator[Markup]:
    log = of.log
    if log is None:
        yield tag("p", f"The log cannot be read, so nothing here says who did what. {of.no_log}")
        return
    left = f" {words.counted(log.left_out, 'older entry', 'older entries')} more are left out." if log.left_out else ""
    yield tag(
        "p",
        "Every entry on this sighting, on what it came out of and on its blind sets, this export included. Accounts are named by"
        f" role and id, reviewers as above.{left}",
    )
    rows = [
        (str(one.seq), say.moment(one.at), one.actor, one.action.replace("_", " "), words.listed(one.about))
        for one in log.entries
    ]
    heads = ("Entry", "When", "Who", "Did", "To")
    yield tag("div", table("From the log", heads, rows), class_="scroll", tabindex="0")
    yield tag(
        "p",
        f"When this was written the log ended with entry {log.head_seq:,}, whose hash (SHA-256) is ",
        tag("code", log.head_hash),
        "; the log is ",
        tag("code", log.log),
        ", signed by the key ",
        tag("code", log.fingerprint),
        ". Whoever verifies the log (secondlook log verify) and finds another hash at that entry knows that it was changed.",
    )


def about_part(of: Dossier) -> Iterator[Markup]:
    measured, grounds = of.measured, of.found.grounds
    yield tag("p", "Templates were made by the pack ", tag("code", measured.pack), ".")
    if measured.calibration is not None:
        yield tag("p", "What was decided was decided with the calibration ", tag("code", measured.calibration), ".")
    elif grounds.calibrated:
        yield tag("p", "With which calibration it was decided is not recorded.")
    if measured.in_use is None:
        yield tag("p", "No calibration of this pack is in use here.")
    elif measured.in_use != measured.calibration:
        yield tag("p", "In use when this was written is another calibration, ", tag("code", measured.in_use), ".")
    if measured.threshold_again is not None and grounds.threshold is not None:
        yield tag(
            "p",
            f"For this picture and gallery it gives the threshold {words.number(measured.threshold_again, 3)};"
            f" {words.number(grounds.threshold, 3)} was applied.",
        )
    line = measured.line
    if line is not None:
        yield tag(
            "p",
            f"It was fitted on {line.data}, with up to {line.largest:,} people enrolled. The strongest it can show for the"
            f" person is a log₁₀ likelihood ratio of {words.number(line.high_log10_lr, 2)}, against:"
            f" {words.number(line.low_log10_lr, 2)}.",
        )
        yield tag("p", "What it does not cover:")
        yield tag("ul", *(tag("li", one) for one in line.limits))
