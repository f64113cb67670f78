"""What the user named, files and folders, as a list of photographs and videos.

Folders are read with everything below them, in the order of their names, so that two runs give the same list. Files
and folders whose name begins with a dot are passed over unless they are named. Every folder is read once, which also
ends circles of links. What cannot be read becomes a ``Problem``; the rest goes on.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from secondlook.errors import SourceError
from secondlook.sources.kinds import SourceKind
from secondlook.sources.opening import Named, kind_of_file, shown


@dataclass(frozen=True, slots=True)
class Source:
    """One file to look at. path: as named, or the named folder with the way below it."""

    path: Path
    kind: SourceKind


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be used, and why. sentence: one sentence that names it and says what to do."""

    path: Path
    sentence: str


Sources: TypeAlias = tuple[Source, ...]
Problems: TypeAlias = tuple[Problem, ...]


def expand(paths: Named | Iterable[Named]) -> tuple[Sources, Problems]:
    """Files and folders -> the photographs and videos among them, told by content, and what could not be used.

    A file is listed once however often it is named. Raises nothing for bad input.
    """
    sources: dict[str, Source] = {}
    problems: list[Problem] = []
    folders_read: set[tuple[int, int]] = set()
    for named in map(Path, (paths,) if isinstance(paths, str | os.PathLike) else paths):
        is_folder = _is_folder(named)
        before = len(sources) + len(problems)
        for file in _files_below(named, folders_read, problems) if is_folder else (named,):
            key = os.path.normpath(file.absolute())
            if key not in sources:
                _classify(file, key, sources, problems)
        if is_folder and before == len(sources) + len(problems):
            problems.append(Problem(named, f"{shown(named)} holds no file that is not listed already: name another."))
    return tuple(sources.values()), tuple(problems)


def _classify(file: Path, key: str, sources: dict[str, Source], problems: list[Problem]) -> None:
    try:
        sources[key] = Source(file, kind_of_file(file))
    except SourceError as error:
        problems.append(Problem(file, str(error)))


def _files_below(folder: Path, folders_read: set[tuple[int, int]], problems: list[Problem]) -> Iterator[Path]:
    """Every file under a folder, depth first, by name."""
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if _is_folder(path):
            waiting += reversed(_children(path, folders_read, problems))
        else:
            yield path


def _children(folder: Path, folders_read: set[tuple[int, int]], problems: list[Problem]) -> list[Path]:
    """What lies in a folder, sorted; nothing where it was read before."""
    try:
        found = folder.stat()
        if (found.st_dev, found.st_ino) in folders_read:
            return []
        folders_read.add((found.st_dev, found.st_ino))
        return sorted(child for child in folder.iterdir() if not child.name.startswith("."))
    except OSError as error:
        reason = error.strerror or str(error)
        problems.append(Problem(folder, f"{shown(folder)} cannot be read ({reason}): check its permissions."))
        return []


def _is_folder(path: Path) -> bool:
    """False too where that cannot be told: opening it as a file then says why."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False
