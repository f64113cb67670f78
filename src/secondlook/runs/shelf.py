"""What was made of pictures while a long run goes on, so that it can go on where it was stopped.

``<folder>/<kind>-<what made them>-<number>.npz``: plain arrays, by the SHA-256 of each picture's file. They hold templates of
real people and are not sealed, so they are removed at the end of the run.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from secondlook.report.writing import replacing
from secondlook.runs.journal import writing

BATCH = 200
"""Pictures between two writes: the most that a stop loses."""

T = TypeVar("T")
Columns = Mapping[str, NDArray[Any]]


class Layout(Protocol[T]):
    """How things lie in plain arrays."""

    @property
    def kind(self) -> str:
        """What the files are called by."""
        ...

    def columns(self, held: Sequence[T]) -> Columns: ...

    def rows(self, columns: Columns) -> Sequence[T]:
        """What ``columns`` was given. Raises KeyError, ValueError where something is missing."""
        ...


class Shelf(Generic[T]):
    """Things by the SHA-256 of the picture's file they were made of.

    maker: a text that names whatever decides what comes out; what another maker has made is not seen.
    """

    def __init__(self, folder: Path, maker: str, layout: Layout[T]) -> None:
        self._folder = folder
        self._layout = layout
        self._prefix = f"{layout.kind}-{hashlib.sha256(maker.encode()).hexdigest()[:12]}"
        self._known: dict[str, T] = {}
        self._fresh: dict[str, T] = {}
        self._files = 0
        for path in sorted(folder.glob(f"{self._prefix}-*.npz")):
            self._files = max(self._files, int(path.stem.rpartition("-")[2]))
            self._known.update(_read(path, layout))

    def __len__(self) -> int:
        return len(self._known)

    def get(self, sha256: str) -> T | None:
        return self._known.get(sha256)

    def put(self, sha256: str, made: T) -> None:
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
        columns = self._layout.columns(list(self._fresh.values()))
        with replacing(self._folder / f"{self._prefix}-{self._files:06d}.npz") as file:
            np.savez(file, allow_pickle=False, sha256=np.array(list(self._fresh)), **columns)
        self._fresh.clear()

    def remove(self) -> None:
        """Takes all of this kind off the disk, other makers' too. Raises OutputError."""
        with writing(self._folder):
            for path in self._folder.glob(f"{self._layout.kind}-*.npz"):
                path.unlink()
            if self._folder.is_dir() and not any(self._folder.iterdir()):
                self._folder.rmdir()


def _read(path: Path, layout: Layout[T]) -> dict[str, T]:
    """Nothing of a file that is damaged: its pictures are looked at again."""
    try:
        with np.load(path, allow_pickle=False) as held:
            columns = {name: held[name] for name in held.files}
        names = [str(name) for name in columns["sha256"]]
        return dict(zip(names, layout.rows(columns), strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
