"""One job: how far it is, what came of it, and its files."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from secondlook.errors import GalleryError
from secondlook.report import words
from secondlook.server.actors import Actor, May
from secondlook.server.acts import jobs as acts
from secondlook.server.acts.job_files import JobFile, job_files, may_fetch
from secondlook.server.acts.job_kinds import (
    AnyResult,
    AuditResult,
    ExposureResult,
    FindResult,
    Flaw,
    JobKind,
    Proof,
    RedactAsked,
    RedactResult,
)
from secondlook.server.acts.jobs import Job
from secondlook.server.acts.subjects import subject
from secondlook.server.pages import parts
from secondlook.server.pages.jobs import KINDS, file_path, footage, state
from secondlook.server.pages.live import Part, asked
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit
from secondlook.server.pages.wording import day_and_time, size
from secondlook.server.service import Service

_EVERY_S = 1.0
_ALL = 1000


async def build(visit: Visit) -> None:
    id_ = visit.request.path_params["id"]
    first = await visit.do(acts.job, id_)
    visit.call(KINDS[first.kind])
    progress = _Progress()

    async def look() -> None:
        job = await visit.do(acts.job, id_)
        progress.show(job)
        await whole.show()
        if job.state.ended:
            timer.deactivate()

    async def cancel(_: object) -> None:
        await visit.do(acts.cancel, id_)
        await look()

    async def loaded() -> tuple[Job, tuple[JobFile, ...], tuple[str, ...]]:
        job = await visit.do(acts.job, id_)
        files = await visit.do(job_files, id_) if may_fetch(visit.actor, job.kind) else ()
        # what moves is shown above, in place, so that nothing jumps below the reader
        return replace(job, progress=None, doing=""), files, await _named(visit, job)

    def drawn(found: tuple[Job, tuple[JobFile, ...], tuple[str, ...]]) -> None:
        job, files, people = found
        _facts(job, people)
        if job.result is not None:
            with Tag("section"):
                parts.heading(2, "What came of it")
                result(visit, job, job.result)
                if job.kind is JobKind.REDACT and files:
                    parts.link("Look at the copies again", f"/jobs/{job.id}/sheet", class_="button main")
        if files:
            with Tag("section"):
                parts.heading(2, "Files")
                _files(job, files)
        if not job.state.ended and (visit.may(May.START_JOBS) or visit.actor.id == job.owner_id):
            asked("Cancel", "Cancel this job? What it has made so far is removed.", visit.doing(cancel))

    whole = Part(loaded, drawn)
    progress.show(first)
    await whole.show()
    timer = visit.every(_EVERY_S, look)
    if first.state.ended:
        timer.deactivate()


class _Progress:
    """A bar and a sentence that are changed in place; a screen reader hears of a new thing that is done, not of each step."""

    def __init__(self) -> None:
        with Tag("div", class_="sheet progress") as self._box:
            self._said = parts.para(role="status")
            self._bar = parts.bar(None, "Progress")
            self._share = parts.para(class_="small", aria_hidden="true")

    def show(self, job: Job) -> None:
        said = job.doing or job.state.value
        if self._said.text != said:
            self._said.say(said)
        self._box.set_visibility(not job.state.ended)
        if job.progress is not None:
            self._bar.set(value=f"{job.progress:.3f}")
            self._share.say(f"{job.progress:.0%}")


async def _named(visit: Visit, job: Job) -> tuple[str, ...]:
    """Whom a redaction tells apart, for who may see that."""
    if not isinstance(job.asked, RedactAsked) or not visit.may(May.SEE_SUBJECTS):
        return ()
    return tuple([await visit.do(_name, id_) for id_ in job.asked.subjects])


def _name(service: Service, actor: Actor, id_: str) -> str:
    try:
        return subject(service, actor, id_).name
    except GalleryError:
        return "somebody who was removed"


def _facts(job: Job, people: tuple[str, ...]) -> None:
    pairs: list[tuple[str, parts.Cell]] = [
        ("State", partial(state, job)),
        ("Footage", partial(footage, job, _ALL)),
        ("Asked for", day_and_time(job.created_at)),
    ]
    if job.ended_at:
        pairs.append(("Ended", day_and_time(job.ended_at)))
    if job.purpose or job.case:
        pairs.append(("Why", " · ".join(one for one in (job.purpose, job.case) if one)))
    if people and isinstance(job.asked, RedactAsked):
        pairs.append(("Stays visible" if job.asked.keep else "Covered alone", partial(_each, people)))
    if job.attempts > 1:
        pairs.append(("Begun", f"{job.attempts} times: it was stopped and went on"))
    if job.again:
        pairs.append(("Once more of", partial(parts.link, "an earlier job", f"/jobs/{job.again}")))
    parts.facts(pairs)
    if job.sentence:
        parts.para(job.sentence, class_="sentence refused")


def _each(people: tuple[str, ...]) -> None:
    for one in people:
        with Tag("span", class_="line"):
            parts.name(one)


def result(visit: Visit, job: Job, found: AnyResult) -> None:
    """What came of a job, in sentences."""
    match found:
        case FindResult():
            _found(visit, job, found)
        case RedactResult():
            _redacted(found)
        case ExposureResult():
            _exposed(found)
        case AuditResult():
            with Tag("ul"):
                for sentence in found.findings:
                    Tag("li", sentence)
            return
    _flaws(job, found.flaws)


def _found(visit: Visit, job: Job, result: FindResult) -> None:
    parts.para(
        f"{words.counted(result.sources, 'file')} looked at: {words.counted(result.candidate, 'candidate')}, "
        f"{result.inconclusive:,} inconclusive, {result.no_candidate:,} without a candidate, "
        f"{result.not_searchable:,} that could not be searched."
    )
    if result.kept and visit.may(May.SEE_SIGHTINGS):
        parts.link("Look at them in the inbox", f"/inbox?job={job.id}")
    else:
        parts.para(
            "Nobody enrolled was seen well enough to be named; of those who were seen only these numbers are kept."
        )


def _redacted(result: RedactResult) -> None:
    parts.para(
        f"{words.counted(result.faces, 'face')} covered in {words.counted(result.sources, 'file')}, "
        f"{words.counted(result.visible, 'face')} left visible on purpose."
    )
    if result.proof is not Proof.NONE:
        parts.badge(
            f"attacked: {result.proof.replace('_', ' ')}", "done" if result.proof is Proof.SURVIVED else "failed"
        )
        parts.para(result.proof_says)


def _exposed(result: ExposureResult) -> None:
    if result.most is None:
        parts.para("Nobody was seen.")
        return
    parts.para(
        f"{words.counted(result.faces, 'face')} in {words.counted(result.sources, 'file')}. Somebody with good pictures of "
        f"{result.population:,} people would pick out the most exposed of them in {words.out_of(result.most)} tries."
    )


def _files(job: Job, files: tuple[JobFile, ...]) -> None:
    parts.para("Each that is opened or saved is written into the log.", class_="hint")
    with parts.table("Files", ("File", "Kind", "Size")):
        for file in files:
            parts.row(partial(_file, job, file), file.media_type, size(file.size))


def _file(job: Job, file: JobFile) -> None:
    is_page = file.media_type == "text/html"
    parts.link(
        file.title,
        file_path(job.id, file.name),
        target="_blank" if is_page else None,
        rel="noopener" if is_page else None,
        download=None if is_page else "",
    )
    if is_page:
        Tag("span", " (opens in a new tab)", class_="small")


def _flaws(job: Job, flaws: tuple[Flaw, ...]) -> None:
    if not flaws:
        return
    names = {one.id: one.name or one.id for one in job.footage}
    parts.heading(3, "What could not be used")
    with Tag("ul"):
        for flaw in flaws:
            with Tag("li"):
                if flaw.upload:
                    parts.name(names.get(flaw.upload, flaw.upload))
                    Tag("span", ": ")
                Tag("span", flaw.sentence)
