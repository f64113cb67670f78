"""A proof in sentences: for the page's top and for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from secondlook.audit.figures import Rate
from secondlook.audit.frequencies import cell
from secondlook.redact.attack.looking import View
from secondlook.redact.attack.restoring import Restoration
from secondlook.redact.attack.searching import Attack
from secondlook.redact.cover import Style
from secondlook.redact.proof import AttackResult, LinkedBy, LinkResult, Proof, Verdict, World
from secondlook.report import words

ATTACKS = {
    Attack.NAIVE: "Search with the covered face as it is",
    Attack.FOUND: "The same, aligned by a face found on the cover",
    Attack.PARROT: "Cover the references in the same way, then search",
    Attack.PIXELS: "Cover the references and compare grey values directly",
}
RESTORATIONS = {
    Restoration.NONE: "",
    Restoration.WIENER: "after undoing the blur (Wiener)",
    Restoration.RICHARDSON_LUCY: "after undoing the blur (Richardson-Lucy)",
    Restoration.DEPIXELATE: "after smoothing and sharpening the blocks",
    Restoration.STRETCH: "after stretching what little differs in the cover",
}
LINKS = {
    LinkedBy.TEMPLATES: "Link two covered faces",
    LinkedBy.PIXELS: "Link two covered faces by grey values",
    LinkedBy.OUTLINE: "Link two covers by their proportions",
}
VERDICTS = {
    Verdict.SURVIVED: "not above chance",
    Verdict.BROKEN: "works",
    Verdict.NOT_ENOUGH: "not enough trials to say",
    Verdict.NO_BITE: "fails on the originals too: says nothing",
}


def attack_name(one: AttackResult) -> str:
    return ", ".join(part for part in (ATTACKS[one.attack], RESTORATIONS[one.restoration]) if part)


def link_name(one: LinkResult) -> str:
    return ", ".join(part for part in (LINKS[one.by], RESTORATIONS[one.restoration]) if part)


def headline(proof: Proof) -> str:
    """Never more than was tried."""
    match proof.verdict:
        case Verdict.SURVIVED:
            people = max(world.gallery for world in _worlds(proof) if world.verdict is Verdict.SURVIVED)
            return f"Survived these attacks in a gallery of {words.counted(people, 'person', 'people')}"
        case Verdict.BROKEN:
            return "Did not survive: do not publish this as it is"
        case _:
            return "No attack worked, but there were not enough trials to say more"


def sentences(proof: Proof) -> tuple[str, ...]:
    """What decides, the worst first."""
    return tuple(_sentences(proof))


def _sentences(proof: Proof) -> Iterator[str]:
    for unread in proof.unread:
        yield f"{unread.file} was not attacked: {unread.sentence}"
    yield from _visible(proof)
    if proof.failing_leftovers:
        count = words.counted(len(proof.failing_leftovers), "leftover")
        kinds = words.listed(sorted({one.kind.value.replace("_", " ") for one in proof.failing_leftovers}))
        yield f"The files hold {count} that should not go out: {kinds}."
    for world in _worlds(proof):
        yield from _of_world(world)
    if proof.verdict is Verdict.BROKEN and proof.covering.style in (Style.BLUR, Style.PIXELATE):
        yield "Cover with --style solid: it takes nothing from the pixels below it."


def _visible(proof: Proof) -> Iterator[str]:
    found = proof.detection
    if found.uncovered_count:
        first = found.uncovered[0]
        yield (
            f"{words.counted(found.uncovered_count, 'face is', 'faces are')} listed as covered and still to be seen,"
            f" first in {first.file}, picture {first.frame}."
        )
    if found.elsewhere_count:
        first = found.elsewhere[0]
        yield (
            f"{words.counted(found.elsewhere_count, 'face', 'faces')} to be seen where nothing is listed, first in"
            f" {first.file}, picture {first.frame}: add the place with --also."
        )


def _of_world(world: World) -> Iterator[str]:
    tried = [one for one in world.attacks if one.covered.trials]
    people = words.counted(world.gallery, "person", "people")
    if not tried:
        yield f"In {world.name} there was no covered face to attack."
        return
    worst = max(tried, key=_severity)
    linked = [one for one in world.links if one.verdict is Verdict.BROKEN]
    if worst.verdict is Verdict.BROKEN:
        name = attack_name(worst)
        yield (
            f"In {world.name}, a gallery of {people}, the right person came first in {cell(worst.covered)} searches"
            f" ({name[:1].lower()}{name[1:]}); chance gives {_chance(world)}, uncovered faces {_seen(worst.originals)}."
        )
    elif world.verdict is Verdict.SURVIVED:
        yield (
            f"In {world.name}, a gallery of {people}, no way of searching found the right person more often than"
            f" chance ({_chance(world)}); with uncovered faces it is {_seen(worst.originals)}."
        )
    elif not linked:
        more = "prove against labelled people (--prove-against)" if world.view is View.INNER else "take more people"
        yield (
            f"In {world.name}, a gallery of {people}, no attack worked, but with"
            f" {words.counted(world.subjects, 'covered person', 'covered people')},"
            f" {words.counted(world.again, 'of them', 'of them')} seen more than once, that is not enough trials to say:"
            f" {more}."
        )
    if linked and worst.verdict is not Verdict.BROKEN:
        yield f"In {world.name}, two covered faces of one person can be told to belong together more often than by chance."


def _severity(one: AttackResult) -> tuple[bool, float, int]:
    return one.verdict is Verdict.BROKEN, one.covered.low, one.covered.trials


def _chance(world: World) -> str:
    return f"1 of {world.gallery:,}"


def _seen(rate: Rate) -> str:
    return cell(rate)


def _worlds(proof: Proof) -> tuple[World, ...]:
    return tuple(world for world in (proof.labelled, proof.run) if world is not None)
