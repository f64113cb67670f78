"""Many processes enrol into one gallery at once, while others search it: is anybody lost, doubled, or seen by halves?

    python -m bench.postgres_enrol postgresql://USER@HOST/DATABASE?schema=NEW [--templates 3000] [--processes 8]

Made-up people: random unit vectors of 128 numbers, three references each. Every person is offered by two of the processes,
so that half of all enrolments race for somebody whom another one is just enrolling. A folder instead of the address
does the same on SQLite. Nothing but the gallery is written, its keys into a temporary folder; one line of JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from secondlook.faces.fuse import fuse
from secondlook.gallery import Gallery, KeyFile, NewReference
from secondlook.types import Floats, Quality

T = TypeVar("T")
PACK = "made-up@0123456789ab"
DIMENSION = 128
EACH = 3
"""References of a person."""
SEARCHERS = 2
QUALITY = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)
_CROP_BYTES = 6000


@dataclass(frozen=True, slots=True)
class Written:
    """By one process. people: numbers of those whose references it was told to have enrolled. seconds: of each enrolment."""

    people: list[int]
    seconds: list[float]


@dataclass(frozen=True, slots=True)
class Searched:
    """By one process. wrong: sentences on what no whole state of the gallery could have answered."""

    searches: int
    revisions: int
    wrong: list[str]


@dataclass(frozen=True, slots=True)
class Measured:
    """lost, doubled: references. seconds: from the first enrolment to the last. waited_*: of one enrolment, seconds."""

    templates: int
    processes: int
    seconds: float
    lost: int
    doubled: int
    told_twice: int
    searches: int
    revisions_seen: int
    wrong: list[str] = field(default_factory=list)
    waited_median: float = 0.0
    waited_most: float = 0.0


def person(number: int) -> str:
    return f"Person {number:05d}"


def references(number: int) -> tuple[NewReference, ...]:
    """The same for everybody who asks."""
    return tuple(_reference(number, which) for which in range(EACH))


def fused(number: int) -> Floats:
    """What a person is searched by once all references are there: (D,)."""
    templates = np.stack([one.template for one in references(number)])
    return fuse(templates, np.full(EACH, QUALITY.score, np.float32))


def measure(place: str | Path, templates: int, processes: int) -> Measured:
    """Makes a gallery at ``place`` and leaves it there; its keys are gone afterwards."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "k.key"
        people = templates // EACH
        with Gallery.create(place, pack=PACK, dimension=DIMENSION, key=KeyFile(key)) as gallery:
            said: Queue[Written | Searched] = context.Queue()
            ready = [context.Event() for _ in range(processes + SEARCHERS)]
            go, done = context.Event(), context.Event()
            writers = [
                context.Process(target=_write, args=(place, key, people, worker, processes, ready[worker], go, said))
                for worker in range(processes)
            ]
            searchers = [
                context.Process(
                    target=_search, args=(place, key, people, seed, ready[processes + seed], go, done, said)
                )
                for seed in range(SEARCHERS)
            ]
            for process in (*writers, *searchers):
                process.start()
            for event in ready:
                assert event.wait(240), "a process did not begin"
            began = time.monotonic()
            go.set()
            written = [_next(said, Written) for _ in writers]
            seconds = time.monotonic() - began
            done.set()
            searched = [_next(said, Searched) for _ in searchers]
            for process in (*writers, *searchers):
                process.join(60)
                assert process.exitcode == 0, f"a process ended with {process.exitcode}"
            return _measured(gallery, people, seconds, written, searched)


def _measured(
    gallery: Gallery, people: int, seconds: float, written: list[Written], searched: list[Searched]
) -> Measured:
    held = Counter({subject.name: subject.references for subject in gallery.subject_list()})
    expected = [person(number) for number in range(people)]
    wrong = [sentence for one in searched for sentence in one.wrong]
    found = gallery.search_many(np.stack([fused(number) for number in range(people)]), PACK, 1)
    wrong += [
        f"{name} is not found in the end" for name, one in zip(expected, found, strict=True) if one[0].subject != name
    ]
    told = Counter(number for one in written for number in one.people)
    waited = [second for one in written for second in one.seconds]
    return Measured(
        templates=people * EACH,
        processes=len(written),
        seconds=round(seconds, 2),
        lost=sum(max(0, EACH - held[name]) for name in expected),
        doubled=sum(max(0, held[name] - EACH) for name in expected)
        + sum((held - Counter(dict.fromkeys(expected, EACH))).values()),
        told_twice=sum(count - 1 for count in told.values()) + (people - len(told)),
        searches=sum(one.searches for one in searched),
        revisions_seen=sum(one.revisions for one in searched),
        wrong=wrong,
        waited_median=round(float(np.median(waited)), 4),
        waited_most=round(max(waited), 3),
    )


