"""Labelled templates, and the scores of probes against subjects that come of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.kinds import Direction
from secondlook.audit.results import Doubles
from secondlook.audit.scores import Attribute, Codes, Flags
from secondlook.faces.fuse import fuse
from secondlook.gallery.comparison import Cosine, in_scale
from secondlook.ports import Comparison
from secondlook.types import Floats, Quality

CHUNK = 2_000_000
"""Scores held at once."""


class Role(IntEnum):
    REFERENCE = 0
    PROBE = 1


@dataclass(frozen=True, eq=False, slots=True)
class Templates:
    """Samples of labelled people, one row each.

    values: (s, D) float32 of unit length; a row of NaN where acquisition failed (its person stays enrolled, and is
    missed). subject: (s,) numbers into ``people``.
    role: (s,) ``Role``: what the sample is used as. quality: (s,), higher is better, NaN = none; a reference weighs as its
    quality where several are fused, alike where there is none. attributes: of the samples (``probe`` codes).
    comparison: how a probe and a reference are compared, None = by their cosine. pictures: (s,) everything of the
    quality of each, None where acquisition failed; () where it is not known.
    """

    values: Floats
    subject: Codes
    role: NDArray[np.int8]
    people: tuple[str, ...]
    attributes: tuple[Attribute, ...] = ()
    quality: Doubles | None = None
    comparison: Comparison | None = None
    pictures: tuple[Quality | None, ...] = ()

    def __post_init__(self) -> None:
        if self.subject.shape != self.values.shape[:1] or self.role.shape != self.subject.shape:
            raise ValueError(f"{self.subject.shape} subjects, {self.role.shape} roles, {self.values.shape} values")
        if len(self.pictures) not in (0, len(self.subject)):
            raise ValueError(f"{len(self.pictures)} qualities of {len(self.subject)} samples")

    @property
    def failed(self) -> Flags:
        return np.asarray(np.isnan(self.values).any(axis=1))

    @property
    def compared_by(self) -> Comparison:
        return Cosine(self.values.shape[1]) if self.comparison is None else self.comparison

    def rows(self, role: Role) -> NDArray[np.intp]:
        return np.flatnonzero(self.role == role)


@dataclass(frozen=True, eq=False, slots=True)
class Sides:
    """What probes are compared with. probes: (p, D) templates. references: (r, E) as ``comparison`` makes them, subject
    by subject; first: (s,) where those of each subject begin. Several of one subject: the best of them counts."""

    comparison: Comparison
    probes: Floats
    references: Floats
    first: NDArray[np.intp]

    def scores(self, rows: slice) -> Doubles:
        """(rows, s) float64, NaN where nothing was compared."""
        made = compared_side(self.comparison.probes, self.probes[rows], self.comparison.dimension)
        compared = in_scale(self.comparison, made @ self.references.T).astype(np.float64)
        if len(self.first) == len(self.references):
            return compared
        # a failed reference is no score of its subject, but does not spoil the others of the same person
        lowest = np.where(np.isnan(compared), -np.inf, compared)
        best = np.maximum.reduceat(lowest, self.first, axis=1)
        return np.where(np.isneginf(best), np.nan, best)


@dataclass(frozen=True, eq=False, slots=True)
class ProbeScores:
    """Each probe against each subject that has a reference.

    subject: (p,) whose probe; enrolled: (s,) person number of each column, ascending. failed: (p,). attributes,
    quality: (p,). mateless: (p,) probes that were never compared with their own person, although it is enrolled; None:
    there are none. They can be strangers, and are not searched where their person is. direction: of the input; the
    scores themselves are similarities. ``blocks`` gives them, a few probes at a time.
    """

    subject: Codes
    enrolled: Codes
    failed: Flags
    people: tuple[str, ...]
    source: Sides | Doubles
    attributes: tuple[Attribute, ...] = ()
    quality: Doubles | None = None
    mateless: Flags | None = None
    direction: Direction = Direction.SIMILARITY

    def blocks(self) -> Iterator[tuple[slice, Doubles]]:
        """Rows, and their scores (rows, s) float64; NaN where nothing was compared."""
        width = max(1, CHUNK // max(1, len(self.enrolled)))
        for start in range(0, len(self.subject), width):
            rows = slice(start, min(start + width, len(self.subject)))
            yield rows, self.source.scores(rows) if isinstance(self.source, Sides) else self.source[rows]


def first_as_reference(subject: Codes, failed: Flags) -> NDArray[np.int8]:
    """Roles where none were given: the first sample of each person that did not fail is its reference.

    A person of one sample is a reference too, so everybody can be enrolled; all other samples are probes.
    """
    role = np.full(len(subject), Role.PROBE, np.int8)
    usable = np.flatnonzero(~failed)
    _, first = np.unique(subject[usable], return_index=True)
    role[usable[first]] = Role.REFERENCE
    return role


def probe_scores(templates: Templates) -> ProbeScores:
    """Every probe with every subject as a gallery does it: with one template fused of the subject's references."""
    enrolled, fused = fused_references(templates)
    return _probe_scores(templates, enrolled, fused, np.arange(len(enrolled)))


