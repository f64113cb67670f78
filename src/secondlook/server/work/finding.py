"""A job that finds: who of the enrolled was seen in uploads. What is kept goes into the database with the job's end; of
everybody else there is a number."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

from sqlalchemy.orm import Session

from secondlook.assemble import Identifier
from secondlook.errors import ClusterError
from secondlook.report.record import SightingRecord
from secondlook.runs.find import Annotate, Eyes, RunResult, find_into
from secondlook.scale.run import on_ray
from secondlook.server import clock
from secondlook.server.acts.job_kinds import AnyResult, FindAsked, FindResult
from secondlook.server.acts.keeping import Seen, keep_sightings
from secondlook.server.acts.uploads import upload_name
from secondlook.server.alerts.queue import queue_alerts
from secondlook.server.rows import SightingRow, UploadRow
from secondlook.server.service import Service
from secondlook.server.work.course import Course
from secondlook.server.work.ordered import Keep, Work, flaws, need_some, resumed
from secondlook.types import Outcome

_LOG = logging.getLogger("secondlook.job")


def found_in(work: Work, asked: FindAsked) -> Keep:
    course = Course(work.say)
    course.doing("opening the models")
    settings = replace(
        work.settings(), every_s=asked.every_s, video_side=asked.video_side, smallest_px=asked.smallest_px
    )
    identifier = work.makers.identifier(work.service.gallery, settings)
    eyes = _eyes(work, identifier)
    try:
        result = resumed(
            work.out, lambda start: find_into(work.paths, work.out, identifier, start, Annotate.NONE, course, eyes)
        )
    except ClusterError as error:  # names machines and folders, which are nobody's business but an admin's
        _LOG.error("the cluster: %s", error, extra={"job": work.id})
        raise ClusterError(
            "The machines that look cannot do so now: ask an admin to read the service's log."
        ) from error
    need_some(len(result.read), result.problems)
    return lambda session: _kept(work, asked, result, session)


def _eyes(work: Work, identifier: Identifier) -> Eyes | None:
    address = work.service.options.ray
    return on_ray(identifier, address, Annotate.NONE) if address else None


def _kept(work: Work, asked: FindAsked, result: RunResult, session: Session) -> AnyResult:
    kept = keep_sightings(
        work.service,
        session,
        f"job:{work.id}",
        _seen(work, result.records, session),
        searched_by=work.owner,
        why=work.why,
        seen_at=clock.now(),
        job_id=work.id,
    )
    if asked.tells:
        settings = work.service.settings_in(session)
        for id_ in kept.ids:
            queue_alerts(session, settings, id_, Outcome(session.get_one(SightingRow, id_).outcome))
    return FindResult(
        sources=len(result.read),
        candidate=kept.candidate,
        no_candidate=kept.no_candidate,
        inconclusive=kept.inconclusive,
        not_searchable=kept.not_searchable,
        kept=len(kept.ids),
        flaws=flaws(result.problems),
    )


def _seen(work: Work, records: Iterable[SightingRecord], session: Session) -> Iterator[Seen]:
    """Each called by what its sender called the upload."""
    names = {id_: _called(work.service, session, id_) for id_ in work.order.uploads}
    for record in records:
        crop = None
        if record.crop is not None and record.candidates:
            crop = (work.out / record.crop).read_bytes()
        upload = record.source if record.source in names else None
        yield Seen(replace(record, source=names.get(record.source, record.source)), crop, upload)


def _called(service: Service, session: Session, upload: str) -> str:
    row = session.get(UploadRow, upload)
    return upload if row is None else upload_name(service, row)
