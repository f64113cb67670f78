"""What is told of watched cameras, in words."""

from __future__ import annotations

from secondlook.identify import Alert, Because
from secondlook.report.words import counted, listed
from secondlook.runs.watch_state import CameraSighting, Counts, WatchState
from secondlook.types import Outcome

BECAUSE = {
    Because.TWO_PEOPLE: "the pictures turned out to show two people",
    Because.ANOTHER: "all pictures together have another candidate",
    Because.DOUBTFUL: "all pictures together carry no decision",
    Because.NOBODY: "all pictures together have no candidate",
}
"""Why an early candidate is taken back; follows on "for"."""


def news(seen: CameraSighting) -> list[str]:
    """What is to be told of a sighting at once, in lines; most often nothing."""
    live, lines = seen.live, list[str]()
    at = seen.watched.seen_at.astimezone().strftime("%H:%M:%S")
    if live.withdraws is not None:
        because = BECAUSE[live.withdraws.because]
        lines.append(f"{at} taken back: {live.withdraws.subject} at {seen.camera}, for {because}.")
    if live.alert is Alert.RAISED:
        x0, y0, x1, y1 = live.sighting.box
        lines.append(
            f"{at} candidate: {live.sighting.subject} at {seen.camera}, box {x0:.0f},{y0:.0f},{x1:.0f},{y1:.0f}"
        )
        lines.append(f"  {live.sighting.decision.grounds.sentence}")
    return lines


def status_line(state: WatchState) -> str:
    """How a camera is doing, in one line."""
    link, counts = state.link, state.counts
    every = "" if state.every_s is None else f", a look each {state.every_s:.1f} s"
    age = "no picture yet" if link.newest_age_s is None else f"newest {link.newest_age_s:.1f} s old"
    return (
        f"{state.camera}: {link.connected.value}, {age}{every}, {counts.dropped:,} dropped, "
        f"{counted(counts.reconnects, 'reconnect')}, {counted(counts.early, 'early candidate')}"
    )


def summed(counts: Counts) -> str:
    """Everything that became of a camera's frames and of those seen in them."""
    closed = listed([f"{getattr(counts, o.value):,} {o.value.replace('_', ' ')}" for o in Outcome])
    restarts = f", {counted(counts.restarts, 'restart')} of its process" if counts.restarts else ""
    return (
        f"{counted(counts.received, 'frame')} came, {counts.looked:,} looked at ({counts.unchanged:,} of them unchanged, "
        f"{counts.coarse:,} coarsely), {counts.dropped:,} dropped, {counted(counts.reconnects, 'reconnect')}{restarts}. "
        f"Sightings: {closed}; {counts.forgotten:,} of them not kept. "
        f"{counted(counts.early, 'candidate')} told early, {counts.withdrawn:,} taken back."
    )
