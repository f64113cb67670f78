"""How trials are made of labelled samples: 1:1, and closed- and open-set searches of galleries of several sizes.

A gallery of N is N people drawn at random from those who have references; everybody else is a stranger to it. Smaller
sizes are drawn several times. Sets of strangers and enrolled people change with the gallery; the samples do not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.results import Doubles
from secondlook.audit.scores import Attribute, Codes, Scores1to1, SearchScores
from secondlook.audit.templates import ProbeScores, Role, Templates, compared_side
from secondlook.gallery.comparison import in_scale

USUAL_SIZES = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
LEAST_STRANGERS = 30
MOST_PAIRS = 10_000_000


def gallery_sizes(scores: ProbeScores) -> tuple[int, ...]:
    """Sizes worth searching: the usual ones up to the largest that leaves strangers, and that one."""
    largest = largest_gallery(scores)
    return (*(n for n in USUAL_SIZES if n < largest), largest) if largest else ()


def largest_gallery(scores: ProbeScores) -> int:
    """Everybody who has a reference where 30 other people have probes; else half of them, so the rest are strangers."""
    outsiders = np.setdiff1d(scores.subject, scores.enrolled)
    everybody = len(scores.enrolled)
    return everybody if len(outsiders) >= LEAST_STRANGERS else everybody // 2


def search(scores: ProbeScores, n: int, repeats: int, seed: int) -> SearchScores:
    """Every probe searched in ``repeats`` random galleries of ``n`` (in one, where n is everybody).

    n: 1 to the number of people with references. A tie with another subject counts against the mate's rank.
    """
    if not 1 <= n <= len(scores.enrolled):
        raise ValueError(f"a gallery of {n} out of {len(scores.enrolled)} people with references")
    galleries = _galleries(len(scores.enrolled), n, repeats, seed)
    parts: list[list[Doubles]] = [[np.zeros((4, 0))] for _ in galleries]
    for rows, values in scores.blocks():
        for found, gallery in zip(parts, galleries, strict=True):
            found.append(_search_block(scores, rows, values, gallery))
    mated, rank, other, enrolled = np.concatenate([block for found in parts for block in found], axis=1)
    return _as_searches(scores, n, len(galleries), mated, rank, other, enrolled)


def compare(templates: Templates, most: int = MOST_PAIRS, seed: int = 0) -> Scores1to1:
    """1:1: every probe with every reference; of the non-mated ones about ``most`` at random where there are more."""
    probes, references = templates.rows(Role.PROBE), templates.rows(Role.REFERENCE)
    total = len(probes) * len(references)
    mated = _mated_pairs(templates, probes, references)
    if total <= most:
        first, second = (index.ravel() for index in np.indices((len(probes), len(references))))
    else:
        drawn = np.random.default_rng(seed).integers(total, size=most)
        drawn = np.unique(np.concatenate([drawn, mated[0] * len(references) + mated[1]]))
        first, second = drawn // len(references), drawn % len(references)
    return compare_given(templates, probes[first], references[second])


def compare_given(templates: Templates, probe: NDArray[np.integer], reference: NDArray[np.integer]) -> Scores1to1:
    """1:1: these rows of ``templates`` with those, pair by pair, each a template by itself."""
    subject = templates.subject
    return Scores1to1(
        _pair_scores(templates, probe, reference),
        subject[probe] == subject[reference],
        _from_0(probe),
        _from_0(reference),
        subject[probe],
        subject[reference],
        templates.people,
        tuple(Attribute(a.name, a.values, a.probe[probe], a.probe[reference]) for a in templates.attributes),
        None if templates.quality is None else np.fmin(templates.quality[probe], templates.quality[reference]),
    )


def _galleries(everybody: int, n: int, repeats: int, seed: int) -> list[NDArray[np.intp]]:
    if n == everybody:
        return [np.arange(everybody)]
    rng = np.random.default_rng([seed, n])
    return [np.sort(rng.choice(everybody, n, replace=False)) for _ in range(repeats)]


def _search_block(scores: ProbeScores, rows: slice, values: Doubles, gallery: NDArray[np.intp]) -> Doubles:
    """(4, rows): mated score, its rank, best other score, whether enrolled."""
    inside = scores.enrolled[gallery]
    subject = scores.subject[rows]
    compared = values[:, gallery]
    place = np.minimum(np.searchsorted(inside, subject), len(inside) - 1)
    enrolled = inside[place] == subject
    own = np.where(enrolled, compared[np.arange(len(subject)), place], np.nan)
    compared[np.flatnonzero(enrolled), place[enrolled]] = np.nan
    compared = np.where(np.isnan(compared), -np.inf, compared)
    best = compared.max(axis=1)
    # not returned: rank 0
    rank = np.where(np.isnan(own), 0, 1 + np.count_nonzero(compared >= own[:, None], axis=1))
    return np.stack([own, rank, np.where(np.isneginf(best), np.nan, best), enrolled])


def _as_searches(
    scores: ProbeScores, n: int, galleries: int, mated: Doubles, rank: Doubles, other: Doubles, enrolled: Doubles
) -> SearchScores:
    probe = np.tile(np.arange(len(scores.subject)), galleries)
    kept = np.ones(len(probe), np.bool_)
    if scores.mateless is not None:
        kept = ~(scores.mateless[probe] & (enrolled > 0))
    repeat = np.repeat(np.arange(galleries, dtype=np.int32), len(scores.subject))
    probe = probe[kept]
    return SearchScores(
        n,
        enrolled[kept] > 0,
        scores.subject[probe],
        mated[kept],
        rank[kept].astype(np.int32),
        other[kept],
        scores.failed[probe],
        scores.people,
        repeat[kept],
        tuple(Attribute(a.name, a.values, a.probe[probe]) for a in scores.attributes),
        None if scores.quality is None else scores.quality[probe],
        direction=scores.direction,
        probe=np.asarray(probe, np.int32),
    )


def _mated_pairs(
    templates: Templates, probes: NDArray[np.intp], references: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places in ``probes`` and ``references`` of all pairs of one person."""
    order = np.argsort(templates.subject[references], kind="stable")
    owner = templates.subject[references][order]
    start = np.searchsorted(owner, templates.subject[probes], "left")
    count = np.searchsorted(owner, templates.subject[probes], "right") - start
    first = np.repeat(np.arange(len(probes)), count)
    step = np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
    return first, order[start[first] + step]


def _pair_scores(templates: Templates, probe: NDArray[np.integer], reference: NDArray[np.integer]) -> Doubles:
    comparison, values = templates.compared_by, templates.values
    probes, first = np.unique(probe, return_inverse=True)
    references, second = np.unique(reference, return_inverse=True)
    one = compared_side(comparison.probes, values[probes], comparison.dimension)
    other = compared_side(comparison.references, values[references], comparison.dimension)
    scores = np.empty(len(probe))
    for start in range(0, len(probe), 100_000):
        rows = slice(start, start + 100_000)
        scores[rows] = in_scale(comparison, np.einsum("ij,ij->i", one[first[rows]], other[second[rows]]))
    return scores


def _from_0(rows: NDArray[np.integer]) -> Codes:
    """Sample numbers without gaps."""
    numbers: Codes = np.unique(rows, return_inverse=True)[1].astype(np.int32)
    return numbers
