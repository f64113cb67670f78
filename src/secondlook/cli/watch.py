from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from secondlook.assemble import Settings
from secondlook.cli.console import err
from secondlook.cli.options import (
    GalleryAt,
    Json,
    KeyFilePath,
    KeyFrom,
    Megapixels,
    ProviderName,
    Quiet,
    key_source,
)
from secondlook.cli.watch_screen import Screen
from secondlook.cores import cores
from secondlook.custody import gallery_log, os_actor, read_policy, refuse_names
from secondlook.faces.packs.runtime import Provider
from secondlook.gallery import Gallery
from secondlook.ports import Action, Entry
from secondlook.report.words import counted
from secondlook.runs.watch import Keep, WatchOptions
from secondlook.runs.watch_files import WatchFiles
from secondlook.runs.watch_worker import CameraTask, GalleryPlace
from secondlook.runs.watching import Watching
from secondlook.sources import MAX_PIXELS, CameraAddress, CameraFrames, camera_address


def watch(
    cameras: Annotated[
        list[str],
        typer.Argument(help="rtsp://HOST/PATH, http://HOST/PATH (MJPEG), /dev/video0, usb:0, or loop:FILE."),
    ],
    gallery: GalleryAt,
    out_dir: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", show_default=False)],
    seconds: Annotated[
        float | None, typer.Option("--for", min=0, help="Stop after so many seconds. Default: when interrupted.")
    ] = None,
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
    every: Annotated[float, typer.Option("--every", min=0, help="Least time between two looks, seconds.")] = 0.2,
    side: Annotated[
        int, typer.Option("--side", min=160, help="Longest side at which pictures are looked at, px.")
    ] = 960,
    keep: Annotated[
        Keep, typer.Option("--keep", help="Whose sightings are kept; all others are only counted.")
    ] = Keep.NAMED,
    max_megapixels: Megapixels = MAX_PIXELS / 1e6,
    key_file: KeyFilePath = None,
    key_from: KeyFrom = None,
    provider: ProviderName = Provider.AUTO,
    threads: Annotated[
        int, typer.Option("--threads", min=0, help="Processor threads of each camera; 0 = a fair share.")
    ] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Watch cameras and say at once when somebody enrolled may be in view.

    Example: [b]secondlook watch rtsp://10.0.0.7/stream usb:0 --gallery staff.gallery --out watched/[/b]
    """
    addresses = [_checked(text) for text in cameras]
    if len({address.shown for address in addresses}) < len(addresses):
        raise typer.BadParameter("a camera is named twice")
    settings = Settings(
        provider=provider,
        threads=threads or max(1, cores() // len(addresses)),
        every_s=every,
        video_side=side,
        fpir=fpir,
        prior=prior,
        calibration=calibration,
        threshold=threshold,
        max_pixels=round(max_megapixels * 1e6),
    )
    key = key_source(key_file, key_from)
    with Gallery.open(gallery, key=key) as opened:  # what is wrong with it is said once, and now
        people = opened.subjects
        read_policy(opened.folder).check(purpose, case, opened.place)
        refuse_names(opened, purpose, case)
        gallery_log(opened).record(_entry(opened, len(addresses), settings, purpose, case))
    err(quiet or as_json).print(f"{counted(people, 'person', 'people')} enrolled.", markup=False)
    files = WatchFiles(out_dir)
    screen = Screen([address.shown for address in addresses], files, as_json=as_json, quiet=quiet)
    try:
        with screen.shown(), _interrupts(screen.ended), Watching(screen.hear) as watching:
            for address in addresses:
                options = WatchOptions(keep, preview_px=None)
                watching.add(CameraTask(address.shown, address, GalleryPlace(gallery, key), settings, options))
            screen.wait(seconds)
    finally:
        files.close()
    screen.conclude()
    if not screen.saw_something:
        raise typer.Exit(1)


def _entry(gallery: Gallery, cameras: int, settings: Settings, purpose: str, case: str) -> Entry:
    """Recorded before anything is looked at."""
    details: dict[str, str | int | float] = {"cameras": cameras, "subjects": gallery.subjects}
    details |= {"fpir": settings.fpir} if settings.threshold is None else {"threshold": settings.threshold}
    return Entry(os_actor(), Action.CAMERA, (gallery.id,), purpose, case, details)


def _checked(text: str) -> CameraAddress:
    """Raises UnsupportedSource where this is no camera, or no video that could be played as one."""
    address = camera_address(text)
    CameraFrames(address).close()
    return address


@contextmanager
def _interrupts(ended: threading.Event) -> Iterator[None]:
    """The first Ctrl-C, or a polite kill, ends the watch in order; a second one at once."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, _: FrameType | None) -> None:
        signal.signal(number, before[signal.Signals(number)])
        ended.set()

    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
