"""One frame is the frame that was counted, whichever way it is found again."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from secondlook.errors import SourceError, SourceTooLarge, UnsupportedSource
from secondlook.sources import one_frame as module
from secondlook.sources.one_frame import one_frame
from secondlook.sources.video import VideoFrames
from video_kinds import KINDS, Kind, written

LIMIT = 1 << 24


def same_as_counted(content: bytes, folder: Path, indices: range | tuple[int, ...]) -> None:
    path = folder / "clip"
    path.write_bytes(content)
    counted = list(VideoFrames(path))
    assert len(counted) > max(indices)
    for index in indices:
        for time_s in (round(counted[index].time_s or 0.0, 3), None):
            found = one_frame(io.BytesIO(content), "The video", index, time_s, LIMIT)
            assert np.array_equal(found, counted[index].pixels), (index, time_s)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_gives_what_was_counted(kind: Kind, tmp_path: Path) -> None:
    same_as_counted(written(kind), tmp_path, (0, 1, 2, 11, 12, 13, 24, 29))


def test_uneven_times_are_gone_to(tmp_path: Path) -> None:
    same_as_counted(written(KINDS[0], uneven=True), tmp_path, range(30))


def test_a_joined_recording_is_counted_through(tmp_path: Path) -> None:
    """Its second half begins at 0 again: going to a time would find the first half's."""
    half = written(Kind("mpegts", "mpeg2video", (("g", "12"),)))
    other = written(Kind("mpegts", "mpeg2video", (("g", "12"),)), frames=20)
    same_as_counted(half + other, tmp_path, (3, 29, 33, 45))


def test_what_comes_before_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    content, given = written(KINDS[0], frames=120), []
    pictures = module.pictures

    def counted(*asked: object) -> object:
        for picture in pictures(*asked):  # type: ignore[arg-type]
            given.append(picture.pts)
            yield picture

    monkeypatch.setattr(module, "pictures", counted)
    one_frame(io.BytesIO(content), "The video", 110, 4.4, LIMIT)
    assert len(given) <= 1 + 12 + 1


@pytest.mark.parametrize(
    ("content", "index", "limit", "kind", "words"),
    [
        (written(KINDS[3], 5), 5, LIMIT, SourceError, "has no frame 5"),
        (written(KINDS[3], 5), 2, 100, SourceTooLarge, "megapixels"),
        (b"\x1a\x45\xdf\xa3" + b"0" * 900, 2, LIMIT, SourceError, "cannot be opened as a video"),
        (b"\xff\xd8\xff" + b"0" * 900, 2, LIMIT, UnsupportedSource, "no video"),
        (b"nothing" * 100, 0, LIMIT, UnsupportedSource, "The video is not"),
    ],
)
def test_what_cannot_be_shown_is_a_sentence(
    content: bytes, index: int, limit: int, kind: type[SourceError], words: str
) -> None:
    for time_s in (index / 25, None):
        with pytest.raises(kind, match=words):
            one_frame(io.BytesIO(content), "The video", index, time_s, limit)
