"""The frame of a self-contained page: its head, which holds the style and forbids everything outside the file."""

from __future__ import annotations

from importlib.resources import files

from secondlook.report.markup import Markup, tag

# The browser itself refuses whatever is not in the file.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

BEGINNING = '<!doctype html>\n<html lang="en">\n'


def document_head(title: str, more_style: str = "") -> Markup:
    """The ``head`` element. more_style: CSS of this page, after the one that all pages share."""
    style = files("secondlook.report").joinpath("page.css").read_text("utf-8")
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        tag("style", Markup(style + more_style)),
    )
