"""What a search costs beside FAISS alone, among a million enrolled or more; how fast a gallery starts; what it holds in memory.

    python -m bench.search_index --cache DIR --people 1000000

Four parts, each in a process of its own, so that the memory of each is its own (``--parts`` names some of them):

search    FAISS's IndexFlatIP alone, our index (candidates with names and all), and IndexScalarQuantizer in float16 with exact
          re-ranking, by turns over the same vectors; one probe and 64, on one core and on all.
changes   What it costs to add a person to that index, and to take one out of it.
memory    Resident memory of the index with nothing else beside it.
start     A gallery on the disk with so many people, made in DIR once: the first start, from its rows, and the next one, from
          the sealed file; the first search after each. Making it may be stopped and goes on at the next run.

The people are nobody: directions by chance round ``--groups`` centres, of unit length, one reference each. Half of the probes are
a moved copy of somebody, half are nobody.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from sqlalchemy import insert

from secondlook.gallery import Gallery, KeyFile, NewReference
from secondlook.gallery.comparison import Cosine
from secondlook.gallery.founding import is_there
from secondlook.gallery.held import Weighed
from secondlook.gallery.index_file import ENDING
from secondlook.gallery.people import now, sealed_row
from secondlook.gallery.records import ReferenceRow, SubjectRow
from secondlook.gallery.sealing import Kind
from secondlook.gallery.subject_index import SubjectIndex
from secondlook.types import Floats, Quality

PACK = "bench@0123456789ab"
GROUPS, SPREAD, MOVED = 500, 1.2, 0.35
"""How many centres, how far people lie from theirs, and a probe from its person, in lengths of a centre."""
K, BATCH, WIDER = 5, 64, 64
GOOD = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)
AT_ONCE = 2000
COLUMNS = ("subject_id", "pack", "picture_lookup", "sealed_template", "sealed_details", "sealed_crop")


@dataclass(frozen=True, slots=True)
class Asked:
    people: int
    dimension: int
    rounds: int
    cache: Path | None


def unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def people(asked: Asked, first: int, count: int) -> Floats:
    """(count, D); the same ones whichever part of them is asked for, in steps of ``AT_ONCE``."""
    centres = unit(np.random.default_rng(0).standard_normal((GROUPS, asked.dimension), np.float32))
    rng = np.random.default_rng([1, first])
    moved = SPREAD / np.sqrt(asked.dimension) * rng.standard_normal((count, asked.dimension), np.float32)
    return unit(centres[rng.integers(0, GROUPS, count)] + moved)


def probes(asked: Asked, count: int) -> Floats:
    rng = np.random.default_rng(2)
    mated = people(asked, 0, AT_ONCE)[rng.integers(0, min(AT_ONCE, asked.people), count)]
    strangers = people(asked, asked.people + AT_ONCE, count)
    moved = MOVED / np.sqrt(asked.dimension) * rng.standard_normal(mated.shape, np.float32)
    return np.where(np.arange(count)[:, None] % 2 == 0, unit(mated + moved), strangers)


def index_of(asked: Asked) -> SubjectIndex:
    index = SubjectIndex(0, PACK, asked.dimension, Cosine(asked.dimension))
    for first in range(0, asked.people, AT_ONCE):
        count = min(AT_ONCE, asked.people - first)
        index.add(added(index, first + 1, people(asked, first, count)))
    index.settle()
    return index


def added(index: SubjectIndex, first_reference: int, templates: Floats) -> Weighed:
    """New people with one reference each, named."""
    ids = range(first_reference, first_reference + len(templates))
    names = {uuid.uuid4().hex: f"Person {id_}" for id_ in ids}
    index.name(names)
    return Weighed(ids, list(names), templates, np.full(len(ids), np.nan, np.float32))


def by_turns(rounds: int, each: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median of each, ms. By turns, so that whatever else the machine does meets them all alike."""
    taken: dict[str, list[float]] = {name: [] for name in each}
    for turn in range(rounds + 1):
        for name, work in each.items():
            start = time.perf_counter()
            work()
            if turn:  # the first is to warm up
                taken[name].append(1e3 * (time.perf_counter() - start))
    return {name: round(statistics.median(times), 3) for name, times in taken.items()}


