"""One photograph covered: all pages, all pictures of an animation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from secondlook.redact.cover import cover
from secondlook.redact.photo import Page, suffix_for, write_photo
from secondlook.redact.photo_facts import kept_metadata, photo_facts
from secondlook.redact.planning import Wanted, planned_photo
from secondlook.redact.record import RedactedFrame
from secondlook.redact.results import Redacted
from secondlook.redact.rulings import Rulings, rulings_of
from secondlook.runs.redact_kit import Kit
from secondlook.sources import Source, read_pictures
from secondlook.types import Frame, Pixels

Told = Callable[[RedactedFrame], None]


def redact_photo(source: Source, out: Path, stem: Path, kit: Kit, told: Told) -> Redacted:
    """Writes the copy under ``out / stem`` with a fitting ending, and tells of every page. Raises SourceError."""
    facts = photo_facts(source.path)
    output = stem.with_name(stem.name + suffix_for(source.path, facts))
    target = out / output
    target.unlink(missing_ok=True)
    metadata = kept_metadata(source.path) if kit.ask.keep_metadata else None
    planned: list[RedactedFrame] = []
    count = write_photo(target, _pages(source, output.as_posix(), kit, planned), facts, metadata)
    for frame in planned:
        if frame.areas:
            told(frame)
    kept = sum(area.kept for frame in planned for area in frame.areas)
    return Redacted(
        source=str(source.path),
        output=output.as_posix(),
        frames=count,
        covered_frames=sum(bool(frame.covered) for frame in planned),
        faces=sum(area.track > 0 for frame in planned for area in frame.areas) - kept,
        kept=kept,
    )


def _pages(source: Source, output: str, kit: Kit, planned: list[RedactedFrame]) -> Iterator[Page]:
    """Every page covered, and how long it is shown: until the next one begins, the last as long as the one before."""
    waiting: tuple[Frame, Pixels] | None = None
    shown_s = 0.1
    for frame in read_pictures(source.path, kit.ask.max_pixels):
        covered = _covered(frame, source, output, kit, planned)
        if waiting is not None:
            shown_s = _shown_s(waiting[0], frame) or shown_s
            yield _page(*waiting, shown_s)
        waiting = (frame, covered)
    if waiting is not None:
        yield _page(*waiting, shown_s)


def _covered(frame: Frame, source: Source, output: str, kit: Kit, planned: list[RedactedFrame]) -> Pixels:
    found, sightings = kit.in_photo(frame)
    chosen = kit.ask.chosen
    rulings = Rulings(ruling for one in sightings for ruling in rulings_of(one, chosen, 0.0))
    wanted = Wanted(chosen, rulings, kit.ask.places)
    plan = planned_photo(found, wanted, str(source.path), output, frame.index)
    planned.append(plan)
    return cover(frame.pixels, plan.covered, kit.ask.covering)


def _shown_s(frame: Frame, following: Frame) -> float | None:
    return None if frame.time_s is None or following.time_s is None else following.time_s - frame.time_s


def _page(frame: Frame, pixels: Pixels, shown_s: float) -> Page:
    return Page(pixels, None if frame.time_s is None else shown_s)
