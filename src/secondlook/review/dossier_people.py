"""The second look on a dossier's page: what each reviewer said, and how often each is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from secondlook.report import words
from secondlook.report.markup import Markup, joined, named, table, tag
from secondlook.review import dossier_words as say
from secondlook.review.dossier import FaceSaid, Reviewer, SecondLook
from secondlook.review.verdicts import Said

_HOW = (
    "Each reviewer saw this face and several of equal likeness, without names, scores or any order that tells. In half of the"
    " sets the candidate is not there at all. Nobody saw what another had said, and nobody who searched was asked."
)
_RATES = (
    "Trials are sets of the same kind whose truth is known, mixed in so that nobody can tell them. Of each: how many errors"
    " there were, and how many of 100 that may mean (95 % interval)."
)


def second_look_part(of: SecondLook) -> Iterator[Markup]:
    yield tag("p", of.sentence, class_="says")
    if of.more:
        yield tag("p", of.more)
    yield tag("p", _HOW)
    if not of.reviewers:
        yield tag("p", "Nobody has answered yet.")
        return
    yield tag("div", *(_reviewer(one) for one in of.reviewers), class_="reviewers")
    yield tag("h3", "How often these reviewers are wrong")
    yield tag("p", _RATES)
    rows = [
        (
            one.name.replace(" ", "\N{NO-BREAK SPACE}"),
            say.trials(one.record.false_same),
            say.trials(one.record.wrong_face),
            say.trials(one.record.false_different),
            say.trials(one.record.cannot_tell),
        )
        for one in of.reviewers
    ]
    heads = (
        "Reviewer",
        "said “same” of somebody when the person was not shown",
        "said “same” of the wrong face when the person was shown",
        "said “different” of the right person",
        "left it open",
    )
    yield tag("div", table("Errors in trials", heads, rows), class_="scroll wide", tabindex="0")
    yield tag("h3", "What their agreement is worth")
    yield tag("p", of.worth or "They do not agree, so there is no agreement to weigh.")


def _reviewer(one: Reviewer) -> Markup:
    sets = words.counted(one.with_candidate + one.without, "set")
    return tag(
        "article",
        tag("h3", one.name),
        *_on_candidate(one),
        tag(
            "p",
            f"Answered {sets} about this face: {one.with_candidate} with the candidate, {one.without} without. ",
            _others(one),
        ),
        class_="reviewer",
    )


def _on_candidate(one: Reviewer) -> Iterator[Markup]:
    if one.on_candidate is None or one.at is None:
        yield tag("p", "Of the candidate: not asked yet.")
        return
    said = one.on_candidate
    yield tag("p", "Of the candidate: ", tag("strong", say.SAID[said.said]), f" ({say.moment(one.at)}).")
    yield tag("p", f"What decided: {_features(said)}.")
    if said.note:
        yield tag("p", joined(("Note: ", named(said.note))))


def _others(one: Reviewer) -> str:
    if not one.look_alikes:
        return "No look-alikes were shown."
    count = Counter(face.said for face in one.look_alikes)
    shown = words.counted(len(one.look_alikes), "look-alike")
    said = [f"“{say.SAID[kind]}” of {count[kind] or 'none'}" for kind in (Said.DIFFERENT, Said.CANNOT_TELL, Said.SAME)]
    wrong = [face for face in one.look_alikes if face.said is Said.SAME]
    because = f" What decided there: {words.listed([_features(face) for face in wrong])}." if wrong else ""
    return f"Of {shown} in them: {words.listed(said)}.{because}"


def _features(of: FaceSaid) -> str:
    return words.listed([say.feature(one) for one in of.features]) or "nothing was named"
