"""The commands on a gallery in PostgreSQL: named by its address, whose password is said nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import Said, secondlook
from postgres_server import PASSWORD, Server
from secondlook.custody.receipts import check_receipt
from secondlook.gallery import Gallery, HomeKey
from service_samples import PACK, D
from service_samples import reference as new


@pytest.fixture
def at(postgres: Server) -> Iterator[str]:
    place = postgres.address()
    with Gallery.create(place, pack=PACK, dimension=D, key=HomeKey()) as gallery:
        gallery.enrol("Ann Arbor", [new(1), new(2)], PACK)
        gallery.enrol("Bob", [new(3)], PACK)
    yield place


def run(*words: str | Path) -> Said:
    said = secondlook(*words)
    assert PASSWORD not in said.out + said.err
    return said


def test_people_are_listed_renamed_merged_and_removed(at: str) -> None:
    assert [one["subject"] for one in run("gallery", "list", at, "--json").json["subjects"]] == ["Ann Arbor", "Bob"]
    assert run("gallery", "rename", at, "Bob", "Robert").status == 0
    assert len(run("gallery", "show", at, "Robert", "--json").json) == 1
    assert run("gallery", "merge", at, "Ann Arbor", "Robert").status == 0
    assert run("gallery", "remove", at, "Ann Arbor").status == 0
    assert run("gallery", "list", at, "--json").json["subjects"] == []
    done = [line["action"] for line in run("log", "show", at, "--json").json]
    assert done == ["rename", "merge", "remove"]
    assert run("log", "verify", at, "--json").json["whole"] is True


def test_a_purpose_can_be_asked_for(at: str, tmp_path: Path) -> None:
    assert "purpose required" in run("log", "require", at, "--purpose").out
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(b"none")
    assert "needs a purpose" in run("find", picture, "--gallery", at, "--out", tmp_path / "out").complaint
    assert "purpose required" in run("log", "require", at).out


def test_an_erasure_says_what_it_could_not_look_through(at: str) -> None:
    said = run("erase", "Ann Arbor", "--gallery", at, "--json")
    assert said.status == 1, "not all could be looked at"
    receipt = said.json
    assert receipt["complete"] is False and receipt["searched"]["found"] == []
    (note,) = receipt["notes"]
    assert "backups of the server" in note and at.replace(f":{PASSWORD}", "") in note
    with Gallery.open(at) as gallery:
        assert [one.name for one in gallery.subject_list()] == ["Bob"]
        (file,) = (gallery.folder / "log" / "receipts").iterdir()
        fields = check_receipt(file.read_bytes(), str(file))
        everything = b"".join(one.read_bytes() for one in gallery.folder.rglob("*") if one.is_file())
    assert PASSWORD.encode() not in everything and fields["notes"] == [note]
    told = run("erase", "Bob", "--gallery", at)
    assert told.status == 1 and "as far as could be looked for" in " ".join(told.out.split())


def test_a_backup_is_the_servers_own(at: str, tmp_path: Path) -> None:
    assert "pg_dump" in run("backup", at, tmp_path / "b.tar").complaint
    assert not (tmp_path / "b.tar").exists()
    assert "pg_dump" in run("restore", tmp_path / "b.tar", at).complaint


def test_what_is_no_gallery_is_one_sentence(at: str) -> None:
    other = at.replace("?schema=", "?schema=x")
    assert "There is no gallery in postgresql://" in run("gallery", "list", other).complaint
    assert "There is no gallery in postgresql://" in run("log", "verify", other).complaint
    assert "takes no 'password'" in run("gallery", "list", at + "&password=" + PASSWORD).complaint
    assert json.dumps(PASSWORD) not in run("gallery", "list", at, "--key-file", "nowhere.key").complaint
