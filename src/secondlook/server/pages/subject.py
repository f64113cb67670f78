"""Somebody who is enrolled: pictures, name, who looks alike, and the ways out of the gallery."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from secondlook.errors import Invalid
from secondlook.gallery import Subject
from secondlook.report import words
from secondlook.server.actors import Actor, May
from secondlook.server.acts import duplicates, enrolment, erasing, joining
from secondlook.server.acts import subjects as acts
from secondlook.server.acts.duplicates import Alike
from secondlook.server.acts.erasing import Erasure
from secondlook.server.acts.subjects import Reference
from secondlook.server.pages import parts
from secondlook.server.pages.gallery import options, result, suspicion_field
from secondlook.server.pages.handing import Handed, hand_zone
from secondlook.server.pages.live import Part, asked
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.reasons import reason_fields, why_of
from secondlook.server.pages.visits import Visit
from secondlook.server.pages.wording import day_and_time
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service


@dataclass(frozen=True, slots=True)
class Pictured:
    """crop: JPEG."""

    reference: Reference
    crop: bytes


def pictured(service: Service, actor: Actor, id_: str, most: int = 100) -> tuple[Pictured, ...]:
    """Each picture that is shown is written down as viewed."""
    found = acts.references(service, actor, id_)[:most]
    return tuple(Pictured(one, acts.picture(service, actor, one.id)) for one in found)


async def build(visit: Visit) -> None:
    id_ = visit.request.path_params["id"]
    subject = await visit.do(acts.subject, id_)
    visit.call(subject.name)
    can = visit.may(May.CHANGE_SUBJECTS)
    with parts.para():
        parts.link("All who are enrolled", "/gallery")
        if visit.may(May.SEE_SIGHTINGS):
            Tag("span", " · ")
            parts.link("Sightings", f"/inbox?subject={id_}")
    await _pictures(visit, subject, can)
    await _alike(visit, subject, can)
    if can:
        await _change(visit, subject)
    if visit.may(May.ERASE):
        _erase(visit, subject)


async def _pictures(visit: Visit, subject: Subject, can: bool) -> None:
    async def remove(reference: int, _: object) -> None:
        await visit.do(acts.remove_reference, reference)
        await shown.again()

    async def divide(sent: dict[str, str]) -> None:
        chosen = [int(name.removeprefix("reference:")) for name in sent if name.startswith("reference:")]
        if not chosen:
            raise Invalid("No picture is chosen: tick those that show somebody else.")
        made = await visit.do(joining.split, new_id(), subject.id, chosen, sent["name"])
        visit.go(f"/gallery/{made.id}")

    async def take(handed: Handed) -> None:
        done = await visit.look(enrolment.add, subject.id, [handed.sent], options(handed.fields))
        with results:
            for one in done.results:
                result(one)
        await shown.show()

    def drawn(found: tuple[Pictured, ...]) -> None:
        if not found:
            parts.para("No picture is left: this person is not found by any search.")
            return
        with Tag("ul", class_="tiles"):
            for number, one in enumerate(found, start=1):
                with Tag("li", class_="tile"):
                    _tile(number, one, visit.doing(partial(remove, one.reference.id)) if can else None)

    with Tag("section"):
        parts.heading(2, "Pictures")
        with parts.form(visit.doing(divide)):
            shown = Part(partial(visit.do, pictured, subject.id), drawn)
            await shown.show()
            if can:
                with Tag("details"):
                    Tag("summary", "The ticked pictures show somebody else")
                    parts.para("They become a subject of their own. What was kept of sightings stays here.")
                    parts.field("That person's name", "name", required=True, maxlength="200")
                    parts.submit("Divide")
        if can:
            with Tag("form") as about:
                about.on("submit.prevent", js_handler="() => {}")
                suspicion_field()
            hand_zone(visit, "Drop more pictures here, or choose them", take, several=True, along=about)
            results = Tag("ul", class_="results", aria_live="polite", aria_label="What became of the pictures")


def _tile(number: int, one: Pictured, remove: parts.Handler | None) -> None:
    parts.picture(one.crop, f"Picture {number}")
    with Tag("span", class_="check" if remove is not None else "line"):
        if remove is not None:
            box = Tag("input", type="checkbox", name=f"reference:{one.reference.id}")
            with Tag("label", for_=box.html_id):
                parts.name(one.reference.picture)
        else:
            parts.name(one.reference.picture)
    eyes = one.reference.quality.inter_eye_px
    Tag("span", f"{words.number(eyes, 0)} px between the eyes", class_="line small")
    Tag("span", day_and_time(one.reference.enrolled_at), class_="line small")
    if remove is not None:
        asked("Remove", f"Remove picture {number}? It cannot be brought back.", remove)


async def _alike(visit: Visit, subject: Subject, can: bool) -> None:
    async def merge(other: str, _: object) -> None:
        await visit.do(joining.merge, subject.id, other)
        visit.go(f"/gallery/{subject.id}")

    def row(one: Alike) -> None:
        question = f"Are {subject.name} and {one.name} one person? {one.name}'s pictures and sightings come here."
        asked("One person", question, visit.doing(partial(merge, one.id)), sure="Merge")

    found = await visit.do(duplicates.alike, subject.id)
    if not found:
        return
    with Tag("section"):
        parts.heading(2, "Looks like")
        parts.para(
            "Others who are enrolled, so alike that a picture would make a candidate. No score says that two are one."
        )
        heads = ("Name", "Score", "Threshold", *(("Merge",) if can else ()))
        with parts.table("Who looks alike", heads):
            for one in found:
                parts.row(
                    partial(parts.link, one.name, f"/gallery/{one.id}"),
                    words.number(one.score, 3),
                    words.number(one.threshold, 3),
                    *((partial(row, one),) if can else ()),
                )


async def _change(visit: Visit, subject: Subject) -> None:
    async def rename(sent: dict[str, str]) -> None:
        changed = await visit.do(acts.rename, subject.id, sent["name"])
        visit.call(changed.name)
        visit.say("The name is changed.")

    async def remove(_: object) -> None:
        await visit.do(acts.remove, subject.id)
        visit.go("/gallery")

    with Tag("section"):
        parts.heading(2, "Change")
        with parts.form(visit.doing(rename), class_="inline"):
            parts.field("Name", "name", subject.name, required=True, maxlength="200")
            parts.submit("Rename")
        question = (
            f"Remove {subject.name}, with all pictures and what was kept of sightings? It cannot be brought back."
        )
        asked("Remove this person", question, visit.doing(remove), sure="Remove")


def _erase(visit: Visit, subject: Subject) -> None:
    async def erase(sent: dict[str, str]) -> None:
        done = await visit.do(erasing.erase_subject, subject.id, why_of(sent))
        visit.call("Erased")
        section.clear()
        with section:
            _receipt(done)

    with Tag("section") as section:
        parts.heading(2, "Erase")
        parts.para(
            "Removes this person from gallery, sightings, blind sets and backups in reach, drops the key, searches every file "
            "for what is left, and writes a signed receipt."
        )
        with parts.form(visit.doing(erase)):
            reason_fields(visit, "Why somebody is erased. The log keeps it for good.")
            parts.check("Erase for good", "sure", required=True)
            Tag("button", "Erase", type="submit", class_="danger")


def _receipt(done: Erasure) -> None:
    parts.heading(2, "The receipt")
    if done.complete:
        parts.badge("nothing was found in any file", "done")
    else:
        parts.badge("something is left: the receipt says where", "failed")
    parts.facts((("File", done.file), ("Subject", done.subject)))
    parts.link("All who are enrolled", "/gallery")
