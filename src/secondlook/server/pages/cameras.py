"""The wall of cameras: what each shows now, and how it is doing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from secondlook.errors import Conflict, NotFound
from secondlook.report import words
from secondlook.server.actors import Actor, May
from secondlook.server.acts import cameras as acts
from secondlook.server.acts.cameras import Asked, Camera, Look
from secondlook.server.pages import parts
from secondlook.server.pages.live import Part, asked
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.reasons import reason_fields, why_of
from secondlook.server.pages.visits import Visit
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service
from secondlook.server.work.cameras import CameraStatus

_EVERY_S = 1.0
_MARKS = {
    "live": "live",
    "off": "ended",
    "broken": "failed",
    "starting": "waiting",
    "connecting": "waiting",
    "waiting": "waiting",
}
_STATES = {"waiting": "not there, asked again soon", "off": "switched off"}


@dataclass(frozen=True, slots=True)
class Shown:
    """picture: JPEG, None where there is none now, or for whoever may not see it."""

    camera: Camera
    status: CameraStatus
    picture: bytes | None


def wall(service: Service, actor: Actor) -> tuple[Shown, ...]:
    return tuple(
        Shown(camera, _status(service, actor, camera.id), _picture(service, actor, camera.id))
        for camera in acts.cameras(service, actor)
    )


def _status(service: Service, actor: Actor, camera: str) -> CameraStatus:
    try:
        return acts.status(service, actor, camera)
    except (Conflict, NotFound):  # watched by another process, or removed this moment
        return CameraStatus("off")


def _picture(service: Service, actor: Actor, camera: str) -> bytes | None:
    if not actor.may(May.SEE_SIGHTINGS):
        return None
    try:
        return acts.picture(service, actor, camera)
    except NotFound:
        return None


async def build(visit: Visit) -> None:
    tiles: dict[str, _Tile] = {}
    parts.para(
        "Each camera that is on is a search that goes on. What it shows is kept nowhere; of those who are not enrolled only a "
        "number is kept."
    )

    async def load() -> tuple[Camera, ...]:
        return await visit.do(acts.cameras)

    def drawn(found: tuple[Camera, ...]) -> None:
        tiles.clear()
        if not found:
            parts.para("There is no camera.")
            return
        with Tag("ul", class_="wall"):
            for camera in found:
                with Tag("li", class_="sheet"):
                    tiles[camera.id] = _Tile(visit, camera, switch, remove)

    async def look() -> None:
        found = await visit.do(wall)
        if [one.camera.id for one in found] != list(tiles):
            await cameras.show()
        for one in found:
            if one.camera.id in tiles:
                tiles[one.camera.id].show(one)

    async def switch(camera: str, enabled: bool, _: object) -> None:
        await visit.do(acts.change, camera, enabled=enabled)
        await cameras.again()
        await look()

    async def remove(camera: str, _: object) -> None:
        await visit.do(acts.remove, camera)
        await cameras.again()

    async def add(sent: dict[str, str]) -> None:
        wanted = Asked(sent["label"], sent["address"].strip(), why_of(sent), Look(tells="tells" in sent))
        await visit.do(acts.add, new_id(), wanted)
        await look()
        parts.emptied(form)
        visit.say("The camera is on.")

    cameras = Part(load, drawn)
    await cameras.show()
    await look()
    visit.every(_EVERY_S, look)
    if visit.may(May.CHANGE_CAMERAS):
        with Tag("section"):
            parts.heading(2, "A new camera")
            with parts.form(visit.doing(add)) as form:
                parts.field("Where it looks", "label", required=True, maxlength="128")
                hint = "rtsp://, http:// or https://, /dev/video0, or upload: and the id of a video. A password in it is sealed."
                parts.field("Address", "address", hint=hint, required=True, maxlength="2000", spellcheck="false")
                parts.check("Tell candidates to others as alerts", "tells", checked=True)
                reason_fields(visit, "What this camera searches for, and in which case. The log keeps it for good.")
                parts.submit("Watch it")


class _Tile:
    """One camera; changed in place, once a second."""

    def __init__(self, visit: Visit, camera: Camera, switch: parts.Act, remove: parts.Act) -> None:
        self._label, self._mark = camera.label, ""
        with parts.heading(2, ""):
            parts.name(camera.label)
        with Tag("div", class_="picture"):
            self._picture = Tag("img", alt=f"What {camera.label} shows now")
            self._none = Tag("span", "no picture now")
        self._state = parts.badge("", "")
        self._sentence = parts.para(class_="small", role="status")
        self._numbers = parts.para(class_="small")
        with parts.para(class_="small"):
            Tag("span", camera.address, class_="code")
        with Tag("p", class_="choices"):
            if visit.may(May.SEE_SIGHTINGS):
                parts.link("Sightings", f"/inbox?camera={camera.id}")
            if visit.may(May.CHANGE_CAMERAS):
                word = "Switch off" if camera.enabled else "Switch on"
                handler = visit.doing(partial(switch, camera.id, not camera.enabled))
                parts.button(word, handler, aria_label=f"{word} {camera.label}")
                question = f"Remove {camera.label}? What was seen by it stays until its time is up."
                asked("Remove", question, visit.doing(partial(remove, camera.id)))

    def show(self, one: Shown) -> None:
        status, counts = one.status, one.status.counts
        if one.picture is not None:
            self._picture.set(src=parts.data_uri(one.picture, "image/jpeg"))
        self._picture.set_visibility(one.picture is not None)
        self._none.set_visibility(one.picture is None)
        self._state.say(_STATES.get(status.state, status.state))
        if self._mark != _MARKS[status.state]:
            self._state.classes(remove=self._mark, add=_MARKS[status.state])
            self._mark = _MARKS[status.state]
        if self._sentence.text != status.sentence:
            self._sentence.say(status.sentence)
        age = "" if status.newest_age_s is None else f"newest frame {status.newest_age_s:.1f} s old, "
        self._numbers.say(
            f"{age}{words.counted(counts.received, 'frame')}, {counts.dropped:,} dropped, "
            f"{words.counted(counts.reconnects, 'reconnect')}, "
            f"{words.counted(counts.candidate, 'candidate')}"
        )
