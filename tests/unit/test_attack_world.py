"""The attacks bite: what a weak cover leaves is found out, and what an opaque one hides is not."""

from __future__ import annotations

import numpy as np
import pytest
from tests.proof_samples import BOX, EDGE, LANDMARKS, GreyEmbedder, face, shots

from secondlook.fakes import FakeDetector
from secondlook.redact.attack.linking import linked
from secondlook.redact.attack.looking import Looks, Role, View, attacker_of, look, outline_landmarks
from secondlook.redact.attack.restoring import Restoration, restorers
from secondlook.redact.attack.searching import Attack, first_is_own, gallery_of, hit_rate
from secondlook.redact.attack.world import Terms, attacks_on, link_verdict, verdict_of, world_of_labelled, world_of_run
from secondlook.redact.cover import Covering, Extent, Style, cover
from secondlook.redact.proof import AttackResult, LinkedBy, Verdict, World
from secondlook.redact.shapes import PROPORTION, Area

PEOPLE = 32
AREA = Area(BOX, LANDMARKS)


def labelled_world(covering: Covering) -> World:
    attacker = attacker_of(FakeDetector(), GreyEmbedder(), View.WHOLE, covering)
    paint = lambda pixels, area: cover(pixels, [area], covering)  # noqa: E731
    references = look(shots(PEOPLE, 1, paint), attacker, Role.REFERENCE)
    probes = look(shots(PEOPLE, 1, paint, first_take=5), attacker)
    return world_of_labelled("painted people", probes, references, [r.how for r in attacker.restorers], Terms())


def of(world: World, attack: Attack, restoration: Restoration = Restoration.NONE) -> AttackResult:
    return next(one for one in world.attacks if (one.attack, one.restoration) == (attack, restoration))


@pytest.mark.parametrize("style", [Style.SOLID, Style.AVATAR])
def test_an_opaque_cover_survives_everything(style: Style) -> None:
    world = labelled_world(Covering(style))
    assert world.gallery == world.subjects == PEOPLE
    assert world.verdict is Verdict.SURVIVED, [(o.attack, o.restoration, o.covered) for o in world.attacks]
    assert all(one.originals.errors == PEOPLE for one in world.attacks if one.attack is Attack.NAIVE)
    assert of(world, Attack.PARROT).covered.observed < 0.2


@pytest.mark.parametrize(
    "covering",
    [
        Covering(Style.BLUR, Extent.FACE, blur=0.08),
        Covering(Style.PIXELATE, Extent.FACE, blocks=10),
    ],
)
def test_a_weak_cover_is_broken(covering: Covering) -> None:
    world = labelled_world(covering)
    parrot = of(world, Attack.PARROT)
    assert world.verdict is parrot.verdict is Verdict.BROKEN
    assert parrot.covered.low > 4 * world.chance
    templates = next(one for one in world.links if one.by is LinkedBy.TEMPLATES)
    assert templates.verdict is Verdict.BROKEN
    counted = attacks_on(View.WHOLE, [one.how for one in restorers(covering)])
    assert counted == len(world.attacks) + len(world.links)


@pytest.mark.parametrize(
    ("covering", "how"),
    [
        (Covering(Style.BLUR, Extent.FACE, blur=0.1), Restoration.WIENER),
        (Covering(Style.BLUR, Extent.FACE, blur=0.1), Restoration.RICHARDSON_LUCY),
        (Covering(Style.PIXELATE, Extent.FACE, blocks=10), Restoration.DEPIXELATE),
    ],
)
def test_restoring_brings_a_face_nearer_to_what_it_was(covering: Covering, how: Restoration) -> None:
    original = face(3, 0).astype(np.float32)
    covered = cover(face(3, 0), [AREA], covering)
    restorer = next(one for one in restorers(covering) if one.how is how)
    restored = restorer.undo(covered, AREA)
    inside = (slice(80, 158), slice(90, 150))

    def error(pixels: np.ndarray) -> float:
        return float(np.abs(pixels[inside].astype(np.float32) - original[inside]).mean())

    assert error(restored) < 0.85 * error(covered)
    outside = np.ones((EDGE, EDGE), bool)
    outside[30:210, 50:190] = False
    np.testing.assert_array_equal(restored[outside], covered[outside])


