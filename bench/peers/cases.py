"""What is run: known to both sides, and to every environment, so it imports nothing but the standard library."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Case:
    """contestant: module of this package that does it. variant: which of its ways. stage: what is done. subject: on what of the
    material. material: its folder. cores: how many it may use."""

    contestant: str
    variant: str
    stage: str
    subject: str
    material: str
    cores: int = 2

    @property
    def name(self) -> str:
        return f"{self.contestant} {self.variant}".strip()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one round. items: how many pictures, frames, chips or probes were done. boxes: of the faces found, where faces are
    looked for in one picture. found: people or tracks, where that is what comes out."""

    items: int = 1
    boxes: list[list[float]] = field(default_factory=list)
    found: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Round:
    """wall_s, cpu_s: of all threads and child processes."""

    wall_s: float
    cpu_s: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker says at its end. loaded_mb: resident before the first round. peak_mb: the most it ever had, without its
    child processes."""

    loaded_mb: float
    peak_mb: float
