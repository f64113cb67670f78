"""Several contestants by turns, so that whatever else the machine does meets them all alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from bench.peers.cases import Case, Done, Outcome, Round

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Measured:
    case: Case
    rounds: tuple[Round, ...]
    done: Done

    @property
    def seconds(self) -> float:
        """Median, for one item."""
        return median(r.wall_s / r.outcome.items for r in self.rounds)

    @property
    def per_second(self) -> float:
        return 1 / self.seconds

    @property
    def cores_used(self) -> float:
        return sum(r.cpu_s for r in self.rounds) / sum(r.wall_s for r in self.rounds)

    @property
    def outcome(self) -> Outcome:
        return self.rounds[-1].outcome


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times faster the one is. low, high: of single rounds, each against the other's round beside it."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"


def ratio(one: Measured, other: Measured) -> Ratio:
    each = [
        (b.wall_s / b.outcome.items) / (a.wall_s / a.outcome.items)
        for a, b in zip(one.rounds, other.rounds, strict=False)
    ]
    return Ratio(median(each), min(each), max(each))


class Worker:
    """A contestant's process. Raises RuntimeError where it dies; what it said is on standard error."""

    def __init__(self, case: Case, python: Path) -> None:
        self.case = case
        # ONNX Runtime reports to its maker unless told not to, and deface does not tell it
        words = {**os.environ, "ORT_DISABLE_TELEMETRY": "1", "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(
            [str(python), "-m", "bench.peers.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=words,
        )  # fmt: skip
        self._say(json.dumps(asdict(case)))
        self._answer()

    def run(self) -> Round:
        self._say("run")
        said = self._answer()
        return Round(said["wall_s"], said["cpu_s"], Outcome(**said["outcome"]))

    def end(self) -> Done:
        self._say("end")
        done = Done(**self._answer())
        self._process.wait(60)
        return done

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _answer(self) -> dict[str, object]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.case.name} ended in the middle of {self.case.stage} {self.case.subject}.")
        answer: dict[str, object] = json.loads(line)
        return answer


def contest(
    cases: Sequence[Case], pythons: dict[str, Path], rounds: int, budget_s: float, least: int = 3, warm: bool = True
) -> list[Measured]:
    """Each case by turns, in another order each time. rounds: as many as fit into ``budget_s``, at least ``least``; one before
    them is not counted where ``warm``."""
    workers = []
    try:
        for case in cases:
            workers.append(Worker(case, pythons.get(case.contestant, Path(sys.executable))))
        if warm:
            for worker in workers:
                worker.run()
        begun, done = time.monotonic(), [list[Round]() for _ in workers]
        for turn in range(rounds):
            if turn >= least and (time.monotonic() - begun) * (turn + 1) / turn > budget_s:
                break
            for place in range(len(workers)):
                row = (place + turn) % len(workers)
                done[row].append(workers[row].run())
        return [Measured(w.case, tuple(r), w.end()) for w, r in zip(workers, done, strict=True)]
    finally:
        for worker in workers:
            worker.kill()
