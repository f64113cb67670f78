"""What lies in the folders of jobs: while one is being done, what is needed to go on; afterwards, what may be fetched."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select, update

from secondlook.server.acts.job_kinds import JobKind
from secondlook.server.acts.job_states import ENDED, RESULTS, JobState
from secondlook.server.rows import JobRow
from secondlook.server.service import Service
from secondlook.server.work.ordered import IN

_LOG = logging.getLogger("secondlook.jobs")


def tidy(service: Service, busy: Collection[str] = ()) -> int:
    """Removes of every job that has ended what has no business there any more; how many jobs that were. Of a search that is
    everything: it names people in clear, and what is kept of it lies sealed in the database. busy: jobs whose workers have
    not ended yet."""
    with service.database.reading() as session:
        chosen = select(JobRow.id, JobRow.kind, JobRow.state).where(
            JobRow.state.in_([state.value for state in ENDED]), JobRow.tidied.is_(False)
        )
        ended = [(id_, kind, state) for id_, kind, state in session.execute(chosen) if id_ not in busy]
    for id_, kind, state in ended:
        folder = service.folder.jobs / id_
        if state == JobState.DONE and kind != JobKind.FIND:
            _keep_results(folder)
        else:
            _remove(folder)
        with service.database.writing() as session:
            session.execute(update(JobRow).where(JobRow.id == id_).values(tidied=True))
    return len(ended)


def remove_strays(service: Service) -> int:
    """At the start: folders of jobs that nothing is known of; how many."""
    with service.database.reading() as session:
        known = set(session.scalars(select(JobRow.id)))
    strays = [folder for folder in service.folder.jobs.iterdir() if folder.name not in known]
    for folder in strays:
        _remove(folder)
    return len(strays)


def remove_results(service: Service, job: str) -> None:
    """All that is left of it outside the database."""
    _remove(service.folder.jobs / job)


def _keep_results(folder: Path) -> None:
    for working in (folder / RESULTS / ".run", folder / IN):
        _remove(working)
    with suppress(OSError):
        (folder / ".lock").unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    if path.exists():
        _LOG.error("something of a job cannot be removed: remove it by hand", extra={"place": path.name})
