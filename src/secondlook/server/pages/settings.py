"""What the service is set to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from secondlook.errors import Invalid
from secondlook.server.actors import May
from secondlook.server.acts import settings as acts
from secondlook.server.pages import parts
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.settings import Settings


@dataclass(frozen=True, slots=True)
class _Asked:
    """One setting as it is asked for. kind: what it is read as. unit: after the label."""

    name: str
    label: str
    kind: type
    unit: str = ""
    hint: str = ""


_GROUPS: tuple[tuple[str, tuple[_Asked, ...]], ...] = (
    (
        "Searching",
        (
            _Asked(
                "fpir", "Strangers that may give a candidate", float, "share of their searches, 0.003 is 3 in 1,000"
            ),
            _Asked("prior", "Chance that a passer-by is enrolled", float, "0.01 is 1 in 100"),
            _Asked("purpose_required", "Every search says what it is for", bool),
            _Asked("case_required", "Every search gives a case number", bool),
        ),
    ),
    (
        "Keeping",
        (
            _Asked("keep_sightings_days", "Sightings are dropped after", int, "days"),
            _Asked("keep_uploads_days", "Uploads are dropped after", int, "days"),
        ),
    ),
    (
        "Reviewing",
        (
            _Asked(
                "catch_share", "Blind sets that are trials", float, "share", "Their truth is known: they count errors."
            ),
        ),
    ),
    (
        "Limits",
        (
            _Asked("session_hours", "Sign in again after", int, "hours"),
            _Asked("jobs_at_once", "Jobs at once", int),
            _Asked("upload_mb", "Largest upload", int, "MB"),
            _Asked("picture_megapixels", "Largest picture", int, "megapixels"),
            _Asked("upload_seconds", "Longest that opening a picture may take", int, "seconds"),
            _Asked("upload_memory_mb", "Most memory that opening a picture may take", int, "MB"),
            _Asked("requests_per_minute", "Requests of one account", int, "a minute"),
        ),
    ),
)


async def build(visit: Visit) -> None:
    found = await visit.do(acts.settings)
    can = visit.may(May.CHANGE_SETTINGS)
    if not can:
        parts.para("Your role reads the settings; an admin changes them. Every change is in the log.")

    async def keep(sent: dict[str, str]) -> None:
        await visit.do(acts.change, _read(sent))
        visit.say("The settings are kept. What was changed is in the log.")

    with parts.form(visit.doing(keep), class_="settings"):
        for legend, group in _GROUPS:
            with parts.fieldset(legend, disabled=not can or None):
                for one in group:
                    _field(one, found)
        if can:
            parts.submit("Keep these settings")


def _field(asked: _Asked, found: Settings) -> Tag:
    value = getattr(found, asked.name)
    if asked.kind is bool:
        return parts.check(asked.label, asked.name, checked=value, hint=asked.hint)
    label = f"{asked.label} ({asked.unit})" if asked.unit else asked.label
    step = "1" if asked.kind is int else "any"
    return parts.field(label, asked.name, f"{value:.12g}", hint=asked.hint, type="number", step=step, required=True)


def _read(sent: dict[str, str]) -> dict[str, Any]:
    """Raises Invalid."""
    values: dict[str, Any] = {}
    for _, group in _GROUPS:
        for one in group:
            try:
                values[one.name] = one.name in sent if one.kind is bool else one.kind(sent[one.name])
            except (KeyError, ValueError) as error:
                raise Invalid(f"{one.label}: a number is needed.") from error
    return values