def test_a_cover_that_is_not_opaque_is_seen_through() -> None:
    """Two grey values of the face show through: nothing to the eye, everything after stretching."""
    solid = Covering()
    attacker = attacker_of(FakeDetector(), GreyEmbedder(), View.INNER, solid)

    def thin(pixels: np.ndarray, area: Area) -> np.ndarray:
        opaque = cover(pixels, [area], solid).astype(np.float32)
        return np.clip(np.rint(0.96 * opaque + 0.04 * pixels), 0, 255).astype(np.uint8)

    references = look(shots(PEOPLE, 1, thin), attacker, Role.REFERENCE)
    probes = look(shots(PEOPLE, 1, thin, first_take=5), attacker)
    world = world_of_labelled("thin", probes, references, [r.how for r in attacker.restorers], Terms())
    assert of(world, Attack.NAIVE, Restoration.STRETCH).verdict is Verdict.BROKEN


def test_stretching_one_colour_leaves_one_colour() -> None:
    covered = cover(face(1, 0), [AREA], Covering())
    restored = restorers(Covering())[0].undo(covered, AREA)
    assert len(np.unique(restored[80:158, 90:150])) == 1


def test_a_face_seen_once_is_no_trial_of_the_parrot() -> None:
    """In a run the copy of the same picture would be found by its file."""
    solid = Covering()
    attacker = attacker_of(FakeDetector(), GreyEmbedder(), View.INNER, solid)
    looks = look(shots(4, 1, lambda pixels, area: cover(pixels, [area], solid)), attacker)
    world = world_of_run(looks, [r.how for r in attacker.restorers], Terms())
    assert world.gallery == 4 and world.again == 0
    assert of(world, Attack.PARROT).covered.trials == 0
    assert of(world, Attack.NAIVE).covered.trials == 4
    assert world.verdict is Verdict.NOT_ENOUGH


def test_a_run_with_a_weak_blur_is_broken_by_its_own_originals() -> None:
    blur = Covering(Style.BLUR, Extent.FACE, blur=0.06)
    attacker = attacker_of(FakeDetector(), GreyEmbedder(), View.INNER, blur)
    looks = look(shots(12, 4, lambda pixels, area: cover(pixels, [area], blur)), attacker)
    world = world_of_run(looks, [r.how for r in attacker.restorers], Terms())
    assert (world.gallery, world.probes, world.again) == (12, 24, 12)
    assert of(world, Attack.NAIVE).verdict is Verdict.BROKEN


def test_nobody_to_attack_is_nothing_to_say() -> None:
    attacker = attacker_of(FakeDetector(), GreyEmbedder(), View.INNER, Covering())
    looks: Looks = look(iter(()), attacker)
    world = world_of_run(looks, [r.how for r in attacker.restorers], Terms())
    assert world.gallery == 0 and world.verdict is Verdict.NOT_ENOUGH


def test_ties_are_broken_by_luck() -> None:
    same = np.ones((2000, 4), np.float32) / 2
    people = np.arange(10)
    owners = np.repeat(people, 200)
    right = first_is_own(same, owners, same[:10], people, seed=1)
    assert 0.06 < right.mean() < 0.14
    assert abs(right[:200].mean() - 0.1) < 0.09, "each probe draws anew"


def test_linking_by_luck_is_half() -> None:
    same = np.ones((40, 4), np.float32) / 2
    link = linked(same, np.arange(40), same, np.arange(40), 0)
    assert (link.said.value, link.said.low, link.said.high, link.surely) == (0.5, 0.5, 0.5, 0.5)
    assert link_verdict(link, link.said) is Verdict.NO_BITE


