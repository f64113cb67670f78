"""The cameras that are on, each in a process of its own; what they see is kept, and told to others."""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select

from secondlook.assemble import Settings as LookSettings
from secondlook.errors import SecondLookError
from secondlook.identify import Alert, Stage
from secondlook.ports import Action
from secondlook.report.crops import crop_jpeg
from secondlook.runs.watch import WatchOptions
from secondlook.runs.watch_state import Begun, Broke, CameraSighting, Counts, Heard, Preview, WatchState
from secondlook.runs.watch_worker import CameraTask, GalleryPlace
from secondlook.runs.watching import Watching
from secondlook.server import clock
from secondlook.server.acts.keeping import Seen, keep_sightings, renew_sighting, sighting_row_id
from secondlook.server.alerts.queue import queue_alerts, queue_withdrawal
from secondlook.server.rows import CameraRow
from secondlook.server.service import Service, Why, gallery_of
from secondlook.sources.camera_address import CameraAddress, CameraKind, camera_address
from secondlook.sources.camera_state import Link
from secondlook.types import Outcome

_LOG = logging.getLogger("secondlook.cameras")
_UPLOAD: Final = "upload:"
_AGAIN_S: Final = 2.0
PREVIEW_PX: Final = 640


def address_seal(camera: str) -> str:
    return f"camera {camera} address"


def address_of(service: Service, row: CameraRow) -> CameraAddress:
    text = service.gallery.unseal(row.sealed_address, address_seal(row.id)).decode()
    if text.startswith(_UPLOAD):
        file = service.folder.uploads / text.removeprefix(_UPLOAD)
        return CameraAddress(str(file), CameraKind.LOOP, text)
    return camera_address(text)


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """state: ``off``, ``starting``, ``connecting``, ``live``, ``waiting`` (to be asked again) or ``broken``. sentence: why.
    newest_age_s: of the newest frame. every_s: between the last looks. counts: since the service was started."""

    state: str
    sentence: str = ""
    newest_age_s: float | None = None
    every_s: float | None = None
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True)
class _On:
    """How a camera is watched; where any of it changes it is begun anew."""

    address: str
    every_s: float
    side: int
    fpir: float
    prior: float
    pack: str


