"""Parts of a page that change while it is open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from secondlook.server.pages import parts
from secondlook.server.pages.parts import Attribute, Handler, Tag

T = TypeVar("T")
_FOCUS = "if (document.activeElement === document.body) document.getElementById('%s')?.focus({preventScroll: true})"


class Part(Generic[T]):
    """What is loaded, then drawn; again whenever ``show`` is awaited, and only where what was loaded is another."""

    def __init__(self, load: Callable[[], Awaitable[T]], draw: Callable[[T], None], **attributes: Attribute) -> None:
        self._load, self._draw = load, draw
        self._box = Tag("div", tabindex="-1", **attributes)
        self._shown: list[T] = []

    async def again(self) -> None:
        """After something was done in it: where the button that did it is gone, the keyboard goes on from here."""
        await self.show()
        self._box.client.run_javascript(_FOCUS % self._box.html_id)

    async def show(self) -> None:
        """Raises what loading raises."""
        found = await self._load()
        if self._shown == [found]:
            return
        self._shown = [found]
        self._box.clear()
        with self._box:
            self._draw(found)


def asked(text: str, question: str, handler: Handler, *, sure: str = "", **attributes: Attribute) -> None:
    """A button that asks before it does what cannot be undone. sure: the word on the button that does it."""
    with Tag("dialog") as dialog:
        said = parts.para(question)
        with Tag("p", class_="choices"):
            do = parts.button(sure or text, handler, class_="danger")
            do.on("click", js_handler="(e) => e.target.closest('dialog').close()")
            cancel = parts.button("Cancel", autofocus=True)
            cancel.on("click", js_handler="(e) => e.target.closest('dialog').close()")
    dialog.set(aria_labelledby=said.html_id)
    opener = parts.button(text, aria_haspopup="dialog", **attributes)
    opener.on("click", js_handler=f"() => document.getElementById('{dialog.html_id}').showModal()")


def once(what: str, secret: str) -> None:
    """A secret that is shown now and never again."""
    with Tag("div", class_="once", role="group", aria_label=what):
        parts.para("Shown this once: keep it where it is safe.")
        shown = parts.field(what, "secret", secret, readonly=True, spellcheck="false")
        copy = parts.button("Copy")
        copy.on("click", js_handler=_COPY % shown.html_id)


_COPY = "() => { const f = document.getElementById('%s'); f.select(); navigator.clipboard?.writeText(f.value); }"
