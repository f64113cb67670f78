"""The page of a redaction that has run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from secondlook import __version__
from secondlook.redact.page import RedactionRun, write_redaction_page
from secondlook.runs.redact import PROOF, RedactResult
from secondlook.runs.redact_kit import Kit

_, PROOF_PAGE = PROOF


def write_page(out: Path, result: RedactResult, kit: Kit, started: datetime) -> Path:
    """Writes the report and gives its path. Raises OutputError."""
    run = RedactionRun(
        title="What was covered",
        started=started,
        seconds=(datetime.now(started.tzinfo) - started).total_seconds(),
        version=__version__,
        covering=kit.ask.covering,
        chosen=kit.ask.chosen,
        keep_metadata=kit.ask.keep_metadata,
        detector=kit.detector.pack,
        providers=kit.providers,
        problems=result.problems,
        proof=PROOF_PAGE if (out / PROOF_PAGE).is_file() else None,
    )
    return write_redaction_page(out, run, result.redacted, result.review)