def best_reference_scores(templates: Templates) -> ProbeScores:
    """Every probe with every subject by the best of the subject's references."""
    rows = _references(templates)
    enrolled, first = np.unique(templates.subject[rows], return_index=True)
    return _probe_scores(templates, enrolled, templates.values[rows], first)


def fused_references(templates: Templates) -> tuple[Codes, Floats]:
    """(s,) subjects that have a reference, ascending, and (s, D) what each is searched by: the mean direction of its
    references, weighed by quality (``gallery.subject_index``). Failed ones are left out; NaN where all failed."""
    rows = _references(templates)
    enrolled = np.unique(templates.subject[rows])
    fused = np.full((len(enrolled), templates.values.shape[1]), np.nan, np.float32)
    usable = rows[~templates.failed[rows]]
    place = np.searchsorted(enrolled, templates.subject[usable])
    fused[place] = templates.values[usable]
    held = np.bincount(place, minlength=len(enrolled))
    start = np.cumsum(held) - held
    for subject in np.flatnonzero(held > 1):
        own = usable[start[subject] : start[subject] + held[subject]]
        fused[subject] = fuse(templates.values[own], _weights(templates, own))
    return enrolled, fused


def compared_side(side: Callable[[Floats], Floats], templates: Floats, dimension: int) -> Floats:
    """(n, D) -> (n, dimension), what one side of a comparison makes of templates; NaN stays NaN."""
    failed = np.isnan(templates).any(axis=1)
    if not failed.any():
        return side(templates)
    made = np.full((len(templates), dimension), np.nan, np.float32)
    made[~failed] = side(templates[~failed])
    return made


def _probe_scores(templates: Templates, enrolled: Codes, references: Floats, first: NDArray[np.integer]) -> ProbeScores:
    probes = templates.rows(Role.PROBE)
    comparison, kept = templates.compared_by, templates.quality
    made = compared_side(comparison.references, references, comparison.dimension)
    return ProbeScores(
        templates.subject[probes],
        enrolled,
        templates.failed[probes],
        templates.people,
        Sides(comparison, templates.values[probes], made, first.astype(np.intp)),
        tuple(Attribute(a.name, a.values, a.probe[probes]) for a in templates.attributes),
        None if kept is None else kept[probes],
    )


def _references(templates: Templates) -> NDArray[np.intp]:
    """Rows, subject by subject, those of one in their order."""
    rows = templates.rows(Role.REFERENCE)
    return rows[np.argsort(templates.subject[rows], kind="stable")]


def _weights(templates: Templates, rows: NDArray[np.intp]) -> Floats:
    if templates.quality is None:
        return np.ones(len(rows), np.float32)
    return np.nan_to_num(templates.quality[rows], nan=0.0).astype(np.float32)
