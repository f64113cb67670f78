"""The page of a redaction that has run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from secondlook import __version__
from secondlook.redact.page import RedactionRun, write_redaction_page
from secondlook.runs.redact import PROOF, RedactResult
from secondlook.runs.redact_kit import Kit
from secondlook.runs.redact_live import Live, LiveResult, LiveState

_, PROOF_PAGE = PROOF


def write_page(
    out: Path, result: RedactResult | LiveResult, kit: Kit, started: datetime, live: Live | None = None
) -> Path:
    """Writes the report and gives its path. live: how a camera was covered. Raises OutputError."""
    camera: tuple[str, ...] = ()
    if isinstance(result, LiveResult):
        camera = (*told_of(result.state), *_held_back(live or Live(), bool(kit.ask.chosen.keep)))
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
        camera=camera,
    )
    return write_redaction_page(out, run, result.redacted, result.review)


def told_of(state: LiveState) -> tuple[str, ...]:
    """How it went with a camera, in sentences."""
    camera = state.camera
    said = [f"{camera.received:,} frames came and {state.written:,} were covered and written."]
    if camera.dropped:
        said.append(f"{camera.dropped:,} were dropped, since this machine could not look at all of them in time.")
    if state.whole:
        said.append(f"{state.whole:,} were covered wholly, since they could not be looked at.")
    if camera.reconnects:
        said.append(f"The picture came again after it had stopped, {camera.reconnects:,} times.")
    if state.sent is not None:
        said.append(f"{state.sent:,} pictures were sent on, {state.left_out or 0:,} found nobody to take them in time.")
    return tuple(said)


def _held_back(live: Live, keep: bool) -> tuple[str, ...]:
    held = f"Frames were held back for {live.delay_s:g} s, so far back a face that was found is followed."
    if not keep:
        return (held,)
    return held, f"Who stays visible was decided anew every {live.delay_s:g} s: each of these decisions is a search."
