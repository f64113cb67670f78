"""Who is told of candidates."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from secondlook.server.actors import Actor, May
from secondlook.server.acts import alerts as acts
from secondlook.server.acts.alerts import Delivery, NewWebhook, Webhook
from secondlook.server.alerts.queue import State
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.once import OnceRoute, operation_id
from secondlook.server.api.paging import Cursor, Limit, Page, of_cursor, page_of
from secondlook.server.api.problems import RESPONSES
from secondlook.server.rows.groundwork import new_id

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], route_class=OnceRoute, responses=RESPONSES)
See = Annotated[Actor, Depends(Allowed(May.SEE_ALERTS))]
Change = Annotated[Actor, Depends(Allowed(May.CHANGE_ALERTS))]


class WebhookAsked(BaseModel):
    label: Annotated[str, Field(max_length=128, examples=["the control room"])]
    url: Annotated[str, Field(max_length=2000, examples=["https://alerts.example/secondlook"])]
    quiet: Annotated[str, Field(max_length=64, examples=["22:00-06:00 Europe/Berlin"])] = ""


class WebhookChange(BaseModel):
    enabled: bool | None = None
    quiet: Annotated[str | None, Field(max_length=64)] = None


class MqttPassword(BaseModel):
    password: Annotated[str, Field(max_length=1024)]


@router.get("/webhooks", summary="All webhooks")
def webhooks(service: TheService, actor: See) -> list[Webhook]:
    return list(acts.webhooks(service, actor))


@router.post("/webhooks", status_code=201, summary="Add one; its secret is shown this once")
def add(request: Request, service: TheService, actor: Change, body: WebhookAsked) -> NewWebhook:
    return acts.add_webhook(service, actor, operation_id(request), body.label, body.url, body.quiet)


@router.patch("/webhooks/{webhook}", summary="Switch on or off, or change the quiet hours")
def change(service: TheService, actor: Change, webhook: str, body: WebhookChange) -> Webhook:
    return acts.change_webhook(service, actor, webhook, enabled=body.enabled, quiet=body.quiet)


@router.delete("/webhooks/{webhook}", status_code=204, summary="Remove one, with all that waits for it")
def remove(service: TheService, actor: Change, webhook: str) -> None:
    acts.remove_webhook(service, actor, webhook)


@router.post("/webhooks/{webhook}/trial", status_code=204, summary="Send a message that is no alert")
def trial(service: TheService, actor: Change, webhook: str) -> None:
    acts.try_webhook(service, actor, webhook, new_id())


@router.put("/mqtt-password", status_code=204, summary="Set the broker's password; it is never read back")
def mqtt_password(service: TheService, actor: Change, body: MqttPassword) -> None:
    acts.set_mqtt_password(service, actor, body.password)


@router.get("", summary="What was told, and what waits; `state=dead` is the dead-letter list")
def deliveries(
    service: TheService, actor: See, state: State | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[Delivery]:
    after = of_cursor(cursor, 2)
    found = acts.deliveries(
        service, actor, state=state, after=None if after is None else (after[0], after[1]), most=limit + 1
    )
    return page_of(found, limit, "created_at", "id")


@router.post("/{delivery}/again", summary="Try one again that was given up")
def again(service: TheService, actor: Change, delivery: str) -> Delivery:
    return acts.try_again(service, actor, delivery)
