"""Every command as it is typed: what it does, what it prints, and the one sentence where it cannot."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from matplotlib.cbook import get_sample_data
from onnx import TensorProto, helper
from PIL import Image
from skimage.data import astronaut

from command import Said, secondlook
from secondlook.cli.app import app
from secondlook.faces.packs import runtime
from secondlook.faces.packs.card_file import card_text
from secondlook.gallery import Gallery, KeyFile, NewReference
from secondlook.report.sightings import read_records
from tiny_packs import RECOGNISER, recogniser_model, save

COLLINS, HOPPER = "Eileen Collins", "Grace Hopper"
LEAN = ("--quiet", "--threads", "1")


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below one, with the words that call it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name, one in below.items():
        yield from leaves(one, (*path, name))


COMMANDS = dict(leaves(typer.main.get_command(app)))


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, public domain, from inside the dependencies: one in a folder with two pictures, one as a picture."""
    folder = tmp_path_factory.mktemp("people")
    (folder / COLLINS).mkdir()
    collins = Image.fromarray(astronaut()).crop((100, 0, 360, 300))
    collins.save(folder / COLLINS / "1.png")
    collins.rotate(8, expand=False).resize((300, 346)).save(folder / COLLINS / "2.jpg", quality=90)
    with get_sample_data("grace_hopper.jpg") as file:
        Image.open(file).convert("RGB").save(folder / f"{HOPPER}.png")
    return folder


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory, people: Path) -> Path:
    """Both of them in one photograph, mirrored and smaller; and one of nobody."""
    folder = tmp_path_factory.mktemp("crowd")
    both = Image.new("RGB", (640, 420), (90, 110, 100))
    for x, path, width in ((10, people / COLLINS / "1.png", 220), (330, people / f"{HOPPER}.png", 260)):
        one = Image.open(path).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        both.paste(one.resize((width, round(width * one.height / one.width))), (x, 20))
    both.save(folder / "both.jpg", quality=88)
    Image.fromarray(np.full((120, 160, 3), 99, np.uint8)).save(folder / "nobody.png")
    return folder


@pytest.fixture(scope="module")
def shared_gallery(tmp_path_factory: pytest.TempPathFactory, people: Path) -> Path:
    """Not to be changed."""
    gallery = tmp_path_factory.mktemp("cli") / "two.gallery"
    said = secondlook("enrol", people, "--gallery", gallery, "--pack", "dlib-resnet", *LEAN)
    assert said.status == 0, said.err
    return gallery


@pytest.fixture
def gallery(tmp_path: Path, shared_gallery: Path) -> Path:
    """One to change: the same people under a key file of its own."""
    place, key = tmp_path / "g", KeyFile(tmp_path / "key")
    with Gallery.open(shared_gallery) as old, Gallery.create(place, pack=old.pack, dimension=128, key=key) as new:
        for subject in old.subject_list():
            new.enrol(subject.name, copies(old, subject.name), old.pack)
    return place


def copies(gallery: Gallery, subject: str) -> list[NewReference]:
    return [
        NewReference(r.template, r.crop, r.landmarks, r.source, str(i) * 64, r.quality)
        for i, r in enumerate(gallery.references(subject))
    ]


def key(gallery: Path) -> tuple[str, str]:
    return ("--key-file", str(gallery.parent / "key"))


# Help


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_has_an_example_that_is_this_command(words: tuple[str, ...]) -> None:
    said = secondlook(*words, "--help")
    assert said.status == 0
    flat = " ".join(said.out.split())
    assert f"Example: secondlook {' '.join(words)}" in flat, flat


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_is_explained(words: tuple[str, ...]) -> None:
    for parameter in COMMANDS[words].params:
        assert getattr(parameter, "help", None), f"{' '.join(words)}: {parameter.name} has no help"


