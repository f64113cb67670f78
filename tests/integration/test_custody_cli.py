"""`secondlook log`, `erase`, `backup`, `restore`, and that every command that touches a gallery writes to its log."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from command import secondlook
from custody_people import ADA, GRACE, MARY, PACK, PEOPLE, D, answers, new, unit
from secondlook.custody.entries import Line
from secondlook.custody.reading import read_log
from secondlook.gallery import Gallery, HomeKey

COLLINS = "Eileen Collins"
LEAN = ("--quiet", "--threads", "1")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gallery of made-up people in a home of its own."""
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SECONDLOOK_PASSPHRASE", "correct horse battery")
    monkeypatch.setattr("secondlook.custody.key_export._N", 2**4)
    with Gallery.create(tmp_path / "g", pack=PACK, dimension=D, key=HomeKey()) as gallery:
        for name, seeds in PEOPLE.items():
            gallery.enrol(name, [new(name, seed) for seed in seeds], PACK)
    return tmp_path / "g"


def lines(gallery: Path) -> list[Line]:
    return list(read_log(gallery / "log"))


def ids(gallery: Path) -> dict[str, str]:
    with Gallery.open(gallery) as opened:
        return {subject.name: subject.id for subject in opened.subject_list()}


# Who touches a gallery writes to its log


