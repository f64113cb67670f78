"""Cameras: each one that is on is a search that goes on, with a purpose, and somebody who started it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.errors import Conflict, Invalid, NotFound
from secondlook.ports import Action
from secondlook.server import clock
from secondlook.server.actors import Actor, May
from secondlook.server.rows import CameraRow, UploadRow
from secondlook.server.service import Service, Why
from secondlook.server.work.cameras import CameraStatus, address_seal
from secondlook.sources.camera_address import CameraKind, camera_address

UPLOAD = "upload:"


@dataclass(frozen=True, slots=True)
class Look:
    """every_s: seconds between two looks, at least. side: longest side at which is looked, px. tells: whether candidates are
    told to others."""

    every_s: float = 0.2
    side: int = 960
    tells: bool = True

    def __post_init__(self) -> None:
        if not 0.05 <= self.every_s <= 60 or not 160 <= self.side <= 4096:
            raise Invalid("A camera is looked at every 0.05 to 60 seconds, at 160 to 4096 px: choose within that.")


@dataclass(frozen=True, slots=True)
class Camera:
    """address: without user and password."""

    id: str
    label: str
    address: str
    enabled: bool
    purpose: str
    case: str
    started_by: str
    look: Look
    created_at: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a new camera is to be. address: ``rtsp://…``, ``http(s)://…``, ``/dev/videoN``, ``usb:N``, or ``upload:ID`` to
    play an uploaded video as a camera."""

    label: str
    address: str
    why: Why
    look: Look = field(default_factory=Look)


def cameras(service: Service, actor: Actor) -> tuple[Camera, ...]:
    actor.need(May.SEE_CAMERAS)
    with service.database.reading() as session:
        return tuple(_camera(row) for row in session.scalars(select(CameraRow).order_by(CameraRow.created_at)))


def camera(service: Service, actor: Actor, id_: str) -> Camera:
    actor.need(May.SEE_CAMERAS)
    with service.database.reading() as session:
        return _camera(_row(session, id_))


def add(service: Service, actor: Actor, id_: str, asked: Asked) -> Camera:
    """id_: of the new one; where it is there already, that one is given. It is on at once. Raises Invalid, ReasonMissing."""
    actor.need(May.CHANGE_CAMERAS)
    service.need_reason(asked.why)
    if not 1 <= len(asked.label.strip()) <= 128:
        raise Invalid("A camera's label has 1 to 128 letters: say where it looks.")
    with service.database.writing() as session:
        known = session.get(CameraRow, id_)
        if known is not None:
            return _camera(known)
        shown = _checked(session, asked.address)
        row = CameraRow(
            id=id_,
            label=asked.label.strip(),
            sealed_address=service.gallery.seal(asked.address.encode(), address_seal(id_)),
            shown=shown,
            enabled=True,
            purpose=asked.why.purpose,
            case_number=asked.why.case,
            started_by=actor.id,
            settings=asdict(asked.look),
            created_at=clock.now(),
        )
        session.add(row)
        service.record(actor, Action.CAMERA, id_, why=asked.why, done="started")
        made = _camera(row)
    _follow(service)
    return made


def change(
    service: Service,
    actor: Actor,
    id_: str,
    *,
    label: str | None = None,
    enabled: bool | None = None,
    look: Look | None = None,
) -> Camera:
    """Raises NotFound."""
    actor.need(May.CHANGE_CAMERAS)
    with service.database.writing() as session:
        row = _row(session, id_)
        if label is not None:
            if not 1 <= len(label.strip()) <= 128:
                raise Invalid("A camera's label has 1 to 128 letters: say where it looks.")
            row.label = label.strip()
        if look is not None:
            row.settings = asdict(look)
        if enabled is not None:
            row.enabled = enabled
        done = "changed" if enabled is None else "switched on" if enabled else "switched off"
        service.record(actor, Action.CAMERA, id_, why=Why(row.purpose, row.case_number), done=done)
        found = _camera(row)
    _follow(service)
    return found


def remove(service: Service, actor: Actor, id_: str) -> None:
    """What was seen by it stays until its time is up."""
    actor.need(May.CHANGE_CAMERAS)
    with service.database.writing() as session:
        row = _row(session, id_)
        service.record(actor, Action.CAMERA, id_, why=Why(row.purpose, row.case_number), done="removed")
        session.delete(row)
    _follow(service)


def status(service: Service, actor: Actor, id_: str) -> CameraStatus:
    """How it is doing now. Raises NotFound, Conflict where no cameras are watched by this process."""
    actor.need(May.SEE_CAMERAS)
    with service.database.reading() as session:
        _row(session, id_)
    if service.cameras is None:
        raise Conflict("No cameras are watched here: ask the service that does.")
    return service.cameras.status(id_)


def picture(service: Service, actor: Actor, id_: str) -> bytes:
    """The newest picture, JPEG, at most a second or two old; it is kept nowhere. Raises NotFound."""
    actor.need(May.SEE_SIGHTINGS)
    with service.database.reading() as session:
        _row(session, id_)
    found = None if service.cameras is None else service.cameras.picture(id_)
    if found is None:
        raise NotFound("There is no picture of this camera now: look at its state.")
    return found


def _checked(session: Session, address: str) -> str:
    """The address as it may be shown. Raises Invalid, UnsupportedSource."""
    if address.startswith(UPLOAD):
        upload = session.get(UploadRow, address.removeprefix(UPLOAD))
        if upload is None or upload.kind != "video":
            raise Invalid("There is no uploaded video of that id: upload it first.")
        return address
    found = camera_address(address)
    if found.kind is CameraKind.LOOP:
        raise Invalid("The service plays no file of this machine as a camera: upload it, and name it as upload:ID.")
    return found.shown


def _follow(service: Service) -> None:
    if service.cameras is not None:
        service.cameras.follow()


def _row(session: Session, id_: str) -> CameraRow:
    row = session.get(CameraRow, id_)
    if row is None:
        raise NotFound(f"There is no camera {id_}: look at the list.")
    return row


def _camera(row: CameraRow) -> Camera:
    return Camera(
        row.id,
        row.label,
        row.shown,
        row.enabled,
        row.purpose,
        row.case_number,
        row.started_by,
        look_of(row.settings),
        row.created_at,
    )


def look_of(kept: dict[str, Any]) -> Look:
    return Look(**kept)
