"""Alerts as they arrive: at a real HTTP server, and at a real Mosquitto."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import select, update

from secondlook.fakes import FakeLog
from secondlook.ports import Action
from secondlook.report.record import SightingRecord
from secondlook.server import clock
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import alerts, settings
from secondlook.server.acts.keeping import Seen, keep_sightings, renew_sighting
from secondlook.server.alerts import queue
from secondlook.server.alerts.message import LEAD
from secondlook.server.alerts.mqtt import Broker, Told
from secondlook.server.alerts.queue import State, queue_alerts, queue_withdrawal
from secondlook.server.alerts.sending import Sender
from secondlook.server.alerts.signing import genuine
from secondlook.server.rows import DeliveryRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service, Why
from secondlook.types import Candidate, Decision, Estimate, Grounds, Outcome
from service_samples import PACK, QUALITY, door, service_in

BOSS = Actor("0" * 32, "boss", Role.ADMIN)
RATE = Estimate(0.002, 0.001, 0.004)
SENTENCE = "Person 1 is a candidate: of 1,000 strangers about 2 would look this alike to somebody here."
GROUNDS = Grounds(SENTENCE, 0.91, 0.88, 12, 0.1, True, (), 0.003, RATE, RATE, 2.0, 0.01, Estimate(0.83, 0.7, 0.9))


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def service(tmp_path: Path, log: FakeLog) -> Iterator[Service]:
    with service_in(tmp_path, log=log) as made:
        yield made


def seen(outcome: Outcome = Outcome.CANDIDATE) -> Seen:
    decision = Decision(outcome, GROUNDS, (Candidate("Person 1", 1, 0.91, 1),))
    return Seen(
        SightingRecord(new_id()[:16], "cam", 3, 1.0, (1, 2, 30, 40), 1, 1.0, 2.0, 9, 0.9, QUALITY, decision, PACK)
    )


def sighting(service: Service, outcome: Outcome = Outcome.CANDIDATE) -> str:
    """One of Person 1, with its alerts queued in the same transaction."""
    why = Why("a lost child", "7")
    with service.database.writing() as session:
        kept = keep_sightings(
            service, session, "camera:1", [seen(outcome)], searched_by=None, why=why, seen_at=clock.now()
        )
        for id_ in kept.ids:
            queue_alerts(session, service.settings_in(session), id_, outcome)
    return kept.ids[0] if kept.ids else ""


def states(service: Service) -> list[tuple[str, int]]:
    with service.database.reading() as session:
        return [(row.state, row.attempts) for row in session.scalars(select(DeliveryRow))]


@dataclass
class Receiver:
    """answers: what it says to the next requests; then 200."""

    url: str
    answers: list[int]
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiver(*answers: int) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(found.answers.pop(0) if found.answers else 200)
            self.send_header("location", found.url)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_port}/hook", list(answers))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def test_a_candidate_is_told_once_signed_and_with_its_chance_of_being_wrong(service: Service, log: FakeLog) -> None:
    with receiver() as there:
        made = alerts.add_webhook(service, BOSS, new_id(), "room", there.url, "")
        id_ = sighting(service)
        with service.database.writing() as session:
            assert queue_alerts(session, service.settings_in(session), id_, Outcome.CANDIDATE) == 0
        assert Sender(service).send_due() == 1 and Sender(service).send_due() == 0
    ((headers, body),) = there.got
    assert genuine(made.secret, headers, body, time.time())
    assert not genuine(made.secret, headers, body + b" ", time.time())
    assert not genuine(made.secret, headers, body, time.time() + 3600)
    told = json.loads(body)
    assert told["subject"]["name"] == "Person 1" and told["note"] == LEAD and told["review"] == "unreviewed"
    assert (
        told["wrong"]["strangers_alike"] == {"value": 0.002, "low": 0.001, "high": 0.004}
        and told["wrong"]["gallery_size"] == 12
    )
    assert states(service) == [(State.DELIVERED, 1)]
    assert [e.details["done"] for e in log.entries if e.action is Action.ALERT] == ["delivered"]


@pytest.mark.parametrize("outcome", [Outcome.INCONCLUSIVE, Outcome.NO_CANDIDATE, Outcome.NOT_SEARCHABLE])
def test_nothing_less_than_a_candidate_is_told(service: Service, outcome: Outcome) -> None:
    alerts.add_webhook(service, BOSS, new_id(), "room", "http://127.0.0.1:9/", "")
    sighting(service, outcome)
    assert states(service) == []


def test_a_candidate_that_is_taken_back_is_told_too(service: Service) -> None:
    with receiver() as there:
        alerts.add_webhook(service, BOSS, new_id(), "room", there.url, "")
        id_ = sighting(service)
        Sender(service).send_due()
        with service.database.writing() as session:
            assert renew_sighting(service, session, id_, seen(Outcome.INCONCLUSIVE), "Taken back: doubtful.")
            assert queue_withdrawal(session, id_) == 1
        Sender(service).send_due()
    (first, before), (second, after) = there.got
    assert json.loads(before)["withdrawn"] is False and json.loads(after)["withdrawn"] is True
    assert first["webhook-id"] != second["webhook-id"], "a receiver would take the second for the first, sent again"


def test_what_fails_is_tried_again_ever_later_and_at_last_given_up_and_tried_by_hand(service: Service) -> None:
    with receiver(*[500, 302] * queue.MOST_ATTEMPTS) as there:
        alerts.add_webhook(service, BOSS, new_id(), "room", there.url, "")
        sighting(service)
        waits = []
        for _ in range(queue.MOST_ATTEMPTS):
            assert Sender(service).send_due() == 1
            with service.database.writing() as session:
                row = session.scalars(select(DeliveryRow)).one()
                waits.append((clock.read(row.next_at) - clock.read(clock.now())).total_seconds())
                session.execute(update(DeliveryRow).values(next_at=clock.after(-1)))
        assert waits[0] < waits[3] < waits[6] <= queue.LONGEST_WAIT_S
        assert len(there.got) == queue.MOST_ATTEMPTS, "a redirect was followed, or a try was left out"
        assert len({headers["webhook-id"] for headers, _ in there.got}) == 1
        (dead,) = alerts.deliveries(service, BOSS, state=State.DEAD)
        assert dead.sentence.endswith(("answered 500.", "answered 302."))
        there.answers.clear()
        alerts.try_again(service, BOSS, dead.id)
        Sender(service).send_due()
    assert states(service) == [(State.DELIVERED, 1)]


def test_a_target_that_is_down_holds_up_no_other(service: Service) -> None:
    with receiver() as there:
        alerts.add_webhook(service, BOSS, new_id(), "down", f"http://127.0.0.1:{free_port()}/", "")
        alerts.add_webhook(service, BOSS, new_id(), "room", there.url, "")
        for _ in range(3):
            sighting(service)
        Sender(service).send_due()
        assert len(there.got) == 3
    assert sorted(states(service)) == [(State.DELIVERED, 1)] * 3 + [(State.WAITING, 0)] * 2 + [(State.WAITING, 1)]


def test_in_quiet_hours_nothing_is_sent(service: Service) -> None:
    now = clock.read(clock.now())
    hours = f"{now.hour:02}:00-{(now.hour + 2) % 24:02}:00"
    alerts.add_webhook(service, BOSS, new_id(), "room", "http://127.0.0.1:9/", hours)
    sighting(service)
    assert Sender(service).send_due() == 0 and states(service) == [(State.QUIET, 0)]


def test_of_somebody_erased_nothing_is_told(service: Service) -> None:
    with receiver() as there:
        alerts.add_webhook(service, BOSS, new_id(), "room", there.url, "")
        sighting(service)
        service.gallery.remove("Person 1")
        Sender(service).send_due()
        assert there.got == []
    assert states(service) == [(State.GONE, 1)]


def test_no_name_and_no_secret_lies_in_the_folder(service: Service, tmp_path: Path) -> None:
    made = alerts.add_webhook(service, BOSS, new_id(), "room", "http://127.0.0.1:9/", "")
    alerts.set_mqtt_password(service, BOSS, "the broker's own")
    sighting(service)
    service.database.close()
    kept = b"".join(p.read_bytes() for p in (tmp_path / "data").rglob("*") if p.is_file())
    for secret in (made.secret, "the broker's own", "Person 1"):
        assert secret.encode() not in kept


def test_over_http(service: Service) -> None:
    app = door(service)
    admin, operator = app.of(Role.ADMIN), app.of(Role.OPERATOR)
    with receiver() as there:
        ask = {"label": "room", "url": there.url, "quiet": "22:00-06:00 Europe/Berlin"}
        assert operator.post("/api/v1/alerts/webhooks", json=ask).status_code == 403
        made = admin.post("/api/v1/alerts/webhooks", json=ask)
        assert made.status_code == 201 and made.json()["secret"].startswith("whsec_")
        id_ = made.json()["webhook"]["id"]
        assert admin.post(f"/api/v1/alerts/webhooks/{id_}/trial").status_code == 204
        assert json.loads(there.got[0][1])["schema"] == "secondlook.trial/1"
    assert admin.post("/api/v1/alerts/webhooks", json={**ask, "quiet": "25:00-06:00"}).status_code == 422
    (seen,) = operator.get("/api/v1/alerts/webhooks").json()
    assert "secret" not in seen and seen["quiet"] == ask["quiet"]
    assert admin.delete(f"/api/v1/alerts/webhooks/{id_}").status_code == 204
    assert admin.get("/api/v1/alerts").json() == {"items": [], "next": None}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[int]:
    """A broker with a password, on a port of its own."""
    program = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
    keeper = shutil.which("mosquitto_passwd") or shutil.which("/usr/bin/mosquitto_passwd")
    if program is None or keeper is None:
        pytest.skip("needs mosquitto")
    port = free_port()
    passwords = tmp_path / "passwords"
    subprocess.run([keeper, "-b", "-c", str(passwords), "ann", "sesame"], check=True, capture_output=True)
    passwords.chmod(0o644)
    tmp_path.chmod(0o755)
    config = tmp_path / "mosquitto.conf"
    user = "" if Path("/proc/self/uid_map").read_text().split()[1] != "0" else "user root\n"
    config.write_text(f"listener {port} 127.0.0.1\npassword_file {passwords}\nallow_anonymous false\n{user}")
    with subprocess.Popen([program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broker:
        until(lambda: reachable(port))
        yield port
        broker.terminate()


def reachable(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def listening(port: int, topic: str) -> Iterator[list[tuple[str, str, bool]]]:
    import paho.mqtt.client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    got: list[tuple[str, str, bool]] = []
    subscribed = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set("ann", "sesame")
    client.on_message = lambda _c, _d, message: got.append((message.topic, message.payload.decode(), message.retain))
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_connect = lambda c, *_: c.subscribe(topic, qos=1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert subscribed.wait(20)
        yield got
    finally:
        client.disconnect()
        client.loop_stop()


def test_mqtt_tells_an_alert_and_home_assistant_finds_it(service: Service, mosquitto: int) -> None:
    settings.change(service, BOSS, {"mqtt": {"host": "127.0.0.1", "port": mosquitto, "user": "ann"}})
    alerts.set_mqtt_password(service, BOSS, "sesame")
    sender = Sender(service)
    with listening(mosquitto, "#") as got:
        sighting(service)
        sender.start()
        try:
            until(lambda: any(topic == "secondlook/alert" for topic, _, _ in got))
            until(lambda: states(service) == [(State.DELIVERED, 1)])
        finally:
            sender.stop()
        until(lambda: ("secondlook/status", "offline", False) in got)
    told = json.loads(next(text for topic, text, _ in got if topic == "secondlook/alert"))
    assert told["event_type"] == "candidate" and told["wrong"]["asked_fpir"] == 0.003
    found = json.loads(next(text for topic, text, _ in got if topic.startswith("homeassistant/event/")))
    assert found["state_topic"] == "secondlook/alert" and found["event_types"] == ["candidate"]
    with listening(mosquitto, "#") as retained:
        until(lambda: any(topic.startswith("homeassistant/") for topic, _, _ in retained))
        time.sleep(0.3)
    assert not any("Person 1" in text for _, text, _ in retained), "the broker keeps somebody's name"


def test_mqtt_says_whether_a_camera_lives(service: Service, mosquitto: int) -> None:
    broker = Broker(settings.settings(service, BOSS).mqtt.__class__("127.0.0.1", mosquitto, "ann"), "sesame", "a" * 32)
    with listening(mosquitto, "#") as got:
        broker.camera(Told("7", "Hall"), live=True)
        broker.camera(Told("7", "Hall"), live=False)
        until(lambda: [t for topic, t, _ in got if topic == "secondlook/camera/7/live"] == ["ON", "OFF"])
    broker.close()
    config = json.loads(next(text for topic, text, _ in got if topic.endswith("/7/config")))
    assert config["device_class"] == "connectivity" and config["name"] == "Hall"


def test_a_wrong_mqtt_password_is_said_and_the_alert_waits(service: Service, mosquitto: int) -> None:
    settings.change(service, BOSS, {"mqtt": {"host": "127.0.0.1", "port": mosquitto, "user": "ann"}})
    alerts.set_mqtt_password(service, BOSS, "wrong")
    sighting(service)
    sender = Sender(service)
    sender.send_due()
    (waiting,) = alerts.deliveries(service, BOSS)
    assert waiting.state is State.WAITING and waiting.attempts == 1 and "user and password" in waiting.sentence
    sender.stop()
