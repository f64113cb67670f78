"""Who is enrolled: the list, and somebody new."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from secondlook.enrolling import EnrolOptions
from secondlook.gallery import EnrolStatus, OnSuspicion, Place, Subject, place_of
from secondlook.server import clock
from secondlook.server.actors import May
from secondlook.server.acts import enrolment
from secondlook.server.acts import subjects as acts
from secondlook.server.acts.enrolment import Enrolled, PictureResult
from secondlook.server.pages import parts
from secondlook.server.pages.handing import Handed, hand_zone
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.pages.wording import day_and_time, spoken
from secondlook.server.rows.groundwork import new_id

_MOST = 50
_MARKS = {
    EnrolStatus.ENROLLED: "done",
    EnrolStatus.ALREADY_ENROLLED: "ended",
    EnrolStatus.SUSPICIOUS: "unsure",
    EnrolStatus.REFUSED: "failed",
}
_HINT = "One face each, as large and as sharp as there is. Several pictures of one person are better than one."


async def build(visit: Visit) -> None:
    asked = visit.request.query_params
    containing = asked.get("q", "")
    found = await visit.do(acts.subjects, after=_after(visit), most=_MOST + 1, containing=containing)
    with Tag("form", method="get", action="/gallery", class_="inline", role="search", aria_label="Look for somebody"):
        parts.field("Name contains", "q", containing, type="search", maxlength="200")
        Tag("button", "Look", type="submit")
    with parts.para():
        parts.link("Who looks like somebody else", "/gallery/duplicates")
    _list(found[:_MOST], containing)
    if len(found) > _MOST:
        name, id_ = place_of(found[_MOST - 1].name, found[_MOST - 1].id)
        parts.link("More names", f"/gallery?{urlencode({'q': containing, 'name': name, 'id': id_})}", class_="button")
    if visit.may(May.CHANGE_SUBJECTS):
        _somebody_new(visit)


def _after(visit: Visit) -> Place | None:
    asked = visit.request.query_params
    return (asked["name"], asked["id"]) if "name" in asked and "id" in asked else None


def _list(found: tuple[Subject, ...], containing: str) -> None:
    if not found:
        parts.para("Nobody has such a name." if containing else "Nobody is enrolled yet.")
        return
    with parts.table("Who is enrolled", ("Name", "Pictures", "Since")):
        for one in found:
            parts.row(
                partial(named, one),
                f"{one.references:,}" if one.references else "none: is not found",
                day_and_time(clock.written(one.enrolled_at)),
            )


def named(one: Subject) -> None:
    with Tag("a", href=f"/gallery/{one.id}"):
        parts.name(one.name)


def _somebody_new(visit: Visit) -> None:
    # one subject for all the pictures of one name, however many are dropped one after another
    ids: dict[str, str] = {}

    async def take(handed: Handed) -> None:
        name = handed.fields.get("name", "").strip()
        id_ = ids.setdefault(name, new_id())
        done = await visit.look(enrolment.create, id_, name, [handed.sent], options(handed.fields))
        with results:
            for one in done.results:
                result(one)
            if done.subject is not None:
                _link_to(done)

    with Tag("section"):
        parts.heading(2, "Somebody new")
        with Tag("form") as about:
            about.on("submit.prevent", js_handler="() => {}")
            parts.field("Name", "name", required=True, maxlength="200")
            suspicion_field()
        hand_zone(
            visit, "Drop pictures of this person here, or choose them", take, several=True, hint=_HINT, along=about
        )
        results = Tag("ul", class_="results", aria_live="polite", aria_label="What became of the pictures")


def _link_to(done: Enrolled) -> None:
    assert done.subject is not None
    with Tag("li", class_="small"):
        Tag("span", "Enrolled: ")
        named(done.subject)


def suspicion_field() -> None:
    hint = "Such a picture is held back otherwise."
    parts.check("Enrol a picture also where it looks like somebody else who is enrolled", "sure", hint=hint)


def options(fields: dict[str, str]) -> EnrolOptions:
    return EnrolOptions(on_suspicion=OnSuspicion.ENROL if "sure" in fields else OnSuspicion.HOLD)


def result(one: PictureResult) -> None:
    """What became of one picture, as an item of a list."""
    with Tag("li", class_="sheet"):
        with parts.para():
            parts.name(one.picture)
            Tag("span", " ")
            parts.badge(spoken(one.status), _MARKS[one.status])
        if one.reason:
            parts.para(one.reason)
        if one.fix:
            parts.para(one.fix, class_="small")
        if one.nearest is not None and one.nearest_id is not None:
            with parts.para(class_="small"):
                Tag("span", "It looks like ")
                parts.link(one.nearest, f"/gallery/{one.nearest_id}")
