"""A service's folder from the command line: somebody erased, a backup restored without whoever was erased since."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text

from command import secondlook
from secondlook.custody.recording import gallery_log
from secondlook.errors import BackupVersion
from secondlook.report.record import SightingRecord
from secondlook.server import clock
from secondlook.server.acts.keeping import Seen, keep_sightings
from secondlook.server.database import Database
from secondlook.server.offline import check_service, clean_service
from secondlook.server.rows import SightingRow
from secondlook.server.service import Service, Why
from secondlook.types import Candidate, Decision, Grounds, Outcome
from service_samples import PACK, QUALITY, picture, service_in


def seen(service: Service, *people: int) -> None:
    for number in people:
        decision = Decision(Outcome.CANDIDATE, Grounds("A candidate."), (Candidate(f"Person {number}", 7, 0.9, 1),))
        id_ = f"{number:016x}"
        record = SightingRecord(id_, "s", 3, 1.0, (1, 2, 30, 40), 1, 1.0, 2.0, 9, 0.9, QUALITY, decision, PACK)
        with service.database.writing() as session:
            made = [Seen(record, picture(99))]
            keep_sightings(service, session, "search:1", made, searched_by=None, why=Why("x"), seen_at=clock.now())


def whose(data: Path) -> int:
    database = Database.on_disk(data / "service.db")
    try:
        with database.reading() as session:
            return len(session.scalars(select(SightingRow)).all())
    finally:
        database.close()


def test_a_database_is_cleaned_of_one_subject_and_another_is_left_alone(tmp_path: Path) -> None:
    with service_in(tmp_path) as service:
        seen(service, 3, 4)
        subject, gallery = service.gallery.subject_id("Person 3"), service.folder.gallery / "gallery.db"
        assert clean_service(service.folder.database, subject) == 1
        assert clean_service(service.folder.database, subject) == 0
        assert clean_service(gallery, subject) == 0
        assert whose(service.folder.root) == 1


def test_a_backup_of_a_newer_service_is_refused(tmp_path: Path) -> None:
    with service_in(tmp_path) as service:
        check_service(service.folder.database, "")
        with service.database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(BackupVersion, match="newer"):
            check_service(service.folder.database, "")


def test_erased_at_the_command_line_and_gone_from_what_is_restored(tmp_path: Path) -> None:
    data, key = tmp_path / "data", tmp_path / "keys" / "gallery.key"
    with service_in(tmp_path) as service:
        gallery_log(service.gallery)
        seen(service, 3, 4)
    words = ("--key-file", str(key))
    saved = secondlook("backup", str(data), str(tmp_path / "monday.tar"), *words)
    assert saved.status == 0, saved.err
    erased = secondlook("erase", "Person 3", "--gallery", str(data / "gallery"), "--data", str(data), *words)
    assert erased.status == 0, erased.out + erased.err
    assert "rows of the service" in erased.out and whose(data) == 1
    restored = secondlook("restore", str(tmp_path / "monday.tar"), str(tmp_path / "again"), *words)
    assert restored.status == 0, restored.err
    assert whose(tmp_path / "again") == 1, "who was erased came back with the backup"
