"""The review sheet of a redaction: where a person should look again, and faces that were missed, drawn and covered in the next
press."""

from __future__ import annotations

from functools import partial

from secondlook.errors import Invalid
from secondlook.redact.doubts import Doubt
from secondlook.redact.results import ReviewSpot
from secondlook.report import words
from secondlook.server.acts import jobs
from secondlook.server.acts.job_files import JobFile, job_files, review_spots
from secondlook.server.acts.job_kinds import Spot
from secondlook.server.acts.jobs import Job
from secondlook.server.pages import parts
from secondlook.server.pages.jobs import file_path
from secondlook.server.pages.live import Part
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.rows.groundwork import new_id

_COPIES = "redacted/"
_SAID = {
    Doubt.GAP: "not found for a while; a straight line was covered",
    Doubt.APPEARED: "appeared inside the picture: it may have been there before",
    Doubt.VANISHED: "vanished inside the picture: it may still be there",
    Doubt.FAINT: "all its scores are low",
}


async def build(visit: Visit) -> None:
    id_ = visit.request.path_params["id"]
    job = await visit.do(jobs.job, id_)
    spots = await visit.do(review_spots, id_)
    copies = [file for file in await visit.do(job_files, id_) if file.name.startswith(_COPIES)]
    names = {one.id: one.name or one.id for one in job.footage}
    with parts.para():
        parts.link("Back to the job", f"/jobs/{id_}")
    _doubtful(id_, spots, names)
    await _missed(visit, job, copies, names)


def _doubtful(job: str, spots: tuple[ReviewSpot, ...], names: dict[str, str]) -> None:
    with Tag("section"):
        parts.heading(2, "Where to look again")
        if not spots:
            parts.para("No spot is doubtful. That is no proof: look at the copies below.")
            return
        parts.para("The covered copies, where a face was hard to follow.")
        with Tag("ul", class_="tiles"):
            for spot in spots:
                with Tag("li", class_="tile"):
                    of = names.get(spot.source, spot.source)
                    said = _SAID[spot.doubt]
                    Tag("img", src=file_path(job, spot.thumbnail), alt=f"The covered copy: {said}", loading="lazy")
                    parts.name(of)
                    Tag("span", _when(spot), class_="line small")
                    Tag("span", said, class_="line")


def _when(spot: ReviewSpot) -> str:
    if spot.from_s == spot.to_s:
        return f"at {words.clock(spot.time_s)}" if spot.time_s else ""
    return f"{words.clock(spot.from_s)} to {words.clock(spot.to_s)}"


async def _missed(visit: Visit, job: Job, copies: list[JobFile], names: dict[str, str]) -> None:
    places: list[Spot] = []

    async def add(sent: dict[str, str]) -> None:
        places.append(_spot(sent))
        await listed.again()
        visit.say("The place is added below.")

    async def take_back(number: int, _: object) -> None:
        del places[number]
        await listed.again()

    async def press(_: object) -> None:
        if not places:
            raise Invalid("No place is added yet: draw a box around each face that was missed.")
        again = await visit.do(jobs.again, new_id(), job.id, tuple(places))
        visit.go(f"/jobs/{again.id}")

    async def kept() -> tuple[Spot, ...]:
        return tuple(places)

    def drawn(found: tuple[Spot, ...]) -> None:
        if not found:
            parts.para("None yet.")
            return
        with parts.table("Faces that were missed", ("File", "Place", "When", "Take back")):
            for number, spot in enumerate(found):
                parts.row(
                    partial(parts.name, names.get(spot.upload or "", "all")),
                    f"{spot.w:.0f} × {spot.h:.0f} px at x {spot.x:.0f}, y {spot.y:.0f}",
                    "from beginning to end" if spot.from_s is None else _span(spot),
                    partial(parts.button, "Take back", visit.doing(partial(take_back, number))),
                )

    with Tag("section"):
        parts.heading(2, "Draw what was missed")
        parts.para(
            "Draw a box around a face that can still be seen, with the mouse or a finger; or go to the picture with the "
            "keyboard: arrows move the box, with Shift they change its size. Of a video stop at a moment first."
        )
        for copy in copies:
            _copy(job.id, copy, names, visit.doing(add))
    with Tag("section"):
        parts.heading(2, "Faces that were missed")
        listed = Part(kept, drawn)
        await listed.show()
        parts.button("Press again with these places", visit.doing(press), class_="main")


def _copy(job: str, copy: JobFile, names: dict[str, str], add: parts.Handler) -> None:
    upload = copy.name.removeprefix(_COPIES).partition(".")[0]
    is_video = copy.media_type.startswith("video/")
    with Tag("details", class_="copy"):
        with Tag("summary"):
            parts.name(names.get(upload, upload))
        with Tag("div", class_="draw", data_draw=""):
            path = file_path(job, copy.name)
            if is_video:
                Tag("video", src=path, controls=True, preload="metadata", aria_label="The covered video")
            else:
                Tag("img", src=path, alt="The covered copy", loading="lazy", draggable="false")
            Tag(
                "div",
                class_="frame",
                tabindex="0",
                role="application",
                aria_label="The box. Arrows move it, Shift and arrows change its size.",
            )
        with parts.form(add, class_="inline place"):
            Tag("input", type="hidden", name="upload", value=upload)
            for name, said in (("x", "Left (px)"), ("y", "Top (px)"), ("w", "Width (px)"), ("h", "Height (px)")):
                parts.field(said, name, type="number", step="any", required=True)
            if is_video:
                parts.field("From (s)", "from_s", type="number", step="any", min="0")
                parts.field("To (s)", "to_s", type="number", step="any", min="0")
            parts.submit("Add this place")


def _spot(sent: dict[str, str]) -> Spot:
    """Raises Invalid."""
    try:
        return Spot.model_validate({name: value for name, value in sent.items() if value != ""})
    except ValueError as error:
        raise Invalid("This is no place: width and height are above 0, and from is not after to.") from error


def _span(spot: Spot) -> str:
    assert spot.from_s is not None and spot.to_s is not None
    return f"{words.clock(spot.from_s)} to {words.clock(spot.to_s)}"
