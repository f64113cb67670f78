"""How many searches a second the service answers, and how fast, among many enrolled; and how long it takes to start with them.

    python -m bench.search_api --cache DIR

Makes a gallery of ``--templates`` made-up people (averages of many faces, each moved by chance: nobody) in DIR, once; starts the
real server on a free port of loopback; sends templates as one client with an API key would: at ``--rate`` a second for
``--seconds``, whether or not those before were answered, from another process. Half of them are moved copies of somebody
enrolled, and must be found; half are nobody. Then, where wrk is installed, as fast as it goes for ten seconds.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from secondlook.assemble import calibration_for
from secondlook.faces.packs import opening
from secondlook.faces.packs.runtime import RunOptions
from secondlook.gallery import Gallery, NewReference
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import accounts, signing_in
from secondlook.server.folder import DataFolder
from secondlook.server.service import Service
from secondlook.server.settings import Options
from secondlook.types import Floats, Quality

RECOGNISER = "dlib-resnet"
FPIR = 0.05
"""Asked for: a rarer rate cannot be stated among 100,000 by the people of the shipped calibration."""
SPREAD, MOVED = 0.045, 0.012
"""How far people lie from the average they were made of, and a probe from its person: of each number, one standard deviation."""
GOOD = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)
ASKED_QUALITY = {
    "inter_eye_px": 61.5,
    "sharpness": 0.9,
    "yaw_deg": -3,
    "pitch_deg": 2,
    "exposure": 0.45,
    "contrast": 0.2,
    "visible": 1,
}
AT_ONCE = 2000
CROP_BYTES = 12_000


@dataclass(frozen=True, slots=True)
class Made:
    """seconds: it took to enrol them. secret: an operator's API key."""

    pack: str
    templates: int
    seconds: float
    secret: str


def people(pack: str, count: int) -> Floats:
    """(count, D) of unit length."""
    calibration = calibration_for(pack)
    if calibration is None or calibration.cohort is None:
        raise SystemExit(f"{pack} has no calibration with a cohort to make people of: use the built-in pack.")
    points, rng = calibration.cohort.points, np.random.default_rng(1)
    chosen = points[rng.integers(0, len(points), count)]
    return unit(chosen + SPREAD * rng.standard_normal(chosen.shape, np.float32))


def unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def made(cache: Path, count: int) -> Made:
    """The service's folder with a gallery in it, made where it is not there."""
    note, data = cache / "made.json", DataFolder(cache / "data")
    if note.exists():
        found = Made(**json.loads(note.read_text()))
        if found.templates == count:
            return found
        raise SystemExit(f"{cache} holds {found.templates:,} templates: name another folder for {count:,}.")
    embedder = opening.recogniser(RECOGNISER, RunOptions())
    templates = people(embedder.pack, count)
    data.make()
    start = time.perf_counter()
    with Gallery.create(data.gallery, pack=embedder.pack, dimension=embedder.dimension) as gallery:
        for first in range(0, count, AT_ONCE):
            rows = range(first, min(count, first + AT_ONCE))
            gallery.enrol_many([(f"Person {row}", [reference(templates[row], row)]) for row in rows], embedder.pack)
            print(f"{rows.stop:,} of {count:,} enrolled", file=sys.stderr)
    seconds = time.perf_counter() - start
    service = Service.open(Options(data.root))
    try:
        found = Made(embedder.pack, count, round(seconds, 1), api_key(service))
    finally:
        service.close()
    note.write_text(json.dumps({name: getattr(found, name) for name in Made.__slots__}))
    return found


def reference(template: Floats, row: int) -> NewReference:
    sha256 = hashlib.sha256(str(row).encode()).hexdigest()
    crop = np.random.default_rng(row).bytes(CROP_BYTES)
    return NewReference(template, crop, np.zeros((5, 2), np.float32), f"made up {row}", sha256, GOOD)


def api_key(service: Service) -> str:
    boss = Actor("0" * 32, "bench", Role.ADMIN)
    with service.database.writing() as session:
        service.keep_settings(session, service.settings_in(session).__class__(fpir=FPIR, requests_per_minute=1_000_000))
    invited = accounts.create(service, boss, "bench", Role.OPERATOR)
    accounts.choose_password(service, invited.token, "made up for this bench")
    return signing_in.new_key(service, Actor(invited.account.id, "bench", Role.OPERATOR), "bench").secret


