"""The public fakes behave as their ports say, so that what passes with them means something."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from secondlook import fakes, ports
from secondlook.errors import PackMismatch
from secondlook.fakes import (
    BLUE,
    CYAN,
    GREEN,
    GREY,
    RED,
    FakeComparison,
    FakeDetector,
    FakeEmbedder,
    FakeGallery,
    FakeHinting,
    FakeIndex,
    FakeLog,
    ScriptedDetector,
    Square,
    detections,
    painted,
    portrait,
)
from secondlook.ports import Action, Entry


@pytest.mark.parametrize(
    ("port", "fake"),
    [
        (ports.Detector, FakeDetector()),
        (ports.Detector, ScriptedDetector([])),
        (ports.Hinting, FakeHinting()),
        (ports.Embedder, FakeEmbedder()),
        (ports.Comparison, FakeComparison()),
        (ports.Searchable, FakeGallery({})),
        (ports.SearchableAtOnce, FakeGallery({})),
        (ports.Index, FakeIndex()),
        (ports.Log, FakeLog()),
    ],
)
def test_each_port_has_its_fake(port: type, fake: object) -> None:
    promised = [name for name in vars(port) if not name.startswith("_") or name == "__len__"]
    assert promised
    for name in promised:
        assert hasattr(fake, name), f"{type(fake).__name__} has no {name}"
        said = vars(port)[name]
        if inspect.isfunction(said):
            given = inspect.signature(vars(type(fake))[name])
            assert list(inspect.signature(said).parameters) == list(given.parameters), name


def test_no_port_is_without_a_fake() -> None:
    made = {name for name, value in vars(ports).items() if getattr(value, "_is_protocol", False)}
    assert made == {"Protocol", "Detector", "Hinting", "Embedder", "Comparison", "Searchable", "SearchableAtOnce", "Index", "Log"}


def test_the_detector_finds_what_is_painted() -> None:
    squares = (Square(10, 20, 16, RED), Square(60, 5, 9, GREEN), Square(50, 50, 7, BLUE))
    found = FakeDetector(smallest_px=8).detect(painted(80, 90, squares))
    assert sorted(map(tuple, found.boxes.tolist())) == [(10, 20, 26, 36), (60, 5, 69, 14)]
    assert (found.landmarks[:, 0, 0] < found.landmarks[:, 1, 0]).all(), "its right eye is left in the picture"
    assert len(FakeDetector().detect(painted(80, 90))) == 0


def test_the_script_is_followed_and_ends() -> None:
    once = detections(np.array([[1, 2, 3, 4]]), 0.7)
    detector = ScriptedDetector([once])
    assert detector.detect(painted(9, 9)) is once
    assert len(detector.detect(painted(9, 9))) == 0


def test_the_embedder_tells_colours_apart() -> None:
    embedder = FakeEmbedder()
    colours = (RED, GREEN, BLUE, CYAN, GREY, (0, 0, 0))
    templates = np.concatenate([embedder.embed(portrait(colour)) for colour in colours])
    assert templates.dtype == np.float32 and templates.shape == (6, embedder.dimension)
    assert np.allclose(np.linalg.norm(templates, axis=1), 1, atol=1e-6)
    likeness = templates @ templates.T - 2 * np.eye(6)
    assert likeness.max() < 0.75
    assert float(embedder.embed(portrait((250, 10, 5)))[0] @ templates[0]) > 0.99
    assert embedder.embed(np.zeros((0, 32, 32, 3), np.uint8)).shape == (0, 4)


def test_the_gallery_and_the_index_search() -> None:
    embedder = FakeEmbedder()
    red, blue = embedder.embed(portrait(RED)), embedder.embed(portrait(BLUE))
    gallery = FakeGallery({"Ruby": red, "Skye": np.concatenate([red * -1, blue]), "Nobody": red[:0]})
    assert gallery.subjects == 2
    first, second = gallery.search(blue[0], embedder.pack)
    assert (first.subject, first.reference, first.rank) == ("Skye", 1, 1)
    assert (second.subject, second.rank) == ("Ruby", 2) and second.score < first.score
    with pytest.raises(PackMismatch, match="another"):
        gallery.search(blue[0], "another@pack")
    index = FakeIndex()
    index.add(np.array([7, 9]), np.concatenate([red, blue]))
    scores, ids = index.search(blue, 3)
    assert ids.tolist() == [[9, 7, -1]] and scores[0, 2] == -np.inf
    index.remove(np.array([9]))
    assert len(index) == 1


def test_the_gallery_takes_the_mean_direction() -> None:
    one, other = np.eye(4, dtype=np.float32)[:2]
    (found,) = FakeGallery({"Ruby": np.stack([one, other])}).search(other, fakes.RECOGNISER_PACK)
    assert found.score == pytest.approx(0.5**0.5) and found.reference == 1


def test_the_comparison_has_two_sides() -> None:
    comparison, templates = FakeComparison(), np.eye(4, dtype=np.float32)[:2]
    scores = comparison.probes(templates) @ comparison.references(templates).T
    assert scores.tolist() == [[1.5, -0.5], [-0.5, 1.5]]
    assert comparison.probes(templates[:0]).shape == comparison.references(templates[:0]).shape == (0, 5)


def test_the_log_keeps_what_it_is_told() -> None:
    log = FakeLog()
    searched = Entry("os:ann", Action.SEARCH, ("g",), details={"sources": 2})
    assert log.record(searched).seq == 1 and log.record(searched).seq == 2
    assert log.entries == [searched, searched]
    assert FakeLog().entries == []


def test_it_is_documented() -> None:
    public = [value for name, value in vars(fakes).items() if getattr(value, "__module__", "") == fakes.__name__]
    assert len(public) > 8
    for value in public:
        assert value.__doc__, f"{value} has no docstring"
