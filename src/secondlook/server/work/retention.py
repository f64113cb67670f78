"""What is kept no longer than it may be: sightings, uploads, and what jobs have left."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import delete, select

from secondlook.errors import SecondLookError
from secondlook.ports import Action
from secondlook.server import clock
from secondlook.server.acts.job_states import ENDED, waiting_for
from secondlook.server.acts.uploads import clean, played, upload_file
from secondlook.server.rows import JobRow, SightingRow, UploadRow
from secondlook.server.service import SYSTEM, Service
from secondlook.server.work.tidying import remove_results

_EVERY_S: Final = 3600.0
_DAY_S: Final = 86_400.0
_LOG = logging.getLogger("secondlook.retention")


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many sightings, uploads, and jobs whose files went."""

    sightings: int = 0
    uploads: int = 0
    jobs: int = 0


class Retention:
    """Beside the API (``running.Beside``): at the start, and every hour."""

    def __init__(self, service: Service, every_s: float = _EVERY_S) -> None:
        self._service, self._every_s = service, every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        clean(self._service)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                drop_what_is_over(self._service)
            except SecondLookError as error:
                _LOG.error("what is over could not be dropped: %s", error)
            except Exception:  # noqa: BLE001 - what breaks one time must not end all the others
                _LOG.exception("what is over could not be dropped")
            self._stopping.wait(self._every_s)


def drop_what_is_over(service: Service) -> Dropped:
    """As the settings say. Uploads that a job waits for or a camera plays stay; so do the jobs' own entries, which name
    nobody."""
    settings = service.settings()
    sightings = clock.after(-settings.keep_sightings_days * _DAY_S)
    uploads = clock.after(-settings.keep_uploads_days * _DAY_S)
    with service.database.writing() as session:
        dropped = session.execute(
            delete(SightingRow).where(SightingRow.created_at < sightings).returning(SightingRow.id)
        )
        gone = len(dropped.all())
        needed = waiting_for(session) | played(service, session)
        over = [
            id_
            for id_ in session.scalars(select(UploadRow.id).where(UploadRow.created_at < uploads))
            if id_ not in needed
        ]
        for id_ in over:
            session.execute(delete(UploadRow).where(UploadRow.id == id_))
        ended = session.scalars(
            select(JobRow.id).where(JobRow.state.in_([state.value for state in ENDED]), JobRow.ended_at < uploads)
        )
        emptied = [id_ for id_ in ended if (service.folder.jobs / id_).exists()]
        found = Dropped(gone, len(over), len(emptied))
        if found != Dropped():
            service.record(SYSTEM, Action.REMOVE, what="retention", **asdict(found))
    for id_ in over:
        with suppress(OSError):  # the next start drops what nothing is known of
            upload_file(service, id_).unlink(missing_ok=True)
    for id_ in emptied:
        remove_results(service, id_)
    return found
