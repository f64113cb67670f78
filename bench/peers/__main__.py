"""Second Look and its peers in one run, into bench/RESULTS.md.

    python -m bench.peers --peers .venv-peers/bin/python          # about 20 minutes on two cores
    python -m bench.peers --peers .venv-peers/bin/python --quick  # a look whether everything runs; --out /dev/stdout

Each contestant has a process of its own; a round of each by turns, in another order each time, after one round to warm up. Ratios
are of neighbouring rounds: the median, and in brackets the least and the most.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bench.peers import machine, material
from bench.peers.cases import Case
from bench.peers.contest import Measured, contest, ratio
from bench.peers.page import Bar, bars_table, growth, recall, stage_table, table, time_of

RESULTS = Path(__file__).resolve().parents[1] / "RESULTS.md"
DLIB, DEFACE, MTCNN = "face_recognition_dlib", "deface_centerface", "mtcnn"


@dataclass(frozen=True, slots=True)
class Run:
    """rounds, budget_s: of one contest. enrol: pictures in all, ours in a round, theirs of these."""

    folder: Path
    peers: Path
    cores: int
    rounds: int
    budget_s: float
    enrol: tuple[int, int, int]
    their_frames: int
    people: tuple[int, ...]
    console: Console

    def contest(
        self, stage: str, subject: str, *who: tuple[str, str], cores: int = 0, least: int = 3, warm: bool = True
    ) -> list[Measured]:
        """who: contestant and variant; a subject of its own behind a bar, where theirs is another."""
        self.console.print(f"{stage} {subject}")
        cases = []
        for contestant, variant in who:
            variant, _, other = variant.partition("|")
            cases.append(Case(contestant, variant, stage, other or subject, str(self.folder), cores or self.cores))
        pythons = {DLIB: self.peers, MTCNN: self.peers}
        done = contest(cases, pythons, self.rounds, self.budget_s, min(least, self.rounds), warm)
        for one in done:
            self.console.print(f"  {one.case.name}: {time_of(one)}")
        return done


OURS = ("second_look", "")
INTEGERS = ("second_look", "int8 detector, int8 templates")
HOG = (DLIB, "HOG")


def detecting(run: Run) -> list[str]:
    lines = ["## Stage by stage", ""]
    for name in ("1080p-25", "12mp-25"):
        done = run.contest("decode", name, OURS, (DLIB, ""), (DEFACE, ""), (MTCNN, ""))
        lines += stage_table(f"Decode a JPEG, {name}", "", done)
    for name in ("1080p-25", "1080p-100"):
        who = [OURS, ("second_look", "int8 detector"), HOG, (DEFACE, ""), (MTCNN, "")]
        done = run.contest("detect", name, *who)
        done += run.contest("detect", name, (DLIB, "CNN, not upsampled"), least=1, warm=False)[:1]
        lines += stage_table(f"Detect, {name}", "", done, faces=True)
    done = run.contest("align", "12mp-25", OURS, HOG, (MTCNN, ""))
    return [*lines, *stage_table("Align, a face", "", done)]


def templates(run: Run) -> tuple[list[str], list[Bar]]:
    """On one core: dlib uses no more for one template."""
    who = [
        ("second_look", "one pass"), ("second_look", ""), ("second_look", "int8 templates, one pass"),
        ("second_look", "int8 templates"), (DLIB, ""), (DLIB, "batch of 32"),
    ]  # fmt: skip
    one, both, small, small_both, theirs, batch = done = run.contest("embed", "32 chips", *who, cores=1)
    lines = stage_table("Template, a chip of 150 px, one core", "", done)
    lines += [
        "The built-in recogniser adds the mirrored chip, which is the second pass; dlib and face_recognition make one. On one "
        "core, as dlib has no more than one at work on a template.",
        "",
    ]
    a_pass, rounded = ratio(one, theirs), ratio(small, one)
    mirrored = f"{ratio(both, theirs)} with the mirrored chip"
    came = f"{a_pass} a pass; {mirrored}; against its batches of 32: {ratio(one, batch)} a pass"
    return lines, [
        Bar("templates, a core, float32: 10 times dlib-bin", came, a_pass.value >= 10),
        Bar("templates, int8: 1.5 times our own float32", f"{rounded} a pass; {ratio(small_both, both)} with the mirrored chip",
            rounded.value >= 1.5),
    ]  # fmt: skip


def photographs(run: Run) -> tuple[list[str], list[Bar]]:
    lines, bars = (
        ["## A whole photograph", "", "Read, every face found, aligned, embedded and searched among 50.", ""],
        [],
    )
    for name in ("1080p-25", "1080p-100", "12mp-25", "12mp-100"):
        done = run.contest("photo", name, OURS, INTEGERS, HOG)
        lines += stage_table(name, "", done, faces=True)
        ours, small, theirs = (recall(one) for one in done)
        times = ratio(done[0], done[2])
        came = f"{times}; {ours.found} of {ours.placed} faces against {theirs.found}; all in integers {ratio(done[1], done[2])}"
        assert small.placed == ours.placed
        wanted = f"photograph {name}: 8 times face_recognition (HOG, upsampled once), more faces"
        bars.append(Bar(wanted, came, times.value >= 8 and ours.found > theirs.found))
    return lines, bars


def videos(run: Run) -> tuple[list[str], list[Bar]]:
    done = run.contest("video", "clip", OURS, (DLIB, f"HOG, every frame|{run.their_frames}"))
    done += run.contest("video", "clip", ("second_look", "every frame"), least=1)
    ours, theirs, every = done
    lines = ["## A whole video", "", "720p, 30 frames a second, two faces 64 and 96 px wide; time a frame.", ""]
    lines += stage_table("find, default settings", "", done)
    lines += [f"Ours: {ours.per_second:.0f} frames a second; face_recognition {theirs.per_second:.2f}; ours with every frame "
              f"looked at {every.per_second:.0f}. Sightings: {', '.join(ours.outcome.found) or 'none'}; with every frame: "
              f"{', '.join(every.outcome.found) or 'none'}.", ""]  # fmt: skip
    times = ratio(ours, theirs)
    same = ours.outcome.found == every.outcome.found
    came = f"{times}, {ours.per_second:.0f} frames a second; sightings {'the same' if same else 'differ'}"
    bar = Bar("video 720p, two faces: 10 times face_recognition, no sighting lost", came, times.value >= 10 and same)
    return lines, [bar]


def enrolling(run: Run) -> tuple[list[str], list[Bar]]:
    whole, step, theirs_of = run.enrol
    who = [OURS, INTEGERS, (DLIB, f"HOG|{step} {theirs_of}"),
           (DLIB, f"HOG, 2 processes|{step} {theirs_of}")]  # fmt: skip
    rounds = whole // step
    slow = Run(run.folder, run.peers, run.cores, rounds, 1e9, run.enrol, 0, (), run.console)
    done = slow.contest("enrol", str(step), *who, least=rounds, warm=False)
    ours, small, single, double = done
    lines = ["## Enrolment", "", f"{whole:,} pictures of Labeled Faces in the Wild, 250 x 250, into a sealed gallery on the "
             f"disk, in {rounds} rounds; face_recognition, which writes nothing, is given the first {theirs_of} of each. "
             "Time a picture.", ""]  # fmt: skip
    lines += stage_table("enrol", "", done)
    times = ratio(ours, single)
    came = (f"{times}, {ours.per_second:.0f} pictures a second; against its two processes {ratio(ours, double)}; all in "
            f"integers {ratio(small, single)}")  # fmt: skip
    return lines, [Bar(f"enrolment of {whole:,} pictures: 8 times face_recognition", came, times.value >= 8)]


def searching(run: Run) -> list[str]:
    """FAISS alone is the floor; NumPy alone beside it."""
    lines, rows = ["## Search", "", "One probe, 128 numbers, the five nearest of so many enrolled, exact.", ""], []
    for people in run.people:
        said = subprocess.run(
            [sys.executable, "-m", "bench.search_index", "--people", str(people), "--parts", "search"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        told = json.loads(said)["search"]
        product, distance = run.contest(
            "search", str(people), ("floor", "NumPy"), ("floor", "face_recognition's distance")
        )
        for what in (key for key in told if key.startswith("one probe")):
            each = told[what]
            threads = what.partition(", ")[2]
            rows.append([f"{people:,}, {threads}", *(f"{each[f'{name} p50 ms']:.3g} ms" for name in ("ours", "faiss")),
                         f"{each['ours / faiss']:.3g}", time_of(product), time_of(distance)])  # fmt: skip
    head = ["enrolled", "ours", "FAISS alone", "ours / FAISS", "NumPy alone, all cores", "face_recognition's distance"]
    return [*lines, *table(head, rows)]


def growing(run: Run) -> list[str]:
    lines = ["## Growth", ""]
    by_size = [(n, run.contest("photo", n, OURS, HOG)) for n in ("720p-25", "1080p-25", "4k-25")]
    lines += growth("With the picture's size, 25 faces of 16 to 64 px", "picture", by_size)
    by_faces = [(n, run.contest("photo", n, OURS, HOG)) for n in ("1080p-1", "1080p-5", "1080p-25", "1080p-100")]
    lines += growth("With the faces in it, 1080p", "picture", by_faces)
    by_cores = [(str(c), run.contest("photo", "1080p-100", OURS, HOG, cores=c)) for c in range(1, run.cores + 1)]
    lines += growth("With the cores, 100 faces in 1080p", "cores", by_cores)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, required=True, help="Python of the environment with the peers")
    parser.add_argument("--cores", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--quick", action="store_true", help="few rounds and pictures: the numbers say little")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: asked.cores])
    peers = asked.peers.absolute()  # not resolved: an environment's Python is a link
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), peers, asked.cores, 5, 15, (3000, 500, 60), 24, (10_000, 100_000), Console(stderr=True))
        if asked.quick:
            run = Run(Path(folder), peers, asked.cores, 1, 1, (40, 20, 10), 4, (10_000,), run.console)
        head = machine.described(asked.cores, peers)
        material.make(run.folder, 2 if asked.quick else 10)
        made, bars_templates = templates(run)
        whole, bars_photos = photographs(run)
        films, bars_video = videos(run)
        people, bars_enrol = enrolling(run)
        parts = [*detecting(run), *made, *searching(run), *whole, *films, *people, *growing(run)]
    bars = [*bars_photos, *bars_enrol, *bars_templates, *bars_video]
    intro = (__doc__ or "").split("\n\n")[-1].strip()
    lines = ["# Speed, beside the peers", "", "Written by `make bench`.", "", intro, "", *head, "", "## What was to be shown", "",
             *bars_table(bars), *parts]  # fmt: skip
    with asked.out.open("w", encoding="utf-8") as file:
        file.write("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
