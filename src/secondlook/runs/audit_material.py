"""From made templates to what an audit reads: who is a reference, who is a probe, and how two are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.acquisition import Presentations
from secondlook.audit.kinds import Direction, ScoreMeaning, Way
from secondlook.audit.material import Material, of_templates
from secondlook.audit.protocols import compare
from secondlook.audit.results import Doubles
from secondlook.audit.scores import Attribute, Codes, Flags
from secondlook.audit.templates import Role, Templates, best_reference_scores
from secondlook.decide.rule import Limits
from secondlook.decide.rule import Rule as Decides
from secondlook.errors import SourceError
from secondlook.ports import Comparison
from secondlook.runs.template_making import MadeAll
from secondlook.types import Floats

MOST_DISTANCES = 200_000_000
"""Distances held at once under the rule of face_recognition: 1.6 GB."""


@dataclass(frozen=True, eq=False, slots=True)
class AsFind:
    """What ``find`` compares templates by, and how it decides."""

    comparison: Comparison
    rule: Decides
    limits: Limits


@dataclass(frozen=True, slots=True)
class NegatedSquare:
    """``ports.Comparison`` of a probe p and a reference r, not of unit length: -|p - r|^2 = 2pr - |p|^2 - |r|^2, as one
    inner product of vectors two numbers longer. length: of a template."""

    length: int
    id: str = "negated-square"

    @property
    def dimension(self) -> int:
        return self.length + 2

    def probes(self, templates: Floats) -> Floats:
        squares = _squares(templates)
        return np.hstack([2 * templates, -squares, -np.ones_like(squares)]).astype(np.float32)

    def references(self, templates: Floats) -> Floats:
        squares = _squares(templates)
        return np.hstack([templates, np.ones_like(squares), squares]).astype(np.float32)


def _squares(templates: Floats) -> Doubles:
    return np.asarray((templates.astype(np.float64) ** 2).sum(axis=1, keepdims=True))


def templates_of(
    made: MadeAll, roles: NDArray[np.int8] | None, attributes: tuple[Attribute, ...], seed: int
) -> Templates:
    """One row a picture. roles: (s,), None = drawn by ``roles_of``."""
    dimension = next((len(one.template) for one in made.made if one.template is not None), 1)
    values = np.full((len(made.made), dimension), np.nan, np.float32)
    for row, one in enumerate(made.made):
        if one.template is not None:
            values[row] = one.template
    people, subject = np.unique([picture.subject for picture in made.pictures], return_inverse=True)
    codes = subject.astype(np.int32)
    if roles is None:
        roles = roles_of(codes, np.array([one.template is None for one in made.made]), seed)
    pictures = tuple(one.quality for one in made.made)
    quality = np.array([np.nan if one is None else one.score for one in pictures], np.float64)
    names = tuple(str(name) for name in people)
    return Templates(values, codes, roles, names, attributes, quality, pictures=pictures)


def roles_of(subject: Codes, failed: Flags, seed: int) -> NDArray[np.int8]:
    """Of everybody with several pictures the first usable one is the reference and the others are probes; where none is
    usable the first stays a reference that failed. Of people with one picture half are references, drawn from the seed,
    and the rest strangers.
    """
    role = np.full(len(subject), Role.PROBE, np.int8)
    # usable pictures first, otherwise in their order
    order = np.lexsort((np.arange(len(subject)), failed, subject))
    _, first, count = np.unique(subject[order], return_index=True, return_counts=True)
    role[order[first[count > 1]]] = Role.REFERENCE
    alone = order[first[count == 1]]
    drawn = np.random.default_rng(seed).permutation(len(alone))[: len(alone) // 2]
    role[alone[drawn]] = Role.REFERENCE
    return role


def material_of(templates: Templates, own: AsFind | None, name: str, seed: int, notes: Sequence[str]) -> Material:
    """own: as ``find`` compares and decides; None: by the rule of face_recognition.

    Raises SourceError where nothing can be compared.
    """
    if not (templates.role == Role.REFERENCE).any() or not (templates.role == Role.PROBE).any():
        raise SourceError(
            f"{name} holds too few pictures to compare any two: give two pictures of somebody, and others."
        )
    if templates.failed.all():
        raise SourceError(f"{name} holds no picture with a face in it: give photographs of faces.")
    if own is not None:
        compared = replace(templates, comparison=own.comparison)
        return of_templates(compared, name, seed, tuple(notes), own.rule, own.limits)
    return _by_distance(templates, name, seed, tuple(notes))


def _by_distance(templates: Templates, name: str, seed: int, notes: tuple[str, ...]) -> Material:
    """Euclidean distance of templates that are not of unit length, to the nearest reference of each; as scores, negated."""
    references = len(np.unique(templates.subject[templates.role == Role.REFERENCE]))
    cells = int((templates.role == Role.PROBE).sum()) * references
    if cells > MOST_DISTANCES:
        raise SourceError(f"{name} needs {cells:,} distances and {MOST_DISTANCES:,} fit: take fewer people.")
    squared = replace(templates, comparison=NegatedSquare(templates.values.shape[1]))
    pairs, probes = compare(squared, seed=seed), best_reference_scores(squared)
    source = np.concatenate([_negated_distance(values) for _, values in probes.blocks()])
    return Material(
        name,
        Way.TEMPLATES,
        templates.people,
        Direction.DISTANCE,
        ScoreMeaning.SCORE,
        replace(pairs, score=_negated_distance(pairs.score), direction=Direction.DISTANCE),
        replace(probes, source=source, direction=Direction.DISTANCE),
        presented=Presentations(templates.failed, templates.subject, templates.attributes),
        notes=notes,
    )


def _negated_distance(negated_squares: Doubles) -> Doubles:
    return -np.sqrt(np.maximum(0, -negated_squares))