class CameraWatch:
    """Beside the API. Acts say ``follow`` when a camera was added, changed or removed."""

    def __init__(
        self, service: Service, nudge: threading.Event | None = None, watching: Watching | None = None
    ) -> None:
        """nudge: set when there is something new to tell. watching: for tests."""
        self._service, self._nudge = service, nudge
        self._watching = watching or Watching(self._hear)
        self._on: dict[str, _On] = {}
        self._status: dict[str, CameraStatus] = {}
        self._pictures: dict[str, bytes] = {}
        self._told: dict[str, tuple[str, str]] = {}
        """By person in view: the camera's id, and the row of the candidate that was told."""
        self._lock, self._following = threading.Lock(), threading.Lock()
        self._heard: queue.Queue[CameraSighting | None] = queue.Queue()
        self._keeper = threading.Thread(target=self._keep_all, name="camera sightings", daemon=True)
        self._stopping = threading.Event()

    def start(self) -> None:
        self._keeper.start()
        self.follow()

    def stop(self) -> None:
        self._watching.stop()
        self._heard.put(None)
        self._stopping.set()
        if self._keeper.is_alive():
            self._keeper.join(30)

    def follow(self) -> None:
        """Watches what is on now, as it is set now."""
        settings, pack = self._service.settings(), self._service.gallery.pack
        with self._following:
            with self._service.database.reading() as session:
                rows = list(session.scalars(select(CameraRow).where(CameraRow.enabled)))
            wanted = {row.id: (row, self._how(row, settings.fpir, settings.prior, pack)) for row in rows}
            for camera in [one for one, how in self._on.items() if one not in wanted or wanted[one][1] != how]:
                self._watching.remove(camera)
                del self._on[camera]
                with self._lock:
                    self._status.pop(camera, None)
                    self._pictures.pop(camera, None)
            for camera, (row, how) in wanted.items():
                if camera not in self._on:
                    self._begin(row, how)

    def status(self, camera: str) -> CameraStatus:
        with self._lock:
            return self._status.get(camera) or CameraStatus("starting" if camera in self._on else "off")

    def picture(self, camera: str) -> bytes | None:
        with self._lock:
            return self._pictures.get(camera)

    def _how(self, row: CameraRow, fpir: float, prior: float, pack: str) -> _On:
        look = row.settings
        address = address_of(self._service, row).text
        return _On(address, float(look["every_s"]), int(look["side"]), fpir, prior, pack)

    def _begin(self, row: CameraRow, how: _On) -> None:
        service = self._service
        task = CameraTask(
            row.id,
            address_of(service, row),
            GalleryPlace(gallery_of(service.folder, service.options.gallery), service.options.key),
            LookSettings(fpir=how.fpir, prior=how.prior, every_s=how.every_s, video_side=how.side, threads=1),
            WatchOptions(preview_px=PREVIEW_PX),
        )
        self._watching.add(task)
        self._on[row.id] = how

    def _hear(self, message: Heard) -> None:
        """Quick: the cameras wait for it."""
        if isinstance(message, CameraSighting):
            self._heard.put(message)
            return
        with self._lock:
            if isinstance(message, Preview):
                self._pictures[message.camera] = message.jpeg
                return
            before = self._status.get(message.camera) or CameraStatus("starting")
            self._status[message.camera] = _after(before, message)
            if isinstance(message, Broke):
                self._pictures.pop(message.camera, None)

    def _keep_all(self) -> None:
        while True:
            message = self._heard.get()
            if message is None:
                return
            while not self._stopping.is_set():
                try:
                    self._keep(message)
                    break
                except SecondLookError as error:  # the disk is full, say: what was seen waits until it is not
                    _LOG.error("a sighting cannot be kept yet: %s", error, extra={"camera": message.camera})
                    self._stopping.wait(_AGAIN_S)
                except Exception:  # noqa: BLE001 - one sighting that breaks something must not end all the others
                    _LOG.exception("a sighting was lost", extra={"camera": message.camera})
                    break

    def _keep(self, message: CameraSighting) -> None:
        record, live = message.record(), message.live
        crop = None if live.sighting.crop is None else crop_jpeg(live.sighting.crop)
        seen, origin = Seen(record, crop), f"camera:{message.camera}"
        service = self._service
        fresh = False
        with service.database.writing() as session:
            camera = session.get(CameraRow, message.camera)
            if camera is None:
                return
            told = self._told.get(message.person)
            if live.withdraws is not None and told is not None:
                renew_sighting(service, session, told[1], seen, f"Taken back: {live.withdraws.because}.")
                fresh = queue_withdrawal(session, told[1]) > 0
            if told is not None and live.alert is Alert.STANDS and sighting_row_id(origin, record.id) == told[1]:
                renew_sighting(service, session, told[1], seen)
            kept = keep_sightings(
                service,
                session,
                origin,
                [seen],
                searched_by=camera.started_by,
                why=Why(camera.purpose, camera.case_number),
                seen_at=clock.now(),
                camera_id=camera.id,
            )
            if live.alert is Alert.RAISED and record.outcome is Outcome.CANDIDATE and kept.ids:
                self._told[message.person] = (message.camera, kept.ids[0])
                why = Why(camera.purpose, camera.case_number)
                service.record(f"camera:{camera.id}", Action.CAMERA, kept.ids[0], why=why, done="candidate")
                if camera.settings.get("tells", True):
                    fresh |= queue_alerts(session, service.settings_in(session), kept.ids[0], record.outcome) > 0
        if live.stage is Stage.FINAL:
            self._told.pop(message.person, None)
        if fresh and self._nudge is not None:
            self._nudge.set()


def _after(before: CameraStatus, message: WatchState | Begun | Broke) -> CameraStatus:
    if isinstance(message, Broke):
        return CameraStatus("broken", message.sentence, counts=before.counts)
    if isinstance(message, Begun):
        return CameraStatus("connecting", counts=before.counts)
    link = message.link
    state = {Link.LIVE: "live", Link.CONNECTING: "connecting", Link.WAITING: "waiting"}.get(
        link.connected, "connecting"
    )
    return CameraStatus(state, link.sentence, link.newest_age_s, message.every_s, message.counts)
