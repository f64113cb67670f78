"""What the service is set to."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from secondlook.errors import Invalid
from secondlook.server.actors import May
from secondlook.server.acts import settings as acts
from secondlook.server.pages import parts
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """One setting as it is asked for. name: with a dot where it lies within another. kind: what it is read as. unit: after
    the label. type_: of a text's field."""

    name: str
    label: str
    kind: type
    unit: str = ""
    hint: str = ""
    type_: str = "text"


GROUPS: tuple[tuple[str, tuple[Asked, ...]], ...] = (
    (
        "Searching",
        (
            Asked("fpir", "Strangers that may give a candidate", float, "share of their searches, 0.003 is 3 in 1,000"),
            Asked("prior", "Chance that a passer-by is enrolled", float, "0.01 is 1 in 100"),
            Asked("purpose_required", "Every search says what it is for", bool),
            Asked("case_required", "Every search gives a case number", bool),
        ),
    ),
    (
        "Keeping",
        (
            Asked("keep_sightings_days", "Sightings are dropped after", int, "days"),
            Asked("keep_uploads_days", "Uploads are dropped after", int, "days"),
        ),
    ),
    (
        "Reviewing",
        (
            Asked(
                "catch_share", "Blind sets that are trials", float, "share", "Their truth is known: they count errors."
            ),
        ),
    ),
    (
        "Limits",
        (
            Asked("session_hours", "Sign in again after", int, "hours"),
            Asked("jobs_at_once", "Jobs at once", int),
            Asked("job_hours", "Longest that a job may take", int, "hours"),
            Asked("job_memory_mb", "Most memory that a job may take", int, "MB"),
            Asked("upload_mb", "Largest upload", int, "MB"),
            Asked("picture_megapixels", "Largest picture", int, "megapixels"),
            Asked("upload_seconds", "Longest that opening a picture may take", int, "seconds"),
            Asked("upload_memory_mb", "Most memory that opening a picture may take", int, "MB"),
            Asked("requests_per_minute", "Requests of one account", int, "a minute"),
        ),
    ),
    (
        "Alerts",
        (
            Asked("public_url", "Where people reach these pages", str, "", "For links in alerts.", "url"),
            Asked("mqtt.host", "MQTT broker", str, "", "Empty: nobody is told over MQTT."),
            Asked("mqtt.port", "Its port", int),
            Asked("mqtt.user", "Its user", str, "", "The password is set among the alerts."),
            Asked("mqtt.tls", "Speak to it over TLS", bool),
            Asked("mqtt.prefix", "Topics begin with", str),
            Asked("mqtt.discovery", "Home Assistant's discovery topics begin with", str),
            Asked("mqtt.quiet", "Quiet hours", str, "", "Such as 22:00-06:00 Europe/Berlin; empty: none."),
        ),
    ),
)


async def build(visit: Visit) -> None:
    found = await visit.do(acts.settings)
    can = visit.may(May.CHANGE_SETTINGS)
    if not can:
        parts.para("Your role reads the settings; an admin changes them. Every change is in the log.")

    async def keep(sent: dict[str, str]) -> None:
        await visit.do(acts.change, read(sent))
        visit.say("The settings are kept. What was changed is in the log.")

    with parts.form(visit.doing(keep), class_="settings"):
        for legend, group in GROUPS:
            with parts.fieldset(legend, disabled=not can or None):
                for one in group:
                    _field(one, found)
        if can:
            parts.submit("Keep these settings")


def _field(asked: Asked, found: Settings) -> Tag:
    value = attrgetter(asked.name)(found)
    if asked.kind is bool:
        return parts.check(asked.label, asked.name, checked=value, hint=asked.hint)
    if asked.kind is str:
        return parts.field(asked.label, asked.name, value, hint=asked.hint, type=asked.type_)
    label = f"{asked.label} ({asked.unit})" if asked.unit else asked.label
    step = "1" if asked.kind is int else "any"
    return parts.field(label, asked.name, f"{value:.12g}", hint=asked.hint, type="number", step=step, required=True)


def read(sent: dict[str, str]) -> dict[str, Any]:
    """What ``acts.settings.change`` takes. Raises Invalid."""
    values: dict[str, Any] = {}
    for one in (one for _, group in GROUPS for one in group):
        try:
            value = one.name in sent if one.kind is bool else one.kind(sent[one.name])
        except (KeyError, ValueError) as error:
            raise Invalid(f"{one.label}: a number is needed.") from error
        outer, _, inner = one.name.rpartition(".")
        if outer:
            values.setdefault(outer, {})[inner] = value
        else:
            values[inner] = value
    return values
