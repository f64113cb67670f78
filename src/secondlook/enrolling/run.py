"""Everybody, one after another, with pictures looked at ahead and written together."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TypeAlias

from secondlook.enrolling.judging import judged_first, may_be_there
from secondlook.enrolling.looking import EnrolOptions, Look, read
from secondlook.enrolling.people import Enrolment
from secondlook.gallery import EnrolResult, Gallery
from secondlook.gallery.names import folded_name
from secondlook.identify import Stages
from secondlook.sources import Picture

AHEAD = 4
"""How many pictures wait, looked at, for each that is looked at: enough that writing to the gallery stops nobody."""

TOGETHER_S = 0.2
"""Those who were looked at in this time, s, are judged and written together: little is lost where the run is stopped."""

_Looked: TypeAlias = tuple[Enrolment, Sequence[Look]]


def enrol(
    people: Iterable[Enrolment], gallery: Gallery, stages: Stages, options: EnrolOptions, at_once: int = 1
) -> Iterator[tuple[EnrolResult, ...]]:
    """Enrols one subject after another; gives out what became of each one's pictures once it is written.

    Pictures enrolled before are recognised by their bytes, so that a run taken up again goes on where it was. at_once: how
    many pictures are looked at at the same time, also those of the next subjects; what comes out is the same.
    """
    named, waiting, since = set[str](), list[_Looked](), time.monotonic()
    with closing(_looks(people, gallery, stages, options, at_once)) as looks:
        for person, looked in looks:
            if folded_name(person.subject) in named:  # looked at before it was known what else is enrolled by this name
                yield from _enrol_together(waiting, gallery, stages, options)
                waiting = [(person, _read_all(person, gallery, stages, options))]
            else:
                waiting.append((person, looked()))
            named.add(folded_name(person.subject))
            if time.monotonic() - since >= TOGETHER_S:
                yield from _enrol_together(waiting, gallery, stages, options)
                waiting, since = [], time.monotonic()
        yield from _enrol_together(waiting, gallery, stages, options)


def _looks(
    people: Iterable[Enrolment], gallery: Gallery, stages: Stages, options: EnrolOptions, at_once: int
) -> Generator[tuple[Enrolment, Callable[[], Sequence[Look]]]]:
    """Each person with what gives the looks at the pictures."""
    if at_once == 1:
        for person in people:
            yield person, partial(_read_all, person, gallery, stages, options)
        return
    with ThreadPoolExecutor(at_once, "enrolling") as pool:
        for person, begun in _ahead(people, pool, AHEAD * at_once, gallery, stages, options):
            yield person, partial(_results, begun)


def _read_all(person: Enrolment, gallery: Gallery, stages: Stages, options: EnrolOptions) -> list[Look]:
    return [read(*each, gallery, stages, options) for each in _pictures(person, gallery)]


def _results(begun: Sequence[Future[Look]]) -> list[Look]:
    return [each.result() for each in begun]


def _ahead(
    people: Iterable[Enrolment],
    pool: ThreadPoolExecutor,
    most: int,
    gallery: Gallery,
    stages: Stages,
    options: EnrolOptions,
) -> Iterator[tuple[Enrolment, list[Future[Look]]]]:
    """Each person with the looks at the pictures, begun while the people before are still being enrolled."""
    begun = deque[tuple[Enrolment, list[Future[Look]]]]()
    pictures = 0
    try:
        for person in people:
            pictured = _pictures(person, gallery)
            begun.append((person, [pool.submit(read, *each, gallery, stages, options) for each in pictured]))
            pictures += len(person.pictures)
            while pictures > most:
                first = begun.popleft()
                pictures -= len(first[1])
                yield first
        while begun:
            yield begun.popleft()
    finally:
        for _, waiting in begun:
            for one in waiting:
                one.cancel()


def _pictures(person: Enrolment, gallery: Gallery) -> Iterator[tuple[str | None, str, Picture, str]]:
    """Each picture: whose others are to be looked up (``look``), the subject's name, the picture, its label."""
    who = person.subject if may_be_there(gallery, person.subject) else None
    return ((who, person.subject, *each) for each in zip(person.pictures, person.labels, strict=True))


def _enrol_together(
    waiting: Sequence[_Looked], gallery: Gallery, stages: Stages, options: EnrolOptions
) -> Iterator[tuple[EnrolResult, ...]]:
    """All of them, in as few transactions as give what one after another would."""
    while waiting:
        judged = judged_first([(person.subject, looks) for person, looks in waiting], gallery, stages, options)
        whose = [(person.subject, each.references) for (person, _), each in zip(waiting, judged, strict=False)]
        enrolled = [(subject, references) for subject, references in whose if references]
        if enrolled:
            gallery.enrol_many(enrolled, stages.embedder.pack)
        yield from (each.results for each in judged)
        waiting = waiting[len(judged) :]