def test_the_commands_of_the_design_are_there() -> None:
    assert set(COMMANDS) >= {
        ("demo",), ("enrol",), ("find",), ("gallery", "list"), ("gallery", "show"), ("gallery", "merge"),
        ("gallery", "remove"), ("gallery", "rename"), ("gallery", "re-embed"), ("packs", "list"), ("packs", "show"),
        ("packs", "add"), ("packs", "pull"), ("packs", "check"),
    }  # fmt: skip


def test_no_words_show_the_help_and_the_version_is_told() -> None:
    assert "Usage" in secondlook().out
    said = secondlook("--version")
    assert said.status == 0 and said.out.startswith("secondlook 0.")


# Enrol


def test_enrol_twice_is_already_enrolled(tmp_path: Path, people: Path) -> None:
    gallery = tmp_path / "g"
    words = ("enrol", people, "--gallery", gallery, "--pack", "dlib-resnet", "--threads", "1")
    first = secondlook(*words)
    assert first.status == 0
    assert "3 pictures: 3 enrolled, 0 refused, 0 suspicious, 0 already enrolled." in first.out
    assert "The gallery holds 2 people, 3 references." in first.out
    assert "Pack dlib-resnet@" in first.err and "ONNX Runtime" in first.err, "the provider in use is printed"
    again = secondlook(*words, "--json")
    assert again.status == 0 and again.err == ""
    assert [row["status"] for row in again.json] == ["already_enrolled"] * 3
    assert {row["subject"] for row in again.json} == {COLLINS, HOPPER}


def test_enrol_tells_what_was_wrong_and_does_the_rest(tmp_path: Path, people: Path) -> None:
    folder = tmp_path / "people"
    shutil.copytree(people, folder)
    (folder / COLLINS / "torn.png").write_bytes((folder / COLLINS / "1.png").read_bytes()[:900])
    Image.fromarray(np.full((200, 200, 3), 120, np.uint8)).save(folder / "Nobody.png")
    said = secondlook("enrol", folder, "--gallery", tmp_path / "g", "--pack", "dlib-resnet", *LEAN)
    assert said.status == 0
    assert "torn.png" in said.out and "No face was found" in said.out
    assert "5 pictures: 3 enrolled, 2 refused" in said.out
    assert "1.png" not in said.out, "quiet: only what went wrong"


