"""The service's tables in a real PostgreSQL, and how they come to be on either database."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select

from postgres_server import PASSWORD, SERVICES, Server
from secondlook.custody.recording import gallery_log
from secondlook.errors import Conflict, GalleryVersion, Invalid, OutputError
from secondlook.server.actors import Actor, Role
from secondlook.server.acts.erasing import erase_subject
from secondlook.server.database import Database, database_of
from secondlook.server.folder import DataFolder
from secondlook.server.migrations.running import config, current
from secondlook.server.offline import FolderRemover, is_service
from secondlook.server.rows import AccountRow, Row, SettingRow
from secondlook.server.service import NO_REASON, Service, gallery_of
from service_samples import service_in

BOSS = Actor("0" * 32, "made for the test", Role.ADMIN)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        made = Database.on_disk(tmp_path / "service.db")
    else:
        made = Database.on_server(request.getfixturevalue("postgres").address())
    yield made
    made.close()


@pytest.fixture
def service(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """With its tables and its gallery in PostgreSQL."""
    monkeypatch.setenv(SERVICES, postgres.address().partition("?")[0])
    with service_in(tmp_path) as made:
        yield made


def test_the_steps_lead_to_the_tables_that_the_code_knows_and_back(database: Database) -> None:
    database.upgrade()
    database.upgrade()
    assert current(database.engine) is not None
    with database.reading() as session:
        connection = session.connection()
        assert set(inspect(connection).get_table_names()) == set(Row.metadata.tables) | {"alembic_version"}
        compared = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(compared, Row.metadata) == []
    steps = config()
    with database._writer.begin() as connection:
        steps.attributes["connection"] = connection
        command.downgrade(steps, "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
    database.upgrade()
    with database.reading() as session:
        assert session.scalars(select(AccountRow)).all() == []


def test_tables_of_a_newer_version_are_left_alone(database: Database) -> None:
    database.upgrade()
    with database._writer.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(GalleryVersion, match="newer"):
        database.upgrade()


def test_what_is_looked_up_before_a_change_is_still_true_at_its_end(database: Database) -> None:
    """On either database: whoever counts on what was read would otherwise count one too few."""
    database.upgrade()
    with database.writing() as session:
        session.add(SettingRow(name="count", value={"n": 0}))

    def work() -> None:
        for _ in range(20):
            with database.writing() as session:
                row = session.get_one(SettingRow, "count")
                row.value = {"n": row.value["n"] + 1}

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.get_one(SettingRow, "count").value == {"n": 80}


def test_a_row_that_must_be_there_once_is_a_conflict(database: Database) -> None:
    database.upgrade()
    with database.writing() as session:
        session.add(SettingRow(name="one", value={}))
    with pytest.raises(Conflict), database.writing() as session:
        session.add(SettingRow(name="one", value={}))


def test_a_folder_remembers_its_database_and_its_gallery_without_the_password(postgres: Server, tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.make()
    at, gallery = postgres.address(), postgres.address()
    database_of(folder, at).close()
    assert gallery_of(folder, gallery) == gallery
    assert is_service(folder.root)
    shown = at.replace(f":{PASSWORD}", "")
    assert database_of(folder).place == database_of(folder, at).place == shown
    assert gallery_of(folder) == gallery.replace(f":{PASSWORD}", "")
    assert PASSWORD not in "".join(file.read_text() for file in folder.root.iterdir() if file.is_file())
    for other in (postgres.address(), "service.db"):
        with pytest.raises(Invalid) as caught:
            database_of(folder, other)
        assert PASSWORD not in str(caught.value)
        with pytest.raises(Invalid):
            gallery_of(folder, other)
    files = DataFolder(tmp_path / "files")
    files.make()
    Database.on_disk(files.database).upgrade()
    with pytest.raises(Invalid, match="already"):
        database_of(files, at)


def test_one_service_at_a_time_works_with_a_schema(postgres: Server) -> None:
    at = postgres.address()
    one, other, third = Database.on_server(at), Database.on_server(at), Database.on_server(postgres.address())
    for database in (one, third):
        database.upgrade()
        database.hold()
    with pytest.raises(Conflict, match="works with postgresql://tester@") as caught:
        other.hold()
    assert PASSWORD not in str(caught.value)
    one.close()
    other.hold()
    for database in (other, third):
        database.close()


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    database = Database.on_server(f"postgresql://u:{PASSWORD}@127.0.0.1:1/x")
    with pytest.raises(OutputError, match="cannot be reached") as caught, database.reading() as session:
        session.scalar(select(AccountRow.id))
    assert PASSWORD not in str(caught.value)


def test_an_erasure_says_what_it_could_not_look_through(service: Service) -> None:
    service.log = gallery_log(service.gallery)
    gone = service.gallery.subject_id("Person 1")
    done = erase_subject(service, BOSS, gone, NO_REASON)
    assert not done.complete and done.receipt["searched"]["found"] == []
    rows, tables = done.receipt["notes"]
    assert "backups of the server" in rows and "service's tables" in tables
    assert PASSWORD not in str(done.receipt)


def test_somebody_is_erased_from_its_tables_while_nobody_serves(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    remover = FolderRemover(service.folder.root)
    assert [one.count for one in remover.remove("0" * 32)] == [0, 0]
    (sentence,) = remover.out_of_sight
    assert "service's tables" in sentence


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_the_services_own_tests_pass_with_it(postgres: Server) -> None:
    """Those of acts, API, jobs and reviews, which otherwise keep their tables in files; without those on the files."""
    here = Path(__file__).parent
    others = (Path(__file__), here / "test_server_offline.py")
    files = [file for file in sorted(here.glob("test_server_*.py")) if file not in others]
    on_files = "not a_changed_entry_is_found and not erased_is_erased and not a_receipt_is_given_over_http"
    environment = {**os.environ, SERVICES: postgres.address().partition("?")[0]}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not prove", "-k", on_files, *map(str, files)],
        env=environment, cwd=here.parent.parent, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
