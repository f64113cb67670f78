"""One's own API keys."""

from __future__ import annotations

from functools import partial

from secondlook.server.acts import signing_in
from secondlook.server.acts.signing_in import ApiKey
from secondlook.server.pages import parts
from secondlook.server.pages.live import Part, asked, once
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.pages.wording import day_and_time


async def build(visit: Visit) -> None:
    parts.para("A key lets a program ask the API with your role. Nothing is kept from which it could be read again.")
    with parts.form(visit.doing(lambda sent: new(sent)), class_="inline") as form:
        parts.field("What the new key is for", "label", required=True, maxlength="128")
        parts.submit("Make a key")
    made = Tag("div")

    async def new(sent: dict[str, str]) -> None:
        key = await visit.do(signing_in.new_key, sent["label"])
        made.clear()
        with made:
            once("The new key", key.secret)
        parts.emptied(form)
        await keys.again()

    async def revoke(key: str, _: object) -> None:
        await visit.do(signing_in.revoke_key, key)
        await keys.again()
        visit.say("The key is revoked: whoever uses it is turned away.")

    def drawn(found: tuple[ApiKey, ...]) -> None:
        if not found:
            parts.para("You have no API key.")
            return
        with parts.table("Your API keys", ("For", "Begins with", "Made", "Last used", "State")):
            for key in found:
                parts.row(
                    partial(parts.name, key.label),
                    key.shown,
                    day_and_time(key.created_at),
                    day_and_time(key.used_at) if key.used_at else "never",
                    partial(state, key),
                )

    def state(key: ApiKey) -> None:
        if key.revoked:
            parts.badge("revoked", "ended")
        else:
            sure = f"Revoke the key for {key.label}? Whatever uses it is turned away at once."
            asked("Revoke", sure, visit.doing(partial(revoke, key.id)))

    keys = Part(lambda: visit.do(signing_in.keys), drawn)
    await keys.show()
