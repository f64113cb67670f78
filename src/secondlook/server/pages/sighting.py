"""One sighting: the face, where and when, and on what grounds it is what it is."""

from __future__ import annotations

from functools import partial

from secondlook.assemble import calibration_for
from secondlook.decide.rule import Calibrated
from secondlook.errors import CalibrationError, NotFound, SourceError
from secondlook.report import words
from secondlook.report.summary import CalibrationLine
from secondlook.report.sureness import without_figures
from secondlook.review.verdicts import Verdict
from secondlook.runs.page import calibration_line
from secondlook.server.actors import Actor, May
from secondlook.server.acts import sightings as acts
from secondlook.server.acts.scene import Scene, scene
from secondlook.server.acts.sightings import Opened
from secondlook.server.pages import parts, told
from secondlook.server.pages.inbox import face
from secondlook.server.pages.live import asked
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.pages.wording import day_and_time
from secondlook.server.service import Service
from secondlook.types import Outcome

_NO_LINEUP = (
    "No line-up for eyewitnesses can be made of this, nor is there one to export: the candidate was chosen for looking alike, so "
    "such a line-up would be rigged by construction."
)


async def build(visit: Visit) -> None:
    one, calibration = await visit.do(_opened, visit.request.path_params["id"])
    visit.call(told.title(one.sighting))
    parts.para(told.LEAD, class_="caution")
    with Tag("div", class_="sighting"):
        with Tag("div", class_="picture large"):
            face(one)
        with Tag("div"):
            _said(one, calibration)
    if one.sighting.upload_id is not None:
        await _whole(visit, one)
    with Tag("section"):
        parts.heading(2, "What people said")
        told.review_state(one.sighting)
        if one.sighting.outcome is Outcome.CANDIDATE and one.sighting.review is Verdict.UNREVIEWED:
            parts.para("Reviewers are asked by themselves; there is nothing to send.")
        parts.para(_NO_LINEUP, class_="small")
    with Tag("section"):
        parts.heading(2, "The most alike")
        told.candidates(one)
    with Tag("section"):
        parts.heading(2, "What was measured on the face")
        with parts.table("What was measured on the face", ("Measure", "Value")):
            for what, value in told.measured(one):
                parts.row(what, value)
    with Tag("section"):
        parts.heading(2, "Where it comes from")
        parts.facts(_facts(visit, one))
    if visit.may(May.EXPORT):
        _dossier(one)
    if visit.may(May.DROP_SIGHTINGS):
        _drop(visit, one)


def _opened(service: Service, actor: Actor, id_: str) -> tuple[Opened, CalibrationLine | None]:
    """With the calibration that decided, where it is still the one in use."""
    one = acts.sighting(service, actor, id_)
    stated = one.grounds
    if not stated.calibrated or stated.fpir is None or stated.prior is None:
        return one, None
    try:
        fit = calibration_for(one.pack)
    except CalibrationError:
        return one, None
    if fit is None or fit.id != stated.calibration:
        return one, None
    return one, calibration_line(Calibrated(fit, stated.fpir, stated.prior))


async def _whole(visit: Visit, one: Opened) -> None:
    """The whole picture, where whoever looks sent it and it is still there; a moment of a video when it is asked for, for it
    takes a while."""

    async def show(_: object = None) -> None:
        try:
            found = await visit.look(scene, one.sighting.id)
        except (NotFound, SourceError) as error:
            _drawn(place, one, str(error))
        else:
            _drawn(place, one, found)

    with Tag("section"):
        parts.heading(2, "Where in the picture" if one.time_s is None else "The moment in the video")
        place = Tag("div", aria_live="polite")
        if one.time_s is None:
            await show()
            return
        with place:
            parts.button(f"Show the frame at {words.clock(one.time_s)}", visit.doing(show))


def _drawn(place: Tag, one: Opened, found: Scene | str) -> None:
    """found: or why there is none."""
    place.clear()
    with place:
        if isinstance(found, str):
            parts.para(found)
            return
        with Tag("div", class_="searched"):
            parts.picture(found.jpeg, "The whole picture in which the face was seen")
            with Tag("div", class_="boxes"):
                parts.box_over(found.box, found.width, found.height, "", one.sighting.outcome)


def _said(one: Opened, calibration: CalibrationLine | None) -> None:
    with parts.para(class_="lead"):
        told.mark(one.sighting.outcome)
        Tag("span", without_figures(one.grounds.sentence) if one.grounds.calibrated else one.grounds.sentence)
    if one.grounds.against:
        parts.heading(2, "What counts against a decision")
        with Tag("ul"):
            for against in one.grounds.against:
                Tag("li", against)
    if one.grounds.calibrated:
        parts.markup(told.sure(one, calibration))


def _facts(visit: Visit, one: Opened) -> list[tuple[str, parts.Cell]]:
    sighting, grounds = one.sighting, one.grounds
    found: list[tuple[str, parts.Cell]] = [
        ("Seen", day_and_time(sighting.seen_at)),
        ("In", partial(parts.name, one.source)),
        *((("When in it", told.when(one)),) if told.when(one) else ()),
        ("Face", words.place_in(told.record_of(one))),
        ("People searched", f"{grounds.gallery_size:,}"),
        ("Score", words.number(grounds.score, 3) if grounds.score is not None else "none"),
        ("Threshold", words.number(grounds.threshold, 3) if grounds.threshold is not None else "none"),
        ("Ahead of the next", words.number(grounds.margin, 3) if grounds.margin is not None else "nobody else"),
        ("Purpose", sighting.purpose or "none was stated"),
        ("Case", sighting.case or "none was stated"),
        ("Model", one.pack),
    ]
    if sighting.job_id and visit.may(May.SEE_JOBS):
        found.append(("Job", partial(parts.link, "the job", f"/jobs/{sighting.job_id}")))
    if sighting.subject is not None and visit.may(May.SEE_SUBJECTS):
        found.append(("Of whom", partial(parts.link, sighting.subject, f"/gallery/{sighting.subject_id}")))
    return found


def _dossier(one: Opened) -> None:
    path = f"/api/v1/sightings/{one.sighting.id}/dossier"
    with Tag("section"):
        parts.heading(2, "The dossier")
        parts.para(
            "All that whoever decides must know: grounds, quality, what reviewers said and how often they are wrong, searches "
            "that found nothing. Each one that is opened or saved is written into the log."
        )
        with Tag("p", class_="choices"):
            parts.link("Open it", f"{path}.html", target="_blank", rel="noopener", class_="button main")
            parts.link("Save as PDF", f"{path}.pdf", download="", class_="button")
            parts.link("Save for machines (JSON)", f"{path}.json", download="", class_="button")


def _drop(visit: Visit, one: Opened) -> None:
    async def drop(_: object) -> None:
        await visit.do(acts.drop, one.sighting.id, one.sighting.version)
        visit.go("/inbox")

    with Tag("section"):
        asked(
            "Drop this sighting",
            "Drop this sighting, with its reviews and alerts? The log keeps that it was dropped.",
            visit.doing(drop),
        )
