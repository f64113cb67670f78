"""What is left of a covered camera on the disk: segments, and what was covered in them.

OUT/redacted/NAME-0001.mkv   and so on: each can be played as far as it goes, also after a kill
OUT/redaction.jsonl          what was covered in each frame; ``frame`` counts from the beginning of its segment
OUT/redacted.jsonl           one line a segment, once it is whole
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from secondlook.redact.coding import TICK, Coded, Coder, even
from secondlook.redact.cover import Covering, cover, cover_whole
from secondlook.redact.record import FILE_NAME as REDACTION
from secondlook.redact.record import RedactedFrame, to_line
from secondlook.redact.recording import Container, Recording, number_of, segments_of
from secondlook.redact.results import REVIEW, SOURCES, Redacted, read_redacted, redacted_line
from secondlook.runs.journal import Journal, Start, cut_torn_line, writing
from secondlook.runs.redact import COPIES, remove_proof
from secondlook.runs.redact_live_plan import Planned

APART = 2 * round(0.001 / TICK)
"""Ticks between two frames, at least: Matroska keeps whole milliseconds, and a burst must not become one moment."""


@dataclass(slots=True)
class _Counted:
    """Of one segment. tracks: (whether kept, number). dropped: of the camera before it."""

    output: str
    dropped: int
    frames: int = 0
    covered: int = 0
    whole: int = 0
    tracks: set[tuple[bool, int]] = field(default_factory=set)


class LiveFiles:
    """Codes, writes and records the covered frames of one camera. dropped: how many frames the camera dropped so far.

    Raises OutputError where the folder holds another run, or the disk refuses.
    """

    def __init__(
        self,
        out: Path,
        name: str,
        source: str,
        covering: Covering,
        recorded: tuple[Container, float],
        journal: Journal,
        start: Start,
        dropped: Callable[[], int],
    ) -> None:
        self._out, self._source, self._covering, self._journal, self._dropped = out, source, covering, journal, dropped
        stem = out / COPIES / name
        remove_proof(out)
        with writing(out):
            if start is not Start.RESUME:
                for old in segments_of(stem) if start is Start.OVERWRITE else ():
                    old.unlink()
                for file in (REDACTION, SOURCES, REVIEW):
                    (out / file).write_bytes(b"")
            else:
                for file in (REDACTION, SOURCES, REVIEW):
                    (out / file).touch()
                    cut_torn_line(out / file)
            self._lines, self._segments = (_appending(out / file) for file in (REDACTION, SOURCES))
            there = segments_of(stem)
        whole = {one.output for one in read_redacted(out / SOURCES)}
        self.torn = tuple(path for path in there if path.relative_to(out).as_posix() not in whole)
        first = 1 + max((number_of(path) for path in there), default=0)
        self._recording = Recording(stem, recorded[0], recorded[1], first)
        self._coder: Coder | None = None
        self._counted: _Counted | None = None
        self._last = -APART
        self.frames = self.whole = 0

    def write(self, one: Planned) -> Coded:
        """Covers a frame, codes it and writes it down; gives it as it was coded."""
        pixels = one.frame.pixels
        shown = [area.area for area in one.areas or () if not area.kept]
        covered = cover_whole(pixels) if one.areas is None else cover(pixels, shown, self._covering)
        at = self._last = max(self._last + APART, round((one.frame.time_s or 0.0) / TICK))
        size = even(*pixels.shape[:2])
        if self._coder is None or self._coder.size != size:
            self._coder = Coder(size)
        begins = self._recording.due(at, size)
        if begins:
            self._end_segment()
            path = self._recording.begin(at, size)
            self._counted = _Counted(path.relative_to(self._out).as_posix(), self._dropped())
        coded = self._coder.code(covered, at, key=begins)
        self._note(one)
        self._recording.write(coded)
        return coded

    def close(self) -> None:
        """The last segment is whole."""
        self._end_segment()
        with writing(self._out):
            self._lines.close()
            self._segments.close()

    def _note(self, one: Planned) -> None:
        counted = self._counted
        assert counted is not None
        if one.areas:
            line = to_line(RedactedFrame(self._source, counted.output, counted.frames, one.areas))
            with writing(self._out):
                self._lines.write(line.encode() + b"\n")
        counted.frames += 1
        self.frames += 1
        counted.whole += one.areas is None
        self.whole += one.areas is None
        counted.covered += one.areas is None or any(not area.kept for area in one.areas)
        counted.tracks.update((area.kept, area.track) for area in one.areas or () if area.track > 0)

    def _end_segment(self) -> None:
        self._recording.end()
        counted, self._counted = self._counted, None
        if counted is None:
            return
        dropped = self._dropped() - counted.dropped
        warning = ""
        if dropped:
            came = dropped + counted.frames
            warning = (
                f"{dropped:,} of {came:,} frames were dropped: this machine could not look at all of them in time."
            )
        done = Redacted(
            source=self._source,
            output=counted.output,
            frames=counted.frames,
            covered_frames=counted.covered,
            faces=sum(not kept for kept, _ in counted.tracks),
            kept=sum(kept for kept, _ in counted.tracks),
            unplanned=counted.whole,
            warning=warning,
        )
        with writing(self._out):
            self._segments.write(redacted_line(done).encode() + b"\n")
            for file in (self._lines, self._segments):
                file.flush()
                os.fsync(file.fileno())
        self._journal.finish(counted.output, warning)


def _appending(path: Path) -> BinaryIO:
    # a line at once: what was covered is to be known of every frame that a kill leaves
    return path.open("ab", buffering=0)
