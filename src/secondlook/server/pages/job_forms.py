"""What each kind of job can be asked for, as fields of a form. Those of the kinds that are not chosen are hidden by the style
sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from secondlook.errors import Invalid
from secondlook.redact.cover import Extent, Style
from secondlook.server.actors import May
from secondlook.server.acts.job_kinds import AuditAsked, ExposureAsked, FindAsked, JobKind, RedactAsked
from secondlook.server.pages import parts
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.pages.whom import whom_fields

ASKED: dict[JobKind, type[FindAsked | RedactAsked | ExposureAsked | AuditAsked]] = {
    JobKind.FIND: FindAsked,
    JobKind.REDACT: RedactAsked,
    JobKind.EXPOSURE: ExposureAsked,
    JobKind.AUDIT: AuditAsked,
}
_SAID = {
    JobKind.FIND: ("Find enrolled people", "Candidates come into the inbox; of everybody else only a number is kept."),
    JobKind.REDACT: ("Cover faces", "Copies that may go out, and what a person should look at again."),
    JobKind.EXPOSURE: ("State how anonymous the crowd is", "Who could be picked out by somebody with many pictures."),
    JobKind.AUDIT: ("Audit a table of scores", "How often a system is wrong, and for whom."),
}
_STYLES = {
    Style.SOLID: "One colour: nothing of the face is left",
    Style.AVATAR: "A drawn face: nothing of the face is left",
    Style.PIXELATE: "Blocks: can often be undone",
    Style.BLUR: "Blur: can often be undone",
}
_EXTENTS = {Extent.HEAD: "The head", Extent.FACE: "The face"}


class Whom(StrEnum):
    """Whose faces are covered. KEEP: everybody's but those who are added; ONLY: theirs alone."""

    ALL = "all"
    KEEP = "keep"
    ONLY = "only"


_WHOM = {
    Whom.ALL: "Everybody",
    Whom.KEEP: "Everybody but the people below",
    Whom.ONLY: "Only the people below",
}


async def kind_fields(visit: Visit, kinds: Sequence[JobKind], chosen: str) -> None:
    """chosen: the kind that is ticked at first; where it is none of them, the first is."""
    first = chosen if chosen in [kind.value for kind in kinds] else kinds[0].value
    with parts.fieldset("What is to be done"):
        for kind in kinds:
            said, hint = _SAID[kind]
            with Tag("div", class_="check"):
                box = Tag("input", type="radio", name="kind", value=kind.value, checked=kind == first or None)
                Tag("label", said, for_=box.html_id)
                box.set(aria_describedby=parts.para(hint, class_="hint").html_id)
    for kind in kinds:
        with Tag("div", class_=f"for-{kind}"):
            _FIELDS[kind]()
            if kind is JobKind.REDACT and visit.may(May.SEARCH) and visit.may(May.SEE_SUBJECTS):
                await _whom(visit)


def _find() -> None:
    parts.check("Tell candidates to others as alerts", "find.tells")
    with Tag("details"):
        Tag("summary", "How closely to look")
        parts.field("Seconds of video between two looks", "find.every_s", "0.2", **_number("0", "60"))
        parts.field("Longest side at which video is looked at (px)", "find.video_side", "960", **_number("160", "4096"))
        parts.field("Smallest face in photographs (px across)", "find.smallest_px", "12", **_number("6", "512"))


async def _whom(visit: Visit) -> None:
    hint = "To tell people apart is a search: say why below. Look at the copies again, for nobody is recognised always."
    parts.choice("Whom", "redact.whom", {whom.value: said for whom, said in _WHOM.items()}, Whom.ALL.value, hint=hint)
    await whom_fields(visit, "The people")


def whom_of(values: dict[str, Any], subjects: tuple[str, ...]) -> dict[str, Any]:
    """The fields of a redaction, with those who were added where they belong. Raises Invalid."""
    whom = Whom(values.pop("whom", Whom.ALL))
    if whom is Whom.ALL and subjects:
        raise Invalid(
            "People are added, but everybody is to be covered: say what is to become of them, or take them away."
        )
    if whom is not Whom.ALL and not subjects:
        raise Invalid("Nobody is added: look for the people by name, and add them.")
    return values if whom is Whom.ALL else values | {whom.value: subjects}


def _redact() -> None:
    parts.choice("How", "redact.style", {style.value: said for style, said in _STYLES.items()}, Style.SOLID.value)
    parts.choice("How far", "redact.cover", {one.value: said for one, said in _EXTENTS.items()}, Extent.HEAD.value)
    parts.check("Attack the copies and say what is left", "redact.prove", hint="Takes about half as long again.")
    with Tag("details"):
        Tag("summary", "More")
        parts.field("Margin on every side (share of the face)", "redact.margin", "0.15", **_number("0", "2"))
        parts.field("Smallest face to be found (px across)", "redact.smallest_px", "16", **_number("6", "512"))
        parts.check("Keep what the files say about time and place", "redact.keep_metadata")


def _exposure() -> None:
    hint = "Empty: as many as are enrolled here."
    parts.field("People of whom somebody holds a good picture", "exposure.population", hint=hint, **_number("2", ""))
    hint = "From 0 to 1; with it comes advice on how to publish."
    parts.field("Chance of being picked out that nobody should reach", "exposure.want", hint=hint, **_number("0", "1"))
    with Tag("details"):
        Tag("summary", "More")
        parts.field("Smallest face (px across)", "exposure.smallest_px", "12", **_number("6", "512"))


def _audit() -> None:
    parts.field("What the report calls it", "audit.label", "the uploaded table of scores", maxlength="100")
    parts.field("Strangers that may give a candidate (share)", "audit.fpir", "0.003", **_number("0", "1"))
    parts.field("Threshold of the system", "audit.threshold", hint="Empty: none was given.", **_number("", ""))
    parts.check("Smaller is more alike (the scores are distances)", "audit.distance")
    parts.check("Say what would make it better", "audit.advise")


_FIELDS: dict[JobKind, Callable[[], None]] = {
    JobKind.FIND: _find,
    JobKind.REDACT: _redact,
    JobKind.EXPOSURE: _exposure,
    JobKind.AUDIT: _audit,
}


def _number(least: str, most: str) -> dict[str, str]:
    return {"type": "number", "step": "any"} | {k: v for k, v in (("min", least), ("max", most)) if v}