@pytest.fixture(scope="module")
def enrolled_collins(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A gallery made by the command, and a picture of the same person."""
    folder = tmp_path_factory.mktemp("collins")
    portrait = Image.fromarray(astronaut()).crop((100, 0, 360, 300))
    (folder / "people" / COLLINS).mkdir(parents=True)
    portrait.save(folder / "people" / COLLINS / "1.png")
    Image.fromarray(np.full((99, 99, 3), 120, np.uint8)).save(folder / "people" / "Nobody.png")
    portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "crowd.png")
    said = secondlook("enrol", folder / "people", "--gallery", folder / "g", "--pack", "dlib-resnet", *LEAN)
    assert said.status == 0, said.err
    return folder / "g", folder / "crowd.png"


def test_enrolling_and_finding_are_recorded(enrolled_collins: tuple[Path, Path], tmp_path: Path) -> None:
    gallery, crowd = enrolled_collins
    (first,) = lines(gallery)
    assert (first.entry.action, first.entry.object) == ("enrol", (ids(gallery)[COLLINS],))
    assert first.entry.actor.startswith("os:") and first.entry.details["enrolled"] == 1
    find = ("find", crowd, "--gallery", gallery, *LEAN)
    assert secondlook(*find, "--out", tmp_path / "a", "--purpose", "missing child", "--case", "2026-17").status == 0
    found = lines(gallery)[-1].entry
    assert (found.action, found.purpose, found.case) == ("search", "missing child", "2026-17")
    assert dict(found.details) == {"sources": 1, "subjects": 1, "fpir": 0.003, "start": "new"}

    said = secondlook("log", "require", gallery, "--purpose", "--case")
    assert said.status == 0 and "purpose required, case number required" in said.out
    assert (
        "needs a purpose (--purpose) and a case number (--case)" in secondlook(*find, "--out", tmp_path / "b").complaint
    )
    assert "needs a case number" in secondlook(*find, "--out", tmp_path / "b", "--purpose", "why").complaint
    named = secondlook(*find, "--out", tmp_path / "b", "--purpose", f"find {COLLINS.lower()}", "--case", "1")
    assert "state the purpose and the case without names" in named.complaint
    assert not (tmp_path / "b").exists()
    assert secondlook("log", "require", gallery, "--no-case").status == 0
    assert "purpose required, case number optional" in secondlook("log", "require", gallery).out
    assert secondlook(*find, "--out", tmp_path / "b", "--purpose", "why", "--threshold", "0.9").status == 0
    kinds = [line.entry.action.value for line in lines(gallery)]
    assert kinds == ["enrol", "search", "setting", "setting", "search"]
    assert lines(gallery)[-1].entry.details["threshold"] == 0.9
    assert secondlook("gallery", "re-embed", gallery, "--pack", "dlib-resnet", *LEAN).status == 0
    assert lines(gallery)[-1].entry.action == "re_embed" and lines(gallery)[-1].entry.details["references"] == 1
    for name in (COLLINS, "crowd.png"):
        assert name.encode() not in (gallery / "log" / "entries.jsonl").read_bytes()
    assert secondlook("log", "verify", gallery).status == 0


def test_a_search_that_cannot_be_recorded_is_not_made(
    enrolled_collins: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery, crowd = enrolled_collins

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("secondlook.custody.appending.Appender._written", full)
    said = secondlook("find", crowd, "--gallery", gallery, "--out", tmp_path / "a", "--purpose", "why", *LEAN)
    assert "nothing is done without a record" in said.complaint and not (tmp_path / "a").exists()


def test_changes_are_recorded_by_ids(own: Path) -> None:
    before = ids(own)
    assert secondlook("gallery", "rename", own, ADA, "A. Lovelace").status == 0
    assert secondlook("gallery", "merge", own, "A. Lovelace", GRACE).status == 0
    assert secondlook("gallery", "remove", own, MARY).status == 0
    for words in (("rename", own, "Nobody", "x"), ("merge", own, "A. Lovelace", "Nobody"), ("remove", own, "Nobody")):
        assert "no subject 'Nobody'" in secondlook("gallery", *words).complaint
    told = [(line.entry.action.value, line.entry.object) for line in lines(own)]
    ada, grace, mary = before[ADA], before[GRACE], before[MARY]
    assert told == [("rename", (ada,)), ("merge", (ada, grace)), ("remove", (mary,))]


# The log


def test_verify_tells_where_and_fails(own: Path, tmp_path: Path) -> None:
    assert "There is no log in" in secondlook("log", "verify", own).complaint
    for name in ("A", "B", ADA):
        secondlook("gallery", "rename", own, {"A": ADA, "B": "A", ADA: "B"}[name], name)
    head = secondlook("log", "head", own)
    assert head.status == 0 and head.err.startswith("Entry 3; key ")
    (tmp_path / "w.json").write_text(head.out)
    said = secondlook("log", "verify", own, "--witness", tmp_path / "w.json")
    assert (
        said.status == 0 and "3 entries" in said.out and "compared with the head beside the signing key and" in said.out
    )
    key = head.err.split("key ")[1].strip(".\n")
    assert f"Key {key}." in said.out, "the same fingerprint to compare"
    whole = secondlook("log", "verify", own, "--json").json
    assert whole["whole"] is True and whole["entries"] == 3
    file = own / "log" / "entries.jsonl"
    content = file.read_bytes()
    file.write_bytes(content.replace(b'"rename"', b'"search"', 1))
    said = secondlook("log", "verify", own)
    assert said.status == 1 and "Line 1 of entries.jsonl is not what was written" in said.out
    file.write_bytes(b"".join(content.splitlines(keepends=True)[:2]))
    said = secondlook("log", "verify", own, "--json")
    assert said.status == 1 and said.json["findings"][0]["kind"] == "truncated" and said.json["whole"] is False
    assert "holds no signed head" in secondlook("log", "verify", own, "--witness", own / "log" / "log.json").complaint


def test_a_copy_elsewhere_is_verified_with_what_is_there(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secondlook("gallery", "rename", own, ADA, "A")
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "elsewhere"))
    said = secondlook("log", "verify", own)
    assert said.status == 0 and "compared with nothing" in said.out and "fingerprint" in said.out
    assert "signing key" in secondlook("log", "head", own).complaint


def test_show_chooses(own: Path, tmp_path: Path) -> None:
    secondlook("gallery", "rename", own, ADA, "A")
    secondlook("gallery", "remove", own, "A")
    said = secondlook("log", "show", own)
    assert said.status == 0 and len(said.out.splitlines()) == 2 and said.out.startswith("1  2")
    assert len(secondlook("log", "show", own, "--action", "remove").out.splitlines()) == 1
    assert secondlook("log", "show", own, "--since", "2999-01-01").out == ""
    assert secondlook("log", "show", own, "--actor", "os:nobody-here").out == ""
    (one,) = secondlook("log", "show", own, "--action", "rename", "--json").json
    assert one["seq"] == 1 and one["action"] == "rename" and len(one["object"]) == 1
    assert len(secondlook("log", "show", own, "--object", one["object"][0], "--json").json) == 2
    data = tmp_path / "data"
    data.mkdir()
    own.rename(data / "gallery")
    assert len(secondlook("log", "show", data).out.splitlines()) == 2, "a service's data folder"


# Erase, back up, restore


def test_erase_backup_and_restore(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Gallery.open(own) as gallery:
        before = answers(gallery)
    backups = tmp_path / "backups"
    backups.mkdir()
    said = secondlook("backup", own, backups / "b.tar", "--keys", backups / "b.keys", "--quiet")
    assert said.status == 0 and "b.tar: 3 files" in said.out and "Keep it apart" in said.out
    assert "there already" in secondlook("backup", own, backups / "b.tar").complaint
    assert "there already" in secondlook("backup", own, backups / "c.tar", "--keys", backups / "b.keys").complaint
    assert secondlook("backup", own, backups / "c.tar", "--json").json["galleries"]

    home = tmp_path / "home"
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "elsewhere"))
    restored = secondlook("restore", backups / "b.tar", tmp_path / "h", "--keys", backups / "b.keys")
    assert restored.status == 0 and "3 files of the backup of" in restored.out, restored.err
    with Gallery.open(tmp_path / "h") as gallery:
        assert answers(gallery) == before
    assert secondlook("log", "verify", tmp_path / "h").status == 0
    monkeypatch.setenv("SECONDLOOK_PASSPHRASE", "something else")
    wrong = secondlook("restore", backups / "b.tar", tmp_path / "i", "--keys", backups / "b.keys")
    assert "passphrase does not open" in wrong.complaint and not (tmp_path / "i").exists()
    monkeypatch.setenv("SECONDLOOK_HOME", str(home))

    refused = secondlook("erase", GRACE, "--gallery", own, "--purpose", f"{GRACE} asked")
    assert "without names" in refused.complaint
    words = ("erase", GRACE, "--gallery", own, "--backups", backups, "--data", tmp_path / "data", "--case", "17")
    said = secondlook(*words, "--quiet")
    assert said.status == 0, said.out
    for sentence in (f"{GRACE} is erased", "2 backups written anew", "1 keys in files of exported keys", "Receipt: "):
        assert sentence in said.out
    receipt = Path(said.out.split("Receipt: ")[1].strip())
    assert json.loads(receipt.read_text())["case"] == "17" and GRACE not in receipt.read_text()
    assert "There is no subject" in secondlook(*words).complaint
    again = secondlook("restore", backups / "c.tar", tmp_path / "j")
    assert again.status == 0
    with Gallery.open(tmp_path / "j") as gallery:
        assert {s.name for s in gallery.subject_list()} == {ADA, MARY} and gallery.blinded == 0
    kinds = [line.entry.action.value for line in lines(own)]
    assert kinds == ["backup", "backup", "erase", "erase"]
    assert secondlook("log", "verify", own).status == 0


def test_an_erased_subject_in_an_old_backup_is_not_restored(own: Path, tmp_path: Path) -> None:
    assert secondlook("backup", own, tmp_path / "b.tar", "--keys", tmp_path / "b.keys", "--quiet").status == 0
    assert secondlook("erase", GRACE, "--gallery", own, "--quiet").status == 0
    said = secondlook("restore", tmp_path / "b.tar", tmp_path / "h", "--keys", tmp_path / "b.keys", "--json")
    assert said.json["erased"] == 1
    said = secondlook("restore", tmp_path / "b.tar", tmp_path / "i")
    assert "1 subjects that were erased since are not in it" in said.out
    with Gallery.open(tmp_path / "h") as gallery:
        assert {s.name for s in gallery.subject_list()} == {ADA, MARY}


def test_what_is_left_is_listed_and_fails(own: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "notes.txt").write_text(f"called {GRACE} on Monday")
    (tmp_path / "data" / "old.npy").write_bytes(unit(1).astype(np.float16).tobytes())
    (tmp_path / "data" / "sealed.7z").write_bytes(b"7z\xbc\xaf\x27\x1c and more")
    said = secondlook("erase", GRACE, "--gallery", own, "--data", tmp_path / "data", "--quiet")
    assert said.status == 1
    assert f"FOUND: name, UTF-8 in {tmp_path / 'data' / 'notes.txt'} from byte 7 (1 times)." in said.out
    assert "FOUND: template, float16 little-endian" in said.out
    assert f"NOT LOOKED AT: {tmp_path / 'data' / 'sealed.7z'}, which is packed with 7z" in said.out
    assert "Remove by hand what is listed" in said.out


def test_restore_refuses_in_one_sentence(own: Path, tmp_path: Path) -> None:
    (tmp_path / "no.tar").write_bytes(b"no tar at all")
    assert "is no whole backup" in secondlook("restore", tmp_path / "no.tar", tmp_path / "h").complaint
    assert secondlook("backup", own, tmp_path / "b.tar", "--quiet").status == 0
    assert "not an empty folder" in secondlook("restore", tmp_path / "b.tar", own).complaint
    assert "no gallery and no log" in secondlook("backup", tmp_path / "home", tmp_path / "c.tar").complaint
