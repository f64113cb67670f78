"""Reading the JSON lines that the room writes, with one sentence where a line is not what it should be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from secondlook.errors import SourceError, UnsupportedSource
from secondlook.report import json_fields
from secondlook.report.json_fields import JsonObject
from secondlook.sources.opening import shown

T = TypeVar("T")


def each_line(path: str | os.PathLike[str], schema: str, read: Callable[[JsonObject], T]) -> Iterator[T]:
    """What ``read`` makes of every line. read: raises ValueError where it cannot.

    Raises SourceError where the file or a line cannot be read, UnsupportedSource where it has another schema.
    """
    name = shown(path)
    try:
        with Path(path).open("rb") as file:
            for number, line in enumerate(file, 1):
                yield _line(line, f"{name}, line {number},", schema, read)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(f"{name} cannot be read ({reason}): check the name and its permissions.") from error


def _line(line: bytes, place: str, schema: str, read: Callable[[JsonObject], T]) -> T:
    try:
        fields = json_fields.parsed(line.decode("utf-8"))
        found = json_fields.text(fields, "schema")
        if found != schema:
            raise UnsupportedSource(
                f"{place} has the schema {found[:60]!a} and this version of Second Look reads {schema}: use the "
                "version that wrote it."
            )
        return read(fields)
    except ValueError as error:
        if not line.endswith(b"\n"):
            raise SourceError(f"{place} is cut off: the run that wrote it was stopped, so finish it first.") from error
        reason = str(error).replace("\n", " ")
        raise SourceError(f"{place} is not what Second Look writes ({reason}): write the file anew.") from error
