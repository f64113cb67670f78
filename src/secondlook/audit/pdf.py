"""The page as a PDF, printed by a browser where one is installed. An audit never fails for the lack of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")

_SWITCHES: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # its own header names the folder the page lies in
    "--no-pdf-header-footer",
)
_TIMEOUT_S: Final = 90.0


class WhyNoPdf(StrEnum):
    NO_BROWSER = "no_browser"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class NoPdf:
    """Why there is no PDF, and in a sentence what to do about it."""

    reason: WhyNoPdf
    sentence: str


def browser() -> str | None:
    """The path of an installed Chromium or Chrome."""
    return next((found for name in BROWSERS for found in (shutil.which(name),) if found), None)


def print_pdf(
    page: Path, pdf: Path, program: str | None, timeout_s: float = _TIMEOUT_S, scratch: Path | None = None
) -> Path | NoPdf:
    """Prints the page with ``program`` (see ``browser``), in a profile of its own that is thrown away.

    scratch: where the profile is made meanwhile; None: where the system keeps temporary files.
    Gives the path of the PDF, or why there is none; raises nothing for a browser's troubles.
    """
    if program is None:
        return NoPdf(
            WhyNoPdf.NO_BROWSER, "No PDF: neither Chromium nor Chrome is installed; print report.html yourself."
        )
    with tempfile.TemporaryDirectory(prefix="secondlook-", dir=scratch, ignore_cleanup_errors=True) as profile:
        printed = Path(profile, "page.pdf")
        try:
            done = subprocess.run(
                _command(program, page, printed, profile), capture_output=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired:
            return NoPdf(WhyNoPdf.TIMED_OUT, f"No PDF: {program} did not end in {timeout_s:.0f} s; print it yourself.")
        except OSError as error:
            return NoPdf(WhyNoPdf.FAILED, f"No PDF: {program} does not run ({error.strerror}); print it yourself.")
        if done.returncode != 0 or not printed.is_file():
            return NoPdf(WhyNoPdf.FAILED, f"No PDF: {program} ended with status {done.returncode}; print it yourself.")
        try:
            shutil.copyfile(printed, pdf)
        except OSError as error:
            return NoPdf(WhyNoPdf.FAILED, f"No PDF: {pdf} cannot be written ({error.strerror}); make room for it.")
    return pdf


def _command(program: str, page: Path, printed: Path, profile: str) -> list[str]:
    # Chromium's sandbox refuses to run for root
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [
        program,
        *_SWITCHES,
        *root,
        f"--user-data-dir={profile}",
        f"--print-to-pdf={printed}",
        page.absolute().as_uri(),
    ]