@contextmanager
def served(cache: Path) -> Iterator[tuple[int, int, float]]:
    """(process id, port, seconds until it was ready)"""
    start = time.perf_counter()
    command = [sys.executable, "-m", "secondlook", "serve", "--data", str(cache / "data"), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = listening(process)
        while not ready(port):
            if process.poll() is not None:
                raise SystemExit("the server ended before it was ready")
            time.sleep(0.05)
        yield process.pid, port, time.perf_counter() - start
    finally:
        process.terminate()
        process.wait(60)


def listening(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        if "Second Look is at" in line:
            return int(line.rsplit(":", 1)[1])
    raise SystemExit("the server did not start")


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=60) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def write_requests(cache: Path, said: Made, count: int, with_quality: bool) -> tuple[Path, Path]:
    templates, rng = people(said.pack, said.templates), np.random.default_rng(2)
    dimension = templates.shape[1]
    rows = rng.integers(0, said.templates, count)
    mated = unit(templates[rows] + MOVED * rng.standard_normal((count, dimension), np.float32))
    strangers = unit(
        people(said.pack, count * 2)[-count:] + SPREAD * rng.standard_normal((count, dimension), np.float32)
    )
    lines = []
    for number in range(count):
        is_mated = number % 2 == 0
        template = (mated if is_mated else strangers)[number]
        body = {
            "pack": said.pack,
            "templates": [base64.b64encode(template.astype("<f4").tobytes()).decode()],
            "k": 5,
            "purpose": "made up for a bench",
            "case": f"B-{number % 7}",
        }
        if with_quality:
            body["qualities"] = [ASKED_QUALITY]
        expect = f'"subject":"Person {rows[number]}"' if is_mated else '"results":['
        lines.append(json.dumps({"body": body, "expect": expect}))
    head, bodies = cache / "head.txt", cache / "bodies.jsonl"
    head.write_text(
        "POST /api/v1/search/templates HTTP/1.1\nhost: 127.0.0.1\ncontent-type: application/json\n"
        f"authorization: Bearer {said.secret}\n"
    )
    bodies.write_text("\n".join(lines))
    return head, bodies


def processor_s(pid: int) -> float:
    """Of a process, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return round(int(status.partition("VmRSS:")[2].split()[0]) / 1024)


def driven(port: int, head: Path, bodies: Path, rate: float, seconds: float) -> dict[str, object]:
    command = [sys.executable, "-m", "bench.open_loop", "127.0.0.1", str(port), str(head), str(bodies)]
    done = subprocess.run(
        [*command, "--rate", str(rate), "--seconds", str(seconds)], capture_output=True, text=True, check=True
    )
    said: dict[str, object] = json.loads(done.stdout)
    return said


WRK = """
local bodies = {}
for line in io.lines("%s") do
  bodies[#bodies + 1] = line:match('^{"body": (.*), "expect":')
end
local at = 0
request = function()
  at = at %% #bodies + 1
  return wrk.format("POST", "/api/v1/search/templates",
    {["content-type"] = "application/json", ["authorization"] = "Bearer %s"}, bodies[at])
end
"""


def as_fast_as_it_goes(port: int, cache: Path, bodies: Path, said: Made, seconds: int) -> str:
    if shutil.which("wrk") is None:
        return "wrk is not installed"
    script = cache / "wrk.lua"
    script.write_text(WRK % (bodies, said.secret))
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", "-s", str(script), f"http://127.0.0.1:{port}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="where the gallery is, or is to be made")
    parser.add_argument("--templates", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=100.0, help="searches a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--without-quality", action="store_true", help="no decisions, the nearest as they are")
    parser.add_argument("--wrk-seconds", type=int, default=10)
    asked = parser.parse_args()
    cache = asked.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    os.environ["SECONDLOOK_HOME"] = str(cache / "home")  # keys and models of this bench alone
    said = made(cache, asked.templates)
    head, bodies = write_requests(cache, said, 2000, not asked.without_quality)
    with served(cache) as (pid, port, started):
        driven(port, head, bodies, 20, 3)  # what is opened at the first search
        before = processor_s(pid)
        told = driven(port, head, bodies, asked.rate, asked.seconds)
        cores = (processor_s(pid) - before) / asked.seconds
        memory = resident_mb(pid)
        fastest = as_fast_as_it_goes(port, cache, bodies, said, asked.wrk_seconds) if asked.wrk_seconds else ""
    result = {
        "templates": said.templates,
        "pack": said.pack,
        "enrolled_in_s": said.seconds,
        "ready_after_s": round(started, 1),
        "rate": asked.rate,
        "seconds": asked.seconds,
        "with_quality": not asked.without_quality,
        **told,
        "server_cores": round(cores, 2),
        "server_resident_mb": memory,
    }
    print(json.dumps(result, indent=2))
    if fastest:
        print(fastest, file=sys.stderr)


if __name__ == "__main__":
    main()
