"""The service's folder while nobody serves it: somebody is erased out of its database, or a backup of it is looked at."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, inspect, select
from sqlalchemy.orm import Session

from secondlook.custody.receipts import Removed
from secondlook.errors import BackupVersion, GalleryVersion
from secondlook.server.acts.job_kinds import JobKind
from secondlook.server.database import Database, database_of
from secondlook.server.folder import DataFolder
from secondlook.server.migrations.running import check_known
from secondlook.server.rows import JobRow, ReviewTaskRow, ReviewTaskSubjectRow, SightingRow


def remove_rows(session: Session, subject: str) -> tuple[int, int]:
    """Sightings of a subject, and blind sets that picture it and were not answered; how many each.

    Of those that were answered no picture is left, and who was in them is known by an id that leads nowhere any more.
    """
    own = delete(SightingRow).where(SightingRow.subject_id == subject).returning(SightingRow.id)
    sightings = len(session.scalars(own).all())
    pictured = select(ReviewTaskSubjectRow.task_id).where(ReviewTaskSubjectRow.subject_id == subject)
    open_ = (ReviewTaskRow.id.in_(pictured), ReviewTaskRow.answered_at.is_(None))
    sets = len(session.scalars(delete(ReviewTaskRow).where(*open_).returning(ReviewTaskRow.id)).all())
    return sightings, sets


def jobs_naming(session: Session, subject: str) -> list[str]:
    """Jobs in whose folders the name may lie in clear: those that were asked to keep or to cover this subject, and searches,
    where they were stopped half way or are over and not tidied yet. What was stopped begins anew."""
    rows = session.scalars(select(JobRow))
    return [row.id for row in rows if row.kind == JobKind.FIND or subject in json.dumps(row.request)]


def remove_folders(jobs: Path, ids: Sequence[str]) -> int:
    """How many there were."""
    there = [jobs / id_ for id_ in ids if (jobs / id_).exists()]
    for folder in there:
        shutil.rmtree(folder, ignore_errors=True)
    return len(there)


@dataclass(frozen=True, slots=True)
class FolderRemover:
    """Takes a subject out of a service's folder (``custody.erasing.Remover``)."""

    data: Path

    def remove(self, subject: str) -> Sequence[Removed]:
        return (
            Removed("folders of jobs that named the subject", self._folders(subject)),
            Removed("rows of the service", _clean(database_of(DataFolder(self.data)), subject)),
        )

    @property
    def out_of_sight(self) -> tuple[str, ...]:
        """Sentences on what an erasure cannot look through."""
        database = database_of(DataFolder(self.data))
        database.close()
        return database.out_of_sight

    def _folders(self, subject: str) -> int:
        database = database_of(DataFolder(self.data))
        try:
            if not _is_ours(database):
                return 0
            with database.reading() as session:
                ids = jobs_naming(session, subject)
        finally:
            database.close()
        return remove_folders(DataFolder(self.data).jobs, ids)


def is_service(data: Path) -> bool:
    folder = DataFolder(data)
    return folder.database.is_file() or folder.database_note.is_file()


def clean_service(file: Path, subject: str) -> int:
    """A ``custody.restore.Clean``: how many rows were removed; 0 where the file is no service's database."""
    return _clean(Database.on_disk(file), subject)


def _clean(database: Database, subject: str) -> int:
    try:
        if not _is_ours(database):
            return 0
        with database.writing() as session:
            removed = sum(remove_rows(session, subject))
        database.compact()
        return removed
    finally:
        database.close()


def check_service(file: Path, _schema: str) -> None:
    """A ``custody.restore.Check``. Raises BackupVersion where a newer version wrote this service's database."""
    database = Database.on_disk(file)
    try:
        if _is_ours(database):
            check_known(database.engine)
    except GalleryVersion as error:
        raise BackupVersion(
            f"The backup's service was written by a newer Second Look: restore it with that. {error}"
        ) from error
    finally:
        database.close()


def _is_ours(database: Database) -> bool:
    with database.reading() as session:
        names = inspect(session.connection()).get_table_names()
    return {SightingRow.__tablename__, ReviewTaskRow.__tablename__} <= set(names)
