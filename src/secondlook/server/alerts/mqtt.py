"""Alerts over MQTT, with topics by which Home Assistant finds them by itself.

``<prefix>/status``                  online, offline (retained; the broker says offline where we are gone)
``<prefix>/alert``                   one message an alert (QoS 1, never retained: a broker keeps nobody's name)
``<prefix>/camera/<id>/live``        ON, OFF (retained)

Discovery (https://www.home-assistant.io/integrations/mqtt): an ``event`` entity for alerts, a ``binary_sensor`` of class
connectivity for each camera.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from secondlook import __version__
from secondlook.server.settings import Mqtt

ANSWER_S = 10.0
ONLINE, OFFLINE = "online", "offline"


class NotSent(Exception):
    """Why a message was not taken; the queue keeps it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One camera, as Home Assistant is told of it."""

    id: str
    label: str


class Broker:
    """A connection that is made when it is needed and made again when it broke."""

    def __init__(self, settings: Mqtt, password: str, gallery: str) -> None:
        """gallery: its id; names the device, so that two services at one broker are told apart."""
        self.settings = settings
        self._device = f"secondlook_{gallery[:8]}"
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"{self._device}_alerts", clean_session=True)
        self._client.connect_timeout = ANSWER_S
        if settings.user:
            self._client.username_pw_set(settings.user, password)
        if settings.tls:
            self._client.tls_set()
        self._client.will_set(self._topic("status"), OFFLINE, qos=1, retain=True)
        self._client.on_connect = self._connected
        self._open, self._live, self._answered = False, threading.Event(), threading.Event()
        self._client.on_disconnect = lambda *_: self._live.clear()
        self._refused = ""

    def alert(self, message: dict[str, Any]) -> None:
        """Returns when the broker has taken it. Raises NotSent."""
        body = {"event_type": "candidate", **message}
        self._send(self._topic("alert"), json.dumps(body, ensure_ascii=False), retain=False)

    def camera(self, camera: Told, live: bool) -> None:
        """Raises NotSent."""
        state = self._topic(f"camera/{camera.id}/live")
        found = {
            "name": camera.label,
            "unique_id": f"{self._device}_camera_{camera.id}",
            "device_class": "connectivity",
            "state_topic": state,
            **self._common(),
        }
        self._send(
            f"{self.settings.discovery}/binary_sensor/{self._device}/{camera.id}/config", json.dumps(found), retain=True
        )
        self._send(state, "ON" if live else "OFF", retain=True)

    def close(self) -> None:
        if self._open:
            if self._live.is_set():
                with suppress(RuntimeError, ValueError):
                    self._client.publish(self._topic("status"), OFFLINE, qos=1, retain=True).wait_for_publish(1.0)
            self._client.disconnect()
            self._client.loop_stop()
            self._open = False

    def _send(self, topic: str, text: str, retain: bool) -> None:
        self._connect()
        sent = self._client.publish(topic, text, qos=1, retain=retain)
        try:
            sent.wait_for_publish(ANSWER_S)
        except (RuntimeError, ValueError) as error:
            raise NotSent(self._refused or f"The broker {self.settings.host} cannot be reached ({error}).") from error
        if not sent.is_published():
            raise NotSent(self._refused or f"The broker {self.settings.host} took no message in {ANSWER_S:.0f} s.")

    def _connect(self) -> None:
        """Nothing is handed over before the broker is there: it would be sent when it comes back, and once more by the queue."""
        if not self._open:
            try:
                self._client.connect(self.settings.host, self.settings.port, keepalive=30)
            except OSError as error:
                raise NotSent(f"The broker {self.settings.host} cannot be reached ({error}).") from error
            self._client.loop_start()
            self._open = True
            self._answered.wait(ANSWER_S)
        if not self._live.is_set():
            raise NotSent(self._refused or f"The broker {self.settings.host} does not answer.")

    def _connected(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        """Also after each reconnect: what is retained may be gone with the broker."""
        if reason.is_failure:
            self._refused = f"The broker {self.settings.host} refuses ({reason}): check user and password."
            self._answered.set()
            return
        self._refused = ""
        self._live.set()
        self._answered.set()
        client.publish(self._topic("status"), ONLINE, qos=1, retain=True)
        alert = {
            "name": "Candidate",
            "unique_id": f"{self._device}_alert",
            "icon": "mdi:account-question",
            "event_types": ["candidate"],
            "state_topic": self._topic("alert"),
            **self._common(),
        }
        client.publish(
            f"{self.settings.discovery}/event/{self._device}/alert/config", json.dumps(alert), qos=1, retain=True
        )

    def _common(self) -> dict[str, Any]:
        device = {"identifiers": [self._device], "name": "Second Look", "sw_version": __version__}
        return {"availability_topic": self._topic("status"), "device": device}

    def _topic(self, name: str) -> str:
        return f"{self.settings.prefix}/{name}"
