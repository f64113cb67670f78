"""What pages are made of: the browser's own elements, which keyboards and screen readers know."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments

from secondlook.report.markup import Markup, visible

Handler = Callable[[GenericEventArguments], Awaitable[None]]
Act = Callable[..., Awaitable[None]]
"""What a handler does, before it is told of what."""
Attribute = str | bool | None
Cell = str | Callable[[], object]
"""Text, or what fills the place."""

_SENT = "(e) => emit(Object.fromEntries(new FormData(e.target)))"


class Tag(TextElement):
    """An element of the browser's own. attributes: ``class_`` is class, ``aria_label`` is aria-label; None leaves one out."""

    def __init__(self, tag: str, text: str = "", /, **attributes: Attribute) -> None:
        super().__init__(tag=tag, text=visible(text))
        self.set(**attributes)

    def set(self, **attributes: Attribute) -> None:
        for key, value in attributes.items():
            name = key.rstrip("_").replace("_", "-")
            # Vue sets a property `value` anew with each change of the page, over what was typed; the attribute it leaves alone
            name = "^value" if name == "value" and self.tag == "input" else name
            if name == "class":
                self.classes(str(value or ""))
            elif value is None:
                self.props.pop(name, None)
            else:
                self.props[name] = value
        self.update()

    def say(self, text: str) -> None:
        """Other text in its place."""
        self.set_text(visible(text))


def heading(level: int, text: str, /, **attributes: Attribute) -> Tag:
    return Tag(f"h{level}", text, **attributes)


def para(text: str = "", /, **attributes: Attribute) -> Tag:
    return Tag("p", text, **attributes)


def name(text: str, /, **attributes: Attribute) -> Tag:
    """Of a person or a file: written right to left, it turns nothing around it."""
    return Tag("bdi", text, **attributes)


def link(text: str, href: str, /, **attributes: Attribute) -> Tag:
    return Tag("a", text, href=href, **attributes)


def button(text: str, handler: Handler | None = None, /, **attributes: Attribute) -> Tag:
    made = Tag("button", text, type="button", **attributes)
    if handler is not None:
        made.on("click", handler, args=[])
    return made


def submit(text: str, /, **attributes: Attribute) -> Tag:
    return Tag("button", text, type="submit", class_="main", **attributes)


def form(handler: Handler, /, **attributes: Attribute) -> Tag:
    """handler: gets the fields by name, as text, when it is sent; whatever the browser can check it has checked."""
    made = Tag("form", **attributes)
    made.on("submit.prevent", handler, js_handler=_SENT)
    return made


def emptied(form: Tag) -> None:
    """After it was taken: the fields as they were at first."""
    form.run_method("reset")


def _labelled(label: str, hint: str, made: Callable[[str | None], Tag]) -> Tag:
    with Tag("div", class_="field"):
        said = Tag("label", label)
        about = Tag("p", hint, class_="hint") if hint else None
        field = made(about.html_id if about else None)
        said.set(for_=field.html_id)
        if about is not None:
            about.move(target_index=1)
    return field


def field(label: str, name: str, value: str = "", *, hint: str = "", **attributes: Attribute) -> Tag:
    """An input with its label. attributes: the input's own, ``type``, ``required``, ``min``..."""
    wanted = {"type": "text", "autocomplete": "off", **attributes}
    return _labelled(label, hint, lambda by: Tag("input", name=name, value=value, aria_describedby=by, **wanted))


def area(label: str, name: str, value: str = "", *, hint: str = "", **attributes: Attribute) -> Tag:

    def made(by: str | None) -> Tag:
        written = Tag("textarea", name=name, aria_describedby=by, **attributes)
        written.set_text(value)  # with its line breaks
        return written

    return _labelled(label, hint, made)


def choice(
    label: str, name: str, options: Mapping[str, str], value: str = "", *, hint: str = "", **attributes: Attribute
) -> Tag:
    """options: what is sent, and how it reads."""

    def made(by: str | None) -> Tag:
        with Tag("select", name=name, aria_describedby=by, **attributes) as select:
            for sent, shown in options.items():
                Tag("option", shown, value=sent, selected=sent == value or None)
        return select

    return _labelled(label, hint, made)


