"""Parts of videos that were looked at, on the disk until their video is whole: a run that was stopped goes on after them.

``<folder>/<video>-<part>.npz``: plain arrays. They hold templates of whoever was seen and are not sealed, so they are
removed with the end of their video.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondlook.report.writing import replacing
from secondlook.runs.journal import writing
from secondlook.runs.quality_columns import as_quality, as_row
from secondlook.scale.kit import File, Kit
from secondlook.scale.looks import NO_PIXELS, Look, PartSeen, Shots, face_of
from secondlook.track.shots import Shot
from secondlook.types import Detections


class PartShelf:
    """Parts by their video and number. What was looked at in another way, or in a file changed since, is not seen."""

    def __init__(self, folder: Path, kit: Kit, files: Iterable[File]) -> None:
        """files: what may be looked at; what is kept of any other is removed. Raises OutputError."""
        self._folder = folder
        self._names = {file: _name(file, kit) for file in files}
        for path in sorted(folder.glob("*.npz")):
            if path.name.partition("-")[0] not in self._names.values():
                self._remove(path)

    def get(self, file: File, number: int) -> tuple[PartSeen, Shots] | None:
        """None where it is not there, or damaged."""
        try:
            with np.load(self._place(file, number), allow_pickle=False) as held:
                return _from_columns({name: held[name] for name in held.files})
        except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile):
            return None

    def put(self, file: File, number: int, seen: PartSeen, shots: Shots) -> None:
        """Raises OutputError."""
        with writing(self._folder):
            self._folder.mkdir(exist_ok=True)
        with replacing(self._place(file, number)) as out:
            np.savez(out, allow_pickle=False, **_to_columns(seen, shots))

    def remove(self, file: File) -> None:
        """Everything of one video. Raises OutputError."""
        for path in self._folder.glob(f"{self._names[file]}-*.npz"):
            self._remove(path)

    def _remove(self, path: Path) -> None:
        with writing(self._folder):
            path.unlink(missing_ok=True)
            if not any(self._folder.iterdir()):
                self._folder.rmdir()

    def _place(self, file: File, number: int) -> Path:
        return self._folder / f"{self._names[file]}-{number:06d}.npz"


def _name(file: File, kit: Kit) -> str:
    text = f"{kit} {file} {Path(file.path).stat().st_mtime_ns}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _to_columns(seen: PartSeen, shots: Shots) -> dict[str, NDArray[Any]]:
    looks, keys = seen.looks, list(shots)
    templates = [shots[key].template for key in keys]
    return {
        "facts": np.array([seen.cuts, seen.whole], np.int64),
        "opening": np.array(seen.opening, np.int64),
        "closing": np.array(seen.closing, np.int64),
        "frames": np.array([(look.index, look.shot, len(look.found)) for look in looks], np.int64).reshape(-1, 3),
        "times": np.array([look.time_s for look in looks], np.float64),
        "boxes": np.concatenate([np.zeros((0, 4), np.float32), *(look.found.boxes for look in looks)]),
        "landmarks": np.concatenate([np.zeros((0, 5, 2), np.float32), *(look.found.landmarks for look in looks)]),
        "scores": np.concatenate([np.zeros(0, np.float32), *(look.found.scores for look in looks)]),
        "qualities": np.array([as_row(q) for look in looks for q in look.qualities], np.float64),
        "keys": np.array(keys, np.int64).reshape(-1, 2),
        "templates": np.array(templates, np.float32),
        "shapes": np.array([shots[key].crop.shape for key in keys], np.int64).reshape(-1, 3),
        "crops": np.concatenate([np.zeros(0, np.uint8), *(shots[key].crop.ravel() for key in keys)]),
    }


def _from_columns(held: dict[str, NDArray[Any]]) -> tuple[PartSeen, Shots]:
    looks, first = dict[int, Look](), 0
    for (index, shot, count), time_s in zip(held["frames"].tolist(), held["times"].tolist(), strict=True):
        rows = slice(first, first + count)
        found = Detections(held["boxes"][rows], held["landmarks"][rows], held["scores"][rows])
        qualities = tuple(q for row in held["qualities"][rows] if (q := as_quality(row)) is not None)
        if len(qualities) != len(found):
            raise ValueError("a face without its quality")
        looks[index], first = Look(index, time_s, shot, found, qualities), first + count
    shots, start = Shots(), 0
    for at, (key, shape) in enumerate(zip(held["keys"].tolist(), held["shapes"].tolist(), strict=True)):
        face, size = (int(key[0]), int(key[1])), int(np.prod(shape))
        crop = held["crops"][start : start + size].reshape(shape)
        shots[face] = Shot(face_of(looks[face[0]], face[1]), NO_PIXELS, crop, held["templates"][at])
        start += size
    cuts, whole = held["facts"].tolist()
    opening, closing = (tuple(held[name].tolist()) for name in ("opening", "closing"))
    return PartSeen(tuple(looks.values()), cuts, bool(whole), opening, closing), shots
