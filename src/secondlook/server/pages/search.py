"""One picture, searched for everybody enrolled."""

from __future__ import annotations

from functools import partial

from secondlook.report import words
from secondlook.report.looks import look_of
from secondlook.server.acts import searching as acts
from secondlook.server.acts.searching import FaceFound, Searched
from secondlook.server.pages import parts, told
from secondlook.server.pages.handing import Handed, hand_zone
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.reasons import reason_fields, why_of
from secondlook.server.pages.visits import Visit
from secondlook.server.rows.groundwork import new_id
from secondlook.types import Outcome

_ORDER = (Outcome.CANDIDATE, Outcome.INCONCLUSIVE, Outcome.NOT_SEARCHABLE, Outcome.NO_CANDIDATE)


async def build(visit: Visit) -> None:
    parts.para(told.LEAD, class_="caution")

    async def take(handed: Handed) -> None:
        boxes.clear()
        results.clear()
        found = await visit.look(acts.search, new_id(), handed.sent, why_of(handed.fields))
        with boxes:
            _boxes(found)
        results.clear()
        with results:
            _draw(found)

    with Tag("form") as reasons:
        # the picture is what sends it
        reasons.on("submit.prevent", js_handler="() => {}")
        reason_fields(visit, "What this search is for, and in which case. The log keeps it for good.")
    zone = Tag("div")
    with Tag("div", class_="searched"):
        shown = Tag("img", alt="The picture that was searched", hidden=True)
        boxes = Tag("div", class_="boxes", aria_hidden="true")
    results = Tag("div", role="region", aria_label="What was found", aria_live="polite")
    with zone:
        hint = "The picture itself is not kept. Of whoever is not enrolled nothing is kept but a number."
        hand_zone(visit, "Drop a picture here, or choose one", take, hint=hint, along=reasons, shown_in=shown)


def _boxes(found: Searched) -> None:
    """The number stands at the result, too."""
    for face in found.faces:
        parts.box_over(face.box, found.width, found.height, str(face.number), face.outcome)


def _draw(found: Searched) -> None:
    if not found.faces:
        parts.para("No face was found in this picture: send a larger or sharper one.")
        return
    parts.para(f"{words.counted(len(found.faces), 'face')}, searched among {found.gallery_size:,} enrolled.")
    for outcome in _ORDER:
        group = [face for face in found.faces if face.outcome is outcome]
        if group:
            parts.heading(2, f"{look_of(outcome).word.capitalize()}: {len(group):,}")
            with Tag("div", class_="cards"):
                for face in group:
                    _face(face)


def _face(face: FaceFound) -> None:
    heading = f"face-{face.number}"
    with Tag("article", class_=f"card plain {face.outcome}", aria_labelledby=heading):
        with Tag("h3", id=heading):
            told.mark(face.outcome)
            named = face.outcome is Outcome.CANDIDATE and face.candidates
            Tag("span", f"Face {face.number}" + (": " if named else ""))
            if named:
                parts.name(face.candidates[0].subject)
        parts.para(face.grounds.sentence)
        if face.candidates:
            with parts.table(f"The most alike to face {face.number}", ("Rank", "Subject", "Score, no probability")):
                for one in face.candidates:
                    score = words.number(one.score, 3)
                    parts.row(str(one.rank), partial(parts.link, one.subject, f"/gallery/{one.subject_id}"), score)
        if face.sighting is not None:
            parts.link("Open it: grounds, quality, review", f"/sightings/{face.sighting}", class_="button")
