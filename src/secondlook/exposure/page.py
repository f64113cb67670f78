"""``report.html`` of an exposure: who could be picked out, shown on the pictures, in a table and in sentences."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from secondlook.decide.calibration import FitCard
from secondlook.decide.rule import Limits, shortcomings
from secondlook.exposure import said
from secondlook.exposure.bands import BANDS, band_of
from secondlook.exposure.publishing import Advice
from secondlook.exposure.record import FILE_NAME as EXPOSURE
from secondlook.exposure.record import ExposedFace
from secondlook.report import words
from secondlook.report.document import BEGINNING, document_head
from secondlook.report.markup import Markup, joined, named, table, tag
from secondlook.report.page import FILE_NAME
from secondlook.report.writing import replacing
from secondlook.sources import Problem

_STYLE = """
.map img { display: block; max-width: 100%; height: auto; border: 1px solid var(--rule); }
.moments { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1rem; margin-bottom: 1rem; }
.moments figure { margin: 0; } .moments img { display: block; max-width: 100%; height: auto; }
.band {
  display: inline-block; min-width: 3.2em; text-align: center; border: 1px solid #000; padding: 0 0.3em; font-weight: 700;
}
td { min-width: 4.5em; }
ol li, .moments figcaption { overflow-wrap: anywhere; }
"""
_MOST_ROWS = 300
_MOST_SENTENCES = 5
_MOST_MAPS = 60
_MOST_MOMENTS = 60


@dataclass(frozen=True, slots=True)
class ExposureRun:
    """What the page tells of a run. card, largest: of the calibration. pack: the recogniser that is feared."""

    started: datetime
    seconds: float
    version: str
    population: int
    pack: str
    card: FitCard
    largest: int
    detector: str
    providers: tuple[str, ...]
    looked_at: int
    problems: tuple[Problem, ...]


def write_exposure_page(out: Path, run: ExposureRun, faces: Sequence[ExposedFace], advice: Sequence[Advice]) -> Path:
    """Writes ``report.html`` into ``out`` and gives its path. Raises OutputError."""
    path = out / FILE_NAME
    with replacing(path) as file:
        for part in _page(out, run, faces, advice):
            file.write(part.encode("utf-8"))
    return path


def _page(out: Path, run: ExposureRun, faces: Sequence[ExposedFace], advice: Sequence[Advice]) -> Iterator[str]:
    title = "How exposed is this crowd?"
    yield BEGINNING
    yield document_head(title, _STYLE)
    yield "<body>\n<main>\n"
    yield tag("header", tag("h1", title), *(tag("p", line, class_="lead") for line in summary(run, faces)))
    yield _caution(run)
    if advice:
        yield _advice(advice)
    yield _bands(faces)
    yield from _sources(out, run, faces)
    yield _what_ran(run)
    if run.problems:
        yield _problems(run.problems)
    foot = f"Written by Second Look {run.version}. Everything on this page, for machines: {EXPOSURE}."
    yield "</main>\n" + tag("footer", tag("p", foot)) + "\n</body>\n</html>\n"


def summary(run: ExposureRun, faces: Sequence[ExposedFace]) -> tuple[str, ...]:
    """The whole result in a sentence or two, with counts."""
    where = words.counted(run.looked_at, "source")
    if not faces:
        return (f"No face was found in {where}." if run.looked_at else "Nothing could be looked at.",)
    half = sum(face.chance >= 0.5 for face in faces)
    most = max(faces, key=lambda face: face.chance)
    return (
        f"{words.counted(len(faces), 'face')} seen in {where}; {half:,} of them would more likely than not be picked out "
        f"first among {run.population:,} people.",
        f"The most exposed: {said.picked_out(most.exposure)}",
    )


def _caution(run: ExposureRun) -> Markup:
    text = [
        tag("p", tag("strong", "What is feared. "), said.threat(run.population)),
        tag("p", "Another computer may be better than this one. Clothes, place, company and time can tell who it is "
            "where the face does not: few exposed faces are no anonymous crowd."),
    ]  # fmt: skip
    if run.population - 1 > run.largest:
        text.append(tag("p", tag("strong", "Bounds, not estimates. "), (
            f"Searches were measured among up to {run.largest:,} people. Among {run.population:,} the chance of being picked "
            "out is at most what it is there, which is shown, and at least what the union bound leaves of it. Look-alikes "
            "and bits hold for any number of people."
        )))  # fmt: skip
    parts = [tag("p", f"Fitted on: {run.card.data}")]
    if run.card.limits:
        parts += [tag("p", "What it does not cover:"), tag("ul", *(tag("li", line) for line in run.card.limits))]
    text.append(tag("details", tag("summary", "What the figures rest on"), *parts))
    return tag("section", tag("h2", "Before anybody relies on this"), *text, class_="caution")


def _advice(advice: Sequence[Advice]) -> Markup:
    want = words.out_of(advice[0].want)
    parts = [tag("h2", f"What brings everybody below {want}")]
    calm = sum(not one.exposed for one in advice)
    if calm:
        needs = "needs" if calm == 1 else "need"
        parts.append(tag("p", f"{words.counted(calm, 'source')} {needs} nothing."))
    for one in sorted((a for a in advice if a.exposed), key=lambda a: -a.exposed):
        page = f", picture {one.frame + 1}" if one.frame else ""
        parts.append(tag("h3", named(one.source), page))
        parts.append(tag("p", f"{said.summed(one)} Any one of these is enough; the first changes the least:"))
        parts.append(tag("ol", *(tag("li", line) for line in said.advised(one))))
    return tag("section", *parts)


def _bands(faces: Sequence[ExposedFace]) -> Markup:
    rows = (
        (_label(band.letter, band.letter), band.said, f"{sum(band_of(face.chance) is band for face in faces):,}")
        for band in BANDS
    )
    shown = table("The letter stands on each box of the pictures.", ("letter", "what it means", "faces"), rows)
    return tag("section", tag("h2", "From exposed to hardly exposed"), tag("div", shown, class_="scroll"))


def _sources(out: Path, run: ExposureRun, faces: Sequence[ExposedFace]) -> Iterator[str]:
    by_source = [(name, list(group)) for name, group in groupby(faces, key=lambda face: (face.source, _page_of(face)))]
    by_source.sort(key=lambda pair: -pair[1][0].chance)
    for place, ((source, _), group) in enumerate(by_source):
        yield "<section>" + tag("h2", named(source))
        if group[0].time_s is None:
            yield tag("div", _picture(out, group[0], place < _MOST_MAPS), class_="map")
        else:
            yield _moments(out, group)
        yield tag("ul", *(tag("li", _sentences(face)) for face in group[:_MOST_SENTENCES]))
        yield tag("div", _table(run, group), class_="scroll")
        if len(group) > _MOST_ROWS:
            rest = f"The {_MOST_ROWS} most exposed of {len(group):,} are shown; all are in {EXPOSURE}."
            yield tag("p", rest, class_="small")
        yield "</section>"


def _page_of(face: ExposedFace) -> int:
    """Several pictures of one file stand apart; the people of a video together."""
    return face.frame if face.time_s is None else -1


def _moments(out: Path, group: Sequence[ExposedFace]) -> Markup:
    figures = [
        tag(
            "figure",
            _picture(out, face, embedded=True),
            tag("figcaption", f"{_name(face)}: most exposed at {words.clock(face.time_s or 0.0)}"),
        )
        for face in group[:_MOST_MOMENTS]
    ]
    return tag("div", *figures, class_="moments")


def _picture(out: Path, face: ExposedFace, embedded: bool) -> Markup:
    data = _data(out / face.map) if embedded and face.map else None
    if data is None:
        return tag("p", "The picture is in ", tag("code", face.map or "no file"), ".")
    return tag("img", src=data, alt="The picture with a box, a letter and a number on every face", loading="lazy")


def _sentences(face: ExposedFace) -> Markup:
    e = face.exposure
    lines = (said.picked_out(e), said.look_alikes(e), said.bits(e), said.recognisable(face))
    return joined((tag("strong", _name(face)), " ", " ".join(lines)))


def _table(run: ExposureRun, group: Sequence[ExposedFace]) -> Markup:
    video = group[0].time_s is not None
    heads = [
        "face", "picked out first", "look-alikes (usual)", "bits", "px between the eyes",
        f"px for {words.out_of(group[0].level)}", *(("most exposed at",) if video else ()), "where", "what limits it",
    ]  # fmt: skip
    caption = f"Among {run.population:,} people; intervals are 95 %. The most exposed first."
    return table(caption, heads, (_row(run, face, video) for face in group[:_MOST_ROWS]))


def _row(run: ExposureRun, face: ExposedFace, video: bool) -> tuple[str, ...]:
    e = face.exposure
    lead = "at most" if e.beyond else "about"
    return (
        _label(_name(face), band_of(face.chance).letter),
        f"{words.estimated(e.picked_out, 1000, lead)} of 1,000",
        said.people(e.look_alikes).removeprefix("about "),
        f"{e.bits:.1f}",
        f"{face.quality.inter_eye_px:.0f}",
        "at none measured" if face.level_px is None else f"{math.ceil(face.level_px)}",
        *((words.clock(face.time_s or 0.0),) if video else ()),
        f"x {face.box[0]:.0f}, y {face.box[1]:.0f}",
        "; ".join(_limits(run, face)),
    )


def _limits(run: ExposureRun, face: ExposedFace) -> tuple[str, ...]:
    found = shortcomings(face.quality, Limits())
    if face.quality.inter_eye_px < run.card.smallest_px:
        return (
            f"smaller than any that was measured ({run.card.smallest_px:.0f} px): the chance is stated too high",
            *found,
        )
    return found


def _name(face: ExposedFace) -> str:
    return f"{band_of(face.chance).letter}{face.number}"


def _label(text: str, letter: str) -> Markup:
    band = next(band for band in BANDS if band.letter == letter)
    style = f"background: rgb{band.colour}; color: rgb{band.ink}"
    return tag("span", text, class_="band", style=style)


def _what_ran(run: ExposureRun) -> Markup:
    started = f"{run.started:%Y-%m-%d %H:%M} {run.started:%Z}".rstrip()
    card = run.card
    facts: list[tuple[str, Markup]] = [
        ("Recogniser that is feared", tag("code", run.pack)),
        ("Detector", tag("code", run.detector)),
        ("Ran on", joined(tag("span", line, class_="line") for line in run.providers)),
        (
            "Calibrated on",
            joined((f"{card.subjects:,} people, {card.views:,} views, searches among up to {run.largest:,}",)),
        ),
        ("Run", joined((f"{started}, {words.duration(run.seconds)}, Second Look {run.version}",))),
    ]
    entries = joined(tag("div", tag("dt", term), tag("dd", shown)) for term, shown in facts)
    return tag("section", tag("h2", "What ran"), tag("dl", entries))


def _problems(problems: Sequence[Problem]) -> Markup:
    rows = ((named(str(problem.path)), problem.sentence) for problem in problems)
    shown = table("Nothing is said of these.", ("file", "what was wrong"), rows)
    heading = tag("h2", f"What could not be read, or not whole ({len(problems):,})", id="unread")
    return tag("section", heading, tag("div", shown, class_="scroll"), class_="unread")


def _data(path: Path) -> str | None:
    try:
        return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
    except OSError:  # the page says where it was to be
        return None
