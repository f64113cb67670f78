"""Who is to be enrolled: what a folder says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from secondlook.errors import SourceError
from secondlook.sources import Picture


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One subject and its pictures. label: what to call a picture in results; one each."""

    subject: str
    pictures: tuple[Picture, ...]
    labels: tuple[str, ...]


def enrolments(people: Path) -> tuple[Enrolment, ...]:
    """What a folder of people says: a folder per subject, or one picture per subject (its name without the ending).

    Raises SourceError where there is no such folder, it cannot be read, or nobody is in it.
    """
    if not people.is_dir():
        raise SourceError(f"{people} is no folder: name one with a folder, or a picture, for each person.")
    try:
        entries = sorted((p for p in people.iterdir() if not p.name.startswith(".")), key=lambda p: p.name)
    except OSError as error:
        raise SourceError(f"{people} cannot be read ({error.strerror}): allow reading it.") from error
    found = []
    for entry in entries:
        inside = sorted(p for p in entry.rglob("*") if p.is_file() and not p.name.startswith("."))
        files = inside if entry.is_dir() else [entry]
        if files:
            name = entry.name if entry.is_dir() else entry.stem
            found.append(Enrolment(name, tuple(files), tuple(str(p) for p in files)))
    if not found:
        raise SourceError(f"{people} holds nobody: put a folder, or a picture, for each person into it.")
    return _joined(found)


def _joined(found: Sequence[Enrolment]) -> tuple[Enrolment, ...]:
    """Ada/ and Ada.jpg are one subject."""
    subjects: dict[str, Enrolment] = {}
    for one in found:
        had = subjects.get(one.subject)
        if had:
            one = Enrolment(one.subject, had.pictures + one.pictures, had.labels + one.labels)
        subjects[one.subject] = one
    return tuple(subjects.values())
