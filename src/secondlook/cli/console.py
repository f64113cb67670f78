"""What the commands share: where they print, and how."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


def out(quiet: bool = False) -> Console:
    """For results."""
    return Console(quiet=quiet, highlight=False, soft_wrap=True)


def err(quiet: bool = False) -> Console:
    """For progress and complaints, so that results can be piped."""
    return Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)


def complain(sentence: str) -> None:
    err().print(f"secondlook: {sentence}", markup=False)


def print_json(value: Any) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, allow_nan=False, indent=2)
    sys.stdout.write("\n")


class Rate(ProgressColumn):
    """Steps a second, with their unit."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        unit = task.fields.get("unit", "")
        return Text("" if speed is None else f"{speed:.1f} {unit}/s", style="progress.data.speed")


def progress(quiet: bool) -> Progress:
    """A bar with count, rate and time left, on the error stream."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=err(quiet),
        disable=quiet,
        transient=True,
    )
