from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TaskID

from secondlook.assemble import Settings, assemble, new_gallery
from secondlook.cli.console import complain, err, out, print_json, progress
from secondlook.cli.options import Json, Megapixels, PackName, ProviderName, Quiet, Threads
from secondlook.cli.typed import typed_again
from secondlook.faces.packs.runtime import Provider
from secondlook.runs.template_making import Rule
from secondlook.sources import MAX_PIXELS

# what measures and draws takes seconds to import, so it is imported where it is used
if TYPE_CHECKING:
    from secondlook.runs.audit import Asked, Audited, Written

BUILT_IN = "dlib-resnet"

OutDir = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", show_default=False)]
People = Annotated[Path | None, typer.Argument(help="A folder with a folder, or a picture, for each person.")]
References = Annotated[
    Path | None, typer.Option("--refs", help="Instead: pictures to enrol, a folder for each person …")
]
Probes = Annotated[
    Path | None, typer.Option("--probes", help="… and pictures to search; who is not in --refs is a stranger.")
]
Scores = Annotated[Path | None, typer.Option("--scores", help="Instead: scores of any system, CSV or Parquet.")]
Attributes = Annotated[
    Path | None, typer.Option("--attributes", help="CSV with 'subject' and a column for each attribute to group by.")
]
GroupBy = Annotated[
    list[str] | None, typer.Option("--by", help="Attribute to group by; 'gender,age' crosses two. May be repeated.")
]
Sizes = Annotated[
    str | None, typer.Option("--gallery-sizes", help="People enrolled: 100,300,700. Default: chosen by the data.")
]
Fpir = Annotated[float, typer.Option("--fpir", min=1e-6, max=1, help="Share of strangers that may be called somebody.")]
Threshold = Annotated[float | None, typer.Option("--threshold", help="Audit at this threshold of comparison scores.")]
Distance = Annotated[bool, typer.Option("--distance", help="The table's scores are distances: smaller is more alike.")]
RuleName = Annotated[Rule, typer.Option("--rule", help="How two faces are compared.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="What is drawn at random is drawn from this number.")]
Advise = Annotated[bool, typer.Option("--advise", help="Advise a threshold for --fpir at the largest gallery.")]
Pdf = Annotated[
    bool, typer.Option("--pdf/--no-pdf", help="Print the report as PDF, if Chromium or Chrome is installed.")
]
Keep = Annotated[bool, typer.Option("--keep-templates", help="Leave the templates, unsealed, in OUT/.run.")]


def audit(
    ctx: typer.Context,
    out_dir: OutDir,
    people: People = None,
    refs: References = None,
    probes: Probes = None,
    scores: Scores = None,
    attributes: Attributes = None,
    by: GroupBy = None,
    gallery_sizes: Sizes = None,
    fpir: Fpir = 0.003,
    threshold: Threshold = None,
    distance: Distance = False,
    rule: RuleName = Rule.OWN,
    advise: Advise = False,
    seed: Seed = 0,
    pack: PackName = None,
    pdf: Pdf = True,
    keep_templates: Keep = False,
    max_megapixels: Megapixels = MAX_PIXELS / 1e6,
    provider: ProviderName = Provider.AUTO,
    threads: Threads = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure how often a system is wrong and for whom, from labelled pictures or from any system's scores.

    Example: [b]secondlook audit people/ --attributes people.csv --out audited --advise[/b]
    """
    _check_ways(people, refs, probes, scores)
    if scores is not None and (attributes, pack, rule) != (None, None, Rule.OWN):
        raise typer.BadParameter("a table of scores has its attributes in columns, and neither --pack nor --rule")
    if rule is Rule.FACE_RECOGNITION and pack is not None:
        raise typer.BadParameter("--rule face_recognition has its own network: leave out --pack")
    from secondlook.runs.audit import Asked, write_audit

    started = datetime.now().astimezone()
    asked = Asked(
        fpir=fpir,
        gallery_sizes=_sizes(gallery_sizes),
        threshold=threshold,
        group_by=tuple(tuple(names.split(",")) for names in by or ()),
        distances=distance,
        advise=advise,
        seed=seed,
    )
    settings = Settings(
        recogniser=BUILT_IN if rule is Rule.FACE_RECOGNITION else pack,
        provider=provider,
        threads=threads,
        max_pixels=round(max_megapixels * 1e6),
    )
    silent = quiet or as_json
    with progress(silent) as bar:
        told = _teller(bar)
        if scores is not None:
            done = _of_scores(scores, asked, told)
        else:
            folders = tuple(folder for folder in (people, refs, probes) if folder is not None)
            done = _of_pictures(folders, attributes, asked, settings, rule, out_dir, keep_templates, bar, told, silent)
        written = write_audit(done, out_dir, typed_again(ctx), started, pdf, told)
    if as_json:
        print_json(done.json)
    else:
        _conclude(done, written)


def _check_ways(people: Path | None, refs: Path | None, probes: Path | None, scores: Path | None) -> None:
    ways = (people is not None, refs is not None or probes is not None, scores is not None)
    if sum(ways) != 1 or (refs is None) != (probes is None):
        raise typer.BadParameter("name a folder of people, or --refs and --probes, or --scores")


def _sizes(text: str | None) -> tuple[int, ...]:
    try:
        sizes = tuple(sorted({int(part) for part in (text or "").split(",") if part.strip()}))
    except ValueError as error:
        raise typer.BadParameter("--gallery-sizes are whole numbers with commas between: 100,300,700") from error
    if any(size < 1 for size in sizes):
        raise typer.BadParameter("--gallery-sizes are 1 or more")
    return sizes


def _teller(bar: Progress) -> Callable[[str], None]:
    """One line that says what is being done, from the first time there is something to say."""
    tasks: list[TaskID] = []

    def told(what: str) -> None:
        said = what[:1].upper() + what[1:]
        if not tasks:
            tasks.append(bar.add_task(said, total=None, unit="steps"))
        bar.update(tasks[0], description=said)

    return told


def _of_scores(scores: Path, asked: Asked, told: Callable[[str], None]) -> Audited:
    from secondlook.runs.audit import audit_scores

    return audit_scores(scores, asked, told)


def _of_pictures(
    folders: tuple[Path, ...],
    attributes: Path | None,
    asked: Asked,
    settings: Settings,
    rule: Rule,
    out_dir: Path,
    keep_templates: bool,
    bar: Progress,
    told: Callable[[str], None],
    silent: bool,
) -> Audited:
    """folders: one of labelled people, or references and probes."""
    from secondlook.runs.audit import audit_pictures
    from secondlook.runs.audit_pictures import pictures_of, pictures_of_both

    pictures = pictures_of(*folders) if len(folders) == 1 else pictures_of_both(*folders)
    with new_gallery(settings) as gallery:
        identifier = assemble(gallery, settings)
    if not silent:
        for line in identifier.providers:
            err().print(line, markup=False)
    task = bar.add_task("Templates", total=len(pictures.labelled), unit="pictures")
    try:
        return audit_pictures(
            pictures,
            identifier,
            rule,
            attributes,
            asked,
            out_dir,
            keep_templates,
            lambda done: bar.advance(task, done),
            told,
        )
    except KeyboardInterrupt:
        complain("stopped; the same command goes on where it was.")
        raise typer.Exit(130) from None


def _conclude(done: Audited, written: Written) -> None:
    from secondlook.audit.pdf import NoPdf

    console = out()
    for sentence in done.sentences:
        console.print(sentence, markup=False)
    if done.result.advice is not None:
        console.print(done.result.advice.sentence, markup=False)
    console.print(f"Report: {written.page}", markup=False)
    if isinstance(written.pdf, NoPdf):
        console.print(written.pdf.sentence, markup=False)
    elif written.pdf is not None:
        console.print(f"For printing: {written.pdf}", markup=False)
