"""People who are enrolled, looked for by name and put together within a form."""

from __future__ import annotations

from functools import partial

from secondlook.gallery import Subject
from secondlook.server.acts import subjects as acts
from secondlook.server.pages import parts
from secondlook.server.pages.live import Part
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit

_MOST = 20
_PREFIX = "subject:"
_FOUND_BY = "whom"
"""The field in which a name is looked for; what is sent with the form is not looked at."""


async def whom_fields(visit: Visit, legend: str) -> None:
    """Each who is added is a field of the form, for ``chosen_in``."""
    added: dict[str, str] = {}
    found: list[Subject] = []

    async def look(name: object) -> None:
        found[:] = await visit.do(acts.subjects, most=_MOST + 1, containing=str(name).strip())
        await results.show()

    async def add(one: Subject, _: object) -> None:
        added[one.id] = one.name
        await results.again()
        await chosen.show()

    async def take_away(id_: str, _: object) -> None:
        del added[id_]
        await chosen.again()
        await results.show()

    async def now_found() -> tuple[tuple[Subject, bool], ...]:
        return tuple((one, one.id in added) for one in found)

    async def now_added() -> tuple[tuple[str, str], ...]:
        return tuple(added.items())

    def draw_found(people: tuple[tuple[Subject, bool], ...]) -> None:
        if not people:
            return
        with Tag("ul", class_="people", aria_label="Who has such a name"):
            for one, is_added in people[:_MOST]:
                with Tag("li"):
                    parts.name(one.name)
                    if is_added:
                        Tag("span", "added", class_="small")
                    else:
                        parts.button("Add", visit.doing(partial(add, one)), aria_label=f"Add {one.name}")
        if len(people) > _MOST:
            parts.para("There are more: write more of the name.", class_="small")

    def draw_added(people: tuple[tuple[str, str], ...]) -> None:
        if not people:
            parts.para("Nobody is added yet.", class_="small")
            return
        with Tag("ul", class_="people", aria_label="Who is added"):
            for id_, name in people:
                with Tag("li"):
                    Tag("input", type="hidden", name=_PREFIX + id_, value="on")
                    parts.name(name)
                    parts.button("Take away", visit.doing(partial(take_away, id_)), aria_label=f"Take {name} away")

    with parts.fieldset(legend):
        with Tag("div", class_="looking"):
            field = parts.field("Name contains", _FOUND_BY, type="search", maxlength="200")
            field.on("keydown.enter.prevent", visit.doing(look), js_handler="(e) => emit(e.target.value)")
            button = parts.button("Look")
            button.on(
                "click", visit.doing(look), js_handler=f"() => emit(document.getElementById('{field.html_id}').value)"
            )
        results = Part(now_found, draw_found, aria_live="polite")
        await results.show()
        chosen = Part(now_added, draw_added, aria_live="polite")
        await chosen.show()


def chosen_in(sent: dict[str, str]) -> tuple[str, ...]:
    """Their ids, as the form was sent."""
    return tuple(name.removeprefix(_PREFIX) for name in sent if name.startswith(_PREFIX))
