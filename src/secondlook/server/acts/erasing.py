"""Erasing somebody: out of the gallery and out of everything that the service keeps, with a signed receipt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from secondlook.custody.erasing import Reason, erase
from secondlook.custody.receipts import Removed
from secondlook.errors import Conflict
from secondlook.server.actors import Actor, May
from secondlook.server.acts.job_states import JobState
from secondlook.server.acts.subjects import forget_answers
from secondlook.server.offline import jobs_naming, remove_folders, remove_rows
from secondlook.server.rows import JobRow
from secondlook.server.service import Service, Why


@dataclass(frozen=True, slots=True)
class Erasure:
    """receipt: signed, as it is kept beside the log. complete: whether nothing was found in any file."""

    subject: str
    complete: bool
    file: str
    receipt: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceRemover:
    """Takes a subject out of what the service keeps (``custody.erasing.Remover``)."""

    service: Service

    def remove(self, subject: str) -> Sequence[Removed]:
        with self.service.database.writing() as session:
            sightings, sets = remove_rows(session, subject)
            jobs = jobs_naming(session, subject)
            forget_answers(session)
        folders = remove_folders(self.service.folder.jobs, jobs)
        self.service.database.compact()
        return (
            Removed("sightings", sightings),
            Removed("blind sets that were not answered", sets),
            Removed("folders of jobs that named the subject", folders),
        )


def erase_subject(service: Service, actor: Actor, subject: str, why: Why) -> Erasure:
    """subject: id in hex; also of one whose erasure was stopped. Raises UnknownSubject, and Conflict while a job is running,
    which works on pictures in clear until it ends."""
    actor.need(May.ERASE)
    reason = Reason(f"account:{actor.id}", why.purpose, why.case)
    root = service.folder.root
    places = (root, *(file for file in service.gallery.files if not file.is_relative_to(root)))
    with service.changing_subjects:
        with service.database.reading() as session:
            running = select(JobRow.id).where(JobRow.state == JobState.RUNNING).limit(1)
            if session.scalar(running) is not None:
                raise Conflict(
                    "A job is running, and works on pictures in clear: wait for it or cancel it, then erase."
                )
        done = erase(
            subject,
            service.gallery,
            service.custody_log(),
            reason,
            (ServiceRemover(service),),
            places,
            out_of_sight=service.database.out_of_sight,
        )
    return Erasure(subject, done.receipt.complete, done.file.name, json.loads(done.file.read_bytes()))
