"""One contestant on one case, in a process of its own. Reads lines (a Case, then "run" or "end"), answers lines of JSON."""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench.peers.cases import Case, Done, Round


def main() -> None:
    # libraries print what they like: the answers go where they cannot write
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    case = Case(**json.loads(sys.stdin.readline()))
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: case.cores])
    work = importlib.import_module(f"bench.peers.{case.contestant}").opened(case)
    loaded = _mb("VmRSS")
    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        if line.strip() == "end":
            break
        wall, cpu = time.perf_counter(), _cpu()
        outcome = work()
        done = Round(time.perf_counter() - wall, _cpu() - cpu, outcome)
        print(json.dumps(asdict(done)), file=answers, flush=True)
    print(json.dumps(asdict(Done(loaded, _mb("VmHWM")))), file=answers, flush=True)


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _mb(what: str) -> float:
    """Of this process since it began: ``ru_maxrss`` would begin with what its parent had."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


if __name__ == "__main__":
    main()
