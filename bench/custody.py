"""What a record, its verification and the search for remains cost.

python -m bench.custody --entries 4000 --megabytes 400
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from secondlook.custody.log import CustodyLog
from secondlook.custody.needles import NOTHING, name_needles, picture_needles, template_needles
from secondlook.custody.searching import search
from secondlook.custody.signing import KeyFolder
from secondlook.custody.verifying import Verified, verify
from secondlook.ports import Action, Entry

ENTRY = Entry("account:7", Action.SEARCH, ("9f" * 16,), "find the child", "2026-17", {"sources": 1, "fpir": 0.003})
REFERENCES, DIMENSION, CROP_BYTES = 5, 512, 25_000


def recorded(log: CustodyLog, threads: int, entries: int) -> dict[str, float]:
    """Entries a second, and how long one takes: median and 95th percentile, ms."""
    taken: list[float] = []

    def work() -> None:
        for _ in range(entries // threads):
            start = time.perf_counter()
            log.record(ENTRY)
            taken.append(1e3 * (time.perf_counter() - start))

    workers = [threading.Thread(target=work) for _ in range(threads)]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    whole = time.perf_counter() - start
    p50, p95 = np.percentile(taken, [50, 95])
    return {"entries_per_s": round(len(taken) / whole), "p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}


def verified(folder: Path, keys: KeyFolder) -> dict[str, float]:
    start = time.perf_counter()
    said = verify(folder, (), keys)
    taken = time.perf_counter() - start
    if not isinstance(said, Verified):
        raise SystemExit(f"the log is not whole: {said.findings[0].sentence}")
    return {"entries": said.entries, "entries_per_s": round(said.entries / taken)}


def searched(folder: Path, megabytes: int) -> dict[str, float]:
    """Somebody with five references, in random bytes, as sealed ones are."""
    rng = np.random.default_rng(0)
    needles = NOTHING + name_needles("name", "Grace Hopper")
    for _ in range(REFERENCES):
        vector = rng.standard_normal(DIMENSION).astype(np.float32)
        needles += template_needles(vector / np.linalg.norm(vector)) + picture_needles(rng.bytes(CROP_BYTES))
    with (folder / "bytes").open("wb") as file:
        for _ in range(megabytes):
            file.write(rng.bytes(1_000_000))
    start, processor = time.perf_counter(), time.process_time()
    said = search([folder / "bytes"], needles)
    taken, worked = time.perf_counter() - start, time.process_time() - processor
    if said.found:
        raise SystemExit(f"found where nothing is: {said.found}")
    return {"mb_per_s": round(megabytes / taken, 1), "mb_per_processor_s": round(megabytes / worked, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=4000, help="to record for each number of threads")
    parser.add_argument("--megabytes", type=int, default=400, help="to look through")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place, keys = Path(folder) / "log", KeyFolder(Path(folder) / "keys")
        log = CustodyLog.open(place, keys)
        figures: dict[str, object] = {f"record, {n} threads": recorded(log, n, asked.entries) for n in (1, 4, 16)}
        figures["verify"] = verified(place, keys)
        figures["search"] = searched(Path(folder), asked.megabytes)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
