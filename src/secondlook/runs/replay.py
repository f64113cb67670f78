"""The faces already found in the video a run was stopped in: going on reads them instead of looking again.

Looking is nearly all of the work; decoding, tracking and deciding are done once more and come out the same, so that the
result is that of a run that was never stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from secondlook.runs.journal import cut_torn_line, writing
from secondlook.types import Detections, Frame

Look = Callable[[Frame], Detections]


class FaceLog:
    """Faces by frame of one video, written as they are found (one JSON line a frame, exact)."""

    def __init__(self, place: Path, video: str) -> None:
        """video: whatever tells this video from another; faces logged for another are dropped."""
        self._place = place
        self._known = _read(place, video)
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            if self._known:
                cut_torn_line(place)
            else:
                place.write_text(json.dumps({"video": video}) + "\n", encoding="utf-8")
            self._file = place.open("a", encoding="utf-8")

    def looking(self, look: Look) -> Look:
        """``look``, answered from the log where the log knows the frame."""

        def looked(frame: Frame) -> Detections:
            known = self._known.get(frame.index)
            if known is not None:
                return known
            found = look(frame)
            self._append(frame.index, found)
            return found

        return looked

    def forget(self) -> None:
        """The video is whole: the log is no longer needed."""
        with writing(self._place):
            self._file.close()
            self._place.unlink(missing_ok=True)

    def close(self) -> None:
        with writing(self._place):
            self._file.close()

    def _append(self, index: int, found: Detections) -> None:
        line = json.dumps([index, found.boxes.tolist(), found.landmarks.tolist(), found.scores.tolist()])
        with writing(self._place):
            self._file.write(line + "\n")
            self._file.flush()


def _read(place: Path, video: str) -> dict[int, Detections]:
    """Nothing where the log is another video's or damaged: then everything is looked at again."""
    try:
        # What follows the last line break was cut off in writing.
        lines = place.read_text(encoding="utf-8").split("\n")[:-1]
        return _faces(lines, video)
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def _faces(lines: list[str], video: str) -> dict[int, Detections]:
    if not lines or json.loads(lines[0]) != {"video": video}:
        return {}
    known = {}
    for line in lines[1:]:
        index, boxes, landmarks, scores = json.loads(line)
        n = len(scores)
        known[index] = Detections(
            np.array(boxes, np.float32).reshape(n, 4),
            np.array(landmarks, np.float32).reshape(n, 5, 2),
            np.array(scores, np.float32),
        )
    return known
