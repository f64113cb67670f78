from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from secondlook.assemble import Identifier, Settings, assemble, new_gallery
from secondlook.cli.console import err, out, progress
from secondlook.cli.find import ProgressBars
from secondlook.cli.options import Quiet, Threads
from secondlook.compose import Box
from secondlook.demo_scene import DemoScene, demo_scene
from secondlook.enrolling import Enrolment, EnrolOptions
from secondlook.report.record import SightingRecord
from secondlook.runs.find import Annotate, find_into
from secondlook.runs.journal import Start, writing
from secondlook.runs.page import write_page
from secondlook.types import Outcome


def demo(
    out_dir: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("demo-out"),
    threads: Threads = 0,
    quiet: Quiet = False,
) -> None:
    """Find two people in made-up crowds, from pictures that come inside the dependencies; nothing is downloaded.

    Example: [b]secondlook demo --out demo-out[/b]
    """
    started = datetime.now().astimezone()
    scene = demo_scene()
    crowds = _write_crowds(scene, out_dir / "crowds")
    settings = Settings(recogniser="dlib-resnet", threads=threads)
    with new_gallery(settings) as gallery:
        identifier = assemble(gallery, settings)
        if not quiet:
            for line in identifier.providers:
                err().print(line, markup=False)
        _enrol(scene, identifier)
        with progress(quiet) as bar:
            result = find_into(crowds, out_dir, identifier, Start.OVERWRITE, Annotate.ALL, ProgressBars(bar))
        page = write_page(out_dir, result, identifier, "the demo's two people", "Second Look's demo", started)
    _say(scene, crowds, result.records, page)


def _write_crowds(scene: DemoScene, folder: Path) -> list[Path]:
    written = []
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for crowd in scene.crowds:
            path = folder / f"{crowd.name}.png"
            Image.fromarray(crowd.pixels).save(path)
            written.append(path)
    return written


def _enrol(scene: DemoScene, identifier: Identifier) -> None:
    people = [Enrolment(subject, (pixels,), (f"{subject}'s portrait",)) for subject, pixels in scene.enrol]
    for results in identifier.enrol(people, EnrolOptions()):
        for result in results:
            out().print(f"{result.picture}: {result.reason}", markup=False)


def _say(scene: DemoScene, crowds: list[Path], records: tuple[SightingRecord, ...], page: Path) -> None:
    """Where they were found, beside where they are: the demo knows."""
    console = out()
    enrolled = {subject for subject, _ in scene.enrol}
    strangers, wrong = 0, 0
    for crowd, path in zip(scene.crowds, crowds, strict=True):
        here = [r for r in records if r.source == str(path)]
        for placed in crowd.placed:
            record = next((r for r in here if _same_place(placed.box, r.box)), None)
            subject = None if record is None else record.subject
            if placed.subject not in enrolled:
                strangers += 1
                wrong += subject is not None
                continue
            wrong += subject not in (None, placed.subject)
            console.print(
                f"{path.name}: {placed.subject}, {placed.width_px:.0f} px wide: {_outcome(record)}", markup=False
            )
    console.print(
        f"{strangers} grainy strangers were also there; {wrong} faces were proposed as somebody they are not.",
        markup=False,
    )
    console.print(f"Look at it: {page}", markup=False)


def _same_place(placed: Box, seen: Box) -> bool:
    """Whether the middle of each lies in the other."""
    middles = [((b[0] + b[2]) / 2, (b[1] + b[3]) / 2) for b in (placed, seen)]
    (ax, ay), (bx, by) = middles
    return all(
        (box[0] <= x <= box[2] and box[1] <= y <= box[3]) for box, (x, y) in ((seen, (ax, ay)), (placed, (bx, by)))
    )


def _outcome(record: SightingRecord | None) -> str:
    if record is None:
        return "not seen"
    x0, y0, x1, y1 = record.box
    where = f"at {x0:.0f},{y0:.0f},{x1:.0f},{y1:.0f}"
    if record.outcome is Outcome.CANDIDATE and record.grounds.score is not None:
        return f"candidate {record.subject} {where}, score {record.grounds.score:.3f}"
    reason = record.grounds.against[0] if record.grounds.against else "not alike enough"
    return f"{record.outcome.value.replace('_', ' ')} {where}, {reason}"
