"""A gallery in a real PostgreSQL: what is different there from a folder."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection, make_url

from postgres_server import PASSWORD, Server, running, standby_of
from secondlook.errors import (
    ExtraMissing,
    GalleryError,
    GalleryLocked,
    GalleryMissing,
    GalleryVersion,
    OutputError,
    SecondLookError,
    SubjectErased,
)
from secondlook.gallery import ById, Gallery, KeyFile
from secondlook.gallery.addresses import address
from secondlook.gallery.founding import folder_of, is_there
from secondlook.gallery.keyserver import KeyServer
from secondlook.gallery.sites import SUBJECT_KEYS
from service_samples import PACK, D, unit
from service_samples import reference as new


@pytest.fixture
def at(postgres: Server) -> str:
    """The address of a new schema."""
    return postgres.address()


@pytest.fixture
def key(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys" / "k.key")


@pytest.fixture
def gallery(at: str, key: KeyFile) -> Iterator[Gallery]:
    with Gallery.create(at, pack=PACK, dimension=D, key=key) as made:
        made.enrol("Ann", [new(1), new(2)], PACK)
        yield made


@pytest.fixture(scope="module")
def key_server() -> Iterator[Server]:
    """Another PostgreSQL, with files of its own."""
    with running() as server:
        yield server


class Sql:
    """Statements of somebody else's, each committed at once."""

    def __init__(self, place: str) -> None:
        self._url = make_url(place).difference_update_query(["schema"]).set(drivername="postgresql+psycopg")
        self.schema = str(make_url(place).query["schema"])

    def connect(self) -> Connection:
        connection = create_engine(self._url, isolation_level="AUTOCOMMIT").connect()
        connection.execute(text(f'SET search_path = "{self.schema}"'))
        return connection

    def run(self, statement: str) -> None:
        with self.connect() as connection:
            connection.execute(text(statement))
            connection.engine.dispose()


# Addresses


def test_an_address_is_told_from_a_folder_and_shows_no_password() -> None:
    where = address("postgresql://ann:secret@db.example:5433/people?schema=staff&sslmode=verify-full")
    assert where is not None and where.schema == "staff"
    assert str(where) == "postgresql://ann@db.example:5433/people?schema=staff&sslmode=verify-full"
    assert "secret" not in repr(where) and where.url.password == "secret"
    assert address("postgres://db/people") == address("postgresql+psycopg://db/people")
    assert str(address("postgresql://db/people")) == "postgresql://db/people"
    for folder in ("staff.gallery", "/srv/postgresql", "postgresql", Path("postgresql:/x"), "sqlite:///x.db"):
        assert address(folder) is None


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:hush@db",
        "postgresql+asyncpg://u:hush@db/x",
        "postgresql://u:hush@db/x?password=hush",
        "postgresql://u:hush@db/x?options=-c%20role%3Dhush",
        "postgresql://u:hush@db/x?schema=Staff",
        "postgresql://u:hush@db/x?schema=a&schema=b",
        'postgresql://u:hush@db/x?schema=a"b',
        "postgresql://u:hush@db/x?schema=pg_catalog",
        "postgresql://u:hush@db:port/x",
        "postgresql:u:hush@db/x",
    ],
)
def test_what_is_no_address_is_said_without_repeating_it(text: str) -> None:
    with pytest.raises(GalleryError) as caught:
        Gallery.open(text)
    assert "hush" not in "".join(traceback.format_exception(caught.value))
    assert str(caught.value).endswith(".")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=8))
def test_no_password_is_ever_shown(password: str) -> None:
    url = make_url("postgresql://db.example/people").set(username="u", password=password)
    where = address(url.render_as_string(hide_password=False))
    assert where is not None and where.url.password == password
    assert password not in str(where) and password not in repr(where)


# Errors


