"""Catch trials: their truth is known, and by their form they are sets like all others."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from bench.hiding import chunks, form
from PIL import Image

from review_samples import (
    COARSE,
    CRISP,
    PACK,
    TINY,
    Camera,
    SmallGallery,
    drawing,
    enrolled_picture,
    gallery,
    probe,
    template,
)
from secondlook.errors import GalleryError
from secondlook.faces.quality import assess
from secondlook.fakes import FakeDetector, FakeEmbedder, Square, painted
from secondlook.gallery import Reference, Subject
from secondlook.ports import ChipLayout
from secondlook.review.blind import blind_set
from secondlook.review.catch import as_seen, catch_kinds, catch_set
from secondlook.review.draws import Draws
from secondlook.review.pictures import LAYOUT, face_px
from secondlook.review.probes import probe_of
from secondlook.review.sets import CATCH_TRIALS, Made, NoSet, Probe, SetKind, WhyNoSet
from secondlook.types import Floats, Pixels, Quality

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class ColourEmbedder:
    """Makes templates of the samples' length from the mean colours of a chip's quarters."""

    pack = PACK
    dimension = 16
    layout = ChipLayout(32, np.asarray(LAYOUT.points / 10, np.float32))

    def embed(self, chips: Pixels) -> Floats:
        parts = chips.reshape(len(chips), 2, 16, 2, 16, 3).mean((2, 4)).reshape(len(chips), 12) - 127.5
        made = np.concatenate([parts, np.ones((len(chips), 4))], axis=1)
        return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


def subjects(held: SmallGallery) -> list[Subject]:
    return [Subject(f"{i:032x}", name, len(refs), NOW) for i, (name, refs) in enumerate(held.people.items())]


def trial(
    kind: SetKind, held: SmallGallery, like: Probe, seed: bytes, tested: frozenset[str] = frozenset()
) -> Made | NoSet:
    return catch_set(kind, subjects(held), held, ColourEmbedder(), like, seed, tested)


@pytest.fixture(scope="module")
def held() -> SmallGallery:
    return gallery(np.random.default_rng(1), 10, pictures=2, camera=TINY)


@pytest.fixture(scope="module")
def like() -> Probe:
    rng = np.random.default_rng(2)
    return probe(rng, template(rng), TINY)


def made(found: Made | NoSet) -> Made:
    assert isinstance(found, Made), found
    return found


def test_a_same_trial_holds_another_picture_of_the_person(held: SmallGallery, like: Probe) -> None:
    for seed in range(8):
        truth = made(trial(SetKind.SAME, held, like, bytes([seed]) * 32)).truth
        best = max(held.people[truth.subject], key=lambda r: r.quality.score)
        (own,) = [item for item in truth.items if item.subject == truth.subject]
        assert truth.kind is SetKind.SAME and own.reference == best.id, "the probe is never the best picture"
        assert truth.token == own.token


def test_a_different_trial_leaves_the_person_out(held: SmallGallery, like: Probe) -> None:
    for seed in range(8):
        truth = made(trial(SetKind.DIFFERENT, held, like, bytes([seed]) * 32)).truth
        assert truth.kind is SetKind.DIFFERENT and truth.token is None
        assert truth.subject in held.people and truth.subject not in {item.subject for item in truth.items}


def test_trials_and_real_sets_are_of_one_form(held: SmallGallery, like: Probe) -> None:
    of = probe(np.random.default_rng(3), held.people["person 0"][0].template, TINY)
    sets = [
        made(blind_set(of, "person 0", held, b"a" * 32)).set,
        made(blind_set(of, "person 0", held, b"c" * 32)).set,
        *(made(trial(kind, held, like, b"b" * 32)).set for kind in sorted(CATCH_TRIALS)),
    ]
    assert len({len(one.items) for one in sets}) == 1
    files = [file for one in sets for file in (one.probe, *(item.picture for item in one.items))]
    assert len({len(file) for file in files}) == len({tuple(chunks(file)) for file in files}) == 1
    assert len({form(one).shape for one in sets}) == 1


def test_everybody_is_tested_with_before_anybody_again(held: SmallGallery, like: Probe) -> None:
    tested: set[str] = set()
    for number in range(len(held.people)):
        subject = made(trial(SetKind.SAME, held, like, bytes([number]) * 32, frozenset(tested))).truth.subject
        assert subject not in tested
        tested.add(subject)
    assert made(trial(SetKind.SAME, held, like, b"z" * 32, frozenset(tested))).truth.subject in tested


def test_what_a_gallery_allows() -> None:
    rng = np.random.default_rng(4)
    one, several = gallery(rng, 5, camera=TINY), gallery(rng, 5, pictures=2, camera=TINY)
    assert catch_kinds(subjects(one)) == {SetKind.DIFFERENT}
    assert catch_kinds(subjects(several)) == CATCH_TRIALS
    assert catch_kinds(subjects(several)[:4]) == frozenset()
    empty = Subject("f" * 32, "nobody", 0, NOW)
    assert catch_kinds([*subjects(several)[:4], empty]) == frozenset()


def test_no_second_picture_is_a_refusal(like: Probe) -> None:
    held = gallery(np.random.default_rng(5), 6, camera=TINY)
    no = trial(SetKind.SAME, held, like, b"a" * 32)
    assert isinstance(no, NoSet) and no.reason is WhyNoSet.NO_SECOND_PICTURE and no.sentence.endswith(".")
    people = {
        n: [enrolled_picture(r.id, n, b"", r.landmarks, r.template) for r in refs] for n, refs in held.people.items()
    }
    broken = trial(SetKind.DIFFERENT, SmallGallery(people), like, b"a" * 32)
    assert isinstance(broken, NoSet) and broken.reason is WhyNoSet.NO_PICTURE
    with pytest.raises(ValueError, match="no catch trial"):
        trial(SetKind.CANDIDATE, held, like, b"a" * 32)


def test_somebody_erased_meanwhile_is_passed_over(held: SmallGallery, like: Probe) -> None:
    class Erased(SmallGallery):
        def references(self, subject: str) -> Sequence[Reference]:
            if subject != "person 7":
                raise GalleryError("its key was dropped.")
            return self.people[subject]

    erased = Erased(held.people)
    found = [
        catch_set(SetKind.SAME, subjects(erased), erased, ColourEmbedder(), like, bytes([n]) * 32) for n in range(9)
    ]
    assert all(isinstance(one, NoSet) for one in found)


def measured(pixels: Pixels, landmarks: Floats) -> Quality:
    return assess(pixels, np.asarray(np.concatenate([landmarks.min(0), landmarks.max(0)]), np.float32), landmarks)


@pytest.mark.parametrize("camera", [COARSE, Camera(18.0, 0.08, 60), Camera(24.0, 0.02, 90)])
def test_a_trial_is_as_small_soft_and_dark_as_a_real_probe(camera: Camera) -> None:
    rng = np.random.default_rng(6)
    pixels, points = drawing(rng, CRISP)
    for seed in range(3):
        dim, at = drawing(rng, camera)
        wanted = measured(np.asarray(dim * 0.6, np.uint8), at)
        seen = measured(*as_seen(pixels, points, wanted, Draws(bytes([seed]) * 32, "test")))
        assert seen.inter_eye_px == pytest.approx(wanted.inter_eye_px, rel=0.06)
        assert seen.sharpness < 1.25 * wanted.sharpness
        assert seen.exposure == pytest.approx(wanted.exposure, abs=0.06) or seen.exposure < wanted.exposure


def test_what_a_picture_lacks_is_not_made_up() -> None:
    rng = np.random.default_rng(7)
    pixels, points = drawing(rng, COARSE)
    wanted = measured(*drawing(rng, CRISP))
    seen, at = as_seen(pixels, points, wanted, Draws(b"x" * 32, "test"))
    assert seen.shape == pixels.shape and face_px(at) == pytest.approx(face_px(points), rel=0.02)


def test_the_trials_probe_shows_the_face_in_its_place(held: SmallGallery, like: Probe) -> None:
    shown = Image.open(io.BytesIO(made(trial(SetKind.SAME, held, like, b"q" * 32)).set.probe))
    assert shown.size == (LAYOUT.size, LAYOUT.size)


def test_the_face_of_a_crop_is_found_again() -> None:
    crop = painted(60, 50, [Square(13, 15, 24, (255, 0, 0)), Square(1, 1, 9, (0, 0, 255))])
    embedder = FakeEmbedder()
    found = probe_of(crop, template(np.random.default_rng(8)), embedder.pack, FakeDetector())
    assert found.landmarks.mean(0) == pytest.approx([25, 27], abs=3)
    nothing = probe_of(painted(60, 50), found.template, embedder.pack, FakeDetector())
    assert (nothing.landmarks > [12, 15]).all() and (nothing.landmarks < [38, 45]).all()
    assert nothing.landmarks[0, 0] < nothing.landmarks[1, 0]
