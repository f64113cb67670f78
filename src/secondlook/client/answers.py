"""What a service answers, as plain dataclasses. A newer service may say more: what is not known here is passed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Answer:
    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Raises KeyError where something is missing that every version says."""
        return cls(**{field.name: cls._read(field.name, said[field.name]) for field in fields(cls)})

    @classmethod
    def _read(cls, name: str, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Subject(Answer):
    id: str
    name: str
    references: int
    enrolled_at: str


@dataclass(frozen=True, slots=True)
class Picture(Answer):
    """What became of one picture. status: ``enrolled``, ``refused``, ``suspicious`` …; reason, fix: a sentence each."""

    number: int
    picture: str
    status: str
    reason: str
    fix: str | None


@dataclass(frozen=True, slots=True)
class Enrolled(Answer):
    """subject: None where none of the pictures was enrolled."""

    subject: Subject | None
    results: tuple[Picture, ...]

    @classmethod
    def _read(cls, name: str, value: Any) -> Any:
        if name == "results":
            return tuple(Picture.of(one) for one in value)
        return None if value is None else Subject.of(value)


@dataclass(frozen=True, slots=True)
class Face(Answer):
    """One face of a picture that was searched. outcome, grounds, candidates: docs/sightings.md. sighting: id of what was kept for
    review; None: nothing was."""

    number: int
    box: tuple[float, float, float, float]
    outcome: str
    grounds: Mapping[str, Any]
    candidates: tuple[Mapping[str, Any], ...]
    sighting: str | None


@dataclass(frozen=True, slots=True)
class Upload(Answer):
    id: str
    name: str
    kind: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Job(Answer):
    """state: queued, running, done, failed or cancelled. progress: 0 to 1, None before anything is known."""

    id: str
    kind: str
    state: str
    progress: float | None
    doing: str
    sentence: str
    result: Mapping[str, Any] | None

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Sighting(Answer):
    """review: unreviewed, supported or rejected: a candidate counts for nothing before two people have compared the faces."""

    id: str
    subject_id: str
    subject: str | None
    outcome: str
    posterior: float | None
    review: str
    why: str
    seen_at: str