def test_what_goes_wrong_is_one_sentence_without_the_password(at: str, key: KeyFile, postgres: Server) -> None:
    with pytest.raises(GalleryMissing, match="There is no gallery in postgresql://tester@"):
        Gallery.open(at, key=key)
    assert not is_there(at)
    Gallery.create(at, pack=PACK, dimension=D, key=key).close()
    assert is_there(at)
    other = postgres.address()
    Sql(other).run(f'CREATE SCHEMA "{Sql(other).schema}"')
    Sql(other).run("CREATE TABLE guests (id int)")
    tries = {
        "already: open it": lambda: Gallery.create(at, pack=PACK, dimension=D, key=key),
        "There are tables in": lambda: Gallery.create(other, pack=PACK, dimension=D, key=key),
        "There is no gallery in": lambda: Gallery.open(other, key=key),
        'database "nowhere" does not exist': lambda: Gallery.open(at.replace("/postgres?", "/nowhere?"), key=key),
        "password authentication failed": lambda: Gallery.open(at.replace("tester:", "other:"), key=key),
        "cannot be reached": lambda: Gallery.open(at.replace(f":{postgres.port}/", ":1/"), key=key),
        "does not open": lambda: Gallery.open(at, key=KeyFile(_other_key(key))),
        "name it with --key-file": lambda: Gallery.open(at),
    }
    for words, wrong in tries.items():
        with pytest.raises(SecondLookError, match=words) as caught:
            wrong()
        assert PASSWORD not in "".join(traceback.format_exception(caught.value))
        assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def _other_key(key: KeyFile) -> Path:
    other = replace(key, path=key.path.with_name("other.key"))
    other.make("")
    other.subjects_file("").write_bytes(key.subjects_file("").read_bytes())
    return other.path


def test_a_schema_that_was_made_before_and_is_empty_will_do(at: str, key: KeyFile) -> None:
    Sql(at).run(f'CREATE SCHEMA "{Sql(at).schema}"')
    with Gallery.create(at, pack=PACK, dimension=D, key=key) as gallery:
        assert gallery.subjects == 0


