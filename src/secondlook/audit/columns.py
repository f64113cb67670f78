"""Which column of somebody else's table is what: the names we know, in lower case, blanks and hyphens as underscores."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from secondlook.audit.kinds import Direction, ScoreMeaning
from secondlook.errors import SourceError


class Role(StrEnum):
    """What a column holds. Labels are text, numbers are numbers, truths are yes or no."""

    PROBE = "probe"
    REFERENCE = "reference"
    SCORE = "score"
    MATED = "mated"
    PROBE_SUBJECT = "probe_subject"
    REFERENCE_SUBJECT = "reference_subject"
    RANK = "rank"
    ENROLLED = "enrolled"
    FAILED = "failed"
    QUALITY = "quality"
    PROBE_QUALITY = "probe_quality"
    REFERENCE_QUALITY = "reference_quality"
    POSTERIOR = "posterior"
    GALLERY_SIZE = "gallery_size"


NUMBERS = frozenset(
    {
        Role.SCORE,
        Role.RANK,
        Role.QUALITY,
        Role.PROBE_QUALITY,
        Role.REFERENCE_QUALITY,
        Role.POSTERIOR,
        Role.GALLERY_SIZE,
    }
)

SYNONYMS: tuple[tuple[Role, tuple[str, ...]], ...] = (
    (Role.PROBE, ("probe", "probe_id", "query", "query_id", "search", "search_id", "image1", "img1", "file1")),
    (Role.REFERENCE, ("reference", "reference_id", "ref", "ref_id", "target", "target_id", "image2", "img2", "file2")),
    (Role.REFERENCE, ("candidate", "candidate_id")),
    (Role.SCORE, ("score", "similarity", "similarity_score", "comparison_score", "cosine", "sim")),
    (Role.SCORE, ("distance", "dist", "dissimilarity", "dissimilarity_score")),
    (Role.SCORE, ("log10_lr", "log10_likelihood_ratio", "llr", "ln_lr", "log_likelihood_ratio")),
    (Role.MATED, ("mated", "is_mated", "genuine", "same", "same_subject", "same_person", "label", "match", "is_match")),
    (Role.PROBE_SUBJECT, ("probe_subject", "probe_subject_id", "probe_person", "query_subject", "subject1", "person1")),
    (Role.REFERENCE_SUBJECT, ("reference_subject", "reference_subject_id", "reference_person", "ref_subject")),
    (Role.REFERENCE_SUBJECT, ("candidate_subject", "candidate_subject_id", "target_subject", "subject2", "person2")),
    (Role.RANK, ("rank",)),
    (Role.ENROLLED, ("enrolled", "probe_enrolled", "is_enrolled", "in_gallery", "mate_enrolled")),
    (Role.FAILED, ("failed", "fta", "failure_to_acquire")),
    (Role.QUALITY, ("quality",)),
    (Role.PROBE_QUALITY, ("probe_quality", "query_quality")),
    (Role.REFERENCE_QUALITY, ("reference_quality", "ref_quality")),
    (Role.POSTERIOR, ("posterior", "probability")),
    (Role.GALLERY_SIZE, ("gallery_size", "gallery_n", "n")),
)

DISTANCES = ("distance", "dist", "dissimilarity", "dissimilarity_score")
LOG10_RATIOS = ("log10_lr", "log10_likelihood_ratio")
LN_RATIOS = ("llr", "ln_lr", "log_likelihood_ratio")
PROBE_PREFIXES = ("probe_", "query_")
REFERENCE_PREFIXES = ("reference_", "ref_", "candidate_")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one table. roles, roles_at: which role is at which column of ``header``; the rest may be attributes.

    direction and meaning: as the name of the score's column says; a plain "score" is a similarity.
    """

    header: tuple[str, ...]
    roles: tuple[tuple[Role, int], ...]
    direction: Direction
    meaning: ScoreMeaning

    def at(self, role: Role) -> int | None:
        return next((place for known, place in self.roles if known is role), None)

    @property
    def others(self) -> tuple[int, ...]:
        taken = {place for _, place in self.roles}
        return tuple(place for place in range(len(self.header)) if place not in taken)

    @property
    def is_candidate_list(self) -> bool:
        return self.at(Role.RANK) is not None or self.at(Role.ENROLLED) is not None


def read_layout(path: Path, header: tuple[str, ...], direction: Direction | None) -> Layout:
    """Finds every role in the header.

    direction: as the caller says, None = by the column's name. Raises SourceError where a column is missing, there
    twice, or named for the other direction.
    """
    names = tuple(_plain(name) for name in header)
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SourceError(f"{path} has two columns called {twice!r}: rename or remove one of them.")
    roles = tuple((role, place) for role in Role for place in _places(path, names, role))
    score = names[next((p for r, p in roles if r is Role.SCORE), 0)]
    layout = Layout(names, roles, _direction(path, score, direction), _meaning(score))
    _check(path, layout)
    return layout


def _plain(name: str) -> str:
    return name.strip().strip("\ufeff").lower().replace(" ", "_").replace("-", "_")


def _places(path: Path, names: tuple[str, ...], role: Role) -> list[int]:
    known = [name for r, synonyms in SYNONYMS if r is role for name in synonyms]
    places = [place for place, name in enumerate(names) if name in known]
    if len(places) > 1:
        both = " and ".join(repr(names[place]) for place in places)
        raise SourceError(f"{path} has {both}, which could both be the {role.value}: rename or remove one of them.")
    return places


def _check(path: Path, layout: Layout) -> None:
    needed = [Role.PROBE, Role.REFERENCE, Role.SCORE]
    lacking = [role.value for role in needed if layout.at(role) is None]
    if lacking:
        raise SourceError(
            f"{path} has no column for {' and '.join(lacking)}: its columns are {', '.join(layout.header)}, and the"
            " names that are understood are listed in docs/metrics.md."
        )
    if layout.is_candidate_list:
        if layout.at(Role.ENROLLED) is None:
            raise SourceError(
                f"{path} is a list of candidates without a column 'enrolled': say for each probe whether its person is"
                " in the gallery, or those who never came back would be counted as strangers."
            )
        if layout.at(Role.MATED) is None and layout.at(Role.PROBE_SUBJECT) is None:
            raise SourceError(f"{path} does not say who is who: add a column 'mated' or 'probe_subject'.")
        return
    both = layout.at(Role.PROBE_SUBJECT) is not None and layout.at(Role.REFERENCE_SUBJECT) is not None
    if layout.at(Role.MATED) is None and not both:
        raise SourceError(
            f"{path} does not say who is who: add a column 'mated', or 'probe_subject' and 'reference_subject'."
        )


def _direction(path: Path, score: str, asked: Direction | None) -> Direction:
    if score in DISTANCES:
        if asked is Direction.SIMILARITY:
            raise SourceError(f"{path} calls its scores {score!r}, so they cannot be read as similarities.")
        return Direction.DISTANCE
    if asked is Direction.DISTANCE and score != "score":
        raise SourceError(f"{path} calls its scores {score!r}, so they cannot be read as distances.")
    return asked or Direction.SIMILARITY


def _meaning(score: str) -> ScoreMeaning:
    if score in LOG10_RATIOS:
        return ScoreMeaning.LOG10_LR
    return ScoreMeaning.LN_LR if score in LN_RATIOS else ScoreMeaning.SCORE
