from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from secondlook.assemble import Identifier, Settings, assemble
from secondlook.cli.console import complain, err, out, print_json, progress
from secondlook.cli.options import (
    GalleryAt,
    Json,
    KeyFilePath,
    KeyFrom,
    Megapixels,
    ProviderName,
    Quiet,
    Threads,
    key_source,
)
from secondlook.custody import gallery_log, os_actor, read_policy, refuse_names
from secondlook.faces.packs.runtime import Provider
from secondlook.gallery import Gallery
from secondlook.ports import Action, Entry
from secondlook.report.sightings import to_line
from secondlook.runs.find import Annotate, RunResult, find_into
from secondlook.runs.journal import Start
from secondlook.runs.page import write_page
from secondlook.scale.run import on_ray
from secondlook.sources import MAX_PIXELS, Problem, Source, SourceKind
from secondlook.types import Outcome, Sighting


def find(
    sources: Annotated[list[Path], typer.Argument(help="Photographs, folders (with all below them), video files.")],
    gallery: GalleryAt,
    out_dir: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", show_default=False)],
    fpir: Annotated[
        float,
        typer.Option("--fpir", min=1e-9, max=0.5, help="Share of searches for strangers that may give a candidate."),
    ] = 0.003,
    prior: Annotated[
        float,
        typer.Option(
            "--prior", min=1e-9, max=0.999, help="Chance that a passer-by is enrolled, as far as you know it."
        ),
    ] = 0.01,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="File of `secondlook calibrate`, in place of the pack's own.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="Comparison score that makes a candidate; then no probability is stated."),
    ] = None,
    purpose: Annotated[str, typer.Option("--purpose", help="Why you search, for the gallery's log; no names.")] = "",
    case: Annotated[str, typer.Option("--case", help="The case it is for, for the gallery's log; no names.")] = "",
    smallest: Annotated[float, typer.Option("--smallest", min=6, help="Smallest face width in photographs, px.")] = 12,
    every: Annotated[float, typer.Option("--every", min=0, help="Video time between two looks, seconds.")] = 0.2,
    side: Annotated[int, typer.Option("--side", min=160, help="Longest side at which video is looked at, px.")] = 960,
    annotate: Annotated[Annotate, typer.Option("--annotate", help="Draw boxes into copies of what?")] = Annotate.ALL,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin the run in --out anew.")] = False,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            help="Look on the Ray cluster at this address ([b]auto[/b], [b]host:6379[/b]; [b]local[/b]: all cores).",
        ),
    ] = None,
    max_megapixels: Megapixels = MAX_PIXELS / 1e6,
    key_file: KeyFilePath = None,
    key_from: KeyFrom = None,
    provider: ProviderName = Provider.AUTO,
    threads: Threads = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find enrolled people in photographs, folders and videos.

    Example: [b]secondlook find crowd/ clip.mp4 --gallery staff.gallery --out found/[/b]
    """
    settings = Settings(
        provider=provider,
        threads=threads,
        smallest_px=smallest,
        every_s=every,
        video_side=side,
        fpir=fpir,
        prior=prior,
        calibration=calibration,
        threshold=threshold,
        max_pixels=round(max_megapixels * 1e6),
    )
    with Gallery.open(gallery, key=key_source(key_file, key_from)) as opened:
        read_policy(opened.folder).check(purpose, case, opened.place)
        refuse_names(opened, purpose, case)
        identifier = assemble(opened, settings)
        identifier.check()
        silent = quiet or as_json
        started = datetime.now().astimezone()
        if not silent:
            _introduce(identifier)
        start = Start.RESUME if resume else Start.OVERWRITE if overwrite else Start.NEW
        gallery_log(opened).record(_entry(identifier, len(sources), start, purpose, case))
        eyes = None if ray is None else on_ray(identifier, ray, annotate)
        with progress(silent) as bar:
            result = find_into(sources, out_dir, identifier, start, annotate, ProgressBars(bar), eyes)
        page = write_page(out_dir, result, identifier, opened.place, "Who was seen", started)
        if as_json:
            print_json([json.loads(to_line(record)) for record in result.records])
        else:
            _conclude(result, page)
    if not result.read:
        raise typer.Exit(1)


def _entry(identifier: Identifier, sources: int, start: Start, purpose: str, case: str) -> Entry:
    """Recorded before anything is looked at: a search that is stopped was one all the same."""
    settings = identifier.settings
    details: dict[str, str | int | float] = {"sources": sources, "subjects": identifier.gallery.subjects}
    details |= {"fpir": settings.fpir} if settings.threshold is None else {"threshold": settings.threshold}
    details |= {"start": start.value}
    return Entry(os_actor(), Action.SEARCH, (identifier.gallery.id,), purpose, case, details)


def _introduce(identifier: Identifier) -> None:
    say = err()
    say.print(f"Pack {identifier.embedder.pack} ({identifier.card.licence}).", markup=False)
    for line in identifier.providers:
        say.print(line, markup=False)
    blinded = identifier.gallery.blinded
    if blinded:
        say.print(f"{blinded} enrolled people cannot be searched, for their keys were dropped.", markup=False)


def _conclude(result: RunResult, page: Path) -> None:
    console = out()
    counts = {outcome: sum(r.outcome is outcome for r in result.records) for outcome in Outcome}
    for record in result.records:
        if record.outcome is Outcome.CANDIDATE:
            best = record.candidates[0]
            when = "" if record.time_s is None else f" at {record.time_s:.1f} s"
            x0, y0, x1, y1 = record.box
            console.print(
                f"candidate: {best.subject} in {record.source}{when}, box {x0:.0f},{y0:.0f},{x1:.0f},{y1:.0f}",
                markup=False,
            )
            console.print(f"  {record.grounds.sentence}", markup=False)
    said = ", ".join(f"{count} {outcome.value.replace('_', ' ')}" for outcome, count in counts.items())
    console.print(f"{len(result.records)} sightings in {len(result.read)} sources: {said}.", markup=False)
    if result.problems:
        console.print(f"{len(result.problems)} problems, listed in the report.", markup=False)
    console.print(f"Report: {page}", markup=False)


class ProgressBars:
    """A run's progress on the terminal: one bar over the sources, one within a video."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._all: TaskID | None = None
        self._video: TaskID | None = None

    def sources(self, count: int, already: int) -> None:
        self._all = self._bar.add_task("Sources", total=count, completed=already, unit="sources")

    def begin(self, source: Source, frames: int | None) -> None:
        if source.kind is SourceKind.VIDEO:
            self._video = self._bar.add_task(source.path.name, total=frames, unit="frames")

    def advance(self, frames: int) -> None:
        if self._video is not None:
            self._bar.advance(self._video, frames)

    def found(self, sighting: Sighting) -> None:
        pass

    def drawing(self, source: Source) -> None:
        if self._video is not None:
            self._bar.reset(self._video, description=f"{source.path.name}: drawing")

    def drawn(self, frames: int) -> None:
        if self._video is not None:
            self._bar.update(self._video, completed=frames)

    def end(self, source: Source) -> None:
        if self._video is not None:
            self._bar.remove_task(self._video)
            self._video = None
        if self._all is not None:
            self._bar.advance(self._all)

    def problem(self, problem: Problem) -> None:
        complain(problem.sentence)
