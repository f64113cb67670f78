"""A page without NiceGUI: for who is not signed in yet, and for refusals that come before a page could be made."""

from __future__ import annotations

from fastapi.responses import HTMLResponse

from secondlook.report.markup import Markup, joined, tag
from secondlook.server.pages.looks import the_look
from secondlook.server.pages.policies import PLAIN


def plain_page(title: str, content: Markup, status: int, *, sentence: str = "", again: str = "") -> HTMLResponse:
    """sentence: said above the content. again: the path that the browser asks for at once."""
    reload = (tag("meta", http_equiv="refresh", content=f"0; url={again}"),) if again else ()
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} · Second Look"),
        *reload,
        *the_look().head(),
    )
    said = (tag("p", sentence, role="alert", class_="sentence"),) if sentence else ()
    brand = tag("p", tag("span", class_="eye", aria_hidden="true"), "Second Look", class_="brand")
    body = tag("body", tag("main", brand, tag("h1", title), *said, content), class_="plain")
    page = joined((Markup("<!doctype html>\n"), tag("html", head, body, lang="en-GB")))
    return HTMLResponse(page, status, {"Content-Security-Policy": PLAIN})


def refusal(title: str, sentence: str, status: int) -> HTMLResponse:
    return plain_page(title, tag("p", tag("a", "Go to the first page", href="/")), status, sentence=sentence)