def test_linking_needs_ten_people() -> None:
    eye = np.eye(9, dtype=np.float32)
    refused = linked(eye, np.arange(9), eye, np.arange(9), 0)
    assert refused.said.have == 9 and refused.said.needed == 30
    assert link_verdict(refused, refused.said) is Verdict.NOT_ENOUGH


def test_linking_what_is_perfectly_alike() -> None:
    eye = np.eye(12, dtype=np.float32)
    assert linked(eye, np.arange(12), eye, np.arange(12), 0).surely == 1.0


def rates(hits: int, trials: int) -> object:
    return hit_rate(np.arange(trials) < hits, np.arange(trials), 0)


@pytest.mark.parametrize(
    ("hits", "trials", "originals", "limit", "verdict"),
    [
        (0, 100, 95, None, Verdict.SURVIVED),
        (1, 100, 95, None, Verdict.SURVIVED),
        (8, 100, 95, None, Verdict.BROKEN),
        (8, 100, 95, 0.2, Verdict.SURVIVED),
        (8, 100, 95, 0.1, Verdict.NOT_ENOUGH),
        (60, 100, 95, 0.2, Verdict.BROKEN),
        (0, 100, 1, None, Verdict.NO_BITE),
        (0, 12, 12, None, Verdict.NOT_ENOUGH),
        (12, 12, 12, None, Verdict.BROKEN),
        (0, 100, 95, 0.01, Verdict.NOT_ENOUGH),
    ],
)
def test_the_one_rule(hits: int, trials: int, originals: int, limit: float | None, verdict: Verdict) -> None:
    covered = rates(hits, trials)
    assert verdict_of(covered, covered.low, rates(originals, trials), 0.01, limit) is verdict


def test_what_one_of_many_attacks_does_by_accident_is_not_held_against_a_cover() -> None:
    """5 of 100 where chance gives 1: the plain interval begins at 0.016, that for 12 attacks below 0.01."""
    covered, originals = rates(5, 100), rates(95, 100)
    corrected = hit_rate(np.arange(100) < 5, np.arange(100), 0, Terms(attacks=12).confidence).low
    assert corrected < 0.01 < covered.low
    assert verdict_of(covered, covered.low, originals, 0.01, None) is Verdict.BROKEN
    assert verdict_of(covered, corrected, originals, 0.01, None) is Verdict.NOT_ENOUGH


def test_the_wider_interval_of_linking_begins_lower() -> None:
    rng = np.random.default_rng(5)
    own = rng.normal(size=(60, 8)).astype(np.float32)
    again = own + 3 * rng.normal(size=own.shape).astype(np.float32)
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (again, own)]
    link = linked(unit[0], np.arange(60), unit[1], np.arange(60), 0, Terms(attacks=20).confidence)
    assert link.surely < link.said.low < link.said.value


def test_a_gallery_has_one_reference_a_person() -> None:
    attacker = attacker_of(FakeDetector(), GreyEmbedder(), View.WHOLE, Covering())
    looks = look(shots(3, 2, lambda pixels, area: cover(pixels, [area], Covering())), attacker)
    gallery = gallery_of(looks)
    assert gallery.people.tolist() == [0, 1, 2]
    np.testing.assert_allclose(np.linalg.norm(gallery.uncovered.templates, axis=1), 1, atol=1e-5)


def test_an_outline_gives_usual_landmarks() -> None:
    np.testing.assert_allclose(outline_landmarks(Area(BOX)), LANDMARKS, atol=0.05)


def test_an_outline_tells_nothing_of_how_long_a_face_is() -> None:
    middle = np.array([120, 119, 120, 119], np.float32)
    long, wide = (Area(middle + np.array([-x, -y, x, y], np.float32)) for x, y in ((40, 60), (60 / PROPORTION, 50)))
    np.testing.assert_allclose(outline_landmarks(long), outline_landmarks(wide), atol=1e-3)
