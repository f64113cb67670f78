"""The command line as a user meets it, without the second a new process takes to load everything."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from secondlook.cli import main


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one sentence it gave up with."""
        assert self.status == 1, f"{self.out}\n{self.err}"
        lines = self.err.strip().splitlines()
        assert lines and lines[-1].startswith("secondlook: "), self.err
        assert "Traceback" not in self.err and lines[-1].endswith(".")
        return lines[-1].removeprefix("secondlook: ")


def secondlook(*words: str | Path) -> Said:
    """``secondlook WORDS...``"""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with (
        patch.object(sys, "argv", ["secondlook", *map(str, words)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return Said(status, out.getvalue(), err.getvalue())
