"""One card a sighting: the face, where it was seen, what came out and on what grounds."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from secondlook.report import words
from secondlook.report.looks import look_of
from secondlook.report.markup import Markup, joined, named, table, tag
from secondlook.report.record import SightingRecord
from secondlook.report.summary import CalibrationLine
from secondlook.report.sureness import how_sure, without_figures
from secondlook.types import Outcome, Quality

SCORE_NOTE = "comparison score, not a probability"

_CAUTION = " Uncalibrated: "


@dataclass(frozen=True, slots=True)
class CardContext:
    """What a card needs beside its record.

    data: the crop as a data URI, None where there is none to show. marked: name of the marked copy of the source,
    relative to the page. rule_note: the sentence on the threshold that the page shows once, so that cards need not.
    calibration: that of the run, None where it has none.
    """

    data: str | None
    marked: str | None
    rule_note: str
    calibration: CalibrationLine | None = None


def card(record: SightingRecord, context: CardContext) -> Markup:
    """A sighting that somebody should look at."""
    heading = f"s-{record.id}"
    return tag(
        "article",
        picture(record, context.data),
        tag(
            "div",
            tag("h3", mark(record.outcome), _title(record), id=heading),
            tag("p", *_where(record, context), class_="where"),
            tag("p", *_grounds(record, context), class_="grounds"),
            how_sure(record, context.calibration),
            _candidates(record),
            _details(record),
            class_="said",
        ),
        class_=f"card {record.outcome.value}",
        aria_labelledby=heading,
    )


def tile(record: SightingRecord, context: CardContext) -> Markup:
    """A sighting without a candidate, small."""
    grounds = record.grounds
    score = "" if grounds.score is None else f"best score {words.number(grounds.score, words.score_digits(grounds))}"
    when = words.span(record)
    lines = (named(record.source), when or "", f"{record.box[2] - record.box[0]:.0f} px wide", score)
    caption = tag("figcaption", *(tag("span", line) for line in lines if line))
    return tag("figure", picture(record, context.data), caption, class_="tile")


def mark(outcome: Outcome) -> Markup:
    """The outcome's box as it is drawn on pictures; the word stands beside it."""
    return tag("span", look_of(outcome).symbol, class_=f"mark {outcome.value}", aria_hidden="true")


def picture(record: SightingRecord, data: str | None) -> Markup:
    # names nobody: a picture is described before anybody has looked at it
    when = words.span(record)
    alt = f"Face{f' at {words.clock(record.time_s)}' if when and record.time_s is not None else ''}"
    if data is not None:
        return tag("div", tag("img", src=data, alt=f"{alt}, {look_of(record.outcome).word}"), class_="picture")
    if record.crop is None:
        return tag("div", tag("span", "no picture was kept"), class_="picture")
    link = tag("a", record.crop, href=address(record.crop))
    return tag("div", tag("span", "picture: ", link), class_="picture")


def address(file: str, fragment: str = "") -> str:
    """A file beside the page as a relative address."""
    return "./" + quote(file.encode("utf-8", "surrogatepass")) + fragment


def _title(record: SightingRecord) -> Markup:
    word = look_of(record.outcome).word.capitalize()
    if record.subject is None:
        return joined((word,))
    return joined((f"{word}: ", named(record.subject)))


def _where(record: SightingRecord, context: CardContext) -> list[Markup]:
    parts = [named(record.source)]
    when = words.span(record)
    if when is not None:
        parts.append(tag("span", when, class_="time"))
        parts.append(tag("span", f"seen in {words.counted(record.frames, 'frame')}"))
    parts.append(tag("span", f"face {words.place_in(record)}"))
    if context.marked is not None:
        at = "" if record.first_s is None else f"#t={max(0.0, record.first_s):.1f}"
        kind = "marked picture" if when is None else "marked video"
        parts.append(tag("a", kind, href=address(context.marked, at)))
    return parts


def _grounds(record: SightingRecord, context: CardContext) -> list[str]:
    """The sentence, less what the card says below it; what would stand again on every card is on top of the page, and here
    a word reminds of it."""
    if record.grounds.calibrated:
        return [without_figures(record.grounds.sentence)]
    own, _, repeated = record.grounds.sentence.partition(_CAUTION)
    if not repeated or not repeated.endswith(context.rule_note):
        return [record.grounds.sentence]
    return [own, " ", tag("span", "uncalibrated", class_="badge")]


def _candidates(record: SightingRecord) -> Markup:
    if not record.candidates:
        return Markup("")
    digits = words.score_digits(record.grounds)
    rows = ((str(c.rank), named(c.subject), words.number(c.score, digits)) for c in record.candidates)
    return tag("div", table(f"Most alike ({SCORE_NOTE})", ("rank", "subject", "score"), rows), class_="scroll")


def _details(record: SightingRecord) -> Markup:
    quality = table("Measured on the face", ("measure", "value"), quality_rows(record.quality))
    rest = table("Kept in sightings.jsonl", ("field", "value"), _field_rows(record))
    return tag("details", tag("summary", "Quality and details"), tag("div", quality, rest, class_="scroll pair"))


def quality_rows(quality: Quality) -> list[tuple[str, str]]:
    return [
        ("between the eyes", _with_unit(quality.inter_eye_px, 1, "px")),
        ("sharpness", _with_unit(quality.sharpness, 2, "(1 = in focus)")),
        ("turned (yaw)", _with_unit(quality.yaw_deg, 0, "°, about")),
        ("nodding (pitch)", _with_unit(quality.pitch_deg, 0, "°, about")),
        ("leaning (roll)", _with_unit(quality.roll_deg, 0, "°")),
        ("brightness", _with_unit(quality.exposure, 2, "of 1")),
        ("contrast", _with_unit(quality.contrast, 2, "(0 to 0.5)")),
        ("JPEG blocks", _with_unit(quality.blockiness, 2, "(0 = none)")),
        ("inside the picture", _with_unit(100 * quality.visible, 0, "%")),
        ("overall, for ranking", _with_unit(quality.score, 2, "of 1")),
    ]


def _field_rows(record: SightingRecord) -> list[tuple[str, str]]:
    grounds = record.grounds
    stated = [
        ("asked false positive rate", words.asked(grounds.fpir) if grounds.fpir is not None else ""),
        ("stated chance of being enrolled", words.asked(grounds.prior) if grounds.prior is not None else ""),
        ("log₁₀ likelihood ratio", words.number(grounds.log10_lr, 3) if grounds.log10_lr is not None else ""),
    ]
    return [
        ("id", record.id),
        ("track", str(record.track)),
        ("frame", str(record.frame)),
        ("detector score", f"{words.number(record.detector_score, 2)} of 1"),
        ("best score", _score(grounds.score)),
        ("threshold", _score(grounds.threshold)),
        ("ahead of the runner-up", _score(grounds.margin)),
        ("people searched", f"{grounds.gallery_size:,}"),
        *(row for row in stated if row[1]),
        ("pack", record.pack),
    ]


def _score(value: float | None) -> str:
    return "none" if value is None else words.number(value, 4)


def _with_unit(value: float, digits: int, unit: str) -> str:
    said = words.number(value, digits)
    if said == "not measured":
        return said
    return f"{said}{unit}" if unit.startswith("°") else f"{said} {unit}"
