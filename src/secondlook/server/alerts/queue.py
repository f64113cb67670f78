"""Alerts on their way: kept in the database until each is delivered or given up."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from secondlook.server import clock
from secondlook.server.alerts.quiet import quiet_hours
from secondlook.server.rows import DeliveryRow, WebhookRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.settings import Settings
from secondlook.types import Outcome

MQTT = "mqtt"
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 3600.0
MOST_ATTEMPTS = 12
"""About six hours, with the waits above."""


class State(StrEnum):
    """dead: given up after ``MOST_ATTEMPTS``, to be tried again by hand. quiet: not sent, for nobody wanted to be told then.
    gone: not sent, for its subject was erased meanwhile."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    QUIET = "quiet"
    GONE = "gone"


def webhook_target(webhook: str) -> str:
    return f"webhook:{webhook}"


def queue_alerts(session: Session, settings: Settings, sighting: str, outcome: Outcome) -> int:
    """Queues one alert for each target, in the transaction that keeps the sighting; how many. Only for a candidate; and
    once a sighting, however often it is called."""
    if outcome is not Outcome.CANDIDATE:
        return 0
    targets = {webhook_target(row.id): str(row.quiet.get("hours", "")) for row in _enabled(session)}
    if settings.mqtt.host:
        targets[MQTT] = settings.mqtt.quiet
    known = set(session.scalars(select(DeliveryRow.target).where(DeliveryRow.sighting_id == sighting)))
    fresh = {target: hours for target, hours in targets.items() if target not in known}
    for target, hours in fresh.items():
        quiet = quiet_hours(hours)
        asleep = quiet is not None and quiet.at(clock.read(clock.now()))
        session.add(
            DeliveryRow(
                id=new_id(),
                target=target,
                sighting_id=sighting,
                state=(State.QUIET if asleep else State.WAITING).value,
                attempts=0,
                next_at=clock.now(),
                sentence="",
                created_at=clock.now(),
                done_at=None,
            )
        )
    return len(fresh)


def queue_withdrawal(session: Session, sighting: str) -> int:
    """Tells again whoever was told of a candidate that is now taken back; how many those are. What waits still is told
    as it is now."""
    rows = session.scalars(select(DeliveryRow).where(DeliveryRow.sighting_id == sighting)).all()
    told = [row for row in rows if row.state == State.DELIVERED]
    for row in told:
        row.state, row.attempts, row.next_at, row.done_at = State.WAITING.value, 0, clock.now(), None
    return len(told)


def due(session: Session, most: int = 50) -> list[DeliveryRow]:
    """The oldest first."""
    waiting = select(DeliveryRow).where(DeliveryRow.state == State.WAITING, DeliveryRow.next_at <= clock.now())
    return list(session.scalars(waiting.order_by(DeliveryRow.created_at).limit(most)))


def delivered(session: Session, delivery: str) -> None:
    _end(session, delivery, State.DELIVERED, "")


def gone(session: Session, delivery: str) -> None:
    _end(session, delivery, State.GONE, "The subject was erased before this was sent.")


def failed(session: Session, delivery: str, sentence: str) -> None:
    """Tried again later, ever later, and at last given up."""
    row = session.get(DeliveryRow, delivery)
    if row is None:
        return
    row.attempts += 1
    row.sentence = sentence
    if row.attempts >= MOST_ATTEMPTS:
        row.state, row.done_at = State.DEAD.value, clock.now()
    else:
        row.next_at = clock.after(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (row.attempts - 1)))


def _end(session: Session, delivery: str, state: State, sentence: str) -> None:
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery)
        .values(state=state.value, sentence=sentence, done_at=clock.now(), attempts=DeliveryRow.attempts + 1)
    )


def _enabled(session: Session) -> list[WebhookRow]:
    return list(session.scalars(select(WebhookRow).where(WebhookRow.enabled)))