def _write(
    place: str | Path,
    key: Path,
    people: int,
    worker: int,
    processes: int,
    ready: Event,
    go: Event,
    said: Queue[Written],
) -> None:
    """Enrols every person whose turn it is, and whom the next process enrols too, in an order of its own."""
    own = [number for number in range(people) if worker in (number % processes, (number + 1) % processes)]
    order = np.random.default_rng(worker).permutation(own)
    enrolled, seconds = [], []
    with Gallery.open(place, key=KeyFile(key)) as gallery:
        ready.set()
        go.wait()
        for number in order.tolist():
            offered = references(number)
            began = time.monotonic()
            ids = gallery.enrol(person(number), offered, PACK)
            seconds.append(time.monotonic() - began)
            assert len({id_ is None for id_ in ids}) == 1, "some of a person's references were there already"
            if ids[0] is not None:
                enrolled.append(number)
    said.put(Written(enrolled, seconds))


def _search(
    place: str | Path, key: Path, people: int, seed: int, ready: Event, go: Event, done: Event, said: Queue[Searched]
) -> None:
    """Searches for anybody, again and again; whoever was there once stays, and is there with all references."""
    chance = np.random.default_rng(1000 + seed)
    probes = np.stack([fused(number) for number in range(people)])
    seen: set[int] = set()
    revisions: set[int] = set()
    wrong: list[str] = []
    searches = 0
    with Gallery.open(place, key=KeyFile(key)) as gallery:
        ready.set()
        go.wait()
        while not done.is_set():
            before = gallery.revision
            if revisions and before < max(revisions):
                wrong.append(f"the revision fell from {max(revisions)} to {before}")
            revisions.add(before)
            numbers = chance.choice(people, min(people, 50), replace=False)
            there = {}
            for number, found in zip(numbers.tolist(), gallery.search_many(probes[numbers], PACK, 1), strict=True):
                searches += 1
                there[number] = bool(found) and found[0].subject == person(number)
                if there[number] and found[0].score < 1.0 - 1e-5:
                    wrong.append(f"{person(number)} was found by some of the references ({found[0].score:.4f})")
            wrong += [f"{person(n)} was there and is not any more" for n in seen & there.keys() if not there[n]]
            seen |= {number for number, is_there in there.items() if is_there}
            halves = [one.name for one in gallery.subject_list() if one.references != EACH]
            wrong += [f"{name} was listed with some of the references" for name in halves]
    said.put(Searched(searches, len(revisions), wrong[:20]))


def _next(said: Queue[Any], kind: type[T]) -> T:
    got = said.get(timeout=1800)
    assert isinstance(got, kind), f"{kind.__name__} was expected"
    return got


def _reference(number: int, which: int) -> NewReference:
    rng = np.random.default_rng((number, which))
    vector = np.random.default_rng(number).standard_normal(DIMENSION) + 0.5 * rng.standard_normal(DIMENSION)
    template = np.asarray(vector / np.linalg.norm(vector), np.float32)
    picture = hashlib.sha256(f"{number} {which}".encode()).hexdigest()
    points = np.zeros((5, 2), np.float32)
    return NewReference(template, rng.bytes(_CROP_BYTES), points, f"{number}-{which}.jpg", picture, QUALITY)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place")
    parser.add_argument("--templates", type=int, default=3000)
    parser.add_argument("--processes", type=int, default=8)
    asked = parser.parse_args()
    print(json.dumps(asdict(measure(asked.place, asked.templates, asked.processes))))


if __name__ == "__main__":
    main()
