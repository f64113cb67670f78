"""What a search is for, as whoever searches states it."""

from __future__ import annotations

from secondlook.server.pages import parts
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.service import Why


def reason_fields(visit: Visit, about: str) -> None:
    settings = visit.service.settings()
    with parts.fieldset("Why"):
        parts.para(f"{about} Write nobody's name.", class_="hint")
        with Tag("div", class_="pair"):
            parts.field(_said("Purpose", settings.purpose_required), "purpose", maxlength="500")
            parts.field(_said("Case number", settings.case_required), "case", maxlength="128")


def why_of(sent: dict[str, str]) -> Why:
    return Why(sent.get("purpose", "").strip(), sent.get("case", "").strip())


def _said(label: str, needed: bool) -> str:
    return f"{label} (needed)" if needed else label
