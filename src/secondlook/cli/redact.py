from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secondlook.assemble import Settings
from secondlook.cli.console import err, out, print_json, progress
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
from secondlook.cli.redact_live import (
    Delay,
    For,
    Format,
    Segment,
    To,
    check_files,
    check_live,
    redact_camera,
    the_camera,
    where_to,
)
from secondlook.cli.redact_progress import ProgressBars
from secondlook.cli.redact_prove import Proving, conclude, prove_run
from secondlook.errors import UnknownSubject
from secondlook.faces.packs.runtime import Provider
from secondlook.gallery import Gallery
from secondlook.redact.cover import Covering, Extent, Style
from secondlook.redact.places import Place, also, region
from secondlook.redact.recording import Container
from secondlook.redact.rulings import Chosen
from secondlook.runs.journal import Start
from secondlook.runs.redact import RedactResult, redact_into
from secondlook.runs.redact_kit import Ask, Kit, kit
from secondlook.runs.redact_live import Live
from secondlook.runs.redact_page import write_page
from secondlook.sources import MAX_PIXELS

if TYPE_CHECKING:
    from secondlook.redact.proof import Proof

_STYLE_HELP = (
    "[b]solid[/b]: one colour, nothing is left. [b]avatar[/b]: a drawn face, the same for all. "
    "[b]pixelate[/b], [b]blur[/b]: what is left can often be undone."
)
_EXTENT_HELP = (
    "[b]head[/b]: with hair, ears and neck. [b]face[/b]: from forehead to chin; what is left round it can tell that two "
    "pictures are of one person."
)