def test_enrol_that_enrols_nobody_fails(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    Image.fromarray(np.full((200, 200, 3), 120, np.uint8)).save(tmp_path / "people" / "Nobody.png")
    said = secondlook("enrol", tmp_path / "people", "--gallery", tmp_path / "g", "--pack", "dlib-resnet", *LEAN)
    assert said.status == 1 and "No face was found" in said.out
    assert "is no folder" in secondlook("enrol", tmp_path / "nowhere", "--gallery", tmp_path / "g").complaint


# Find


def test_find_writes_and_tells(tmp_path: Path, crowd: Path, shared_gallery: Path) -> None:
    out = tmp_path / "out"
    words = ("find", crowd, "--gallery", shared_gallery, "--out", out, "--threads", "1")
    said = secondlook(*words)
    assert said.status == 0, said.err
    assert f"candidate: {COLLINS} in {crowd / 'both.jpg'}" in said.out
    assert f"candidate: {HOPPER} in {crowd / 'both.jpg'}" in said.out
    assert "in 2 sources" in said.out and f"Report: {out / 'report.html'}" in said.out
    assert "Pack dlib-resnet@" in said.err
    records = read_records(out / "sightings.jsonl")
    assert {r.subject for r in records} >= {COLLINS, HOPPER}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert COLLINS in page and "dlib-resnet@" in page and "1,000 strangers" in page
    assert all(r.grounds.calibrated for r in records if r.subject is not None)
    assert "1 passer-by in 100 is enrolled" in said.out
    assert len(list((out / "annotated").glob("*.jpg"))) == 2
    assert "holds a run already" in secondlook(*words).complaint
    again = secondlook(*words, "--resume", "--json")
    assert again.status == 0 and again.err == ""
    assert again.json == [json.loads(line) for line in (out / "sightings.jsonl").read_text().splitlines()]


def test_find_goes_on_after_bad_files_and_fails_where_nothing_worked(
    tmp_path: Path, crowd: Path, shared_gallery: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    base = ("find", tmp_path / "notes.txt", tmp_path / "gone.jpg", "--gallery", shared_gallery, *LEAN)
    said = secondlook(*base, crowd / "nobody.png", "--out", tmp_path / "a")
    assert said.status == 0
    complaints = said.err.strip().splitlines()
    assert len(complaints) == 2 and all(line.startswith("secondlook: ") for line in complaints)
    assert "notes.txt" in complaints[0] and "gone.jpg" in complaints[1] and "2 problems" in said.out
    assert secondlook(*base, "--out", tmp_path / "b").status == 1


def test_find_with_a_threshold_of_ones_own(tmp_path: Path, crowd: Path, shared_gallery: Path) -> None:
    words = ("find", crowd / "both.jpg", "--gallery", shared_gallery, "--out", tmp_path / "o", *LEAN)
    said = secondlook(*words, "--threshold", "50", "--json")
    assert said.status == 0 and said.json
    assert {row["outcome"] for row in said.json} <= {"no_candidate", "inconclusive"}
    assert all(row["grounds"]["threshold"] == 50 and row["grounds"]["posterior"] is None for row in said.json)


# Errors are one sentence


def test_no_gallery_there(tmp_path: Path, crowd: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for words in (("find", crowd, "--gallery", nowhere, "--out", tmp_path / "o"), ("gallery", "list", nowhere)):
        assert f"There is no gallery in {nowhere}" in secondlook(*words).complaint
    assert not (tmp_path / "o").exists()


def test_a_gallery_of_another_pack_has_to_be_re_embedded(tmp_path: Path, crowd: Path, people: Path) -> None:
    place = tmp_path / "g"
    Gallery.create(place, pack="dlib-resnet@000000000000", dimension=128, key=KeyFile(tmp_path / "key")).close()
    find = ("find", crowd, "--gallery", place, "--out", tmp_path / "o", *key(place), *LEAN)
    enrol = ("enrol", people, "--gallery", place, *key(place), *LEAN)
    for words in (find, enrol):
        said = secondlook(*words).complaint
        assert "dlib-resnet@000000000000" in said
        assert f"run `secondlook gallery re-embed {place} --pack dlib-resnet` first" in said


def test_a_gallery_whose_pack_is_not_installed(tmp_path: Path, crowd: Path) -> None:
    place = tmp_path / "g"
    Gallery.create(place, pack="auraface@000000000000", dimension=512, key=KeyFile(tmp_path / "key")).close()
    said = secondlook("find", crowd, "--gallery", place, "--out", tmp_path / "o", *key(place), *LEAN)
    assert "secondlook packs pull auraface" in said.complaint


def test_the_wrong_key(tmp_path: Path, gallery: Path, crowd: Path) -> None:
    other = tmp_path / "other"
    other.write_text("A" * 43 + "=\n")
    for words in (("gallery", "list", gallery), ("find", crowd, "--gallery", gallery, "--out", tmp_path / "o")):
        assert "key" in secondlook(*words, "--key-file", other).complaint
        assert "There is no key file" in secondlook(*words, "--key-file", tmp_path / "no").complaint
    assert secondlook("gallery", "list", gallery, "--key-from", "cloud").status == 2
    assert secondlook("gallery", "list", gallery, *key(gallery), "--key-from", "environment").status == 2


def test_cuda_that_is_not_there(tmp_path: Path, shared_gallery: Path, crowd: Path) -> None:
    if "CUDAExecutionProvider" in runtime.ort.get_available_providers():
        pytest.skip("the absence of CUDA cannot be tried here")
    said = secondlook("find", crowd, "--gallery", shared_gallery, "--out", tmp_path / "o", "--provider", "cuda")
    assert "CUDA was asked for" in said.complaint


# The gallery's commands


def test_list_and_show(gallery: Path) -> None:
    said = secondlook("gallery", "list", gallery, *key(gallery))
    assert said.status == 0 and f"{COLLINS}: 2 references" in said.out
    assert "2 subjects, 3 references, pack dlib-resnet@" in said.out
    listed = secondlook("gallery", "list", gallery, *key(gallery), "--json").json
    assert {row["subject"]: row["references"] for row in listed["subjects"]} == {COLLINS: 2, HOPPER: 1}
    assert listed["pack"].startswith("dlib-resnet@") and listed["blinded"] == 0
    shown = secondlook("gallery", "show", gallery, COLLINS, *key(gallery))
    assert shown.status == 0 and shown.out.count("px between the eyes") == 2 and "1.png" in shown.out
    rows = secondlook("gallery", "show", gallery, HOPPER, *key(gallery), "--json").json
    assert len(rows) == 1 and rows[0]["inter_eye_px"] > 30 and 0 < rows[0]["quality"] <= 1
    assert "Nobody" in secondlook("gallery", "show", gallery, "Nobody", *key(gallery)).complaint


def subjects(gallery: Path) -> dict[str, int]:
    listed = secondlook("gallery", "list", gallery, *key(gallery), "--json").json
    return {row["subject"]: row["references"] for row in listed["subjects"]}


def test_rename(gallery: Path) -> None:
    assert secondlook("gallery", "rename", gallery, COLLINS, "E. Collins", *key(gallery)).status == 0
    assert subjects(gallery) == {"E. Collins": 2, HOPPER: 1}
    assert HOPPER in secondlook("gallery", "rename", gallery, "E. Collins", HOPPER, *key(gallery)).complaint
    assert COLLINS in secondlook("gallery", "rename", gallery, COLLINS, "x", *key(gallery)).complaint


def test_merge(gallery: Path) -> None:
    said = secondlook("gallery", "merge", gallery, COLLINS, HOPPER, *key(gallery))
    assert said.status == 0 and f"{COLLINS} now has" in said.out
    assert list(subjects(gallery)) == [COLLINS]
    assert HOPPER in secondlook("gallery", "merge", gallery, COLLINS, HOPPER, *key(gallery)).complaint


def test_remove(gallery: Path) -> None:
    assert secondlook("gallery", "remove", gallery, COLLINS, *key(gallery)).status == 0
    assert subjects(gallery) == {HOPPER: 1}
    assert COLLINS in secondlook("gallery", "remove", gallery, COLLINS, *key(gallery)).complaint


def test_re_embed_makes_the_same_templates_from_what_was_sealed(gallery: Path, crowd: Path, tmp_path: Path) -> None:
    with Gallery.open(gallery, key=KeyFile(tmp_path / "key")) as opened:
        before, pack = opened.templates(COLLINS), opened.pack
    said = secondlook("gallery", "re-embed", gallery, "--pack", "dlib-resnet", *key(gallery), *LEAN)
    assert said.status == 0 and f"now holds templates of pack {pack}" in said.out
    with Gallery.open(gallery, key=KeyFile(tmp_path / "key")) as opened:
        after = opened.templates(COLLINS)
        assert opened.pack == pack
    assert (before * after).sum(1).min() > 0.99, "the crop has all that the picture had"
    missing = secondlook("gallery", "re-embed", gallery, "--pack", "auraface", *key(gallery), *LEAN)
    assert "packs pull auraface" in missing.complaint
    assert subjects(gallery) == {COLLINS: 2, HOPPER: 1}


# Packs


@pytest.fixture
def other_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_packs_are_listed_shown_and_checked(other_home: Path) -> None:
    said = secondlook("packs", "list")
    assert said.status == 0
    assert "centerface (detector, built-in)" in said.out and "misses 32 of 100 at FPIR 0.01" in said.out
    assert "secondlook packs pull auraface" in said.out
    listed = secondlook("packs", "list", "--json").json
    built_in = {"centerface", "dlib-resnet", "centerface-int8", "dlib-resnet-int8"}
    assert {row["id"].split("@")[0] for row in listed["installed"]} == built_in
    assert "sface" in listed["can_be_pulled"] and listed["broken"] == []
    assert 'licence = "MIT"' in secondlook("packs", "show", "centerface").out
    assert 'name = "auraface"' in secondlook("packs", "show", "auraface").out, "also before it is pulled"
    for name, words in (("centerface", "faces in noise"), ("dlib-resnet", "128 numbers a template")):
        said = secondlook("packs", "check", name)
        assert said.status == 0 and words in said.out and "BAD" not in said.out
    assert "packs list" in secondlook("packs", "check", "nobodys").complaint


def tiny_card(folder: Path, **changes: object) -> Path:
    path = folder / "card.toml"
    path.write_text(card_text(replace(RECOGNISER, **changes)))
    return path


def test_a_pack_is_added_and_removed(other_home: Path, tmp_path: Path) -> None:
    model = flattening_model(tmp_path / "m.onnx")
    said = secondlook("packs", "add", model, "--card", tiny_card(tmp_path, dimension=3072))
    assert said.status == 0 and "Added tiny@" in said.out and "error rates not measured" in said.out
    assert "tiny" in secondlook("packs", "list").out
    assert secondlook("packs", "remove", "tiny").status == 0
    assert "not installed" in secondlook("packs", "remove", "tiny").complaint


def flattening_model(path: Path) -> Path:
    """Every pixel is a number of the template; its axes are open, so that only a run shows how many there are."""
    inputs = [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["n", 3, "h", "w"])]
    outputs = [helper.make_tensor_value_info("template", TensorProto.FLOAT, ["n", "d"])]
    return save([helper.make_node("Flatten", ["data"], ["template"])], inputs, outputs, path, [])


def test_a_pack_that_does_not_run_is_not_added(other_home: Path, tmp_path: Path) -> None:
    model = flattening_model(tmp_path / "m.onnx")
    said = secondlook("packs", "add", model, "--card", tiny_card(tmp_path, dimension=4))
    assert "not 4 numbers each as its card says" in said.complaint
    assert "not installed" in secondlook("packs", "check", "tiny").complaint


def test_what_is_no_model_or_no_card(other_home: Path, tmp_path: Path) -> None:
    card = tiny_card(tmp_path)
    (tmp_path / "page.onnx").write_text("<html>not found</html>")
    assert "a web page" in secondlook("packs", "add", tmp_path / "page.onnx", "--card", card).complaint
    assert "gone.onnx" in secondlook("packs", "add", tmp_path / "gone.onnx", "--card", card).complaint
    model = recogniser_model(tmp_path / "m.onnx")
    assert "gone.toml" in secondlook("packs", "add", model, "--card", tmp_path / "gone.toml").complaint
    assert "no pack called nobodys is known" in secondlook("packs", "pull", "nobodys", "--yes").complaint


def offered(said: Said) -> bool:
    return "packs pull auraface" in said.err


def test_the_recommended_pack_is_offered_once(other_home: Path, tmp_path: Path, people: Path) -> None:
    """Never pulled silently; where nobody can answer, said once on this machine."""
    words = ("enrol", people, "--threads", "1")
    first = secondlook(*words, "--gallery", tmp_path / "g1")
    assert first.status == 0 and offered(first) and "32 of 100" in first.err
    assert not offered(secondlook(*words, "--gallery", tmp_path / "g2"))
    listed = secondlook("packs", "list", "--json").json
    assert "auraface" in listed["can_be_pulled"]
