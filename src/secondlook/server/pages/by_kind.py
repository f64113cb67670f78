"""What came of all jobs of one kind, the newest first: redactions, exposure, audits."""

from __future__ import annotations

from functools import partial

from secondlook.server.actors import May
from secondlook.server.acts import jobs as acts
from secondlook.server.acts.job_files import job_files, may_fetch
from secondlook.server.acts.job_kinds import AuditAsked, JobKind
from secondlook.server.acts.job_states import JobState
from secondlook.server.acts.jobs import Job
from secondlook.server.pages import parts
from secondlook.server.pages.job import result
from secondlook.server.pages.jobs import file_path, footage, how_far, state
from secondlook.server.pages.live import Part
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.pages.wording import day_and_time

_MOST = 30
_EVERY_S = 5.0
_REPORT = "report.html"
_ABOUT = {
    JobKind.REDACT: "Copies of footage with the faces covered, and where a person should look at them again.",
    JobKind.EXPOSURE: "Who could be picked out of footage by somebody who holds good pictures of many people. Names nobody.",
    JobKind.AUDIT: "How often a system is wrong, and for whom. The report is a page of its own that loads and runs nothing.",
}
_NONE = {
    JobKind.REDACT: "Nothing was redacted yet.",
    JobKind.EXPOSURE: "No exposure was stated yet.",
    JobKind.AUDIT: "No audit was made yet.",
}


async def redactions(visit: Visit) -> None:
    await _build(visit, JobKind.REDACT)


async def exposures(visit: Visit) -> None:
    await _build(visit, JobKind.EXPOSURE)


async def audits(visit: Visit) -> None:
    await _build(visit, JobKind.AUDIT)


async def _build(visit: Visit, kind: JobKind) -> None:
    parts.para(_ABOUT[kind])
    if visit.may(May.RUN_AUDITS if kind is JobKind.AUDIT else May.START_JOBS):
        with parts.para():
            parts.link("Start one among the jobs", f"/jobs?kind={kind}")

    async def load() -> tuple[tuple[Job, bool], ...]:
        found = await visit.do(acts.jobs, kind=kind, most=_MOST)
        return tuple([(job, await has_report(job)) for job in found])

    async def has_report(job: Job) -> bool:
        if job.state is not JobState.DONE or not may_fetch(visit.actor, job.kind):
            return False
        return any(file.name == _REPORT for file in await visit.do(job_files, job.id))

    def drawn(found: tuple[tuple[Job, bool], ...]) -> None:
        if not found:
            parts.para(_NONE[kind])
        for job, report in found:
            _one(visit, job, report)

    jobs = Part(load, drawn)
    await jobs.show()
    visit.every(_EVERY_S, jobs.show)


def _one(visit: Visit, job: Job, report: bool) -> None:
    heading = f"j-{job.id}"
    with Tag("article", class_="sheet", aria_labelledby=heading):
        with parts.heading(2, "", id=heading):
            if isinstance(job.asked, AuditAsked):
                parts.name(job.asked.label)
            else:
                footage(job, 1)
        parts.facts((("State", partial(state, job)), ("Asked for", day_and_time(job.created_at))))
        how_far(job)
        if job.result is not None:
            result(visit, job, job.result)
        with Tag("p", class_="choices"):
            if report:
                parts.link(
                    "Open the report", file_path(job.id, _REPORT), target="_blank", rel="noopener", class_="button main"
                )
            if job.kind is JobKind.REDACT and job.state is JobState.DONE and visit.may(May.START_JOBS):
                parts.link("Look at the copies again", f"/jobs/{job.id}/sheet", class_="button")
            parts.link("Job and files", f"/jobs/{job.id}", class_="button")
