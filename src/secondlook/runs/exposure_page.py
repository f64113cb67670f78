"""The page of a run that stated exposure."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from secondlook import __version__
from secondlook.exposure.page import ExposureRun, write_exposure_page
from secondlook.runs.exposure import ExposureResult
from secondlook.runs.exposure_kit import Kit


def write_page(out: Path, result: ExposureResult, kit: Kit, started: datetime) -> Path:
    """Writes the report and gives its path. Raises OutputError."""
    run = ExposureRun(
        started=started,
        seconds=(datetime.now(started.tzinfo) - started).total_seconds(),
        version=__version__,
        population=kit.population,
        pack=kit.pack,
        card=kit.calibration.card,
        largest=kit.calibration.largest,
        detector=kit.detector.pack,
        providers=kit.providers,
        looked_at=len(result.read),
        problems=result.problems,
    )
    return write_exposure_page(out, run, result.faces, result.advice)