def check(label: str, name: str, *, checked: bool = False, hint: str = "", **attributes: Attribute) -> Tag:
    """A box to tick; sends ``on`` or nothing."""
    with Tag("div", class_="check"):
        box = Tag("input", type="checkbox", name=name, checked=checked, **attributes)
        Tag("label", label, for_=box.html_id)
        if hint:
            box.set(aria_describedby=Tag("p", hint, class_="hint").html_id)
    return box


def fieldset(legend: str, **attributes: Attribute) -> Tag:
    with Tag("fieldset", **attributes) as made:
        Tag("legend", legend)
    return made


class Rows(Tag):
    """The body of a table. heads: of its columns, which on a narrow screen stand before each cell."""

    def __init__(self, heads: Sequence[str]) -> None:
        super().__init__("tbody", role="rowgroup")
        self.heads = tuple(heads)


def table(caption: str, heads: Sequence[str]) -> Rows:
    """The table's body, to be filled with ``row``. It scrolls by itself where it is too wide, also by keyboard. caption: for who
    does not see it."""
    # the roles are said again, for a narrow screen shows rows as blocks, whereupon browsers forget what they are
    with (
        Tag("div", class_="scroll", tabindex="0", role="region", aria_label=caption),
        Tag("table", role="table"),
    ):
        Tag("caption", caption, class_="unseen")
        with Tag("thead", role="rowgroup"), Tag("tr", role="row"):
            for head in heads:
                Tag("th", head, scope="col", role="columnheader")
        return Rows(heads)


def row(*cells: Cell) -> Tag:
    """In the table that is being filled. The first cell heads the row."""
    rows = ui.context.slot.parent
    assert isinstance(rows, Rows) and len(cells) == len(rows.heads)
    with Tag("tr", role="row") as made:
        for number, (cell, head) in enumerate(zip(cells, rows.heads, strict=True)):
            if number == 0:
                _cell(cell, "th", scope="row", role="rowheader")
            else:
                _cell(cell, "td", role="cell", data_head=head)
    return made


def _cell(cell: Cell, tag: str, /, **attributes: Attribute) -> None:
    with Tag(tag, cell if isinstance(cell, str) else "", **attributes):
        if not isinstance(cell, str):
            cell()


def facts(pairs: Iterable[tuple[str, Cell]]) -> Tag:
    """A list of what is what."""
    with Tag("dl") as made:
        for what, value in pairs:
            with Tag("div"):
                Tag("dt", what)
                with Tag("dd", value if isinstance(value, str) else ""):
                    if not isinstance(value, str):
                        value()
    return made


def badge(text: str, kind: str) -> Tag:
    """A word with a mark before it whose shape says the same as its colour. kind: a class of the style sheet."""
    return Tag("span", text, class_=f"badge {kind}")


def bar(share: float | None, label: str) -> Tag:
    """How far something is, 0 to 1; None: not known."""
    done = {} if share is None else {"value": f"{share:.3f}"}
    return Tag("progress", max="1", aria_label=label, **done)


def markup(html: Markup, tag: str = "div", **attributes: Attribute) -> ui.html:
    """What the report's own words make, escaped there."""
    made = ui.html(html, sanitize=False, tag=tag)
    for key, value in attributes.items():
        made.props[key.rstrip("_").replace("_", "-")] = value
    return made


def picture(data: bytes, alt: str, media_type: str = "image/jpeg", **attributes: Attribute) -> Tag:
    """A small one, within the page: nothing of it is left in a cache."""
    return Tag("img", src=data_uri(data, media_type), alt=alt, **attributes)


def box_over(box: tuple[float, float, float, float], width: int, height: int, text: str, kind: str) -> Tag:
    """A box over a picture, in shares of its size. box: x0, y0, x1, y1 px of the picture itself. kind: a class."""
    x0, y0, x1, y1 = (100 * edge / of for edge, of in zip(box, (width, height, width, height), strict=True))
    place = Tag("span", text, class_=f"box {kind}")
    place.style(f"left: {x0:.3f}%; top: {y0:.3f}%; width: {x1 - x0:.3f}%; height: {y1 - y0:.3f}%")
    return place


def data_uri(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
