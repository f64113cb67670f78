from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from secondlook.assemble import Settings
from secondlook.cli.console import complain, err, out, print_json, progress
from secondlook.cli.options import (
    Json,
    KeyFilePath,
    KeyFrom,
    Megapixels,
    PackName,
    ProviderName,
    Quiet,
    Threads,
    key_source,
)
from secondlook.errors import GalleryError
from secondlook.exposure import said
from secondlook.exposure.publishing import Advice
from secondlook.exposure.record import ExposedFace, advice_line, to_line
from secondlook.faces.packs.runtime import Provider
from secondlook.gallery import Gallery
from secondlook.report.words import counted
from secondlook.runs.exposure import ExposureResult, expose_into
from secondlook.runs.exposure_kit import Kit, kit
from secondlook.runs.exposure_page import write_page
from secondlook.runs.journal import Start
from secondlook.sources import MAX_PIXELS, Problem, Source, SourceKind

POPULATION = 1000


def exposure(
    sources: Annotated[list[Path], typer.Argument(help="Photographs, folders (with all below them), video files.")],
    out_dir: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", show_default=False)],
    population: Annotated[
        int | None,
        typer.Option("--population", "-n", min=2, help=f"People enrolled somewhere. Default: {POPULATION}."),
    ] = None,
    gallery: Annotated[str | None, typer.Option("--gallery", "-g", help="Its people and its pack, instead.")] = None,
    want: Annotated[
        float | None,
        typer.Option("--want", help="Chance of being picked out that nobody should reach: says how to publish."),
    ] = None,
    pack: PackName = None,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="File of `secondlook calibrate`, in place of the pack's own.")
    ] = None,
    smallest: Annotated[float, typer.Option("--smallest", min=6, help="Smallest face width in photographs, px.")] = 12,
    every: Annotated[float, typer.Option("--every", min=0, help="Video time between two looks, seconds.")] = 0.2,
    side: Annotated[int, typer.Option("--side", min=160, help="Longest side at which video is looked at, px.")] = 960,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the results in --out.")] = False,
    max_megapixels: Megapixels = MAX_PIXELS / 1e6,
    key_file: KeyFilePath = None,
    key_from: KeyFrom = None,
    provider: ProviderName = Provider.AUTO,
    threads: Threads = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say how anonymous a crowd is: who could be picked out by somebody who holds pictures of many people.

    Example: [b]secondlook exposure crowd.jpg --population 1000 --want 0.01 --out exposed/[/b]
    """
    if gallery is not None and (population is not None or pack is not None):
        raise typer.BadParameter("a --gallery brings its own people and pack: leave --population and --pack out")
    settings = Settings(
        recogniser=pack,
        provider=provider,
        threads=threads,
        smallest_px=smallest,
        every_s=every,
        video_side=side,
        calibration=calibration,
        max_pixels=round(max_megapixels * 1e6),
    )
    if gallery is None:
        parts = kit(settings, population or POPULATION, want)
    else:
        with Gallery.open(gallery, key=key_source(key_file, key_from)) as opened:
            if opened.subjects < 2:
                raise GalleryError(f"{opened.place} has fewer than two people: enrol more, or give a --population.")
            parts = kit(settings, opened.subjects, want, opened.pack)
    silent = quiet or as_json
    started = datetime.now().astimezone()
    if not silent:
        _introduce(parts)
    with progress(silent) as bar:
        start = Start.OVERWRITE if overwrite else Start.NEW
        result = expose_into(sources, out_dir, parts, start, ProgressBars(bar))
    page = write_page(out_dir, result, parts, started)
    if as_json:
        faces = [json.loads(to_line(face)) for face in result.faces]
        print_json({"faces": faces, "advice": [json.loads(advice_line(one)) for one in result.advice]})
    else:
        _conclude(result, parts, page)
    if not result.read:
        raise typer.Exit(1)


def _introduce(parts: Kit) -> None:
    say = err()
    say.print(f"Feared: pack {parts.pack} with {parts.population:,} people.", markup=False)
    for line in parts.providers:
        say.print(line, markup=False)


def _conclude(result: ExposureResult, parts: Kit, page: Path) -> None:
    console = out()
    console.print(f"{counted(len(result.faces), 'face')} in {counted(len(result.read), 'source')}.", markup=False)
    if result.faces:
        most = max(result.faces, key=lambda face: face.chance)
        console.print(f"Most exposed: {_place(most)}. {said.picked_out(most.exposure)}", markup=False)
        console.print(f"{said.look_alikes(most.exposure)} {said.bits(most.exposure)}", markup=False)
    for one in result.advice:
        if one.exposed:
            _advise(one)
    if parts.want is not None and not any(one.exposed for one in result.advice):
        console.print("Nothing need be done: nobody reaches the wanted exposure.", markup=False)
    if result.problems:
        console.print(f"{counted(len(result.problems), 'problem')}, listed in the report.", markup=False)
    console.print(f"Report: {page}", markup=False)


def _advise(one: Advice) -> None:
    console = out()
    console.print(f"{one.source}: {said.summed(one)} Any one of these is enough:", markup=False)
    for line in said.advised(one):
        console.print(f"  {line}", markup=False)


def _place(face: ExposedFace) -> str:
    when = "" if face.time_s is None else f" at {face.time_s:.1f} s"
    x0, y0, x1, y1 = face.box
    return f"{face.source}{when}, box {x0:.0f},{y0:.0f},{x1:.0f},{y1:.0f}"


class ProgressBars:
    """A run's progress on the terminal: one bar over the sources, one within a video."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._all: TaskID | None = None
        self._video: TaskID | None = None

    def sources(self, count: int) -> None:
        self._all = self._bar.add_task("Sources", total=count, unit="sources")

    def begin(self, source: Source, frames: int | None) -> None:
        if source.kind is SourceKind.VIDEO:
            self._video = self._bar.add_task(source.path.name, total=frames, unit="frames")

    def looked(self, frames: int) -> None:
        if self._video is not None:
            self._bar.advance(self._video, frames)

    def end(self, source: Source) -> None:
        if self._video is not None:
            self._bar.remove_task(self._video)
            self._video = None
        if self._all is not None:
            self._bar.advance(self._all)

    def problem(self, problem: Problem) -> None:
        complain(problem.sentence)
