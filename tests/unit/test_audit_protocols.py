"""How trials are made of templates: against the same thing done plainly, one comparison at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.audit_scores import labelled_templates

from secondlook.audit import templates as templates_module
from secondlook.audit.protocols import compare, compare_given, gallery_sizes, largest_gallery, search
from secondlook.audit.templates import (
    Role,
    Templates,
    best_reference_scores,
    first_as_reference,
    fused_references,
    probe_scores,
)
from secondlook.decide.normalise import CohortNormalised
from secondlook.gallery.held import Weighed
from secondlook.gallery.subject_index import SubjectIndex


def score_of(templates: Templates, probe: np.ndarray, reference: np.ndarray) -> float:
    """Of two templates, by the cosine or the adaptive symmetric normalisation written out."""
    cosine = float(probe @ reference)
    if templates.comparison is None:
        return cosine
    assert isinstance(templates.comparison, CohortNormalised)
    sides = (np.sort(templates.comparison.points @ one)[-templates.comparison.top :] for one in (probe, reference))
    return float(np.mean([(cosine - side.mean()) / side.std() for side in sides]))


def plainly(templates: Templates, gallery: list[int]) -> list[tuple[bool, float, int, float]]:
    """Each probe: whether enrolled, its own score, rank and the best other score, by one fused reference a person."""
    fused = {}
    assert templates.quality is not None
    for who in gallery:
        own = [r for r in templates.rows(Role.REFERENCE) if templates.subject[r] == who and not templates.failed[r]]
        if own:
            mean = sum(templates.quality[r] * templates.values[r].astype(float) for r in own)
            fused[who] = mean / np.linalg.norm(mean)
    found = []
    for p in templates.rows(Role.PROBE):
        best = {}
        for who, reference in fused.items():
            score = score_of(templates, templates.values[p], reference)
            if not np.isnan(score):
                best[who] = score
        own = int(templates.subject[p])
        others = [score for who, score in best.items() if who != own]
        mine = best.get(own, np.nan)
        rank = 0 if np.isnan(mine) else 1 + sum(score >= mine for score in others)
        found.append((own in gallery, mine, rank, max(others, default=np.nan)))
    return found


def cohort(size: int = 24) -> CohortNormalised:
    points = np.random.default_rng(5).normal(size=(40, size))
    return CohortNormalised((points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32), 10)


@pytest.mark.parametrize("comparison", [None, cohort()])
@pytest.mark.parametrize("failing", [0.0, 0.15])
def test_a_search_of_everybody_is_what_comparing_one_by_one_gives(
    failing: float, comparison: CohortNormalised | None
) -> None:
    templates = replace(labelled_templates(12, 4, 0.3, failing, seed=3), comparison=comparison)
    templates.role[::7] = Role.REFERENCE
    assert max(np.bincount(templates.subject[templates.rows(Role.REFERENCE)])) > 1
    searches = search(probe_scores(templates), len(probe_scores(templates).enrolled), 3, 0)
    plain = plainly(templates, list(range(12)))
    assert searches.repeats == 1
    assert searches.enrolled.tolist() == [row[0] for row in plain]
    assert searches.mated_score == pytest.approx([row[1] for row in plain], abs=2e-5, nan_ok=True)
    assert searches.mated_rank.tolist() == [row[2] for row in plain]
    assert searches.other_score == pytest.approx([row[3] for row in plain], abs=2e-5, nan_ok=True)
    assert searches.probe is not None and searches.probe.tolist() == list(range(len(plain)))


def test_a_gallery_and_the_audit_of_it_give_the_same_scores() -> None:
    templates = replace(labelled_templates(9, 5, 0.3, seed=4), comparison=cohort())
    templates.role[:] = np.where(np.arange(45) % 5 < 3, Role.REFERENCE, Role.PROBE)
    references, probes = templates.rows(Role.REFERENCE), templates.rows(Role.PROBE)
    assert templates.quality is not None
    index = SubjectIndex(1, "pack", 24, cohort())
    owners = [f"{templates.subject[r]:02d}" for r in references]
    for owner in sorted(set(owners)):
        index.name({owner: owner})
    weights = templates.quality[references].astype(np.float32)
    index.add(Weighed([int(r) for r in references], owners, templates.values[references], weights))
    (_, scores), *_ = probe_scores(templates).blocks()
    for row, found in enumerate(index.search(templates.values[probes], 9)):
        in_gallery = {int(one.subject): one.score for one in found}
        assert scores[row] == pytest.approx([in_gallery[who] for who in range(9)], abs=1e-5)


def test_a_failed_reference_does_not_spoil_the_others() -> None:
    values = np.array([[np.nan, 0], [0.6, 0.8], [0.8, 0.6], [1, 0]], np.float32)
    role = np.array([Role.REFERENCE] * 3 + [Role.PROBE], np.int8)
    templates = Templates(values, np.zeros(4, np.int32), role, ("a",), quality=np.array([0.9, 0.2, 0.2, 0.5]))
    ((_, scores),) = probe_scores(templates).blocks()
    assert scores[0, 0] == pytest.approx(1 / np.sqrt(2), abs=1e-6)
    ((_, best),) = best_reference_scores(templates).blocks()
    assert best[0, 0] == pytest.approx(0.8, abs=1e-6)


def test_references_without_a_quality_weigh_alike() -> None:
    values = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    role = np.array([Role.REFERENCE, Role.REFERENCE, Role.PROBE], np.int8)
    for quality in (None, np.full(3, np.nan)):
        _, fused = fused_references(Templates(values, np.zeros(3, np.int32), role, ("a",), quality=quality))
        assert fused[0] == pytest.approx([np.sqrt(0.5)] * 2, abs=1e-6)


def test_random_galleries_leave_the_others_as_strangers() -> None:
    templates = labelled_templates(40, 3)
    searches = search(probe_scores(templates), 10, 5, 0)
    assert searches.repeats == 5
    assert len(searches) == 5 * 80
    for repeat in range(5):
        rows = searches.repeat == repeat
        enrolled = np.unique(searches.subject[rows & searches.enrolled])
        assert len(enrolled) == 10
        assert not np.isin(searches.subject[rows & ~searches.enrolled], enrolled).any()
        plain = plainly(templates, enrolled.tolist())
        assert searches.other_score[rows] == pytest.approx([row[3] for row in plain], abs=1e-6)
        assert searches.probe is not None and searches.probe[rows].tolist() == list(range(80))


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = probe_scores(labelled_templates(30, 3))
    whole = search(scores, 12, 3, 5)
    monkeypatch.setattr(templates_module, "CHUNK", 100)
    blocks = search(scores, 12, 3, 5)
    assert whole.other_score == pytest.approx(blocks.other_score, abs=1e-6)
    assert np.array_equal(whole.mated_rank, blocks.mated_rank)
    assert np.array_equal(whole.enrolled, blocks.enrolled)


def test_the_same_seed_draws_the_same_galleries() -> None:
    scores = probe_scores(labelled_templates(30, 3))
    assert np.array_equal(search(scores, 9, 4, 1).enrolled, search(scores, 9, 4, 1).enrolled)
    assert not np.array_equal(search(scores, 9, 4, 1).enrolled, search(scores, 9, 4, 2).enrolled)


def test_a_tie_counts_against_the_mate() -> None:
    values = np.array([[1, 0], [1, 0], [1, 0]], np.float32)
    subject = np.array([0, 1, 0], np.int32)
    role = np.array([Role.REFERENCE, Role.REFERENCE, Role.PROBE], np.int8)
    searches = search(probe_scores(Templates(values, subject, role, ("a", "b"))), 2, 1, 0)
    assert searches.mated_rank.tolist() == [2]


def test_an_enrolled_person_whose_reference_failed_is_missed() -> None:
    values = np.array([[np.nan, 0], [1, 0], [1, 0]], np.float32)
    subject = np.array([0, 1, 0], np.int32)
    role = np.array([Role.REFERENCE, Role.REFERENCE, Role.PROBE], np.int8)
    searches = search(probe_scores(Templates(values, subject, role, ("a", "b"))), 2, 1, 0)
    assert searches.enrolled.tolist() == [True]
    assert searches.mated_rank.tolist() == [0]
    assert searches.trials().mated.tolist() == [-np.inf]


def test_strangers_are_left_wherever_there_are_none_by_nature() -> None:
    scores = probe_scores(labelled_templates(400, 2))
    assert largest_gallery(scores) == 200
    assert gallery_sizes(scores) == (100, 200)
    with pytest.raises(ValueError, match="a gallery of 500 out of 400"):
        search(scores, 500, 1, 0)


def test_strangers_by_nature_let_everybody_be_enrolled() -> None:
    templates = labelled_templates(100, 2)
    templates.role[templates.subject >= 60] = Role.PROBE
    assert largest_gallery(probe_scores(templates)) == 60


@pytest.mark.parametrize("comparison", [None, cohort()])
def test_every_probe_is_compared_with_every_reference(comparison: CohortNormalised | None) -> None:
    templates = replace(labelled_templates(10, 3, failing=0.1, seed=1), comparison=comparison)
    pairs = compare(templates)
    probes, references = templates.rows(Role.PROBE), templates.rows(Role.REFERENCE)
    assert len(pairs) == len(probes) * len(references)
    assert int(pairs.mated.sum()) == sum(
        int((templates.subject[references] == templates.subject[p]).sum()) for p in probes
    )
    for place in (int(np.argmax(~pairs.mated & ~pairs.failed)), int(np.argmax(pairs.mated & ~pairs.failed))):
        p, r = probes[pairs.probe[place]], references[pairs.reference[place]]
        expected = score_of(templates, templates.values[p], templates.values[r])
        assert pairs.score[place] == pytest.approx(expected, abs=2e-5)
    spoilt = templates.failed[probes[pairs.probe]] | templates.failed[references[pairs.reference]]
    assert pairs.failed.tolist() == spoilt.tolist()


def test_too_many_comparisons_are_drawn_but_every_mated_one_is_kept() -> None:
    templates = labelled_templates(50, 3)
    every, some = compare(templates), compare(templates, most=1000)
    assert len(some) < 1200 < len(every)
    assert int(some.mated.sum()) == int(every.mated.sum())


def test_given_pairs_are_compared_as_given() -> None:
    templates = labelled_templates(5, 2)
    pairs = compare_given(templates, np.array([0, 0, 4]), np.array([1, 2, 5]))
    assert pairs.mated.tolist() == [True, False, True]
    assert pairs.attributes[0].probe.tolist() == [0, 0, 0]
    assert pairs.attributes[0].reference is not None
    assert pairs.attributes[0].reference.tolist() == [0, 1, 0]


def test_the_first_sample_that_is_usable_is_the_reference() -> None:
    subject = np.array([0, 0, 1, 1, 2], np.int32)
    failed = np.array([True, False, False, False, True])
    role = first_as_reference(subject, failed)
    assert role.tolist() == [Role.PROBE, Role.REFERENCE, Role.REFERENCE, Role.PROBE, Role.PROBE]
