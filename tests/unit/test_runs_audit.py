"""Labelled pictures on their way to an audit: which face, which role, which attribute, and what survives a stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fake_runs import identifier, photo
from secondlook.audit.auditing import audit
from secondlook.audit.kinds import Direction
from secondlook.audit.templates import Role
from secondlook.errors import OutputError, SourceError
from secondlook.fakes import BLUE, GREEN, RED, Square
from secondlook.runs.attribute_table import of_samples, read_attributes
from secondlook.runs.audit import STOCK_DISTANCE, Asked
from secondlook.runs.audit_material import NegatedSquare, material_of, roles_of, templates_of
from secondlook.runs.audit_pictures import pictures_of, pictures_of_both, templates_made, unusable
from secondlook.runs.labelled import Labelled, labelled, meant
from secondlook.runs.template_making import MadeAll, Rule, make_templates
from secondlook.runs.template_shelf import Made, TemplateShelf
from secondlook.types import Face, Quality

GOOD = Quality(40, 1, 0, 0, 0, 0.5, 0.2, 0, 1, 0.8)
COLOURS = {"Ruby": RED, "Olive": GREEN, "Skye": BLUE}


def face(x: float, y: float, width: float) -> Face:
    box = np.array([x, y, x + width, y + width], np.float32)
    return Face(box, np.zeros((5, 2), np.float32), 0.9, GOOD)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Three people with two pictures each, and one whose pictures fail: nobody in one, the other cut off."""
    folder = tmp_path / "people"
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for shot in range(2):
            photo(folder / name / f"{shot}.png", Square(60 + 9 * shot, 30, 40, colour))
    (folder / "Grey").mkdir()
    photo(folder / "Grey" / "0.png")
    torn = photo(folder / "Grey" / "1.png", Square(60, 30, 40, RED))
    torn.write_bytes(torn.read_bytes()[:-200])
    return folder


def made_of(folder: Path, out: Path) -> MadeAll:
    return make_templates(labelled(folder), identifier(), Rule.OWN, out, lambda _: None)[0]


def test_the_face_that_is_meant_is_large_and_in_the_middle() -> None:
    middle, aside, small = face(80, 80, 40), face(0, 0, 60), face(95, 95, 10)
    assert meant([aside, middle, small], 200, 200) is middle
    assert meant([aside, small], 200, 200) is aside
    assert meant([], 200, 200) is None


def test_several_faces_are_counted_and_noted(tmp_path: Path) -> None:
    for name, colour in COLOURS.items():
        (tmp_path / "p" / name).mkdir(parents=True)
        for shot in range(2):
            photo(tmp_path / "p" / name / f"{shot}.png", Square(80, 40, 40, colour), Square(5, 5, 30, GREEN))
    pictures = pictures_of(tmp_path / "p")
    made = templates_made(pictures, identifier(), Rule.OWN, None, tmp_path / "out", 0, lambda _: None)
    assert made.made.several == 6
    assert any("6 of 6 pictures show several faces" in note for note in made.material.notes)
    # the colour in the middle was taken, not the bystander's
    pairs = made.material.pairs
    assert pairs is not None and pairs.score[pairs.mated].min() > pairs.score[~pairs.mated].max()


def test_failed_pictures_stay_and_say_why(people: Path, tmp_path: Path) -> None:
    made = made_of(people, tmp_path / ".run")
    assert len(made.made) == 8 and [Path(one.name).name for one in unusable(made)] == ["0.png", "1.png"]
    reasons = [one.sentence for one in unusable(made)]
    assert reasons[0] == "No face was found in it." and "damaged or cut off" in reasons[1]
    templates = templates_of(made, None, (), 0)
    assert templates.failed.sum() == 2 and len(templates.people) == 4
    # who cannot be enrolled keeps a reference that failed, so that its probes are misses
    grey = templates.people.index("Grey")
    assert sorted(templates.role[templates.subject == grey]) == [Role.REFERENCE, Role.PROBE]


def test_the_whole_way_counts_failures_as_misses(people: Path, tmp_path: Path) -> None:
    made = templates_made(pictures_of(people), identifier(), Rule.OWN, None, tmp_path, 0, lambda _: None)
    fta = audit(made.material, Asked().settings).fta
    assert fta is not None and (fta.errors, fta.trials) == (2, 8)
    assert list((tmp_path / ".run").glob("*.npz"))
    made.shelf.remove()
    assert not (tmp_path / ".run").exists()


