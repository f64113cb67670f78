"""Which face of this frame is which face of the last: the kept tracker behind one small door."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from secondlook.types import Detections


class Follower:
    """Follows faces through one source with ByteTrack (Zhang et al., ECCV 2022).

    start_score: detector score from which a face starts a track; weaker ones only continue one. patience: how many
    updates a track outlives its last face. Numbers start at 1 and are this source's own.
    """

    def __init__(self, start_score: float, patience: int, least_iou: float = 0.1) -> None:
        # half a second to load, which photographs have no use for
        from trackers import ByteTrackTracker

        self._tracker = ByteTrackTracker(
            lost_track_buffer=patience,
            frame_rate=30.0,  # at which the buffer counts updates, whatever the footage's own rate
            track_activation_threshold=start_score,
            minimum_consecutive_frames=1,
            minimum_iou_threshold=least_iou,
            high_conf_det_threshold=start_score,
        )
        self._next = 1

    def update(self, faces: Detections) -> NDArray[np.int64]:
        """(n,) track numbers for the faces of the next frame; 0 for a face that neither starts nor continues one."""
        import supervision

        numbers = np.zeros(len(faces), np.int64)
        followed = self._tracker.update(
            supervision.Detections(
                xyxy=faces.boxes.astype(np.float64),
                confidence=faces.scores.astype(np.float64),
                data={"row": np.arange(len(faces))},
            )
        )
        for row, number in zip(followed.data.get("row", ()), followed.tracker_id, strict=True):
            numbers[int(row)] = max(0, int(number))
        self._number_new_tracks(faces, numbers)
        return numbers

    def cut(self) -> None:
        """The camera's shot has ended: nobody goes on."""
        self._tracker.tracks = []

    def number(self) -> int:
        """The next free track number."""
        self._next += 1
        return self._next - 1

    def forget(self, numbers: Collection[int]) -> None:
        """These have gone, whatever patience is left."""
        if numbers:
            self._tracker.tracks = [track for track in self._tracker.tracks if track.tracker_id not in numbers]

    def alive(self) -> set[int]:
        """Tracks that may still go on."""
        return {int(track.tracker_id) for track in self._tracker.tracks}

    def _number_new_tracks(self, faces: Detections, numbers: NDArray[np.int64]) -> None:
        # The library counts across the process and names a track only at its second face; we name it at its first.
        for track in self._tracker.tracks:
            if track.tracker_id != -1:
                continue
            track.tracker_id = self.number()
            free = np.nonzero(numbers == 0)[0]
            distance = np.abs(faces.boxes[free] - np.asarray(track.get_state_bbox()).ravel()[:4]).sum(1)
            numbers[free[int(distance.argmin())]] = track.tracker_id
