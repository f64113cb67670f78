"""What is around every page: who is here, where one can go, where sentences appear."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from nicegui import ui

from secondlook.server.pages import parts
from secondlook.server.pages.looks import the_look
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.spec import PageSpec
from secondlook.server.pages.visits import Tone, Visit

_LETTER = {"auto": "As the system", "light": "Light", "dark": "Dark"}


def framed(visit: Visit, here: PageSpec, plan: Sequence[PageSpec]) -> Tag:
    """Builds the frame. The page's own things go into what it returns."""
    client = ui.context.client
    for tag in the_look().head():
        ui.add_head_html(tag)
    page = client.content.parent_slot
    assert page is not None
    page.parent.props["id"] = "main"
    page.parent.props["tabindex"] = "-1"
    with client.layout:
        skip = Tag("a", "Skip to the page", href="#main", class_="skip")
        bar = Tag("header", class_="bar")
        said = Tag("div", class_="said-here")
        for place, element in enumerate((skip, bar)):
            element.move(target_index=place)
    with bar:
        _bar(visit, here, plan)
    with said:
        _sentences(visit)
    with client.content:
        head = parts.heading(1, "")
        visit.headed_by(head.say)
        visit.call(here.title)
        return Tag("div", class_="page")


def _bar(visit: Visit, here: PageSpec, plan: Sequence[PageSpec]) -> None:
    with Tag("a", href="/", class_="brand"):
        Tag("span", class_="eye", aria_hidden="true")
        Tag("span", "Second Look")
    Tag("button", "Menu", type="button", class_="menu", data_menu="", aria_expanded="false", aria_controls="pages")
    with Tag("div", id="pages", class_="pages"):
        with Tag("nav", aria_label="Pages"):
            _links(visit, here, plan)
        with Tag("div", class_="who"):
            with Tag("p"):
                parts.name(visit.actor.name)
                Tag("span", f", {visit.actor.role}", class_="role")
            with Tag("div", class_="field"):
                label = Tag("label", "Appearance")
                with Tag("select", data_theme_choice="") as select:
                    for value, words in _LETTER.items():
                        Tag("option", words, value=value)
                label.set(for_=select.html_id)
            with Tag("form", method="post", action="/sign-out"):
                Tag("input", type="hidden", name="csrf", value=visit.csrf)
                Tag("button", "Sign out", type="submit")


def _links(visit: Visit, here: PageSpec, plan: Sequence[PageSpec]) -> None:
    shown = [page for page in plan if page.listed and (page.may is None or visit.may(page.may))]
    for group, pages in groupby(shown, key=lambda page: page.group):
        with Tag("ul", aria_label=group or None):
            for page in pages:
                with Tag("li"):
                    current = page.path == here.path or page.path == here.under
                    parts.link(page.title, page.path, aria_current="page" if current else None)


def _sentences(visit: Visit) -> None:
    """The two regions are there from the beginning, or a screen reader would not hear of the first sentence."""
    regions = {Tone.DONE: Tag("div", role="status"), Tone.REFUSED: Tag("div", role="alert")}

    def say(sentence: str, tone: Tone) -> None:
        for region in regions.values():
            region.clear()
        with regions[tone], Tag("p", class_=f"sentence {tone}"):
            Tag("span", sentence)
            close = Tag("button", "Close", type="button")
            close.on("click", js_handler="(e) => e.target.closest('p').remove()")

    visit.heard_by(say)
