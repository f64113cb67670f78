"""How trials are made of templates: against the same thing done plainly, one comparison at a time."""

from __future__ import annotations

import numpy as np
import pytest
from tests.audit_scores import labelled_templates

from secondlook.audit import templates as templates_module
from secondlook.audit.protocols import compare, compare_given, gallery_sizes, largest_gallery, search
from secondlook.audit.templates import Role, Templates, first_as_reference, probe_scores


def plainly(templates: Templates, gallery: list[int]) -> list[tuple[bool, float, int, float]]:
    """Each probe: whether enrolled, its own score, rank and the best other score."""
    found = []
    for p in templates.rows(Role.PROBE):
        best = {}
        for r in templates.rows(Role.REFERENCE):
            who = int(templates.subject[r])
            score = float(templates.values[p] @ templates.values[r])
            if who in gallery and not np.isnan(score):
                best[who] = max(score, best.get(who, -9.0))
        own = int(templates.subject[p])
        others = [score for who, score in best.items() if who != own]
        mine = best.get(own, np.nan)
        rank = 0 if np.isnan(mine) else 1 + sum(score >= mine for score in others)
        found.append((own in gallery, mine, rank, max(others, default=np.nan)))
    return found


@pytest.mark.parametrize("failing", [0.0, 0.15])
def test_a_search_of_everybody_is_what_comparing_one_by_one_gives(failing: float) -> None:
    templates = labelled_templates(12, 4, 0.3, failing, seed=3)
    templates.role[::7] = Role.REFERENCE
    searches = search(probe_scores(templates), len(probe_scores(templates).enrolled), 3, 0)
    plain = plainly(templates, list(range(12)))
    assert searches.repeats == 1
    assert searches.enrolled.tolist() == [row[0] for row in plain]
    assert searches.mated_score == pytest.approx([row[1] for row in plain], abs=1e-6, nan_ok=True)
    assert searches.mated_rank.tolist() == [row[2] for row in plain]
    assert searches.other_score == pytest.approx([row[3] for row in plain], abs=1e-6, nan_ok=True)


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


def test_every_probe_is_compared_with_every_reference() -> None:
    templates = labelled_templates(10, 3, failing=0.1, seed=1)
    pairs = compare(templates)
    probes, references = templates.rows(Role.PROBE), templates.rows(Role.REFERENCE)
    assert len(pairs) == len(probes) * len(references)
    assert int(pairs.mated.sum()) == sum(
        int((templates.subject[references] == templates.subject[p]).sum()) for p in probes
    )
    place = int(np.argmax(~pairs.mated & ~pairs.failed))
    p, r = probes[pairs.probe[place]], references[pairs.reference[place]]
    assert pairs.score[place] == pytest.approx(float(templates.values[p] @ templates.values[r]), abs=1e-6)
    assert bool((pairs.failed == np.isnan(pairs.score)).all())


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
