"""Accounts, for who administers: who there is, who may what, and how they come in."""

from __future__ import annotations

from functools import partial

from secondlook.server.actors import Role
from secondlook.server.acts import accounts as acts
from secondlook.server.acts.accounts import Account, Invited
from secondlook.server.pages import parts
from secondlook.server.pages.live import Part, asked, once
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.pages.wording import day_and_time

ROLES = {
    Role.OPERATOR: "operator: enrols and searches",
    Role.REVIEWER: "reviewer: compares faces blind, and does nothing else",
    Role.AUDITOR: "auditor: reads everything and changes nothing",
    Role.ADMIN: "admin: accounts, settings, erasure",
}


async def build(visit: Visit) -> None:
    invited_box = Tag("div")

    async def new(sent: dict[str, str]) -> None:
        invited(await visit.do(acts.create, sent["name"], Role(sent["role"])))
        parts.emptied(form)
        await accounts.again()

    async def again(account: str, _: object) -> None:
        invited(await visit.do(acts.invite_again, account))
        await accounts.again()

    async def change(account: str, disabled: bool, _: object) -> None:
        changed = await visit.do(acts.change, account, disabled=disabled)
        await accounts.again()
        visit.say(f"{changed.name} is {'disabled, and signed out everywhere' if disabled else 'enabled'}.")

    async def give_role(account: str, sent: dict[str, str]) -> None:
        changed = await visit.do(acts.change, account, role=Role(sent["role"]))
        await accounts.again()
        visit.say(f"{changed.name} is now {changed.role}, and must sign in again.")

    def invited(by: Invited) -> None:
        invited_box.clear()
        with invited_box:
            parts.heading(2, f"A link for {by.account.name}")
            once("The link", f"{visit.request.base_url}welcome?token={by.token}")
            parts.para(f"Whoever opens it chooses the password. It works once, until {day_and_time(by.expires_at)}.")

    def drawn(found: tuple[Account, ...]) -> None:
        with parts.table("Accounts", ("Name", "Role", "State", "Since", "Change")):
            for account in found:
                parts.row(
                    partial(parts.name, account.name),
                    account.role.value,
                    partial(_state, account),
                    day_and_time(account.created_at),
                    partial(changes, account),
                )

    def changes(account: Account) -> None:
        with Tag("details", class_="changes"):
            Tag("summary", "Change", aria_label=f"Change {account.name}")
            with parts.form(visit.doing(partial(give_role, account.id)), class_="inline"):
                parts.choice("Role", "role", {role.value: role.value for role in Role}, account.role.value)
                parts.submit("Give this role")
            sure = f"Invite {account.name} again? The old password and every session end here."
            asked("Invite again", sure, visit.doing(partial(again, account.id)))
            if account.disabled:
                parts.button("Enable", visit.doing(partial(change, account.id, False)))
            else:
                sure = f"Disable {account.name}? Sessions and API keys stop working at once."
                asked("Disable", sure, visit.doing(partial(change, account.id, True)))

    with Tag("section"):
        accounts = Part(lambda: visit.do(acts.accounts), drawn)
        await accounts.show()
    with Tag("section"):
        parts.heading(2, "A new account")
        with parts.form(visit.doing(new)) as form:
            parts.field("Name", "name", required=True, maxlength="128")
            parts.choice("Role", "role", {role.value: said for role, said in ROLES.items()})
            parts.submit("Create the account")


def _state(account: Account) -> None:
    if account.disabled:
        parts.badge("disabled", "ended")
    elif account.invited:
        parts.badge("invited, no password yet", "waiting")
    else:
        parts.badge("active", "live")