def test_of_two_who_make_it_at_once_one_is_refused(at: str, key: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secondlook.gallery.sites.ServerSite.refuse_taken", lambda site: None)
    said: list[object] = []
    start = threading.Barrier(3)

    def create() -> None:
        start.wait(60)
        try:
            said.append(Gallery.create(at, pack=PACK, dimension=D, key=key))
        except GalleryError as error:
            said.append(error)

    threads = [threading.Thread(target=create) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [one for one in said if isinstance(one, Gallery)]
    assert len(made) == 1 and len(said) == 3
    with made[0] as gallery, Gallery.open(at, key=key) as again:
        assert gallery.id == again.id


@pytest.mark.parametrize(("version", "words"), [(99, "a newer"), (0, "an older")])
def test_another_version_is_said(gallery: Gallery, at: str, key: KeyFile, version: int, words: str) -> None:
    Sql(at).run(f"UPDATE meta SET schema_version = {version}")
    with pytest.raises(GalleryVersion, match=words):
        Gallery.open(at, key=key)


def test_a_driver_that_is_not_installed_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(ExtraMissing, match=r"secondlook\[postgres\]"):
        Gallery.open("postgresql://db/people")


# The server


def test_a_server_that_lost_the_connections_is_asked_again(gallery: Gallery, at: str) -> None:
    assert gallery.search(unit(1), PACK)[0].subject == "Ann"
    _hang_up(at)
    assert gallery.search(unit(1), PACK)[0].subject == "Ann"
    _hang_up(at)
    gallery.enrol("Bob", [new(3)], PACK)
    assert gallery.subjects == 2


def test_a_connection_lost_in_the_middle_changes_nothing_and_is_said(gallery: Gallery, at: str) -> None:
    gallery.search(unit(1), PACK)
    cut = gallery.witnessed(lambda: _hang_up(at))
    with pytest.raises(OutputError, match="was lost while it was used") as caught:
        cut.enrol("Bob", [new(3)], PACK)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    assert [one.name for one in gallery.subject_list()] == ["Ann"]
    assert gallery.enrol("Bob", [new(3)], PACK) != (None,)
    assert gallery.search(unit(3), PACK, 1)[0].subject == "Bob"


def _hang_up(place: str) -> None:
    """On everybody of this test's: connections are known by what they last did in its schema."""
    mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'tester'"
    Sql(place).run(mine)


def test_a_writer_waits_for_another_and_then_says_so(
    gallery: Gallery, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secondlook.gallery.postgres._WRITER", "SET LOCAL lock_timeout = '100ms'")
    with Sql(at).connect() as other:
        other.execute(text("BEGIN"))
        other.execute(text("SELECT * FROM meta FOR UPDATE"))
        with pytest.raises(OutputError, match="being written by another program"):
            gallery.enrol("Bob", [new(3)], PACK)
        assert gallery.search(unit(1), PACK)[0].subject == "Ann", "nobody waits to search"
        other.execute(text("COMMIT"))
    gallery.enrol("Bob", [new(3)], PACK)
    assert gallery.subjects == 2


def test_a_right_that_is_missing_is_said(gallery: Gallery, at: str, postgres: Server, key: KeyFile) -> None:
    sql = Sql(at)
    reader = f"reader_{sql.schema[2:20]}"
    sql.run(f"CREATE ROLE {reader} LOGIN PASSWORD '{PASSWORD}'")
    sql.run(f'GRANT USAGE ON SCHEMA "{sql.schema}" TO {reader}')
    sql.run(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{sql.schema}" TO {reader}')
    with Gallery.open(at.replace("tester:", f"{reader}:"), key=key) as theirs:
        assert theirs.search(unit(1), PACK)[0].subject == "Ann"
        with pytest.raises(OutputError, match="does not allow this"):
            theirs.enrol("Bob", [new(3)], PACK)


def test_a_standby_answers_and_takes_no_changes(gallery: Gallery, at: str, postgres: Server, key: KeyFile) -> None:
    with standby_of(postgres) as standby:
        copy = at.replace(f":{postgres.port}/", f":{standby.port}/")
        with Gallery.open(copy, key=key) as theirs:
            assert theirs.search(unit(1), PACK)[0].subject == "Ann"
            for change in (lambda: theirs.enrol("Bob", [new(3)], PACK), lambda: theirs.remove("Ann")):
                with pytest.raises(OutputError, match="name the primary server"):
                    change()
            assert theirs.blinded == 0, "no key was dropped either"


def test_a_reader_sees_one_state_while_others_write(gallery: Gallery) -> None:
    with gallery._database.reading() as session:
        count = text("SELECT count(*) FROM subjects")
        assert session.scalar(count) == 1
        gallery.enrol("Bob", [new(3)], PACK)
        assert session.scalar(count) == 1
    with gallery._database.reading() as session:
        assert session.scalar(count) == 2


def test_what_is_acknowledged_is_on_the_disk_whatever_the_users_default(
    gallery: Gallery, at: str, key: KeyFile
) -> None:
    Sql(at).run("ALTER ROLE tester SET synchronous_commit = off")
    try:
        with Gallery.open(at, key=key) as again:
            show = text("SHOW synchronous_commit")
            with again._database.reading() as session:
                assert session.scalar(show) == "off"
            with again._database.writing() as session:
                assert session.scalar(show) == "on"
    finally:
        Sql(at).run("ALTER ROLE tester RESET synchronous_commit")


# What lies where


def test_no_template_no_name_and_no_key_lies_in_the_server_in_clear(
    gallery: Gallery, at: str, postgres: Server, key: KeyFile
) -> None:
    known = gallery.known(gallery.subject_id("Ann"))
    Sql(at).run("CHECKPOINT")
    files = b"".join(file.read_bytes() for file in sorted(postgres.folder.rglob("*")) if file.is_file())
    wrapped = known.sealed[-1]
    assert known.sealed[0] in files, "what is looked for is there: the sealed name"
    assert wrapped in key.subjects_file("").read_bytes()
    for never in (wrapped, wrapped.hex().encode(), unit(1).tobytes(), unit(1).tobytes().hex().encode(), b"crop 1"):
        assert never not in files
    gallery.remove("Ann")
    assert wrapped not in key.subjects_file("").read_bytes()


def test_files_that_belong_to_it_lie_in_this_hosts_home(gallery: Gallery, at: str, own_home: Path) -> None:
    assert gallery.folder == folder_of(at) == own_home / "galleries" / gallery.id
    assert gallery.place == at.replace(f":{PASSWORD}", "")
    (sentence,) = gallery.out_of_sight
    assert "write-ahead log" in sentence and PASSWORD not in sentence
    with Gallery.in_memory(PACK, D) as other, pytest.raises(GalleryError, match="No file belongs"):
        _ = other.folder


# Keys in a server of their own


@pytest.fixture
def keys_at(key_server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    place = key_server.address()
    monkeypatch.setenv(SUBJECT_KEYS, place)
    return place


def test_keys_in_another_server_serve_every_host(
    at: str, keys_at: str, key: KeyFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = KeyFile(tmp_path / "other host" / "k.key")
    with Gallery.create(at, pack=PACK, dimension=D, key=key) as here:
        here.enrol("Ann", [new(1)], PACK)
        assert not key.subjects_file("").exists()
        elsewhere.path.parent.mkdir()
        elsewhere.path.write_bytes(key.path.read_bytes())
        with Gallery.open(at, key=elsewhere) as there:
            there.enrol("Bob", [new(2)], PACK)
            assert here.search(unit(2), PACK, 1)[0].subject == "Bob" and here.blinded == 0
            bob = there.subject_id("Bob")
            there.remove("Bob")
            assert [one.name for one in here.subject_list()] == ["Ann"]
            with pytest.raises(SubjectErased):
                here.enrol(ById(bob, "Bob"), [new(2)], PACK)
            there.merge("Ann", ById(_made(there, "Anna"), "Anna"))
            assert [one.name for one in here.subject_list()] == ["Ann"]
        assert [file for file in here.files if file.exists()] == []
        _, sentence = here.out_of_sight
        assert PASSWORD not in sentence and "keeps the subjects' keys" in sentence
    monkeypatch.delenv(SUBJECT_KEYS)
    with pytest.raises(GalleryLocked, match="name the server that keeps them in SECONDLOOK_SUBJECT_KEYS"):
        Gallery.open(at, key=key)


def _made(gallery: Gallery, name: str) -> str:
    gallery.enrol(name, [new(7)], PACK)
    return gallery.subject_id(name)


def test_keys_in_the_gallerys_own_server_are_refused(
    at: str, key: KeyFile, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SUBJECT_KEYS, postgres.address())
    with pytest.raises(GalleryLocked, match="name another server"):
        Gallery.create(at, pack=PACK, dimension=D, key=key)
    assert not is_there(at)


def test_a_server_with_other_galleries_keys_blinds_nobody(
    at: str, keys_at: str, key: KeyFile, postgres: Server, key_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Gallery.create(at, pack=PACK, dimension=D, key=key) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
    other = key_server.address()
    monkeypatch.setenv(SUBJECT_KEYS, other)
    with pytest.raises(GalleryLocked, match="keeps no keys of the gallery"):
        Gallery.open(at, key=key)
    Gallery.create(postgres.address(), pack=PACK, dimension=D, key=key).close()
    with pytest.raises(GalleryLocked, match="keeps no keys of the gallery"):
        Gallery.open(at, key=key)
    monkeypatch.setenv(SUBJECT_KEYS, "keys.db")
    with pytest.raises(GalleryError, match="is no address"):
        Gallery.open(at, key=key)


def test_a_key_server_is_a_key_store(key_server: Server) -> None:
    where = address(key_server.address())
    assert where is not None
    one, other = KeyServer.create(where, "a" * 32), KeyServer.create(where, "b" * 32)
    one.keep_all({"x": b"1", "y": b"2"})
    other.keep("x", b"3")
    one.keep_all({})
    assert one.everything() == {"x": b"1", "y": b"2"} and other.find("x") == b"3"
    with pytest.raises(SecondLookError):
        one.keep_all({"z": b"4", "x": b"5"})
    assert one.find("z") is None and one.find("x") == b"1", "all or none"
    assert one.index_key("a" * 32) is None and one.keep_index_key("a" * 32, b"7") == b"7"
    assert one.keep_index_key("a" * 32, b"8") == one.index_key("a" * 32) == b"7"
    other.keep_index_key("b" * 32, b"9")
    one.drop("x")
    one.drop("x")
    assert (one.index_key("a" * 32), other.index_key("b" * 32)) == (None, b"9"), "an index may hold whoever is erased"
    other.drop_index_key("b" * 32)
    other.drop_index_key("b" * 32)
    assert other.index_key("b" * 32) is None
    assert (one.find("x"), other.find("x"), one.dropped(), other.dropped()) == (None, b"3", {"x"}, frozenset())
    with pytest.raises(SubjectErased, match="take a new one"):
        one.keep("x", b"6")
    one.close()
    other.close()
