"""Templates of labelled pictures while an audit runs, so that it can go on where it was stopped.

``OUT/.run/templates-<what made them>-<number>.npz``: plain arrays, by the SHA-256 of each picture's file. They are of real
people and not sealed, so they are removed at the end of the audit unless they are asked for.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from secondlook.report.writing import replacing
from secondlook.runs.journal import writing
from secondlook.types import Floats

BATCH = 200
"""Pictures between two writes: the most that a stop loses."""


@dataclass(frozen=True, eq=False, slots=True)
class Made:
    """What came of one picture.

    template: (D,) float32, None where acquisition failed. quality: score of the face, NaN where there is none.
    faces: how many were found. reason: why acquisition failed, or empty.
    """

    template: Floats | None
    quality: float
    faces: int
    reason: str = ""


class TemplateShelf:
    """Made templates by the SHA-256 of the picture's file.

    maker: a text that names whatever decides what a template looks like; templates of another maker are not seen.
    """

    def __init__(self, folder: Path, maker: str, dimension: int) -> None:
        self._folder = folder
        self._prefix = f"templates-{hashlib.sha256(maker.encode()).hexdigest()[:12]}"
        self._dimension = dimension
        self._known: dict[str, Made] = {}
        self._fresh: dict[str, Made] = {}
        self._files = 0
        for path in sorted(folder.glob(f"{self._prefix}-*.npz")):
            self._files = max(self._files, int(path.stem.rpartition("-")[2]))
            self._known.update(_read(path))

    def __len__(self) -> int:
        return len(self._known)

    def get(self, sha256: str) -> Made | None:
        return self._known.get(sha256)

    def put(self, sha256: str, made: Made) -> None:
        """Kept at once in memory, on the disk with the next batch. Raises OutputError."""
        self._known[sha256] = made
        self._fresh[sha256] = made
        if len(self._fresh) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Writes what is not on the disk yet. Raises OutputError."""
        if not self._fresh:
            return
        self._files += 1
        all_made = list(self._fresh.values())
        nothing = np.full(self._dimension, np.nan, np.float32)
        with replacing(self._folder / f"{self._prefix}-{self._files:06d}.npz") as file:
            np.savez(
                file,
                sha256=np.array(list(self._fresh)),
                values=np.stack([nothing if made.template is None else made.template for made in all_made]),
                quality=np.array([made.quality for made in all_made], np.float64),
                faces=np.array([made.faces for made in all_made], np.int32),
                reason=np.array([made.reason for made in all_made]),
            )
        self._fresh.clear()

    def remove(self) -> None:
        """Takes all templates off the disk, other makers' too. Raises OutputError."""
        with writing(self._folder):
            for path in self._folder.glob("templates-*.npz"):
                path.unlink()
            if self._folder.is_dir() and not any(self._folder.iterdir()):
                self._folder.rmdir()


def _read(path: Path) -> dict[str, Made]:
    """Nothing of a file that is damaged: its pictures are looked at again."""
    try:
        with np.load(path, allow_pickle=False) as held:
            columns = [held[name] for name in ("sha256", "values", "quality", "faces", "reason")]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
    return {
        str(sha256): Made(None if np.isnan(values).any() else values, float(quality), int(faces), str(reason))
        for sha256, values, quality, faces, reason in zip(*columns, strict=True)
    }
