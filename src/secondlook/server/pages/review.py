"""The second look: a face and a few alike, without names and scores; of each it is said whether it is the same person."""

from __future__ import annotations

from functools import partial

from secondlook.audit.figures import Rate
from secondlook.audit.frequencies import cell, counts
from secondlook.errors import Invalid
from secondlook.report import words
from secondlook.review.reviewers import ReviewerRecord
from secondlook.review.verdicts import LONGEST_NOTE, Feature, Said
from secondlook.server.acts import review as acts
from secondlook.server.acts.review import PROBE, FaceAnswer, Reviewer, Task
from secondlook.server.pages import parts
from secondlook.server.pages.parts import Tag
from secondlook.server.pages.visits import Visit

_AGAIN_S = 20.0
_SAID = {Said.SAME: "1 · same person", Said.DIFFERENT: "2 · different people", Said.CANNOT_TELL: "3 · cannot tell"}
_FEATURES = {
    Feature.SKIN: "skin",
    Feature.OUTLINE: "outline of face and head",
    Feature.COMPOSITION: "proportions",
    Feature.HAIRLINE: "hairline, baldness",
    Feature.FOREHEAD: "forehead",
    Feature.EYEBROWS: "eyebrows",
    Feature.EYES: "eyes",
    Feature.CHEEKS: "cheeks",
    Feature.NOSE: "nose",
    Feature.EARS: "ears",
    Feature.MOUTH: "mouth",
    Feature.CHIN: "chin and jawline",
    Feature.NECK: "neck",
    Feature.FACIAL_HAIR: "beard, moustache",
    Feature.LINES: "lines and wrinkles",
    Feature.SCARS: "scars",
    Feature.MARKS: "moles, freckles, marks",
    Feature.ALTERATIONS: "tattoos, piercings, surgery",
}


async def build(visit: Visit) -> None:
    task = await visit.do(acts.next_task)
    if task is None:
        parts.para("Nothing waits for you now. This page looks again by itself.")

        async def look() -> None:
            if await visit.do(acts.next_task) is not None:
                visit.go("/review")

        visit.every(_AGAIN_S, look)
    else:
        _compare(visit, task)
    _own_record(await visit.do(acts.own_record))


def _compare(visit: Visit, task: Task) -> None:
    async def send(sent: dict[str, str]) -> None:
        await visit.do(acts.answer, task.id, read(task, sent))
        visit.go("/review")

    parts.para(
        "Compare this face with each of the others. Whether the person is among them nobody tells; often nobody is. "
        "Look at shape and at what does not change: ears, nose, marks. If the picture does not carry it, say that you cannot "
        "tell."
    )
    with parts.para(class_="small"):
        Tag("span", "Keys: ")
        for key, does in (("1", "same"), ("2", "different"), ("3", "cannot tell"), ("N", "the next face")):
            Tag("kbd", key)
            Tag("span", f" {does}  ")
    with parts.form(visit.doing(send), class_="compare", novalidate=True, data_compare=""):
        with Tag("div", class_="probe"):
            parts.heading(2, "This face")
            Tag("img", src=_path(task, PROBE), alt="The face that was seen")
        with Tag("div", class_="faces"):
            for number, token in enumerate(task.faces, start=1):
                _face(task, number, token)
        parts.submit("Send all answers")
    waiting = words.counted(task.waiting, "sighting")
    parts.para(f"At most {waiting} may still wait for you; trials with a known truth are mixed in.", class_="small")


def _face(task: Task, number: int, token: str) -> None:
    with parts.fieldset(f"Face {number}", class_="face", data_face=""):
        Tag("img", src=_path(task, token), alt=f"Face {number} to compare")
        with Tag("div", class_="answers"):
            for said, shown in _SAID.items():
                with Tag("span", class_="check"):
                    box = Tag("input", type="radio", name=f"said:{token}", value=said.value)
                    Tag("label", shown, for_=box.html_id)
        with Tag("div", class_="features", role="group", aria_label=f"What decided, face {number}"):
            parts.para("What decided? One at least.", class_="hint")
            for feature, shown in _FEATURES.items():
                with Tag("span", class_="check"):
                    box = Tag("input", type="checkbox", name=f"feature:{token}:{feature.value}")
                    Tag("label", shown, for_=box.html_id)
        with Tag("details"):
            Tag("summary", "A note")
            parts.area(f"Note on face {number}", f"note:{token}", maxlength=str(LONGEST_NOTE))


def read(task: Task, sent: dict[str, str]) -> tuple[FaceAnswer, ...]:
    """Raises Invalid where a face was left out."""
    answers = []
    for number, token in enumerate(task.faces, start=1):
        said = sent.get(f"said:{token}")
        if said is None:
            raise Invalid(f"Nothing is said of face {number}: say 'cannot tell' if it is so.")
        features = tuple(one for one in Feature if f"feature:{token}:{one.value}" in sent)
        # nothing decided where nothing could be told
        decided = () if said == Said.CANNOT_TELL else features
        answers.append(FaceAnswer(token, Said(said), decided, sent.get(f"note:{token}", "").strip()))
    return tuple(answers)


def _path(task: Task, token: str) -> str:
    """Asked for as files, for what goes over the socket is compressed, and files of one length would differ again."""
    return f"/api/v1/review/{task.id}/pictures/{token}"


def _own_record(own: Reviewer) -> None:
    with Tag("section", class_="own"):
        parts.heading(2, "How often you were wrong in trials")
        parts.para(f"You answered {words.counted(own.answered, 'set')}, {own.record.trials or 'none'} of them trials.")
        if own.record.trials:
            _rates(own.record)


def _rates(record: ReviewerRecord) -> None:
    with parts.table("Your errors in trials", ("What", "How often (95 %), and counted")):
        for what, rate in rates(record):
            parts.row(what, _counted(rate))


def rates(record: ReviewerRecord) -> tuple[tuple[str, Rate], ...]:
    return (
        ("'same' said though the person was not shown", record.false_same),
        ("'same' said of somebody else than the person", record.wrong_face),
        ("'different' said of the person", record.false_different),
        ("left open", record.cannot_tell),
    )


def _counted(rate: Rate) -> str:
    return f"{cell(rate)}; {counts(rate)}" if rate.trials else "no such trial yet"


async def reviewers(visit: Visit) -> None:
    """Everybody's rates, for who looks after the reviewers."""
    parts.para(
        "Counted in trials whose truth is known and which look like everything else. Rates of two reviewers are never "
        "multiplied: people who look at the same poor picture tend to be wrong about the same faces."
    )
    found = await visit.do(acts.reviewers)
    if not found:
        parts.para("Nobody reviews yet.")
        return
    heads = ("Reviewer", "Sets", "Trials", *(what for what, _ in rates(found[0].record)))
    with parts.table("Reviewers", heads):
        for one in found:
            parts.row(
                partial(parts.name, one.name),
                f"{one.answered:,}",
                f"{one.record.trials:,}",
                *(_counted(rate) for _, rate in rates(one.record)),
            )
