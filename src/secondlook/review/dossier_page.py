"""The dossier as one HTML file that needs nothing else, no network and no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files

from secondlook.decide.rule import Limits
from secondlook.report import words
from secondlook.report.cards import SCORE_NOTE, mark, quality_rows
from secondlook.report.document import BEGINNING, document_head
from secondlook.report.looks import look_of
from secondlook.report.markup import Markup, joined, named, table, tag
from secondlook.report.record import SightingRecord
from secondlook.report.sureness import how_sure
from secondlook.review import dossier_words as say
from secondlook.review.dossier import Dossier, EnrolledFace, Place, Shows
from secondlook.review.dossier_people import second_look_part
from secondlook.review.dossier_trail import about_part, audit_part, log_part, searches_part
from secondlook.review.verdicts import Verdict
from secondlook.types import Candidate, Decision, Quality

_NO_SECOND_LOOK = (
    "Pictures are here so that everybody sees what was compared. To look at them is no second look: whoever knows that a"
    " computer chose them has been told what to find."
)


def dossier_page(dossier: Dossier) -> str:
    """The same dossier gives the same text."""
    style = files("secondlook.review").joinpath("dossier.css").read_text("utf-8")
    head = document_head(say.title(dossier), style)
    foot = tag("footer", tag("p", _foot(dossier)))
    parts = "\n".join(_parts(dossier))
    return f"{BEGINNING}{head}\n<body>\n<main>\n{parts}\n</main>\n{foot}\n</body>\n</html>\n"


def _parts(of: Dossier) -> Iterator[Markup]:
    yield _head(of)
    yield _section(
        "Before anybody acts on this", tag("p", tag("strong", of.lead)), tag("p", of.no_lineup), kind="caution"
    )
    yield _section("The pictures", *_pictures(of))
    yield _section("What the search said", *_search(of))
    yield from _sure(of)
    yield _section("What people said who compared the faces blind", *second_look_part(of.second_look))
    yield _section("How often such a system is wrong, and about whom", *audit_part(of.audit))
    yield _section("Searches for the same case, and those that found nothing", *searches_part(of))
    yield _section("What the log says", *log_part(of))
    yield _section("By what it was measured", *about_part(of))


def _section(heading: str, *parts: str, kind: str | None = None) -> Markup:
    return tag("section", tag("h2", heading), *parts, class_=kind)


def _head(of: Dossier) -> Markup:
    state, means = say.STATES[of.second_look.state]
    found = of.found
    outcome = joined((mark(found.outcome), look_of(found.outcome).word.capitalize(), ": ", named(found.candidate)))
    look = "state caution" if of.second_look.state is Verdict.UNREVIEWED else "state"
    return tag(
        "header",
        tag("div", tag("p", tag("strong", state)), tag("p", means), class_=look),
        tag("h1", "Dossier of a sighting"),
        tag("p", outcome, class_="lead"),
        tag("p", say.found(found)),
    )


def _pictures(of: Dossier) -> Iterator[Markup]:
    seen, found = of.seen, of.found
    where = f"{words.clock(seen.time_s)} in the footage, " if seen.time_s is not None else ""
    facts = (
        joined(("Seen ", say.moment(seen.at))),
        joined(("In ", named(seen.source))),
        f"{where}seen in {words.counted(seen.frames, 'frame')}",
        f"Face {words.place_in(_record(of))}",
    )
    yield tag(
        "div",
        _figure("The face that was searched", seen.picture, "The face that was searched", facts),
        *(_enrolled(one, found.candidate) for one in found.enrolled),
        class_="faces",
    )
    if not found.enrolled:
        yield tag("p", "No enrolled picture of the candidate can be read, so it cannot be shown beside the face.")
    elif len(found.enrolled) < found.references:
        yield tag("p", f"{len(found.enrolled)} of {found.references} enrolled pictures are shown.", class_="small")
    yield tag("p", _NO_SECOND_LOOK, class_="small")
    yield tag("h3", "The quality of the searched face")
    yield tag("p", say.quality(seen.quality))
    yield _against(of)
    held = found.enrolled[0] if found.enrolled else None
    heads = ("Measure", "Searched face", *(("Enrolled face (the first shown)",) if held else ()), "A decision needs")
    yield tag("div", table("Measured on the faces", heads, _quality(seen.quality, held)), class_="scroll", tabindex="0")


def _quality(seen: Quality, held: EnrolledFace | None) -> Iterator[tuple[str, ...]]:
    wanted = say.wanted(Limits())
    enrolled = dict(quality_rows(held.quality)) if held else {}
    for name, value in quality_rows(seen):
        yield name, value, *((enrolled[name],) if held else ()), wanted.get(name, "–")


def _against(of: Dossier) -> Markup:
    against = of.found.grounds.against
    if against:
        return joined((tag("p", "This counts against any decision:"), tag("ul", *(tag("li", one) for one in against))))
    return tag(
        "p",
        "Nothing that was measured counts against a decision. That is no praise: hair, hats, glasses, masks and whatever hides"
        " part of a face are not measured.",
    )


def _enrolled(one: EnrolledFace, name: str) -> Markup:
    which = "the most alike, which gave the score" if one.shows is Shows.MOST_ALIKE else "another picture"
    facts = (f"Enrolled {say.moment(one.enrolled_at)}", which.capitalize())
    return _figure(joined(("Enrolled as ", named(name))), one.picture, "The enrolled face", facts)


def _figure(heading: str, picture: str | None, alt: str, facts: Sequence[str]) -> Markup:
    shown = (
        tag("img", src=picture, alt=alt) if picture is not None else tag("span", "no picture is kept", class_="none")
    )
    return tag(
        "figure",
        shown,
        tag("figcaption", tag("strong", heading, class_="line"), *(tag("span", one, class_="line") for one in facts)),
        class_="face",
    )


def _search(of: Dossier) -> Iterator[Markup]:
    found, g = of.found, of.found.grounds
    digits = words.score_digits(g)
    facts = [
        ("Outcome", look_of(found.outcome).word),
        ("People searched (N)", f"{g.gallery_size:,}"),
        ("Best score", "none" if g.score is None else words.number(g.score, digits)),
        ("Threshold that was applied", "none" if g.threshold is None else words.number(g.threshold, digits)),
        ("Ahead of the next most alike person", "nobody else" if g.margin is None else words.number(g.margin, digits)),
        ("Asked false positive rate (FPIR)", "none" if g.fpir is None else words.asked(g.fpir)),
    ]
    yield tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts))
    rows = [
        (str(one.rank), named(one.who) if one.who == found.candidate else one.who, words.number(one.score, digits))
        for one in found.alike
    ]
    yield tag(
        "div",
        table(f"The most alike who were named ({SCORE_NOTE})", ("Rank", "Who", "Score"), rows),
        class_="scroll",
        tabindex="0",
    )
    if len(found.alike) < 2 and g.margin is not None:
        yield tag(
            "p",
            "Everybody else stayed below the threshold, or below what is worth naming; the next is as far behind as said.",
        )


def _sure(of: Dossier) -> Iterator[Markup]:
    parts: list[Markup] = [tag("p", line) for line in say.meant(of.found)]
    if of.found.place is Place.FIRST:
        parts.insert(0, how_sure(_record(of), of.measured.line, level=3))
    if parts:
        yield _section("What the score means", *parts)


def _record(of: Dossier) -> SightingRecord:
    """As a report would have it, with nobody's name but the candidate's."""
    seen, found = of.seen, of.found
    own = tuple(Candidate(one.who, 0, one.score, one.rank) for one in found.alike if one.who == found.candidate)
    grounds = replace(found.grounds, sentence="")
    return SightingRecord(
        id=of.sighting,
        source=seen.source,
        frame=seen.frame,
        time_s=seen.time_s,
        box=seen.box,
        track=0,
        first_s=seen.time_s,
        last_s=seen.time_s,
        frames=seen.frames,
        detector_score=seen.detector_score,
        quality=seen.quality,
        decision=Decision(found.outcome, grounds, own),
        pack=of.measured.pack,
    )


def _foot(of: Dossier) -> str:
    return (
        f"Written by Second Look {of.version} on {say.moment(of.written_at)} for the account {of.written_by}; that stands in the"
        f" log. Sighting {of.sighting}. It holds faces and a name: keep it as you would keep those. For machines, the same as"
        f" dossier.json ({of.schema})."
    )
