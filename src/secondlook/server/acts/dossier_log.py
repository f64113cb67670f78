"""What the log says of a sighting and of its case, for a dossier. It is read once, from its beginning."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.custody.entries import Line
from secondlook.custody.reading import read_log
from secondlook.custody.signing import fingerprint
from secondlook.errors import LogUnusable
from secondlook.ports import Action
from secondlook.review.dossier import Came, LogEntry, LogExcerpt, OtherSearch, Searches
from secondlook.server.acts.job_kinds import RESULT, FindResult
from secondlook.server.acts.job_states import JobState
from secondlook.server.rows import AccountRow, JobRow, ReviewTaskRow, SightingRow
from secondlook.server.service import Service

MOST_ENTRIES: Final = 200
_ACCOUNT: Final = "account:"
_COUNTED: Final = "faces"
"""The detail of an entry that counted what came of its search."""


@dataclass(frozen=True, slots=True)
class FromLog:
    """searches, log: None where the log cannot be read; problem then says why."""

    searches: Searches | None
    log: LogExcerpt | None
    problem: str = ""


def from_log(service: Service, row: SightingRow, pseudonyms: Mapping[str, str]) -> FromLog:
    """pseudonyms: by account. What is in the log when this is called is in it, and nothing later."""
    try:
        log = service.custody_log()
        head = log.head()
        with service.database.reading() as session:
            about = _about(session, row)
            entries: deque[Line] = deque(maxlen=MOST_ENTRIES)
            searched, watches, count = [], 0, 0
            for line in read_log(log.folder):
                if line.seq > head.seq:
                    break
                if about.keys() & set(line.entry.object):
                    entries.append(line)
                    count += 1
                if row.case_number and line.entry.case == row.case_number:
                    watches += line.entry.action is Action.CAMERA and line.entry.details.get("done") == "started"
                    if line.entry.action is Action.SEARCH:
                        searched.append(_search(session, line, row.origin))
            actors = _Actors(session, pseudonyms)
            told = tuple(_entry(line, about, actors) for line in entries)
    except LogUnusable as error:
        return FromLog(None, None, str(error))
    searches = Searches(row.purpose, row.case_number, tuple(searched), watches)
    key = fingerprint(head.public_key)
    return FromLog(searches, LogExcerpt(head.log, told, count - len(told), head.seq, head.hash, key))


def _about(session: Session, row: SightingRow) -> Mapping[str, str]:
    """Ids under which entries speak of it, and what each is in a word."""
    kind, _, origin = row.origin.partition(":")
    found = {f"sighting:{row.id}": "sighting", row.id: "sighting", row.origin: kind}
    if kind == "camera":
        found[origin] = kind
    tasks = session.scalars(select(ReviewTaskRow.id).where(ReviewTaskRow.sighting_id == row.id))
    return found | {f"set:{task}": "blind set" for task in tasks}


def _entry(line: Line, about: Mapping[str, str], actors: _Actors) -> LogEntry:
    of = tuple(dict.fromkeys(about[one] for one in line.entry.object if one in about))
    return LogEntry(line.seq, line.at, actors.called(line.entry.actor), line.entry.action.value, of)


class _Actors:
    """What whoever did something is called: reviewers of the sighting as in the rest of the dossier."""

    def __init__(self, session: Session, pseudonyms: Mapping[str, str]) -> None:
        self._session, self._pseudonyms = session, pseudonyms

    def called(self, actor: str) -> str:
        account = actor.removeprefix(_ACCOUNT)
        if account == actor:
            return actor
        if account in self._pseudonyms:
            return self._pseudonyms[account]
        row = self._session.get(AccountRow, account)
        return actor if row is None else f"{row.role} {account}"


def _search(session: Session, line: Line, origin: str) -> OtherSearch:
    return OtherSearch(line.seq, line.at, _came(session, line), origin in line.entry.object)


def _came(session: Session, line: Line) -> Came:
    """By the entry itself, or for a job, whose entry is older than what came of it, by the job."""
    details = line.entry.details
    if _COUNTED in details:
        return Came.CANDIDATE if details.get("candidate", 0) else Came.NOBODY
    for job in _jobs(line.entry.object):
        row = session.get(JobRow, job)
        if row is not None and row.state == JobState.DONE and row.result:
            result = RESULT.validate_python(row.result)
            if isinstance(result, FindResult):
                return Came.CANDIDATE if result.candidate else Came.NOBODY
    return Came.UNKNOWN


def _jobs(objects: Iterable[str]) -> Iterable[str]:
    return (one.removeprefix("job:") for one in objects if one.startswith("job:"))