def search(asked: Asked) -> dict[str, object]:
    index = index_of(asked)
    flat = faiss.IndexFlatIP(asked.dimension)
    half = faiss.IndexScalarQuantizer(asked.dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    for number in range(index.vectors.block_count):
        flat.add(index.vectors.block(number))
        half.add(index.vectors.block(number))
    rows = index.vectors.ids()
    one, many = probes(asked, asked.rounds + 1), probes(asked, BATCH)
    usual = os.sched_getaffinity(0)
    turn = iter(range(10**9))

    def next_probe() -> Floats:
        row = next(turn) // 3 % len(one)
        return one[row : row + 1]

    told: dict[str, object] = {}
    for cores in ({min(usual)}, usual):
        keep_to(cores)
        times = by_turns(
            asked.rounds,
            {
                "faiss": lambda: flat.search(next_probe(), K),
                "ours": lambda: index.search(next_probe(), K),
                "float16": lambda: reranked(half, flat, next_probe()),
            },
        )
        told[f"one probe, {len(cores)} cores"] = compared(times)
        rounds = max(3, asked.rounds // 10)
        times = by_turns(
            rounds,
            {
                "faiss": lambda: flat.search(many, K),
                "ours": lambda: index.search(many, K),
                "float16": lambda: reranked(half, flat, many),
            },
        )
        told[f"{BATCH} probes, {len(cores)} cores"] = compared(times)
    told["same answers"] = agreement(index, flat, half, rows, probes(asked, 128))
    return told


def keep_to(cores: set[int]) -> None:
    """Every thread of this process, and FAISS to as many threads."""
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)
    faiss.omp_set_num_threads(len(cores))


def compared(times: dict[str, float]) -> dict[str, float]:
    return {
        **{f"{name} p50 ms": value for name, value in times.items()},
        "ours / faiss": round(times["ours"] / times["faiss"], 3),
        "float16 / faiss": round(times["float16"] / times["faiss"], 3),
    }


def reranked(half: faiss.IndexScalarQuantizer, flat: faiss.IndexFlatIP, asked_for: Floats) -> Floats:
    """Rows (n, K): the nearest of ``WIDER`` by float16, by float32."""
    _, rows = half.search(asked_for, WIDER)
    vectors = flat.reconstruct_batch(rows.reshape(-1)).reshape(*rows.shape, -1)
    scores = np.einsum("nd,nkd->nk", asked_for, vectors)
    return np.take_along_axis(rows, np.argsort(-scores, axis=1)[:, :K], 1)


def agreement(
    index: SubjectIndex, flat: faiss.IndexFlatIP, half: faiss.IndexScalarQuantizer, ids: Floats, asked_for: Floats
) -> dict[str, object]:
    """Of so many probes, the share with the same five in the same order as FAISS says."""
    truth = ids[flat.search(asked_for, K)[1]]
    ours = [[candidate.reference for candidate in found] for found in index.search(asked_for, K)]
    again = ids[reranked(half, flat, asked_for)]
    plain = ids[half.search(asked_for, K)[1]]
    return {
        "probes": len(asked_for),
        "ours": share(truth, np.array(ours)),
        "float16 re-ranked": share(truth, again),
        "float16 alone": share(truth, plain),
    }


def share(truth: Floats, said: Floats) -> float:
    return float((truth == said).all(axis=1).mean())


def changes(asked: Asked) -> dict[str, object]:
    """One person after another, each searched for, so that the vector is made and the change counts."""
    index, count = index_of(asked), 200
    flat = faiss.IndexIDMap2(faiss.IndexFlatIP(asked.dimension))
    for number in range(index.vectors.block_count):
        flat.add_with_ids(index.vectors.block(number), index.vectors.block_ids(number))
    new = people(asked, asked.people + 2 * AT_ONCE, count)
    adding, removing, theirs = [], [], []
    for row in range(count):
        start = time.perf_counter()
        index.add(added(index, asked.people + row + 1, new[row : row + 1]))
        index.settle()
        adding.append(time.perf_counter() - start)
    rng = np.random.default_rng(3)
    for reference in rng.choice(asked.people, count, replace=False) + 1:
        subject = index.owner(int(reference))
        assert subject is not None
        start = time.perf_counter()
        index.remove_subject(subject)
        index.settle()
        removing.append(time.perf_counter() - start)
    for reference in rng.choice(asked.people, 5, replace=False) + 1:
        start = time.perf_counter()
        flat.remove_ids(np.array([reference], np.int64))
        theirs.append(time.perf_counter() - start)
    names = ("add one, ms", "remove one, ms", "remove one from faiss.IndexIDMap2, ms")
    return {
        name: round(1e3 * statistics.median(times), 3)
        for name, times in zip(names, (adding, removing, theirs), strict=True)
    }


def memory(asked: Asked) -> dict[str, object]:
    before = resident_mb()
    index = index_of(asked)
    held = resident_mb() - before
    return {
        "resident MB": round(held),
        "bytes a person": round(held * 2**20 / asked.people),
        "of which vector": 4 * asked.dimension,
        "peak MB": round(resident_mb("VmHWM")),
        "people": index.subjects,
    }


def resident_mb(what: str = "VmRSS") -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


def made(asked: Asked) -> Path:
    """The gallery's folder, made where it is not there, or gone on with where it is not all there."""
    if asked.cache is None:
        raise SystemExit("Where is the gallery to be? Name a folder with --cache.")
    folder, key = asked.cache / f"gallery-{asked.people}", KeyFile(asked.cache / "bench.key")
    there = is_there(folder)
    new = (
        Gallery.open(folder, key=key)
        if there
        else Gallery.create(folder, pack=PACK, dimension=asked.dimension, key=key)
    )
    with new as gallery:
        for first in range(gallery.enrolled, asked.people, AT_ONCE):
            templates = people(asked, first, min(AT_ONCE, asked.people - first))
            fill(gallery, [(f"Person {first + n + 1}", reference(one, first + n)) for n, one in enumerate(templates)])
            print(f"{first + len(templates):,} of {asked.people:,} enrolled", file=sys.stderr)
    return folder


def fill(gallery: Gallery, new: list[tuple[str, NewReference]]) -> None:
    """As ``Gallery.enrol_many`` leaves its rows, without asking for each whether it is there already."""
    at = now()
    with gallery._writing() as room:
        seals = room.vault.new_seals([uuid.uuid4().hex for _ in new])
        people, references = [], []
        for seal, (name, one) in zip(seals, new, strict=True):
            sealed = seal.close(name.encode(), Kind.NAME)
            people.append(
                {
                    "id": seal.subject,
                    "name_lookup": room.vault.name_lookup(name),
                    "sealed_name": sealed,
                    "created_at": at,
                }
            )
            row = sealed_row(seal, one, PACK, at)
            references.append({column: getattr(row, column) for column in COLUMNS})
        room.session.execute(insert(SubjectRow), people)
        room.session.execute(insert(ReferenceRow), references)


def reference(template: Floats, row: int) -> NewReference:
    sha256 = hashlib.sha256(str(row).encode()).hexdigest()
    return NewReference(template, b"no picture", np.zeros((5, 2), np.float32), f"made up {row}", sha256, GOOD)


def start(asked: Asked) -> dict[str, object]:
    folder = made(asked)
    for old in folder.glob(f"*{ENDING}"):
        old.unlink()
    told: dict[str, object] = {}
    for which in ("first, from the rows", "second, from the sealed file", "third"):
        told[which] = started_apart(asked)
    (file,) = folder.glob(f"*{ENDING}")
    told["sealed file MB"] = round(file.stat().st_size / 1e6)
    return told


def started_apart(asked: Asked) -> object:
    return part_apart("started", asked)


def started(asked: Asked) -> dict[str, object]:
    """In a process of its own."""
    folder = made(asked)
    assert asked.cache is not None
    probe = probes(asked, 1)[0]
    begun, worked = time.perf_counter(), time.process_time()
    with Gallery.open(folder, key=KeyFile(asked.cache / "bench.key")) as gallery:
        found = gallery.search(probe, PACK, K)
        ready, worked = time.perf_counter() - begun, time.process_time() - worked
        again = by_turns(5, {"search": lambda: gallery.search(probe, PACK, K)})
        assert gallery.subjects == asked.people and found == gallery.search(probe, PACK, K)
        begun = time.perf_counter()
        gallery.page(None, 50)
        listed = time.perf_counter() - begun
        closing = time.perf_counter()
    return {
        "first search answered after s": round(ready, 2),
        "of which processor s": round(worked, 2),
        "each after that, p50 ms": again["search"],
        "first page of names s": round(listed, 2),
        "closed in s": round(time.perf_counter() - closing, 2),
        "peak MB": round(resident_mb("VmHWM")),
    }


PARTS: dict[str, Callable[[Asked], dict[str, object]]] = {
    "search": search,
    "changes": changes,
    "memory": memory,
    "start": start,
    "started": started,
}


def part_apart(part: str, asked: Asked) -> object:
    command = [sys.executable, "-m", "bench.search_index", "--alone", part, "--people", str(asked.people)]
    command += ["--dimension", str(asked.dimension), "--rounds", str(asked.rounds)]
    command += ["--cache", str(asked.cache)] if asked.cache else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=40, help="single searches of each kind; a tenth as many of 64")
    parser.add_argument("--cache", type=Path, help="where the gallery on the disk is, or is to be made")
    parser.add_argument("--parts", nargs="+", choices=["search", "changes", "memory", "start"], default=["search"])
    parser.add_argument("--alone", choices=list(PARTS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    asked = Asked(given.people, given.dimension, given.rounds, given.cache and given.cache.resolve())
    if given.alone:
        print(json.dumps(PARTS[given.alone](asked)))
        return
    told: dict[str, object] = {
        "people": asked.people,
        "dimension": asked.dimension,
        "cores": os.cpu_count(),
        "faiss": faiss.__version__,
    }
    for part in given.parts:
        told[part] = part_apart(part, asked)
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