def test_a_stopped_run_goes_on_with_what_it_had(people: Path, tmp_path: Path) -> None:
    def stop_at_four(_: int) -> None:
        steps.append(1)
        if len(steps) == 4:
            raise KeyboardInterrupt

    steps: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        make_templates(labelled(people), identifier(), Rule.OWN, tmp_path, stop_at_four)
    again, shelf = make_templates(labelled(people), identifier(), Rule.OWN, tmp_path, lambda _: None)
    assert again.resumed >= 3
    whole = made_of(people, tmp_path / "other")
    for one, other in zip(again.made, whole.made, strict=True):
        assert one.reason == other.reason and one.faces == other.faces
        np.testing.assert_array_equal(one.template, other.template)
    shelf.remove()
    assert not tmp_path.joinpath("templates").exists() and list(tmp_path.glob("*.npz")) == []


def test_templates_of_another_maker_are_not_taken(people: Path, tmp_path: Path) -> None:
    made_of(people, tmp_path)
    parts = identifier()
    other = replace(parts, settings=replace(parts.settings, max_pixels=123_456))
    made, _ = make_templates(labelled(people), other, Rule.OWN, tmp_path, lambda _: None)
    assert made.resumed == 0


def test_a_damaged_shelf_is_looked_past(tmp_path: Path) -> None:
    shelf = TemplateShelf(tmp_path, "maker", 3)
    shelf.put("a", Made(np.array([1, 0, 0], np.float32), GOOD, 2))
    shelf.put("b", Made(None, None, 0, "No face was found in it."))
    shelf.flush()
    held = TemplateShelf(tmp_path, "maker", 3)
    a, b = held.get("a"), held.get("b")
    assert a is not None and b is not None
    np.testing.assert_array_equal(a.template, [1, 0, 0])
    assert (a.faces, b.template, b.reason) == (2, None, "No face was found in it.")
    assert (a.quality, b.quality) == (GOOD, None)
    (file,) = tmp_path.glob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    assert len(TemplateShelf(tmp_path, "maker", 3)) == 0


def test_a_shelf_of_an_earlier_release_is_not_seen_but_is_taken_away(tmp_path: Path) -> None:
    """It had one number of quality, and holds templates that must not stay."""
    shelf = TemplateShelf(tmp_path, "maker", 3)
    shelf.put("a", Made(np.array([1, 0, 0], np.float32), GOOD, 1))
    shelf.flush()
    (file,) = tmp_path.glob("*.npz")
    with np.load(file) as held:
        columns = {name: held[name] for name in held.files if name != "qualities"}
    np.savez(file, allow_pickle=False, quality=np.array([0.8]), **columns)
    again = TemplateShelf(tmp_path, "maker", 3)
    assert len(again) == 0
    again.remove()
    assert not file.exists()


def test_a_shelf_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    shelf = TemplateShelf(tmp_path / "file" / ".run", "maker", 3)
    shelf.put("a", Made(None, None, 0, "No."))
    with pytest.raises(OutputError, match="cannot be written"):
        shelf.flush()


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40), st.integers(0, 3))
def test_roles(samples: list[tuple[int, bool]], seed: int) -> None:
    subject = np.unique([s for s, _ in samples], return_inverse=True)[1].astype(np.int32)
    failed = np.array([f for _, f in samples])
    role = roles_of(subject, failed, seed)
    np.testing.assert_array_equal(role, roles_of(subject, failed, seed))
    alone = 0
    for person in np.unique(subject):
        own = subject == person
        references = own & (role == Role.REFERENCE)
        if own.sum() > 1:
            assert references.sum() == 1
            assert not failed[references].any() or failed[own].all()
        else:
            alone += 1
    singles = np.isin(subject, np.flatnonzero(np.bincount(subject) == 1))
    assert (role[singles] == Role.REFERENCE).sum() == alone // 2


def test_inner_products_are_negated_squares() -> None:
    values = np.random.default_rng(0).normal(size=(6, 128)).astype(np.float32)
    made = NegatedSquare(128)
    products = made.probes(values[:3]) @ made.references(values[3:]).T
    assert made.probes(values).shape == (6, made.dimension)
    np.testing.assert_allclose(products, -((values[:3, None] - values[None, 3:]) ** 2).sum(-1), rtol=1e-4)


