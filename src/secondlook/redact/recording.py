"""A covered live picture on the disk, in one file after another that can be played as far as it goes at any moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final

import av

from secondlook.errors import OutputError
from secondlook.redact.coding import TICK, Coded, Muxer, Size
from secondlook.sources.opening import shown


class Container(StrEnum):
    """Both are written so that a killed process leaves all but the last second: Matroska in clusters, MP4 in fragments."""

    MKV = "mkv"
    MP4 = "mp4"


_OPTIONS: Final = {
    Container.MKV: ("matroska", {"cluster_time_limit": "1000", "flush_packets": "1"}),
    Container.MP4: (
        "mp4",
        {"movflags": "+empty_moov+default_base_moof", "frag_duration": "1000000", "flush_packets": "1"},
    ),
}


class Recording:
    """Writes ``STEM-0001.mkv`` and so on. stem: path without number and ending. segment_s: from one file to the next.
    first: number of the first. Raises OutputError where the disk refuses."""

    def __init__(self, stem: Path, container: Container, segment_s: float, first: int = 1) -> None:
        self._stem, self._container, self._segment_ticks = stem, container, round(segment_s / TICK)
        self._number, self._path = first - 1, stem
        self._muxer: Muxer | None = None
        self._began, self._size = 0, (0, 0)

    def due(self, at: int, size: Size) -> bool:
        """Whether the picture of this time and size begins a new file."""
        return self._muxer is None or size != self._size or at - self._began >= self._segment_ticks

    def begin(self, at: int, size: Size) -> Path:
        """Ends the file before, and gives the path of the new one, which nothing was at."""
        self.end()
        self._number += 1
        self._path = segment_path(self._stem, self._number, self._container)
        form, options = _OPTIONS[self._container]
        with _writing(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(exist_ok=False)
            self._muxer = Muxer(av.open(str(self._path), "w", format=form, options=options), size)
        self._began, self._size = at, size
        return self._path

    def write(self, coded: Coded) -> None:
        assert self._muxer is not None, "begin comes first"
        with _writing(self._path):
            self._muxer.write(coded)

    def end(self) -> None:
        """The file being written is whole."""
        muxer, self._muxer = self._muxer, None
        if muxer is not None:
            with _writing(self._path):
                muxer.close()


def segment_path(stem: Path, number: int, container: Container) -> Path:
    return stem.with_name(f"{stem.name}-{number:04d}.{container}")


def segments_of(stem: Path) -> tuple[Path, ...]:
    """What lies on the disk under this name, in order of the numbers, of whichever container."""
    form = re.compile(re.escape(stem.name) + rf"-(\d{{4,}})\.({'|'.join(Container)})")
    found = stem.parent.iterdir() if stem.parent.is_dir() else ()
    return tuple(sorted((p for p in found if form.fullmatch(p.name)), key=number_of))


def number_of(segment: Path) -> int:
    return int(segment.stem.rpartition("-")[2])


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, av.FFmpegError, av.codec.codec.UnknownCodecError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"{shown(path)} cannot be written ({reason}): make room or allow writing.") from error
