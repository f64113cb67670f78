"""Who is told of candidates, and what became of what was told."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from secondlook.errors import Conflict, Invalid, NotFound
from secondlook.ports import Action
from secondlook.server import clock
from secondlook.server.actors import Actor, May
from secondlook.server.alerts.mqtt import NotSent
from secondlook.server.alerts.queue import State, webhook_target
from secondlook.server.alerts.quiet import kept
from secondlook.server.alerts.sending import SECRET_SEAL, keep_mqtt_password, post
from secondlook.server.alerts.signing import new_secret
from secondlook.server.rows import DeliveryRow, WebhookRow
from secondlook.server.service import Service


@dataclass(frozen=True, slots=True)
class Webhook:
    """quiet: hours in which nothing is sent, as ``22:00-06:00 Europe/Berlin``."""

    id: str
    label: str
    url: str
    enabled: bool
    quiet: str
    created_at: str


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """secret: with which a receiver checks what it gets; shown this once."""

    webhook: Webhook
    secret: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """target: ``webhook:<id>`` or ``mqtt``. sentence: why the last try failed."""

    id: str
    target: str
    sighting_id: str
    state: State
    attempts: int
    next_at: str
    sentence: str
    created_at: str
    done_at: str | None


def webhooks(service: Service, actor: Actor) -> tuple[Webhook, ...]:
    actor.need(May.SEE_ALERTS)
    with service.database.reading() as session:
        return tuple(_webhook(row) for row in session.scalars(select(WebhookRow).order_by(WebhookRow.created_at)))


def add_webhook(service: Service, actor: Actor, id_: str, label: str, url: str, quiet: str) -> NewWebhook:
    """id_: of the new one; asked for again it is refused, for its secret is shown once. Raises Invalid, Conflict."""
    actor.need(May.CHANGE_ALERTS)
    if not url.startswith(("http://", "https://")) or len(url) > 2000:
        raise Invalid("A webhook's address begins with http:// or https://: give such a one.")
    if not 1 <= len(label.strip()) <= 128:
        raise Invalid("A webhook's label has 1 to 128 letters: say who is told.")
    secret = new_secret()
    row = WebhookRow(
        id=id_,
        label=label.strip(),
        url=url,
        sealed_secret=service.gallery.seal(secret.encode(), f"{SECRET_SEAL} {id_}"),
        enabled=True,
        quiet=kept(quiet),
        created_at=clock.now(),
    )
    with service.database.writing() as session:
        if session.get(WebhookRow, id_) is not None:
            raise Conflict("This webhook was made already, and its secret shown: remove it and make another.")
        session.add(row)
        service.record(actor, Action.SETTING, id_, done="webhook added")
    return NewWebhook(_webhook(row), secret)


def change_webhook(
    service: Service, actor: Actor, webhook: str, *, enabled: bool | None = None, quiet: str | None = None
) -> Webhook:
    actor.need(May.CHANGE_ALERTS)
    with service.database.writing() as session:
        row = _row(session, webhook)
        if enabled is not None:
            row.enabled = enabled
        if quiet is not None:
            row.quiet = kept(quiet)
        service.record(actor, Action.SETTING, webhook, done="webhook changed", enabled=int(row.enabled))
        return _webhook(row)


def remove_webhook(service: Service, actor: Actor, webhook: str) -> None:
    """With all that waits for it."""
    actor.need(May.CHANGE_ALERTS)
    with service.database.writing() as session:
        session.delete(_row(session, webhook))
        session.execute(delete(DeliveryRow).where(DeliveryRow.target == webhook_target(webhook)))
        service.record(actor, Action.SETTING, webhook, done="webhook removed")


def try_webhook(service: Service, actor: Actor, webhook: str, id_: str) -> None:
    """Sends a message that is no alert, and says so. Raises Invalid where it is not taken."""
    actor.need(May.CHANGE_ALERTS)
    with service.database.reading() as session:
        row = _row(session, webhook)
    body = json.dumps({"schema": "secondlook.trial/1", "id": id_, "note": "A trial: nobody was seen."}).encode()
    try:
        post(service, row, id_, body)
    except NotSent as error:
        raise Invalid(f"The trial failed: {error}") from error
    service.record(actor, Action.ALERT, webhook, done="trial")


def set_mqtt_password(service: Service, actor: Actor, password: str) -> None:
    """Kept sealed, never read back."""
    actor.need(May.CHANGE_ALERTS)
    with service.database.writing() as session:
        session.merge(keep_mqtt_password(service, password))
        service.record(actor, Action.SETTING, "mqtt-password", done="changed")


def deliveries(
    service: Service, actor: Actor, *, state: State | None = None, after: tuple[str, str] | None = None, most: int = 50
) -> tuple[Delivery, ...]:
    """The newest first. after: (created_at, id) of the last one that was seen."""
    actor.need(May.SEE_ALERTS)
    chosen = select(DeliveryRow).order_by(DeliveryRow.created_at.desc(), DeliveryRow.id.desc()).limit(most)
    if state is not None:
        chosen = chosen.where(DeliveryRow.state == state)
    if after is not None:
        chosen = chosen.where(tuple_(DeliveryRow.created_at, DeliveryRow.id) < after)
    with service.database.reading() as session:
        return tuple(_delivery(row) for row in session.scalars(chosen))


def try_again(service: Service, actor: Actor, delivery: str) -> Delivery:
    """One that was given up. Raises NotFound, Conflict."""
    actor.need(May.CHANGE_ALERTS)
    with service.database.writing() as session:
        row = session.get(DeliveryRow, delivery)
        if row is None:
            raise NotFound(f"There is no alert {delivery}: look at the list.")
        if row.state != State.DEAD:
            raise Conflict(f"This alert is {row.state}, not dead: only what was given up is tried again by hand.")
        row.state, row.attempts, row.next_at, row.done_at = State.WAITING.value, 0, clock.now(), None
        service.record(actor, Action.ALERT, delivery, done="tried again")
        return _delivery(row)


def _row(session: Session, webhook: str) -> WebhookRow:
    row = session.get(WebhookRow, webhook)
    if row is None:
        raise NotFound(f"There is no webhook {webhook}: look at the list.")
    return row


def _webhook(row: WebhookRow) -> Webhook:
    return Webhook(row.id, row.label, row.url, row.enabled, str(row.quiet.get("hours", "")), row.created_at)


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        row.id,
        row.target,
        row.sighting_id,
        State(row.state),
        row.attempts,
        row.next_at,
        row.sentence,
        row.created_at,
        row.done_at,
    )
