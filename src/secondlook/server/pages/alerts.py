"""Who is told of candidates, and what became of what was told."""

from __future__ import annotations

from functools import partial

from secondlook.server.actors import May
from secondlook.server.acts import alerts as acts
from secondlook.server.acts.alerts import Delivery, Webhook
from secondlook.server.alerts.queue import State
from secondlook.server.pages import parts
from secondlook.server.pages.live import Part, asked, once
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.pages.wording import day_and_time
from secondlook.server.rows.groundwork import new_id

_STATES = {
    State.WAITING: ("waiting", "waiting"),
    State.DELIVERED: ("delivered", "done"),
    State.DEAD: ("given up", "failed"),
    State.QUIET: ("not sent: quiet hours", "ended"),
    State.GONE: ("not sent: the subject was erased", "ended"),
}
"""What each is called, and how it is marked."""
_MOST = 50


async def build(visit: Visit) -> None:
    can = visit.may(May.CHANGE_ALERTS)
    parts.para(
        "An alert is sent once for each person followed, only for candidates at the asked rate, and says how likely it is to "
        "be wrong."
    )
    with Tag("section"):
        parts.heading(2, "Webhooks")
        made = Tag("div")

        async def add(sent: dict[str, str]) -> None:
            new = await visit.do(acts.add_webhook, new_id(), sent["label"], sent["url"], sent["quiet"])
            made.clear()
            with made:
                once(f"The secret with which {new.webhook.label} checks what it gets", new.secret)
            parts.emptied(form)
            await hooks.again()

        async def switch(webhook: str, enabled: bool, _: object) -> None:
            await visit.do(acts.change_webhook, webhook, enabled=enabled)
            await hooks.again()

        async def remove(webhook: str, _: object) -> None:
            await visit.do(acts.remove_webhook, webhook)
            await hooks.again()

        async def try_it(webhook: str, _: object) -> None:
            await visit.do(acts.try_webhook, webhook, new_id())
            visit.say("The trial message was taken.")

        def changes(hook: Webhook) -> None:
            with Tag("p", class_="choices"):
                parts.button("Send a trial", visit.doing(partial(try_it, hook.id)))
                word = "Switch off" if hook.enabled else "Switch on"
                parts.button(word, visit.doing(partial(switch, hook.id, not hook.enabled)))
                sure = f"Remove the webhook for {hook.label}? What waits for it is not sent any more."
                asked("Remove", sure, visit.doing(partial(remove, hook.id)))

        def drawn(found: tuple[Webhook, ...]) -> None:
            if not found:
                parts.para("No webhook is told of anything.")
                return
            with parts.table("Webhooks", ("Who", "Address", "State", "Quiet", *(("Change",) if can else ()))):
                for hook in found:
                    state = partial(parts.badge, "on", "live") if hook.enabled else partial(parts.badge, "off", "ended")
                    quiet = hook.quiet or "never"
                    change = (partial(changes, hook),) if can else ()
                    parts.row(partial(parts.name, hook.label), hook.url, state, quiet, *change)

        hooks = Part(lambda: visit.do(acts.webhooks), drawn)
        await hooks.show()
        if can:
            with Tag("details"):
                Tag("summary", "Add a webhook")
                with parts.form(visit.doing(add)) as form:
                    parts.field("Who is told", "label", required=True, maxlength="128")
                    parts.field("Address", "url", type="url", required=True, maxlength="2000", placeholder="https://")
                    parts.field("Quiet hours", "quiet", hint="Such as 22:00-06:00 Europe/Berlin; empty: none.")
                    parts.submit("Add it")
    if can:
        await _broker(visit)
    await _deliveries(visit, can)


async def _broker(visit: Visit) -> None:
    async def keep(sent: dict[str, str]) -> None:
        await visit.do(acts.set_mqtt_password, sent["password"])
        parts.emptied(form)
        visit.say("The broker's password is kept, sealed.")

    with Tag("section"):
        parts.heading(2, "MQTT")
        parts.para("Host, port and topics are among the settings. The password is kept sealed and never shown.")
        with parts.form(visit.doing(keep), class_="inline") as form:
            # for programs that keep passwords
            Tag("input", type="text", name="user", autocomplete="username", value="mqtt", hidden=True)
            parts.field(
                "The broker's password", "password", type="password", autocomplete="new-password", required=True
            )
            parts.submit("Keep it")


async def _deliveries(visit: Visit, can: bool) -> None:
    async def again(delivery: str, _: object) -> None:
        await visit.do(acts.try_again, delivery)
        await dead.again()
        await newest.show()

    def drawn(caption: str, none: str, found: tuple[Delivery, ...]) -> None:
        if not found:
            parts.para(none)
            return
        with parts.table(caption, ("Made", "To", "Sighting", "State", "What went wrong")):
            for one in found:
                parts.row(
                    day_and_time(one.created_at),
                    one.target.partition(":")[0],
                    partial(_sighting, visit, one.sighting_id),
                    partial(_state, one),
                    partial(wrong, one),
                )

    def wrong(one: Delivery) -> None:
        if one.sentence:
            parts.para(one.sentence)
        if one.state is State.DEAD and can:
            parts.button("Try again", visit.doing(partial(again, one.id)))

    with Tag("section"):
        parts.heading(2, "Given up")
        load = partial(visit.do, acts.deliveries, state=State.DEAD, most=_MOST)
        dead = Part(load, partial(drawn, "Alerts that were given up", "No alert was given up."))
        await dead.show()
    with Tag("section"):
        parts.heading(2, "The newest")
        newest = Part(
            partial(visit.do, acts.deliveries, most=_MOST),
            partial(drawn, "The newest alerts", "No alert was made yet."),
        )
        await newest.show()


def _sighting(visit: Visit, id_: str) -> None:
    if visit.may(May.SEE_SIGHTINGS):
        parts.link(id_[:8], f"/sightings/{id_}")
    else:
        Tag("span", id_[:8])


def _state(one: Delivery) -> None:
    tries = "" if one.attempts < 2 else f" ({one.attempts} tries)"
    said, mark = _STATES[one.state]
    parts.badge(said + tries, mark)
