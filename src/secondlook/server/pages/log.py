"""The record of what was done: read, verified, and its end carried away as a witness."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

from secondlook.custody.reading import Wanted
from secondlook.ports import Action
from secondlook.report import words
from secondlook.server.actors import May
from secondlook.server.acts import accounts
from secondlook.server.acts import log as acts
from secondlook.server.acts.log import Check, Said
from secondlook.server.pages import parts
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.pages.wording import day_and_time, spoken

_MOST = 50


async def build(visit: Visit) -> None:
    await _verification(visit)
    asked = visit.request.query_params
    with Tag("section"):
        parts.heading(2, "Entries")
        _filters(asked.get("action", ""), asked.get("about", ""), asked.get("case", ""), asked.get("since", ""))
        before = asked.get("before", "")
        found = await visit.do(
            acts.entries, _wanted(visit), before=int(before) if before.isdecimal() else None, most=_MOST + 1
        )
        _entries(found[:_MOST], await _names(visit))
        if len(found) > _MOST:
            older = urlencode({**asked, "before": str(found[_MOST - 1].seq)})
            parts.link("Older entries", f"/log?{older}", class_="button")


async def _verification(visit: Visit) -> None:
    async def check(sent: dict[str, str]) -> None:
        said.clear()
        with said:
            parts.para("Reading all of it…", role="status")
        witnesses = [line.strip() for line in sent.get("witnesses", "").splitlines() if line.strip()]
        found = await visit.do(acts.check, witnesses)
        said.clear()
        with said:
            _checked(found)

    with Tag("section"):
        parts.heading(2, "Whether it is whole")
        parts.para(
            "Each entry is chained to the one before and signed. A changed, removed or moved entry is found; that the end was "
            "cut off, only with a head that was kept elsewhere."
        )
        with parts.form(visit.doing(check)):
            with Tag("details"):
                Tag("summary", "Compare with heads that were kept elsewhere")
                parts.area("Heads, one a line", "witnesses", spellcheck="false")
            with Tag("p", class_="choices"):
                parts.submit("Verify the log")
                parts.link("Save the head", "/api/v1/log/head", download="secondlook-log-head.json", class_="button")
        said = Tag("div", role="region", aria_label="What was found", aria_live="polite")


def _checked(found: Check) -> None:
    if found.whole:
        parts.badge(f"whole: {words.counted(found.entries, 'entry', 'entries')}", "done")
    else:
        parts.badge(f"not whole: {words.counted(len(found.findings), 'finding')}", "failed")
        with parts.table("What was found", ("What", "Entry", "Where", "In words")):
            for one in found.findings:
                parts.row(spoken(one.kind), str(one.seq or "none"), f"{one.file}, line {one.line}", one.sentence)
    with Tag("ul"):
        Tag("li", f"The log's key has the fingerprint {found.fingerprint}.")
        for said in (*found.compared, *found.notes):
            Tag("li", said)


def _filters(action: str, about: str, case: str, since: str) -> None:
    with Tag("form", method="get", action="/log", class_="inline", role="search", aria_label="Choose entries"):
        parts.choice("What was done", "action", {"": "anything"} | {one.value: spoken(one) for one in Action}, action)
        parts.field("About (an id)", "about", about, maxlength="128")
        parts.field("Case", "case", case, maxlength="128")
        parts.field("Since", "since", since, type="date")
        Tag("button", "Show", type="submit")


def _wanted(visit: Visit) -> Wanted:
    asked = visit.request.query_params
    action = asked.get("action", "")
    return Wanted(
        since=_day(asked.get("since", "")),
        action=Action(action) if action in set(Action) else None,
        object=asked.get("about") or None,
        case=asked.get("case") or None,
    )


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None


async def _names(visit: Visit) -> dict[str, str]:
    """Who is who, for those who may see the accounts: the log itself holds ids alone."""
    if not visit.may(May.CHANGE_ACCOUNTS):
        return {}
    return {f"account:{one.id}": one.name for one in await visit.do(accounts.accounts)}


def _more(one: Said) -> None:
    if one.details:
        Tag("span", ", ".join(f"{name}: {value}" for name, value in one.details.items()), class_="long")


def _entries(found: tuple[Said, ...], names: dict[str, str]) -> None:
    if not found:
        parts.para("No entry fits.")
        return
    with parts.table("Entries, the newest first", ("No.", "When", "Who", "What", "About", "Why", "More")):
        for one in found:
            parts.row(
                f"{one.seq:,}",
                day_and_time(one.at),
                partial(_who, one.actor, names),
                spoken(one.action),
                partial(_objects, one.object),
                " · ".join(said for said in (one.purpose, one.case) if said),
                partial(_more, one),
            )


def _who(actor: str, names: dict[str, str]) -> None:
    if actor in names:
        parts.name(names[actor])
    else:
        Tag("span", _short(actor), class_="code", title=actor)


def _objects(ids: tuple[str, ...]) -> None:
    for id_ in ids[:4]:
        parts.link(_short(id_), f"/log?{urlencode({'about': id_})}", class_="code line", title=id_)
    if len(ids) > 4:
        Tag("span", f"and {len(ids) - 4:,} more")


def _short(id_: str) -> str:
    """``account:1a2b3c4d…``"""
    kind, mark, rest = id_.rpartition(":")
    return f"{kind}{mark}{rest[:8]}…" if len(rest) > 12 else id_
