"""Templates that callers made themselves, searched: many a second, those that come at the same time together.

There is no picture, so nothing is kept and nothing can be reviewed: what is found is written down and told, and that is all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from secondlook.decide.rule import decide_many
from secondlook.errors import CalibrationError, CustodyError, Invalid, PackMismatch, SecondLookError
from secondlook.server.actors import Actor, May
from secondlook.server.acts.searching import Named, named_of, stated_of, write_down
from secondlook.server.acts.sightings import Stated
from secondlook.server.service import Service, Why
from secondlook.together import Together
from secondlook.types import Candidate, Decision, Floats, Quality

MOST_TEMPLATES = 100
"""In one request."""
MOST_CANDIDATES = 50
AT_ONCE = 16
"""Requests that are searched together, at most: exact search costs each its share, so more would only make all wait."""
_LEAST_SEARCHED = 2
"""The decision wants to know the runner-up."""
_UNIT_TOLERANCE = 1e-3
_UNDECIDED = "No quality was sent, so no threshold applies: these are the nearest of {size:,} enrolled, whoever it is."


class TemplateOutcome(StrEnum):
    """As ``types.Outcome``; or undecided, where nothing is known of the picture."""

    CANDIDATE = "candidate"
    NO_CANDIDATE = "no_candidate"
    INCONCLUSIVE = "inconclusive"
    UNDECIDED = "undecided"


@dataclass(frozen=True, eq=False, slots=True)
class Asked:
    """templates: (n, D) float32 of unit length. qualities: one each, None where it is not known. k: candidates wanted, at
    most."""

    pack: str
    templates: Floats = field(repr=False)
    qualities: tuple[Quality | None, ...]
    k: int


@dataclass(frozen=True, eq=False, slots=True)
class _Question:
    asked: Asked
    why: Why


@dataclass(frozen=True, slots=True)
class TemplateFound:
    """grounds: None where it is undecided."""

    outcome: TemplateOutcome
    sentence: str
    grounds: Stated | None
    candidates: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class TemplatesSearched:
    id: str
    gallery_size: int
    results: tuple[TemplateFound, ...]


@dataclass(frozen=True, eq=False, slots=True)
class _Answer:
    """refused: why nothing is told."""

    size: int
    found: tuple[TemplateFound, ...]
    refused: SecondLookError | None = None


class TemplateSearch:
    """Made once for a service. Safe from several threads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._together: Together[_Question, _Answer] = Together(self._answered, AT_ONCE)

    def __call__(self, actor: Actor, id_: str, asked: Asked, why: Why) -> TemplatesSearched:
        """Written down before it is told. Raises ReasonMissing, CustodyError, Invalid, PackMismatch, CalibrationError,
        PackError, OutputError."""
        actor.need(May.SEARCH)
        self._service.need_stated(why)
        self._check(asked)
        answer = self._together(_Question(asked, why))
        if answer.refused is not None:
            raise answer.refused
        found = answer.found
        write_down(
            self._service,
            actor,
            id_,
            why,
            answer.size,
            (one.outcome for one in found),
            (one.candidates for one in found),
            "templates",
        )
        return TemplatesSearched(id_, answer.size, found)

    def _check(self, asked: Asked) -> None:
        embedder = self._service.identifier().embedder
        if asked.pack != embedder.pack:
            raise PackMismatch(
                f"The gallery holds templates of the pack {embedder.pack}, and those of {asked.pack} cannot be compared with "
                "them: make them with that pack."
            )
        n, dimension = asked.templates.shape
        if not 1 <= n <= MOST_TEMPLATES or dimension != embedder.dimension:
            raise Invalid(
                f"Send 1 to {MOST_TEMPLATES} templates of {embedder.dimension} numbers (float32, little endian, base64)."
            )
        if not (np.abs(np.linalg.norm(asked.templates, axis=1) - 1.0) <= _UNIT_TOLERANCE).all():  # so written: nor nan
            raise Invalid("A template is of unit length: divide it by its norm.")

    def _answered(self, questions: Sequence[_Question]) -> list[_Answer]:
        identifier = self._service.identifier()
        gallery, stages = identifier.gallery, identifier.stages
        revision = gallery.revision
        together = [question.asked for question in questions]
        templates = np.concatenate([asked.templates for asked in together])
        qualities = [quality for asked in together for quality in asked.qualities]
        k = max(_LEAST_SEARCHED, *(asked.k for asked in together))
        nearest = gallery.search_many(templates, stages.embedder.pack, k)
        size = gallery.subjects
        owners = gallery.owners(candidate.reference for candidates in nearest for candidate in candidates)
        decided: dict[int, Decision] = {}
        refused = None
        rows = [row for row, quality in enumerate(qualities) if quality is not None]
        try:
            those = [quality for quality in qualities if quality is not None]
            said = decide_many([nearest[row] for row in rows], those, size, stages.point, stages.limits)
            decided = dict(zip(rows, said, strict=True))
        except CalibrationError as error:
            refused = error
        answers, row = [], 0
        for question in questions:
            asked = question.asked
            mine = range(row, row + len(asked.qualities))
            row = mine.stop
            undecided = refused if any(quality is not None for quality in asked.qualities) else None
            against = self._named(question.why, revision) or undecided
            if against is not None:
                answers.append(_Answer(size, (), against))
                continue
            found = tuple(_found(nearest[at], decided.get(at), owners, asked.k, size) for at in mine)
            answers.append(_Answer(size, found))
        return answers

    def _named(self, why: Why, revision: int) -> CustodyError | None:
        try:
            self._service.need_nameless(why, revision)
        except CustodyError as error:
            return error
        return None


def _found(
    nearest: tuple[Candidate, ...], decision: Decision | None, owners: dict[int, str], k: int, size: int
) -> TemplateFound:
    if decision is None:
        named = named_of(nearest[:k], owners)
        return TemplateFound(TemplateOutcome.UNDECIDED, _UNDECIDED.format(size=size), None, named)
    return TemplateFound(
        TemplateOutcome(decision.outcome.value),
        decision.grounds.sentence,
        stated_of(decision.grounds),
        named_of(decision.candidates[:k], owners),
    )
