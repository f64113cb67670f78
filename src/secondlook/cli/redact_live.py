"""``secondlook redact`` for a camera."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task
from rich.text import Text

from secondlook.cli.console import complain, err, out, print_json
from secondlook.redact.publishing import Target, target
from secondlook.redact.recording import Container
from secondlook.runs.journal import Start
from secondlook.runs.redact import COPIES
from secondlook.runs.redact_kit import Ask, Kit
from secondlook.runs.redact_live import Live, LiveResult, LiveState, redact_live
from secondlook.runs.redact_page import told_of, write_page
from secondlook.sources import CameraAddress, Problem, camera_address, is_camera
from secondlook.sources.camera_state import Link

Delay = Annotated[
    float,
    typer.Option("--delay", min=0, max=60, help="Camera: seconds its picture is held back, to look ahead in."),
]
Segment = Annotated[
    float, typer.Option("--segment", min=1, help="Camera: seconds from one file of the recording to the next.")
]
Format = Annotated[Container, typer.Option("--format", help="Camera: files of the recording.")]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        help="Camera: also send it to rtsp://, rtmp://, udp://HOST:PORT or a file, or serve it at http://HOST:PORT/PATH.",
    ),
]
For = Annotated[float | None, typer.Option("--for", min=0.1, help="Camera: end after so many seconds.")]


def the_camera(sources: list[str]) -> CameraAddress | None:
    """The camera among what the user named, None where there is none."""
    cameras = [text for text in sources if is_camera(text)]
    if not cameras:
        return None
    if len(sources) > 1:
        raise typer.BadParameter("a camera is covered alone: start one command for each")
    return camera_address(cameras[0])


def check_live(ask: Ask, proving: bool, also: bool) -> None:
    """Refuses what a live picture has no time for."""
    if ask.chosen.only:
        raise typer.BadParameter(
            "--only is for files: of a camera, who is known late would have been seen until then; cover everybody, or --keep"
        )
    if proving:
        raise typer.BadParameter("--prove is for files: of a camera nothing uncovered is kept to compare with")
    if also:
        raise typer.BadParameter("--also is for files: of a camera nobody has seen the picture yet; use --region")
    if ask.keep_metadata:
        raise typer.BadParameter("--keep-metadata is for files: a camera has none")


def check_files(to: str | None, for_s: float | None) -> None:
    if to is not None or for_s is not None:
        raise typer.BadParameter("--to and --for are for a camera: rtsp://, http://, /dev/video0, usb:0 or loop:FILE")


def where_to(to: str | None) -> Target | None:
    return None if to is None else target(to)


def redact_camera(
    camera: CameraAddress, out_dir: Path, parts: Kit, live: Live, start: Start, *, silent: bool, as_json: bool
) -> None:
    """Until Ctrl-C, SIGTERM or --for; what is written is whole then."""
    started = datetime.now().astimezone()
    with _told_to_end() as stop, _screen(silent) as watcher:
        result = redact_live(camera, out_dir, parts, live, start, watcher, stop)
    page = write_page(out_dir, result, parts, started, live)
    if as_json:
        print_json({"redacted": [asdict(one) for one in result.redacted], "camera": _json(result)})
    else:
        console = out()
        where = out_dir / COPIES
        console.print(f"{camera.shown}: {' '.join(told_of(result.state))} -> {where}", markup=False)
        console.print(f"Report: {page}", markup=False)
    if not result.state.written:
        raise typer.Exit(1)


def _json(result: LiveResult) -> dict[str, Any]:
    state = result.state
    return {
        "received": state.camera.received,
        "written": state.written,
        "dropped": state.camera.dropped,
        "covered_wholly": state.whole,
        "reconnects": state.camera.reconnects,
        "sent": state.sent,
        "left_out": state.left_out,
        "seconds": round(result.seconds, 3),
    }


@contextmanager
def _told_to_end() -> Iterator[threading.Event]:
    """An event that is set by Ctrl-C or SIGTERM; whoever asks twice is not made to wait."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, _: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, end)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _screen(silent: bool) -> Iterator[LiveScreen]:
    column = LiveScreen()
    with Progress(SpinnerColumn(), column, console=err(silent), disable=silent, transient=True) as bar:
        bar.add_task("camera", total=None)
        yield column


class LiveScreen(ProgressColumn):
    """How it is, in one line, whenever the terminal is drawn; and a line that stays for each problem."""

    def __init__(self) -> None:
        super().__init__()
        self._state: Callable[[], LiveState] | None = None

    def begin(self, state: Callable[[], LiveState]) -> None:
        self._state = state

    def problem(self, problem: Problem) -> None:
        complain(problem.sentence)

    def render(self, task: Task) -> Text:
        if self._state is None:
            return Text("opening the models")
        state = self._state()
        if state.camera.connected is not Link.LIVE:
            return Text(f"{state.camera.connected}: {state.written:,} frames covered so far")
        said = f"live: {state.written:,} frames covered, {state.camera.dropped:,} dropped"
        return Text(said if state.sent is None else f"{said}, {state.sent:,} sent on")