def redact(
    sources: Annotated[
        list[str],
        typer.Argument(help="Photographs, folders (with all below them), video files; or one camera, live."),
    ],
    out_dir: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", show_default=False)],
    style: Annotated[Style, typer.Option("--style", help=_STYLE_HELP)] = Style.SOLID,
    extent: Annotated[Extent, typer.Option("--cover", help=_EXTENT_HELP)] = Extent.HEAD,
    margin: Annotated[float, typer.Option("--margin", min=0, max=2, help="Added on every side, share of size.")] = 0.15,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", help="Subject who stays visible where that is decided; repeatable. Needs --gallery."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Cover this subject alone, and who may be; repeatable. Needs --gallery."),
    ] = None,
    gallery: Annotated[str | None, typer.Option("--gallery", "-g", help="For --keep and --only.")] = None,
    fpir: Annotated[
        float,
        typer.Option("--fpir", min=1e-9, max=0.5, help="Share of searches for strangers that may give a candidate."),
    ] = 0.003,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="File of `secondlook calibrate`, in place of the pack's own.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", min=-1, max=1, help="Comparison score that makes a candidate.")
    ] = None,
    regions: Annotated[
        list[str] | None, typer.Option("--region", help="A fixed place: x,y,w,h or x,y,w,h@from-to; repeatable.")
    ] = None,
    seen: Annotated[
        list[str] | None,
        typer.Option("--also", help="A face you saw: from-to:x,y,w,h, of a photograph x,y,w,h; repeatable."),
    ] = None,
    smallest: Annotated[float, typer.Option("--smallest", min=6, help="Smallest face width to be found, px.")] = 16,
    keep_metadata: Annotated[
        bool, typer.Option("--keep-metadata", help="Keep place, time, camera; thumbnails are removed all the same.")
    ] = False,
    prove: Annotated[
        bool, typer.Option("--prove", help="Attack the copies and write proof.html; fails if an attack works.")
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            "--prove-against", help="As --prove, and attack other people, too: a folder for each, with two pictures."
        ),
    ] = None,
    limit: Annotated[
        float | None,
        typer.Option(
            "--limit",
            min=0,
            max=1,
            help="With --prove: share of searches that may find the right person. Default: chance.",
        ),
    ] = None,
    delay: Delay = 2.0,
    to: To = None,
    segment: Segment = 600.0,
    form: Format = Container.MKV,
    for_s: For = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin the run in --out anew.")] = False,
    max_megapixels: Megapixels = MAX_PIXELS / 1e6,
    key_file: KeyFilePath = None,
    key_from: KeyFrom = None,
    provider: ProviderName = Provider.AUTO,
    threads: Threads = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Cover every face in photographs, folders and videos, or in a camera's picture as it comes; copies in --out/redacted.

    A camera is rtsp://, http:// (MJPEG), /dev/video0, usb:0, or loop:FILE, a video played as one.

    Example: [b]secondlook redact crowd/ clip.mp4 --out public/[/b]
    """
    chosen = Chosen(tuple(keep or ()), tuple(only or ()))
    _check(chosen, gallery)
    if limit is not None and not prove and against is None:
        raise typer.BadParameter("--limit is what a proof is held to: give --prove, too")
    ask = Ask(
        covering=Covering(style, extent, margin),
        chosen=chosen,
        places=(*_places(regions, region), *_places(seen, also)),
        keep_metadata=keep_metadata,
        smallest_px=smallest,
        max_pixels=round(max_megapixels * 1e6),
    )
    camera = the_camera(sources)
    if camera is None:
        check_files(to, for_s)
    else:
        check_live(ask, proving=prove or against is not None, also=bool(seen))
    live = Live(delay_s=delay, container=form, segment_s=segment, to=where_to(to), for_s=for_s)
    settings = Settings(
        provider=provider,
        threads=threads,
        fpir=fpir,
        calibration=calibration,
        threshold=threshold,
        max_pixels=ask.max_pixels,
    )
    proof = None
    with ExitStack() as stack:
        opened = None
        if gallery is not None and not chosen.nobody:
            opened = stack.enter_context(Gallery.open(gallery, key=key_source(key_file, key_from)))
            _check_enrolled(chosen, opened)
        parts = kit(ask, settings, opened)
        silent = quiet or as_json
        started = datetime.now().astimezone()
        if not silent:
            _introduce(parts)
        start = Start.RESUME if resume else Start.OVERWRITE if overwrite else Start.NEW
        if camera is not None:
            redact_camera(camera, out_dir, parts, live, start, silent=silent, as_json=as_json)
            return
        with progress(silent) as bar:
            result = redact_into(map(Path, sources), out_dir, parts, start, ProgressBars(bar))
            if result.redacted and (prove or against is not None):
                proof = prove_run(out_dir, result, parts, settings, Proving(against, limit), bar)
        page = write_page(out_dir, result, parts, started)
    if as_json:
        print_json(_told(result, proof))
    else:
        _conclude(result, page)
        if proof is not None:
            conclude(proof, out_dir / "proof.html")
    if not result.redacted or (proof is not None and proof.failed):
        raise typer.Exit(1)


def _told(result: RedactResult, proof: Proof | None) -> dict[str, object]:
    from secondlook.redact.proof_json import proof_json

    redacted = [asdict(one) for one in result.redacted]
    return {"redacted": redacted, "proof": None if proof is None else proof_json(proof)}


def _check(chosen: Chosen, gallery: str | None) -> None:
    if chosen.keep and chosen.only:
        raise typer.BadParameter("give --keep or --only, not both")
    if not chosen.nobody and gallery is None:
        raise typer.BadParameter("--keep and --only need --gallery: the people are known from there")


def _check_enrolled(chosen: Chosen, opened: Gallery) -> None:
    enrolled = {subject.name for subject in opened.subject_list()}
    for subject in (*chosen.keep, *chosen.only):
        if subject not in enrolled:
            raise UnknownSubject(
                f"{subject} is not enrolled in {opened.place}: `secondlook gallery list` shows who is."
            )


def _places(texts: list[str] | None, read: Callable[[str], Place]) -> tuple[Place, ...]:
    try:
        return tuple(read(text) for text in texts or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _introduce(parts: Kit) -> None:
    say = err()
    for line in parts.providers:
        say.print(line, markup=False)
    if parts.ask.covering.style in (Style.BLUR, Style.PIXELATE):
        say.print(f"What {parts.ask.covering.style} leaves of a face can often be undone; solid leaves nothing.")


def _conclude(result: RedactResult, page: Path) -> None:
    console = out()
    for one in result.redacted:
        kept = f", {one.kept} left visible" if one.kept else ""
        console.print(f"{one.source}: {one.faces} faces covered{kept} -> {page.parent / one.output}", markup=False)
    if result.problems:
        console.print(f"{len(result.problems)} problems, listed in the report.", markup=False)
    if result.review:
        console.print(f"{len(result.review)} spots to look at again, shown in the report.", markup=False)
    console.print(f"Report: {page}", markup=False)
