"""Work on footage: what was sent, what is to be done with it, and how far that is."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from secondlook.errors import Invalid
from secondlook.server.actors import May
from secondlook.server.acts import jobs as acts
from secondlook.server.acts import uploads
from secondlook.server.acts.job_kinds import AuditAsked, ExposureAsked, FindAsked, JobKind, RedactAsked
from secondlook.server.acts.job_states import JobState
from secondlook.server.acts.jobs import Job
from secondlook.server.acts.uploads import Upload
from secondlook.server.pages import parts
from secondlook.server.pages.job_forms import ASKED, kind_fields, whom_of
from secondlook.server.pages.live import Part, asked
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.reasons import reason_fields, why_of
from secondlook.server.pages.sending import Sent, drop_zone
from secondlook.server.pages.visits import Visit
from secondlook.server.pages.whom import chosen_in
from secondlook.server.pages.wording import day_and_time, size
from secondlook.server.rows.groundwork import new_id

_EVERY_S = 2.0
_MOST = 50
KINDS = {
    JobKind.FIND: "Find enrolled people",
    JobKind.REDACT: "Cover faces",
    JobKind.EXPOSURE: "How anonymous is the crowd",
    JobKind.AUDIT: "Audit",
}
_MARKS = {
    JobState.QUEUED: "waiting",
    JobState.RUNNING: "live",
    JobState.DONE: "done",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "ended",
}


async def build(visit: Visit) -> None:
    if visit.may(May.UPLOAD):
        await _new(visit)
    with Tag("section"):
        parts.heading(2, "Jobs")
        found = Part(partial(visit.do, acts.jobs, most=_MOST), drawn)
        await found.show()
        visit.every(_EVERY_S, found.show)


def drawn(found: tuple[Job, ...]) -> None:
    """A table of jobs."""
    if not found:
        parts.para("There is no job.")
        return
    with parts.table("Jobs", ("What", "Of", "State", "Asked for", "How far")):
        for job in found:
            parts.row(
                partial(parts.link, KINDS[job.kind], f"/jobs/{job.id}"),
                partial(footage, job),
                partial(state, job),
                day_and_time(job.created_at),
                partial(how_far, job),
            )


def footage(job: Job, most: int = 2) -> None:
    for one in job.footage[:most]:
        with Tag("span", class_="line"):
            parts.name(one.name or "deleted since")
    left = len(job.asked.uploads) - min(most, len(job.footage))
    if left > 0:
        Tag("span", f"and {left:,} more", class_="line small")


def file_path(job: str, name: str) -> str:
    """Where a file of a job is fetched."""
    return f"/api/v1/jobs/{job}/files/{quote(name)}"


def state(job: Job) -> None:
    parts.badge(job.state.value, _MARKS[job.state])


def how_far(job: Job) -> None:
    if job.state is JobState.RUNNING:
        parts.bar(job.progress, f"Progress of {KINDS[job.kind].lower()}")
        Tag("span", job.doing, class_="line small")
    elif job.state is JobState.FAILED:
        Tag("span", job.sentence)


async def _new(visit: Visit) -> None:
    kinds = [kind for kind in ASKED if all(visit.may(what) for what in ASKED[kind].needs)]
    if not kinds:
        return

    async def heard(sent: Sent) -> None:
        if sent.good:
            await files.show()

    async def start(sent: dict[str, str]) -> None:
        wanted = _asked(sent)
        job = await visit.do(acts.start, new_id(), wanted, why_of(sent))
        visit.go(f"/jobs/{job.id}")

    async def delete(upload: str, _: object) -> None:
        await visit.do(uploads.delete, upload)
        await files.again()

    def chosen(found: tuple[Upload, ...]) -> None:
        if not found:
            parts.para("Nothing of yours is here. What is sent is dropped after some days.")
            return
        with parts.table("Files that you sent", ("File", "Kind", "Size", "Sent", "Delete")):
            for one in found:
                parts.row(
                    partial(_box, one),
                    one.kind.value,
                    size(one.size),
                    day_and_time(one.created_at),
                    partial(_delete, one, visit.doing(partial(delete, one.id))),
                )

    with Tag("section"):
        parts.heading(2, "Footage")
        hint = "Photographs, videos, or for an audit a table of scores. What a file is is told by what is in it."
        drop_zone(visit, "Drop files here, or choose them", "/api/v1/uploads", heard, hint=hint)
        with parts.form(visit.doing(start), class_="job", novalidate=True):
            files = Part(partial(visit.do, uploads.uploads, most=_MOST), chosen)
            await files.show()
            await kind_fields(visit, kinds, visit.request.query_params.get("kind", ""))
            if May.SEARCH in {what for kind in kinds for what in ASKED[kind].needs}:
                reason_fields(visit, "What people are looked for, and in which case. The log keeps it for good.")
            parts.submit("Start")


def _box(one: Upload) -> None:
    with Tag("span", class_="check"):
        box = Tag("input", type="checkbox", name=f"upload:{one.id}")
        with Tag("label", for_=box.html_id):
            parts.name(one.name)


def _delete(one: Upload, handler: parts.Handler) -> None:
    asked("Delete", f"Delete {one.name}? Jobs that are done keep what they made of it.", handler)


def _asked(sent: dict[str, str]) -> FindAsked | RedactAsked | ExposureAsked | AuditAsked:
    """Raises Invalid."""
    chosen = [name.removeprefix("upload:") for name in sent if name.startswith("upload:")]
    if not chosen:
        raise Invalid("No file is chosen: tick those that are meant.")
    kind = JobKind(sent["kind"])
    prefix = f"{kind}."
    values: dict[str, Any] = {
        name.removeprefix(prefix): value for name, value in sent.items() if name.startswith(prefix) and value != ""
    }
    if kind is JobKind.REDACT:
        values = whom_of(values, chosen_in(sent))
    try:
        return ASKED[kind].model_validate({"uploads": chosen} | values)
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}.") from error
