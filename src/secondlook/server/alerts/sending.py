"""Sends what waits: webhooks each on their own, MQTT over one connection. A target that fails holds up no other."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

import httpx2

from secondlook.errors import GalleryLocked, SecondLookError, UnknownSubject
from secondlook.ports import Action
from secondlook.server.alerts import queue
from secondlook.server.alerts.message import message_of
from secondlook.server.alerts.mqtt import Broker, NotSent
from secondlook.server.alerts.signing import signed_headers
from secondlook.server.rows import CameraRow, DeliveryRow, SettingRow, SightingRow, WebhookRow
from secondlook.server.service import SYSTEM, Service

ANSWER_S = 10.0
SECRET_SEAL = "webhook secret"
PASSWORD_SEAL = "mqtt password"
PASSWORD_SETTING = "mqtt password"
_AT_ONCE = 8
_LOG = logging.getLogger("secondlook.alerts")


class Sender:
    """A thread beside the API. Setting ``nudge`` makes it look at once; it looks by itself every second."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.nudge, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._broker: Broker | None = None
        self._broker_lock = threading.Lock()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.nudge.set()
        if self._thread is not None:
            self._thread.join(ANSWER_S + 5)
        if self._broker is not None:
            self._broker.close()

    def _run(self) -> None:
        with ThreadPoolExecutor(_AT_ONCE, "alert") as pool:
            while not self._stop.is_set():
                try:
                    self.send_due(pool)
                except SecondLookError as error:  # the disk, say: what waits goes on waiting
                    _LOG.error("alerts cannot be sent: %s", error)
                self.nudge.wait(1.0)
                self.nudge.clear()

    def send_due(self, pool: Executor | None = None) -> int:
        """Tries everything that is due, once; how many that was. pool: to serve several targets at the same time."""
        with self._service.database.reading() as session:
            waiting = queue.due(session)
        by_target: dict[str, list[DeliveryRow]] = {}
        for row in waiting:
            by_target.setdefault(row.target, []).append(row)
        if pool is None:
            for rows in by_target.values():
                self._send_all(rows)
        else:
            for done in [pool.submit(self._send_all, rows) for rows in by_target.values()]:
                done.result()
        return len(waiting)

    def _send_all(self, rows: list[DeliveryRow]) -> None:
        for row in rows:
            if self._stop.is_set():
                return
            try:
                self._send(row)
            except (UnknownSubject, GalleryLocked):
                self._told(queue.gone, row)
            except NotSent as error:
                with self._service.database.writing() as session:
                    queue.failed(session, row.id, str(error))
                return  # the others for this target wait for their own turn
            else:
                self._told(queue.delivered, row)

    def _told(self, how: Callable[..., None], row: DeliveryRow) -> None:
        with self._service.database.writing() as session:
            how(session, row.id)
            self._service.record(SYSTEM, Action.ALERT, row.sighting_id, target=row.target, done=how.__name__)

    def _send(self, row: DeliveryRow) -> None:
        with self._service.database.reading() as session:
            sighting = session.get(SightingRow, row.sighting_id)
            if sighting is None:
                raise UnknownSubject("The sighting was dropped.")
            camera = session.get(CameraRow, sighting.camera_id) if sighting.camera_id else None
            webhook = None if row.target == queue.MQTT else session.get(WebhookRow, row.target.partition(":")[2])
        message = message_of(self._service, sighting, camera)
        if row.target == queue.MQTT:
            with self._broker_lock:
                self._connected().alert(message)
        elif webhook is not None:
            post(
                self._service, webhook, f"{row.id}-{sighting.version}", json.dumps(message, ensure_ascii=False).encode()
            )
        else:
            raise NotSent("The webhook was removed.")

    def _connected(self) -> Broker:
        settings = self._service.settings().mqtt
        if self._broker is None or self._broker.settings != settings:
            if self._broker is not None:
                self._broker.close()
            self._broker = Broker(settings, mqtt_password(self._service), self._service.gallery.id)
        return self._broker


def post(service: Service, webhook: WebhookRow, message: str, body: bytes) -> None:
    """One try. Raises NotSent. Redirects are not followed: what is signed for one receiver goes to no other."""
    secret = service.gallery.unseal(webhook.sealed_secret, f"{SECRET_SEAL} {webhook.id}").decode()
    headers = {
        "content-type": "application/json",
        "user-agent": "secondlook",
        **signed_headers(secret, message, int(time.time()), body),
    }
    try:
        answer = httpx2.post(webhook.url, content=body, headers=headers, timeout=ANSWER_S, follow_redirects=False)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise NotSent(f"{webhook.url} cannot be reached ({type(error).__name__}: {error}).") from error
    if not answer.is_success:
        raise NotSent(f"{webhook.url} answered {answer.status_code}.")


def mqtt_password(service: Service) -> str:
    with service.database.reading() as session:
        row = session.get(SettingRow, PASSWORD_SETTING)
    if row is None:
        return ""
    return service.gallery.unseal(bytes.fromhex(row.value["sealed"]), PASSWORD_SEAL).decode()


def keep_mqtt_password(service: Service, password: str) -> SettingRow:
    return SettingRow(
        name=PASSWORD_SETTING, value={"sealed": service.gallery.seal(password.encode(), PASSWORD_SEAL).hex()}
    )
