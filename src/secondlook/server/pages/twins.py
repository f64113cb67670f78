"""Who looks like somebody else: pairs side by side, to be made one where they are one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from secondlook.errors import GalleryError
from secondlook.gallery import Place
from secondlook.report import words
from secondlook.server.actors import Actor, May
from secondlook.server.acts import duplicates as acts
from secondlook.server.acts import joining
from secondlook.server.acts.duplicates import Pair
from secondlook.server.pages import parts
from secondlook.server.pages.live import asked
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.subject import Pictured, pictured
from secondlook.server.pages.visits import Visit
from secondlook.server.service import Service


@dataclass(frozen=True, slots=True)
class Beside:
    """A pair, and one picture of each."""

    pair: Pair
    one: tuple[Pictured, ...]
    other: tuple[Pictured, ...]


@dataclass(frozen=True, slots=True)
class Page:
    pairs: tuple[Beside, ...]
    after: Place | None


def side_by_side(service: Service, actor: Actor, after: Place | None) -> Page:
    """Those of whom one is gone meanwhile are left out."""
    found, pairs = acts.pairs(service, actor, after=after), []
    for pair in found.pairs:
        try:
            one, other = (pictured(service, actor, id_, most=1) for id_ in (pair.one, pair.other))
        except GalleryError:
            continue
        pairs.append(Beside(pair, one, other))
    return Page(tuple(pairs), found.after)


async def build(visit: Visit) -> None:
    given = visit.request.query_params
    after = (given["name"], given["id"]) if "name" in given and "id" in given else None
    found = await visit.do(side_by_side, after)
    with parts.para():
        parts.link("All who are enrolled", "/gallery")
    parts.para(
        "Two who are enrolled and look so alike that a picture of one would make a candidate of the other. They may be one "
        "person enrolled twice, or two people; no score says which."
    )
    if not found.pairs:
        parts.para("Among those who were looked at nobody looks like somebody else.")
    for beside in found.pairs:
        _pair(visit, beside)
    if found.after is not None:
        name, id_ = found.after
        further = urlencode({"name": name, "id": id_})
        parts.link("Look at the next names", f"/gallery/duplicates?{further}", class_="button")


def _pair(visit: Visit, beside: Beside) -> None:
    pair = beside.pair

    async def merge(into: str, from_: str, _: object) -> None:
        await visit.do(joining.merge, into, from_)
        visit.go(f"/gallery/{into}")

    with Tag("article", class_="sheet", aria_label=f"{pair.one_name} and {pair.other_name}"):
        with Tag("div", class_="twins"):
            for id_, name, shown in (
                (pair.one, pair.one_name, beside.one),
                (pair.other, pair.other_name, beside.other),
            ):
                with Tag("div"):
                    with parts.heading(2, ""):
                        parts.link(name, f"/gallery/{id_}")
                    for one in shown:
                        parts.picture(one.crop, f"A picture of {name}")
        score, threshold = words.number(pair.score, 3), words.number(pair.threshold, 3)
        parts.para(f"Score {score}, threshold {threshold}: no probability.", class_="small")
        if visit.may(May.CHANGE_SUBJECTS):
            with Tag("p", class_="choices"):
                for into, from_, name, gone in (
                    (pair.one, pair.other, pair.one_name, pair.other_name),
                    (pair.other, pair.one, pair.other_name, pair.one_name),
                ):
                    question = f"One person, called {name}? The name {gone} is given up."
                    asked(f"One person: keep {name}", question, visit.doing(partial(merge, into, from_)), sure="Merge")
