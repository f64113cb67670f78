"""What a finished job has left for people: reports, covered copies, figures. Of a search there is nothing to fetch: what is
kept of it are sightings."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secondlook.errors import Conflict, NotFound, SourceError
from secondlook.ports import Action
from secondlook.redact.results import REVIEW, ReviewSpot, read_review
from secondlook.server.actors import Actor, May
from secondlook.server.acts.job_kinds import JobKind
from secondlook.server.acts.job_states import RESULTS, JobState
from secondlook.server.acts.jobs import row_of
from secondlook.server.acts.uploads import upload_name
from secondlook.server.rows import JobRow, UploadRow
from secondlook.server.service import Service

_OFFERED: Final = {
    JobKind.FIND: (),
    JobKind.REDACT: (
        "report.html",
        "proof.html",
        "proof.json",
        "redacted.jsonl",
        "redaction.jsonl",
        "review.jsonl",
        "redacted",
        "review",
    ),
    JobKind.EXPOSURE: ("report.html", "exposure.jsonl", "advice.jsonl", "maps"),
    JobKind.AUDIT: ("report.html", "report.pdf", "metrics.json", "tables"),
}
ANY_FILE: Final = (May.EXPORT, May.SEE_AUDITS)
"""Who may do neither fetches nothing of any job."""
_TYPES: Final = {".jsonl": "application/jsonl", ".json": "application/json", ".csv": "text/csv", ".html": "text/html"}


@dataclass(frozen=True, slots=True)
class JobFile:
    """name: with folders, as it is fetched. title: for saving it: a copy is called by what its original was. size: bytes."""

    name: str
    title: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Fetched:
    file: JobFile
    path: Path


def job_files(service: Service, actor: Actor, job: str) -> tuple[JobFile, ...]:
    """What may be fetched, reports first. Nothing of a job that is not done. Raises NotFound."""
    actor.need(May.SEE_JOBS)
    with service.database.reading() as session:
        row = row_of(session, job)
        names = _names(service, row)
    if row.state != JobState.DONE:
        return ()
    return tuple(_file(service, job, path, names) for path in _paths(service, row))


def may_fetch(actor: Actor, kind: JobKind) -> bool:
    """An audit's files are for everybody who sees audits."""
    return any(actor.may(what) for what in _needed(kind))


def fetch(service: Service, actor: Actor, job: str, name: str) -> Fetched:
    """One of ``job_files``, written down as exported. Raises NotFound."""
    actor.need(*ANY_FILE)
    with service.database.reading() as session:
        row = row_of(session, job)
    actor.need(*_needed(JobKind(row.kind)))
    files = job_files(service, actor, job)
    number = next((number for number, file in enumerate(files, start=1) if file.name == name), None)
    if number is None:
        raise NotFound(f"Job {job} has no such file: its list says what it has.")
    found = files[number - 1]
    # by its number in the list, for a name may say too much
    service.record(actor, Action.EXPORT, f"job:{job}", kind=str(row.kind), file=number, bytes=found.size)
    return Fetched(found, service.folder.jobs / job / RESULTS / name)


def review_spots(service: Service, actor: Actor, job: str) -> tuple[ReviewSpot, ...]:
    """Of a redaction: where a person should look again. source: the upload's id; thumbnail: a name for ``fetch``.

    Raises NotFound, Conflict where it is no redaction that is done.
    """
    actor.need(May.SEE_JOBS)
    with service.database.reading() as session:
        row = row_of(session, job)
    if row.kind != JobKind.REDACT or row.state != JobState.DONE:
        raise Conflict(f"Job {job} is no redaction that is done: there is nothing to look at again.")
    try:
        return read_review(service.folder.jobs / job / RESULTS / REVIEW)
    except SourceError as error:
        raise NotFound(f"The files of job {job} are gone: their time is over; redact the footage again.") from error


def _needed(kind: JobKind) -> tuple[May, ...]:
    return ANY_FILE if kind is JobKind.AUDIT else (May.EXPORT,)


def _paths(service: Service, row: JobRow) -> Iterator[Path]:
    """Relative to the job's results."""
    out = service.folder.jobs / row.id / RESULTS
    for name in _OFFERED[JobKind(row.kind)]:
        place = out / name
        if place.is_dir():
            yield from sorted(path.relative_to(out) for path in place.rglob("*") if _offered(path))
        elif _offered(place):
            yield Path(name)


def _offered(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not path.name.startswith(".")


def _file(service: Service, job: str, path: Path, names: dict[str, str]) -> JobFile:
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    called = names.get(path.stem)
    title = path.name if called is None else f"{Path(called).stem}-{path.parts[0]}{path.suffix}"
    size = (service.folder.jobs / job / RESULTS / path).stat().st_size
    return JobFile(path.as_posix(), title, size, media_type)


def _names(service: Service, row: JobRow) -> dict[str, str]:
    """What the uploads that are still there are called, by id."""
    with service.database.reading() as session:
        found = [session.get(UploadRow, str(id_)) for id_ in row.request["uploads"]]
    return {one.id: upload_name(service, one) for one in found if one is not None}
