"""Where nobody may be followed across in a camera's picture."""

from __future__ import annotations

import av

from secondlook.sources.camera_opening import Arrived
from secondlook.sources.cuts import CutCounter


class ShotCounter:
    """Counts the shots of a camera: a cut, another size of the picture, a file that begins again, a reconnect."""

    def __init__(self) -> None:
        self._cuts, self._shot = CutCounter(), 0
        self._part: tuple[int, ...] | None = None

    def see(self, arrived: Arrived, connection: int) -> int:
        """The shot of this frame; every frame must be shown. connection: any number that is another after a reconnect."""
        picture = arrived.picture
        part = (picture.width, picture.height, arrived.round, connection)
        if self._part is not None and part != self._part:
            self._shot += self._cuts.cuts + 1
            self._cuts = CutCounter()
        self._part = part
        try:
            return self._shot + self._cuts.see(picture)
        except av.FFmpegError:  # a pixel format that cannot be converted: the frame itself will not be given
            return self._shot + self._cuts.cuts
