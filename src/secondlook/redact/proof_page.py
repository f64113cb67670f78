"""``proof.html``: one file that needs nothing else, no network and no script, and shows no face."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from secondlook.audit.page_tables import plotted, rate_cell, said_cell, scrolled
from secondlook.redact.attack.looking import View
from secondlook.redact.proof import Proof, Spot, Verdict, World
from secondlook.redact.proof_plot import attack_plot, link_plot
from secondlook.redact.proof_words import VERDICTS, attack_name, headline, link_name, sentences
from secondlook.report import words
from secondlook.report.document import BEGINNING, document_head
from secondlook.report.markup import Markup, joined, named, tag
from secondlook.report.writing import replacing

FILE_NAME = "proof.html"

_TITLE = "How the covered copies stood up to attack"
_CAUTION = (
    "Second Look attacked these copies with the engine that would have found the people in them. What follows holds for"
    " these attacks, this recogniser and galleries of these sizes. It is no promise that nobody can be recognised."
)
_METHOD = (
    "An attack works where even the interval that is corrected for the number of attacks (Bonferroni) lies above chance:"
    " in one proof of twenty or fewer, some attack would seem to work by accident. It is survived where the plain 95 %"
    " interval, which the tables show, holds chance or lies below it, the trials are enough by the rules of 3 and of 30,"
    " and the same attack works on uncovered faces. Between the two more trials are needed to say. Where a person was"
    " searched for several times, intervals draw people, since their pictures are much alike."
)
_VIEWS = {
    View.INNER: "Only what lies under the covers is compared: what lies round them is the same in copy and original.",
    View.WHOLE: "All that a recogniser is shown is compared, with what a cover leaves of hair and background.",
}


def write_proof_page(path: Path, proof: Proof) -> None:
    """Raises OutputError."""
    with replacing(path) as file:
        for part in proof_page(proof):
            file.write(part.encode("utf-8"))


def proof_page(proof: Proof) -> Iterator[str]:
    """The page in parts; the same proof gives the same bytes."""
    yield BEGINNING
    yield document_head(_TITLE, files("secondlook.audit").joinpath("page.css").read_text("utf-8"))
    yield "<body>\n<main>\n"
    for part in _parts(proof):
        yield part + "\n"
    yield "</main>\n"
    yield (
        tag("footer", tag("p", f"Written by Second Look {proof.version}. This page shows no faces."))
        + "\n</body>\n</html>\n"
    )


def _parts(proof: Proof) -> Iterator[Markup]:
    yield tag("header", tag("h1", _TITLE), tag("p", f"{headline(proof)}.", class_="lead"))
    yield tag("section", tag("h2", "Before anybody relies on this"), tag("p", _CAUTION), class_="caution")
    found = (tag("li", tag("p", said, class_="says")) for said in sentences(proof))
    yield _section("What was found", tag("ul", *found, class_="findings"))
    for number, world in enumerate(world for world in (proof.labelled, proof.run) if world is not None):
        yield _world(world, number)
    yield _detection(proof)
    yield _leftovers(proof)
    yield _section("What was not tried", tag("ul", *(tag("li", said) for said in proof.not_tried), class_="limits"))
    yield _how(proof)


def _section(heading: str, *parts: str) -> Markup:
    return tag("section", tag("h2", heading), *parts)


def _world(world: World, number: int) -> Markup:
    people = words.counted(world.gallery, "person", "people")
    probes = words.counted(world.probes, "covered face")
    counted = f"{probes} of {words.counted(world.subjects, 'person', 'people')}, searched among {people}."
    parts: list[str] = [tag("p", f"{world.note} {counted} {_VIEWS[world.view]}")]
    for plot in (attack_plot(world, f"attacks-{number}"), link_plot(world, f"links-{number}")):
        if plot is not None:
            parts.append(plotted(plot))
    parts += [_attack_table(world), _link_table(world)]
    return _section(f"Who is it? {world.name[:1].upper()}{world.name[1:]}", *parts)


def _attack_table(world: World) -> Markup:
    rows = [
        (
            attack_name(one),
            rate_cell(one.covered),
            f"1 of {world.gallery:,}",
            rate_cell(one.originals),
            VERDICTS[one.verdict],
        )
        for one in world.attacks
    ]
    caption = "Searches in which the right person came first. In brackets: 95 % interval."
    return scrolled(caption, ("attack", "covered", "chance", "the same, not covered", "the attack"), rows)


def _link_table(world: World) -> Markup:
    rows = [
        (link_name(one), said_cell(one.covered, 3), "0.5", said_cell(one.originals, 3), VERDICTS[one.verdict])
        for one in world.links
    ]
    caption = (
        f"Two faces of one person more alike than faces of two ({words.counted(world.again, 'person', 'people')} seen"
        " more than once). In brackets: 95 % interval."
    )
    return scrolled(caption, ("attack", "covered", "chance", "the same, not covered", "the attack"), rows)


def _detection(proof: Proof) -> Markup:
    found = proof.detection
    rows = [
        ("Something like a face at a covered place", rate_cell(found.found)),
        ("The same at places where nothing is covered (chance)", rate_cell(found.by_chance)),
        ("The same at these places in the originals", rate_cell(found.originals)),
        ("Covered places that show what they showed before", f"{found.uncovered_count:,}"),
        ("Faces where nothing is listed", f"{found.elsewhere_count:,}"),
    ]
    places = f"{words.counted(found.places, 'covered place')} in {words.counted(found.frames, 'picture')}"
    parts = [
        tag(
            "p",
            "A face shape that is found on a cover does not say whose it is. A face that was never covered does: there"
            " must be none.",
        ),
        scrolled(f"{places}, searched again at a low threshold.", ("what was looked for", "seen"), rows),
    ]
    spots = (*found.uncovered, *found.elsewhere)
    if spots:
        lines = [(named(s.file), f"{s.frame:,}", _where(s)) for s in spots]
        parts.append(scrolled("The first of them.", ("file", "picture", "place, px"), lines))
    return _section("Is there still a face?", *parts)


def _where(spot: Spot) -> str:
    x0, y0, x1, y1 = (round(v) for v in spot.box)
    return f"{x0}, {y0}, {x1 - x0} x {y1 - y0}"


def _leftovers(proof: Proof) -> Markup:
    if not proof.leftovers and not proof.unread:
        what = (
            "No thumbnail, no metadata, no further pictures or tracks, nothing behind the end, no unused parts in use."
        )
        return _section("What is left in the files", tag("p", what))
    failing = set(proof.failing_leftovers)
    rows = [
        (
            named(one.file),
            one.kind.value.replace("_", " "),
            one.where,
            f"{one.size:,}" if one.size else "–",
            "must not go out" if one in failing else "was asked to stay",
        )
        for one in proof.leftovers
    ]
    parts: list[str] = []
    if rows:
        parts.append(
            scrolled("Beside pictures, sound and subtitles.", ("file", "what", "where", "bytes", "verdict"), rows)
        )
    if proof.unread:
        unread = [(named(one.file), one.sentence) for one in proof.unread]
        parts.append(scrolled("Copies that could not be attacked.", ("file", "what was wrong"), unread))
    return _section("What is left in the files", *parts)


def _how(proof: Proof) -> Markup:
    c = proof.covering
    limit = "chance" if proof.asked.limit is None else _limit(proof.asked.limit)
    settings = f"{c.style}, {c.extent}, margin {c.margin:g}, {c.blocks} blocks, blur {c.blur:g}"
    entries = (
        ("Covers", (settings,)),
        ("Attacked with", (proof.detector, proof.pack)),
        ("Files", (words.counted(proof.files, "copy", "copies"),)),
        ("Attacks, for which intervals are corrected", (f"{proof.tried:,}",)),
        ("Most that was allowed", (limit,)),
        ("Verdict", (_verdict(proof.verdict),)),
    )
    shown = (
        tag("div", tag("dt", term), tag("dd", *(tag("span", line, class_="line") for line in lines)))
        for term, lines in entries
    )
    machine = tag("p", f"For machines, every figure: proof.json ({proof.schema}).", class_="small")
    return _section("How it was done", tag("p", _METHOD), tag("dl", *shown), machine)


def _limit(limit: float) -> str:
    return f"{words.out_of(limit)} searches"


def _verdict(verdict: Verdict) -> Markup:
    return joined(
        ({Verdict.SURVIVED: "survived", Verdict.BROKEN: "did not survive"}.get(verdict, "not enough trials"),)
    )
