"""Faces found in a video, frame by frame, on the disk: written once, read again as often as is needed, one line at a
time, so that memory does not grow with the video."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import numpy as np

from secondlook.errors import OutputError
from secondlook.redact.moments import Looked
from secondlook.runs.journal import cut_torn_line, writing
from secondlook.runs.replay import Look
from secondlook.types import Detections, Frame


class FoundLog:
    """One JSON line a frame: index, shot, time, boxes, landmarks, scores; a last line says that it is whole.

    video: whatever tells this video, and how it is looked at, from another; what was found in another is dropped.
    """

    def __init__(self, place: Path, video: str) -> None:
        self._place = place
        self._head = json.dumps({"video": video})
        self.whole = False
        self._known = self._count()
        with writing(place):
            if not self._known and not self.whole:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(self._head + "\n", encoding="utf-8")
            self._file = place.open("a", encoding="utf-8")
        self._old = self._lines()

    @property
    def frames(self) -> int:
        """How many are known."""
        return self._known

    def looking(self, look: Look) -> Look:
        """``look``, answered from what is known for the first frames. Frames must come in order, from the first."""

        def looked(frame: Frame) -> Detections:
            known = next(self._old, None)
            if known is None:
                found = look(frame)
                self._append(frame, found)
                return found
            if known[0].index != frame.index:
                raise OutputError(
                    f"{self._place} does not fit its video any more: begin the run anew with --overwrite."
                )
            return known[0].faces

        return looked

    def end(self) -> None:
        """Every frame was looked at."""
        if not self.whole:
            with writing(self._place):
                self._file.write('"end"\n')
                self._file.flush()
            self.whole = True

    def each(self) -> Generator[tuple[Looked, float | None], None, None]:
        """What was found, with the frame's time, s."""
        return self._lines()

    def forget(self) -> None:
        self.close()
        with writing(self._place):
            self._place.unlink(missing_ok=True)

    def close(self) -> None:
        self._old.close()
        with writing(self._place):
            self._file.close()

    def _append(self, frame: Frame, found: Detections) -> None:
        columns = (found.boxes, found.landmarks, found.scores)
        line = json.dumps([frame.index, frame.shot, frame.time_s, *(column.tolist() for column in columns)])
        with writing(self._place):
            self._file.write(line + "\n")
            self._file.flush()

    def _count(self) -> int:
        """Frames that are known of this very video; 0 where the file is another's or damaged."""
        if not self._place.is_file():
            return 0
        cut_torn_line(self._place)
        count, last = 0, ""
        with self._place.open(encoding="utf-8", errors="replace") as file:
            if file.readline().rstrip("\n") != self._head:
                return 0
            for line in file:
                count, last = count + 1, line
        self.whole = last == '"end"\n'
        return count - self.whole

    def _lines(self) -> Generator[tuple[Looked, float | None], None, None]:
        with self._place.open(encoding="utf-8") as file:
            file.readline()
            for line in file:
                if not line.startswith("["):
                    return
                index, shot, time_s, boxes, landmarks, scores = json.loads(line)
                n = len(scores)
                faces = Detections(
                    np.array(boxes, np.float32).reshape(n, 4),
                    np.array(landmarks, np.float32).reshape(n, 5, 2),
                    np.array(scores, np.float32),
                )
                yield Looked(index, shot, faces), time_s