def test_the_stock_rule_compares_distances_with_the_nearest_reference() -> None:
    rng = np.random.default_rng(0)
    pictures, made = [], []
    for person, centre in enumerate(rng.normal(size=(40, 8))):
        for shot in range(3):
            template = (centre + 0.1 * rng.normal(size=8)).astype(np.float32)
            pictures.append(f"{person:02d}/{shot}")
            made.append(Made(template, GOOD, 1))
    folder = MadeAll(tuple(_labelled(p) for p in pictures), tuple(made), 0)
    roles = np.tile(np.array([Role.PROBE, Role.REFERENCE, Role.REFERENCE], np.int8), 40)
    templates = templates_of(folder, roles, (), 0)
    material = material_of(templates, None, "made up", 0, ())
    assert material.direction is Direction.DISTANCE and material.pairs is not None and material.probes is not None
    assert material.deciding is None
    distance = np.linalg.norm(templates.values[:, None] - templates.values[None], axis=2)
    assert -material.pairs.score[:2] == pytest.approx(distance[0, 1:3], rel=1e-4)
    ((_, best),) = material.probes.blocks()
    nearest = np.minimum(distance[::3, 1::3], distance[::3, 2::3])
    np.testing.assert_allclose(-best, nearest, rtol=1e-3)


def _labelled(name: str) -> Labelled:
    return Labelled(name.split("/")[0], Path(name))


def test_the_stock_threshold_is_that_of_the_package() -> None:
    assert STOCK_DISTANCE == 0.6
    assert Asked(threshold=0.6).settings.thresholds == (0.6,)
    assert Asked(fpir=0.02).settings.fpirs == (0.003, 0.01, 0.02, 0.03) and Asked(fpir=0.02).settings.group_fpir == 0.02


def test_references_and_probes_by_folder(people: Path, tmp_path: Path) -> None:
    both = pictures_of_both(people, people)
    assert both.roles is not None and list(both.roles) == [Role.REFERENCE] * 8 + [Role.PROBE] * 8
    (tmp_path / "others").mkdir()
    Image.new("RGB", (20, 20)).save(tmp_path / "others" / "Nobody.png")
    with pytest.raises(SourceError, match="nobody in"):
        pictures_of_both(people, tmp_path / "others")


def test_too_little_to_compare_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    photo(tmp_path / "p" / "Ruby.png", Square(60, 30, 40, RED))
    with pytest.raises(SourceError, match="too few pictures"):
        templates_made(pictures_of(tmp_path / "p"), identifier(), Rule.OWN, None, tmp_path, 0, lambda _: None)
    photo(tmp_path / "p" / "Ruby.png")
    for name in ("Olive", "Skye"):
        photo(tmp_path / "p" / f"{name}.png")
    with pytest.raises(SourceError, match="no picture with a face"):
        templates_made(pictures_of(tmp_path / "p"), identifier(), Rule.OWN, None, tmp_path, 0, lambda _: None)


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_attributes_go_to_each_picture(tmp_path: Path) -> None:
    read = read_attributes(table(tmp_path, "\ufeffSubject,Gender,Age\nRuby,female,30\nSkye,male,\nRuby,female,30\n"))
    (gender, age), notes = of_samples(read, ["Skye", "Ruby", "Ruby", "Olive"])
    assert (gender.name, age.name) == ("gender", "age")
    assert [gender.values[c] if c >= 0 else None for c in gender.probe] == ["male", "female", "female", None]
    assert [age.values[c] if c >= 0 else None for c in age.probe] == [None, "30", "30", None]
    assert notes == ("1 of 3 people are not in people.csv, so in no group.",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("who,gender\nRuby,female\n", "needs a column 'subject'"),
        ("subject\nRuby\n", "needs a column 'subject'"),
        ("subject,gender\nRuby,female\nRuby,male\n", "line 3: Ruby was described differently"),
        ("subject,gender\n,male\n", "line 2: there is no subject"),
        ("subject,gender\nRuby\n", "line 2"),
        ("", "is empty"),
    ],
)
def test_attribute_tables_that_are_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read_attributes(table(tmp_path, text))


def test_attributes_of_nobody(tmp_path: Path) -> None:
    read = read_attributes(table(tmp_path, "subject,gender\nX,male\n"))
    with pytest.raises(SourceError, match="describes nobody of these pictures, not even Olive"):
        of_samples(read, ["Ruby", "Olive"])
