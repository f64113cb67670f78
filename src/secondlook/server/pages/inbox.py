"""Who of the enrolled may have been seen: what needs people first comes first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from secondlook.errors import GalleryError
from secondlook.review.verdicts import Verdict
from secondlook.server.actors import Actor
from secondlook.server.acts import sightings as acts
from secondlook.server.acts.sightings import Opened, Place, Urgency, Wanted
from secondlook.server.pages import parts, told
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.pages.wording import day_and_time
from secondlook.server.service import Service
from secondlook.types import Outcome

_MOST = 24
_EVERY_S = 10.0
_GROUPS = {
    Urgency.CANDIDATE: "Candidates that wait for people",
    Urgency.DISAGREEMENT: "Candidates on which reviewers disagree",
    Urgency.INCONCLUSIVE: "Inconclusive: the picture, or the evidence, carries no decision",
    Urgency.NONE: "Decided",
}
_OUTCOMES = {"": "all", Outcome.CANDIDATE.value: "candidates", Outcome.INCONCLUSIVE.value: "inconclusive"}
_REVIEWS = {
    "": "all",
    Verdict.UNREVIEWED.value: "unreviewed",
    Verdict.SUPPORTED.value: "two reviewers: same",
    Verdict.REJECTED.value: "two reviewers: different",
}


def opened(service: Service, actor: Actor, wanted: Wanted, after: Place | None) -> tuple[Opened, ...]:
    """A page of the inbox, each with its grounds; those erased meanwhile are left out."""
    found: list[Opened] = []
    for one in acts.sightings(service, actor, wanted, after=after, most=_MOST):
        try:
            found.append(acts.sighting(service, actor, one.id))
        except GalleryError:
            continue
    return tuple(found)


async def build(visit: Visit) -> None:
    wanted = _wanted(visit)
    parts.para(told.LEAD, class_="caution")
    _filters(wanted)
    cards = Tag("div")
    news = Tag("div", role="status")
    shown: list[Opened] = []

    async def more(_: object = None) -> None:
        last = shown[-1].sighting if shown else None
        after = None if last is None else Place(last.urgency, last.seen_at, last.id)
        found = await visit.do(opened, wanted, after)
        before = shown[-1].sighting.urgency if shown else None
        shown.extend(found)
        with cards:
            draw(found, before)
        further.set_visibility(len(found) == _MOST)

    async def look() -> None:
        newest = await visit.do(acts.sightings, wanted, most=_MOST)
        fresh = {one.id for one in newest} - {one.sighting.id for one in shown}
        if fresh and not news.default_slot.children:
            with news, Tag("p", class_="caution"):
                Tag("span", "There is something new. ")
                parts.link("Load again", "?" + visit.request.url.query)

    further = parts.button("Show more", visit.doing(more))
    await more()
    if not shown:
        with cards:
            parts.para("Nobody enrolled was seen." if wanted == Wanted() else "Nothing fits what was chosen above.")
    visit.every(_EVERY_S, look)


def draw(found: Sequence[Opened], before: int | None) -> None:
    """before: urgency of the card above."""
    for urgency, group in groupby(found, key=lambda one: one.sighting.urgency):
        if urgency != before:
            parts.heading(2, _GROUPS[Urgency(urgency)])
        with Tag("div", class_="cards"):
            for one in group:
                card(one)


def card(one: Opened) -> None:
    sighting = one.sighting
    heading = f"s-{sighting.id}"
    with Tag("article", class_=f"card {sighting.outcome}", aria_labelledby=heading):
        with Tag("div", class_="picture"):
            face(one)
        with Tag("div", class_="said"):
            with Tag("h3", id=heading):
                told.mark(sighting.outcome)
                parts.link(told.title(sighting), f"/sightings/{sighting.id}")
            with parts.para(class_="where"):
                parts.name(one.source)
                Tag("span", day_and_time(sighting.seen_at))
                Tag("span", told.when(one))
            parts.para(one.grounds.sentence)
            told.review_state(sighting)


def face(one: Opened) -> None:
    """The crop, asked for when it comes into view: each view is in the log."""
    if one.sighting.has_picture:
        # names nobody: a picture is described before anybody has looked at it
        Tag("img", src=f"/api/v1/sightings/{one.sighting.id}/picture", alt="The face that was seen", loading="lazy")
    else:
        Tag("span", "no picture was kept")


def _filters(wanted: Wanted) -> None:
    with Tag("form", method="get", action="/inbox", class_="inline", role="search", aria_label="Choose sightings"):
        parts.choice("Outcome", "outcome", _OUTCOMES, wanted.outcome or "")
        parts.choice("Review", "review", _REVIEWS, wanted.review or "")
        for name, value in (("job", wanted.job), ("camera", wanted.camera), ("subject", wanted.subject)):
            if value:
                Tag("input", type="hidden", name=name, value=value)
        Tag("button", "Show", type="submit")
    if wanted.job or wanted.camera or wanted.subject:
        with parts.para():
            of = "job" if wanted.job else "camera" if wanted.camera else "subject"
            Tag("span", f"Only those of one {of}. ")
            parts.link("Show all", "/inbox")


def _wanted(visit: Visit) -> Wanted:
    asked = visit.request.query_params
    outcome, review = asked.get("outcome", ""), asked.get("review", "")
    return Wanted(
        review=Verdict(review) if review in set(Verdict) else None,
        outcome=Outcome(outcome) if outcome in set(Outcome) else None,
        subject=asked.get("subject") or None,
        camera=asked.get("camera") or None,
        job=asked.get("job") or None,
    )
