"""What somebody asks a plan for. What nobody can know for them is a default, and stands in the plan as taken for granted."""

from __future__ import annotations

from dataclasses import dataclass

SETS_A_CANDIDATE = 4
"""Blind sets until a candidate is supported or rejected: two reviewers, and for each the candidate is in one set of two."""

TRIALS = 0.25
"""Of a reviewer's sets, those that are trials (``catch_share`` of the service)."""


@dataclass(frozen=True, slots=True)
class Footage:
    """cameras: 1 upwards. width: of their pictures, px. rate: frames a second, each of which is decoded. looks: a second.
    side: longest side at which pictures are looked at, px. passers: people who pass one camera in an hour; hours: a day in
    which they do. in_view_s: how long each stays in view."""

    cameras: int
    width: int = 1920
    rate: float = 25.0
    looks: float = 5.0
    side: int = 960
    passers: float = 100.0
    hours: float = 24.0
    in_view_s: float = 8.0

    @property
    def passers_a_day(self) -> float:
        return self.cameras * self.passers * self.hours

    @property
    def passers_a_second(self) -> float:
        """In the hours in which they pass."""
        return self.cameras * self.passers / 3600


@dataclass(frozen=True, slots=True)
class Question:
    """people: enrolled, 1 upwards. fpir: share of searches for strangers that may give a candidate. prior: chance that a
    passer-by is enrolled, None: not stated."""

    people: int
    fpir: float = 0.003
    prior: float | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """cores; memory: bytes. busy: share of the cores that is planned to work, for people come in waves. filled: share of the
    memory that is planned for, for the system needs some."""

    cores: int = 16
    memory: float = 64e9
    busy: float = 0.7
    filled: float = 0.85


@dataclass(frozen=True, slots=True)
class Desk:
    """set_minutes: a reviewer takes for one blind set. hours: a day that one reviewer reviews. keep_days: sightings are
    kept."""

    set_minutes: float = 2.0
    hours: float = 6.0
    keep_days: float = 30.0


@dataclass(frozen=True, slots=True)
class Prices:
    """In whatever money they are given in; None: not given, and then no money is reckoned. core_hour: of one core of a
    node; gb_month: of 10^9 bytes on disk for a month; review_hour: of a reviewer."""

    core_hour: float | None = None
    gb_month: float | None = None
    review_hour: float | None = None

    @property
    def given(self) -> bool:
        return any(price is not None for price in (self.core_hour, self.gb_month, self.review_hour))


@dataclass(frozen=True, slots=True)
class Recogniser:
    """pack: its id. template: numbers in a template; searched: numbers in what is compared."""

    pack: str
    template: int
    searched: int


@dataclass(frozen=True, slots=True)
class Asked:
    question: Question
    footage: Footage
    node: Node
    desk: Desk
    prices: Prices
    recogniser: Recogniser
