"""``report.html`` of a redaction: what was covered, and the sheet of spots where a person should look again."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from secondlook.redact.cover import Covering, Extent, Style
from secondlook.redact.doubts import Doubt
from secondlook.redact.places import also_text
from secondlook.redact.record import FILE_NAME as REDACTION
from secondlook.redact.results import Redacted, ReviewSpot
from secondlook.redact.rulings import Chosen
from secondlook.report import words
from secondlook.report.document import BEGINNING, document_head
from secondlook.report.markup import Markup, joined, named, table, tag
from secondlook.report.page import FILE_NAME
from secondlook.report.sound import Sound
from secondlook.report.writing import replacing
from secondlook.sources import Problem

_STYLE = """
.spots { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; }
.spots figure { margin: 0; } .spots img { max-width: 100%; height: auto; } .spots code { overflow-wrap: anywhere; }
"""
_MOST = 300


@dataclass(frozen=True, slots=True)
class RedactionRun:
    """What the page tells of a run. detector: pack id and licence. providers: what the models ran on. proof: name of the
    page beside this one that says what the copies survived, None where they were not attacked. camera: how it went,
    in sentences, where the source was a camera."""

    title: str
    started: datetime
    seconds: float
    version: str
    covering: Covering
    chosen: Chosen
    keep_metadata: bool
    detector: str
    providers: tuple[str, ...]
    problems: tuple[Problem, ...]
    proof: str | None = None
    camera: tuple[str, ...] = ()


def write_redaction_page(out: Path, run: RedactionRun, done: Sequence[Redacted], review: Sequence[ReviewSpot]) -> Path:
    """Writes ``report.html`` into ``out`` and gives its path. Raises OutputError."""
    path = out / FILE_NAME
    with replacing(path) as file:
        for part in _page(out, run, done, review):
            file.write(part.encode("utf-8"))
    return path


def _page(out: Path, run: RedactionRun, done: Sequence[Redacted], review: Sequence[ReviewSpot]) -> Iterator[str]:
    yield BEGINNING
    yield document_head(run.title, _STYLE)
    yield "<body>\n<main>\n"
    yield tag("header", tag("h1", run.title), tag("p", _summary(done), class_="lead"))
    yield _caution(run)
    yield _what_ran(run)
    if run.problems:
        yield _problems(run.problems)
    yield _sources(done, segments=bool(run.camera))
    if run.camera:
        yield _recording(out)
    else:
        yield from _sheet(out, review, several=len(done) > 1)
    foot = f"Written by Second Look {run.version}. Every covered place of every frame: {REDACTION}."
    yield "</main>\n" + tag("footer", tag("p", foot)) + "\n</body>\n</html>\n"


def _summary(done: Sequence[Redacted]) -> str:
    if not done:
        return "Nothing could be covered."
    faces, kept = sum(one.faces for one in done), sum(one.kept for one in done)
    frames, covered = sum(one.frames for one in done), sum(one.covered_frames for one in done)
    said = (
        f"{words.counted(faces, 'face')} covered in {covered:,} of {words.counted(frames, 'picture')} "
        f"({words.counted(len(done), 'source')}; a face followed through a video counts once)."
    )
    return f"{said} {words.counted(kept, 'face')} left visible on purpose." if kept else said


def _caution(run: RedactionRun) -> Markup:
    text = [
        tag("p", tag("strong", "Look at the copies before they go out."), " A detector misses faces now and then."),
        tag("p", "Covering a face does not make a person anonymous: clothes, gait, voice, place and company can tell."),
    ]
    if run.covering.style in (Style.BLUR, Style.PIXELATE):
        weak = f"What {run.covering.style.value} leaves of a face can often be recognised by a computer all the same."
        text.append(tag("p", tag("strong", weak), " The style solid leaves nothing of it."))
    if run.keep_metadata:
        text.append(tag("p", tag("strong", "Metadata were kept"), ": place, time and camera may be among them."))
    if run.proof is not None:
        text.append(tag("p", tag("a", "What these copies survived when they were attacked", href=run.proof), "."))
    return tag("section", tag("h2", "Before anything goes out"), *text, class_="caution")


def _what_ran(run: RedactionRun) -> Markup:
    extent = "the whole head" if run.covering.extent is Extent.HEAD else "the face"
    how = f"{run.covering.style.value}, over {extent} with a margin of {words.percent(run.covering.margin)}"
    who = "everybody"
    if run.chosen.keep:
        who = f"everybody but {words.listed(run.chosen.keep)}, who stays visible only where that was decided"
    elif run.chosen.only:
        who = f"only {words.listed(run.chosen.only)}, and whoever may be: candidates, and inconclusive in their favour"
    started = f"{run.started:%Y-%m-%d %H:%M} {run.started:%Z}".rstrip()
    facts: list[tuple[str, Markup]] = [
        ("Covered", joined((how,))),
        ("Who", joined((who,))),
        ("Detector", tag("code", run.detector)),
        ("Ran on", joined(tag("span", line, class_="line") for line in run.providers)),
        *((("Camera", joined(tag("span", line, class_="line") for line in run.camera)),) if run.camera else ()),
        ("Run", joined((f"{started}, {words.duration(run.seconds)}, Second Look {run.version}",))),
    ]
    entries = joined(tag("div", tag("dt", term), tag("dd", said)) for term, said in facts)
    return tag("section", tag("h2", "What ran"), tag("dl", entries))


def _problems(problems: Sequence[Problem]) -> Markup:
    rows = ((named(str(problem.path)), problem.sentence) for problem in problems)
    shown = table("Of what could not be read, nothing was written.", ("file", "what was wrong"), rows)
    heading = tag("h2", f"What could not be read, or not whole ({len(problems):,})", id="unread")
    return tag("section", heading, tag("div", shown, class_="scroll"), class_="unread")


def _sources(done: Sequence[Redacted], segments: bool) -> Markup:
    heads = ("source", "copy", "pictures", "with something covered", "faces covered", "left visible", "remarks")
    rows = (
        (
            named(one.source),
            named(one.output),
            f"{one.frames:,}",
            f"{one.covered_frames:,}",
            f"{one.faces:,}",
            f"{one.kept:,}",
            _remarks(one, with_warning=segments),
        )
        for one in done
    )
    said = "One line for each photograph and video."
    if segments:
        said = "One line for each segment; who is seen in several counts in each."
    shown = table(said, heads, rows)
    return tag("section", tag("h2", f"What was covered ({len(done):,})"), tag("div", shown, class_="scroll"))


def _remarks(one: Redacted, with_warning: bool) -> str:
    said = [one.warning] if with_warning and one.warning else []
    if one.unplanned:
        said.append(f"{words.counted(one.unplanned, 'frame')} covered wholly")
    if one.sound is Sound.COPIED:
        said.append("sound copied")
    if one.sound is Sound.RECODED:
        said.append("sound coded anew without loss")
    if one.subtitles:
        said.append(f"{words.counted(one.subtitles, 'track')} of subtitles copied")
    if one.left_out:
        said.append(f"{words.counted(one.left_out, 'track')} of sound or subtitles left out")
    return "; ".join(said)


def _recording(out: Path) -> Markup:
    return tag(
        "section",
        tag("h2", "Look again"),
        tag(
            "p",
            "A live picture is covered with little time to look ahead. Before the segments go on to others, cover them "
            "once more as videos, with all the time there is and a sheet of the spots to look at:",
        ),
        tag("p", tag("code", f"secondlook redact {out.name}/redacted --out again")),
    )


def _sheet(out: Path, review: Sequence[ReviewSpot], several: bool) -> Iterator[str]:
    heading = tag("h2", f"Look again ({len(review):,})")
    if not review:
        yield tag("section", heading, tag("p", "No doubtful spot was found, which is no proof that there is none."))
        return
    yield "<section>" + heading
    yield tag(
        "p",
        "The spots where a face is most likely to have been missed, as they are in the covered copy. If one is to be "
        "seen, run the same command again with the text below it and --overwrite.",
    )
    if len(review) > _MOST:
        yield tag("p", f"The first {_MOST} are shown; the others are in review.jsonl.", class_="limit")
    yield '<div class="spots">'
    for spot in review[:_MOST]:
        yield _spot(out, spot, several)
    yield "</div></section>"


def _spot(out: Path, spot: ReviewSpot, several: bool) -> Markup:
    data = _data(out / spot.thumbnail)
    picture = tag("img", src=data, alt=_meaning(spot.doubt), loading="lazy") if data else tag("p", "No thumbnail.")
    x0, y0, x1, y1 = spot.box
    place = f"{words.clock(spot.time_s)}, {x1 - x0:.0f} × {y1 - y0:.0f} px at x {x0:.0f}, y {y0:.0f}"
    prefix = f"{Path(spot.source).name}=" if several else ""
    text = f'--also "{prefix}{also_text(_larger(spot), spot.from_s, spot.to_s)}"'
    caption = tag(
        "figcaption",
        tag("strong", _meaning(spot.doubt)),
        tag("span", named(spot.source), class_="line"),
        tag("span", place, class_="line"),
        tag("code", text),
    )
    return tag("figure", picture, caption)


def _larger(spot: ReviewSpot) -> tuple[float, float, float, float]:
    """Where the face may have moved to in the meantime."""
    x0, y0, x1, y1 = spot.box
    across, down = (x1 - x0) / 2, (y1 - y0) / 2
    return max(0.0, x0 - across), max(0.0, y0 - down), x1 + across, y1 + down


def _meaning(doubt: Doubt) -> str:
    match doubt:
        case Doubt.GAP:
            return "Not found for a while, and covered along a straight line"
        case Doubt.APPEARED:
            return "First found inside the picture: was it there before?"
        case Doubt.VANISHED:
            return "Last found inside the picture: is it still there?"
        case Doubt.FAINT:
            return "Found only faintly: is this a face, and is it all covered?"


def _data(path: Path) -> str | None:
    try:
        return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
    except OSError:  # the page says that there is none
        return None
