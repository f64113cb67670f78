from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TaskID

from secondlook.assemble import Identifier, Settings, assemble, new_gallery
from secondlook.cli.console import complain, err, out, print_json, progress
from secondlook.cli.options import (
    Json,
    KeyFilePath,
    KeyFrom,
    Megapixels,
    ProviderName,
    Quiet,
    Threads,
    key_source,
)
from secondlook.decide.calibration import FitCard, least_fpir
from secondlook.decide.calibration_file import cohort_file
from secondlook.errors import PackMismatch
from secondlook.faces.packs.runtime import Provider
from secondlook.gallery import Gallery
from secondlook.sources import MAX_PIXELS

# what fits takes a second to import, so it is imported where it is used
if TYPE_CHECKING:
    from secondlook.runs.calibrate import Fitted

FPIR = 0.003
"""What ``find`` asks for unless it is told otherwise."""

People = Annotated[Path, typer.Argument(help="A folder with a folder of pictures for each person.", show_default=False)]
PackOf = Annotated[str | None, typer.Option("--pack", help="Recogniser pack to calibrate. Default: the best.")]
Like = Annotated[
    str | None,
    typer.Option("--gallery-like", help="Instead: the pack of this gallery; says whether its size is covered."),
]
OutFile = Annotated[
    Path | None, typer.Option("--out", "-o", help="File to write. Default: where find looks for it by itself.")
]
Data = Annotated[str | None, typer.Option("--data", help="What the file shall say of where the pictures come from.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="What is drawn at random is drawn from this number.")]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The pack to calibrate, None = the best installed, and the gallery it is for."""

    pack: str | None
    pack_id: str | None = None
    gallery: str | None = None
    subjects: int | None = None


def calibrate(
    labelled: People,
    pack: PackOf = None,
    gallery_like: Like = None,
    out_file: OutFile = None,
    data: Data = None,
    seed: Seed = 0,
    key_file: KeyFilePath = None,
    key_from: KeyFrom = None,
    max_megapixels: Megapixels = MAX_PIXELS / 1e6,
    provider: ProviderName = Provider.AUTO,
    threads: Threads = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit what a comparison score means, from labelled pictures like those that will be searched.

    Example: [b]secondlook calibrate people/ --gallery-like staff.gallery[/b]
    """
    if pack is not None and gallery_like is not None:
        raise typer.BadParameter("give --pack or --gallery-like, not both")
    from secondlook.runs.calibrate import calibrate_into, people_in, usual_place

    pictures = people_in(labelled)
    wanted = _like(gallery_like, key_file, key_from) if gallery_like is not None else Wanted(pack)
    settings = Settings(
        recogniser=wanted.pack, provider=provider, threads=threads, max_pixels=round(max_megapixels * 1e6)
    )
    silent = quiet or as_json
    identifier = _identifier(wanted, settings)
    if not silent:
        for line in identifier.providers:
            err().print(line, markup=False)
    with progress(silent) as bar:
        task = bar.add_task("Views", total=len(pictures), unit="pictures")
        try:
            done = calibrate_into(
                out_file or usual_place(identifier.embedder.pack),
                pictures,
                identifier,
                data or f"labelled pictures in a folder named {labelled.resolve().name}",
                seed,
                lambda count: bar.advance(task, count),
                _teller(bar, task),
            )
        except KeyboardInterrupt:
            complain("stopped; the same command goes on where it was.")
            raise typer.Exit(130) from None
    if as_json:
        print_json(_as_json(done, wanted))
    else:
        _conclude(done, wanted, usual_place(identifier.embedder.pack))


def _like(place: str, key_file: Path | None, key_from: str | None) -> Wanted:
    with Gallery.open(place, key=key_source(key_file, key_from)) as gallery:
        return Wanted(gallery.pack.partition("@")[0], gallery.pack, gallery.place, gallery.subjects)


def _identifier(wanted: Wanted, settings: Settings) -> Identifier:
    """Of an empty gallery: a calibration that has grown stale must not stand in the way of the next."""
    with new_gallery(settings) as empty:
        if wanted.pack_id is not None and empty.pack != wanted.pack_id:
            raise PackMismatch(
                f"{wanted.gallery} holds templates of pack {wanted.pack_id}, and installed is {empty.pack}: "
                f"run `secondlook gallery re-embed {wanted.gallery} --pack {wanted.pack}` first."
            )
        return assemble(empty, settings)


def _teller(bar: Progress, task: TaskID) -> Callable[[str], None]:
    """After the pictures, one line that says what is being done."""

    def told(what: str) -> None:
        bar.update(task, description=what[:1].upper() + what[1:])

    return told


def _as_json(done: Fitted, wanted: Wanted) -> object:
    c = done.calibration
    return {
        "file": str(done.path),
        "pack": c.pack,
        "card": asdict(c.card),
        "largest_gallery": c.largest,
        "rarest_rate": c.rarest,
        "comparison": c.comparison,
        "log10_lr": [c.low_log10_lr, c.high_log10_lr],
        "left_out": [{"picture": str(one.path), "subjects": list(one.subjects)} for one in done.contradicted],
        "gallery": None
        if wanted.subjects is None
        else {
            "subjects": wanted.subjects,
            "covered": wanted.subjects <= c.largest,
            "least_fpir": least_fpir(c, max(1, wanted.subjects)),
        },
    }


def _conclude(done: Fitted, wanted: Wanted, usual: Path) -> None:
    c = done.calibration
    how = "cosine" if c.cohort is None else f"against a cohort of {len(c.cohort.points):,} averaged faces"
    lines = [
        f"Calibration of {c.pack}: {done.path}",
        _counted(c.card),
        f"Largest gallery measured: {c.largest:,} people. Rarest rate it can show: {1000 * c.rarest:.3g} in 1,000.",
        f"Comparison: {how}.",
        f"A score counts as evidence by a factor of {10**c.high_log10_lr:,.3g} for a person at most, and of "
        f"{10**-c.low_log10_lr:,.3g} against.",
    ]
    for one in done.contradicted:
        lines.append(f"Left out: {one.path} stands under {' and '.join(one.subjects)}.")
    if wanted.subjects is not None:
        lines.append(_covers(done, wanted.subjects))
    lines.append(_next(done, wanted, usual))
    for line in lines:
        out().print(line, markup=False)


def _counted(card: FitCard) -> str:
    cohort = f", and {card.cohort_subjects:,} others made the cohort" if card.cohort_subjects else ""
    return (
        f"Fitted to {card.pictures:,} pictures of {card.subjects:,} people in {card.views:,} views, down to "
        f"{card.smallest_px:.0f} px between the eyes{cohort}; in {card.failed:,} more views no face was found."
    )


def _covers(done: Fitted, subjects: int) -> str:
    c = done.calibration
    if subjects <= c.largest:
        return f"The gallery's {subjects:,} people are within what was measured."
    return (
        f"The gallery's {subjects:,} people are more than the {c.largest:,} that were measured: what is said of it are bounds "
        f"(the union bound), and --fpir below {least_fpir(c, subjects):g} is refused."
    )


def _next(done: Fitted, wanted: Wanted, usual: Path) -> str:
    """What to do with it."""
    least = least_fpir(done.calibration, max(1, wanted.subjects or 1))
    asked = "" if least <= FPIR else f" Ask for --fpir {least:g} or more, or calibrate with more people."
    if done.path.absolute() == usual:
        return f"`secondlook find` uses it from now on.{asked}"
    beside = "" if done.calibration.cohort is None else f", and {cohort_file(done.path).name} beside it"
    return f"`secondlook find` uses it once it lies at {usual}{beside}.{asked}"
