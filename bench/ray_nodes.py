"""One node of one core against two on a Ray cluster, over one composed video: how much sooner ``find`` is done.

python -m bench.ray_nodes --seconds 120 --rounds 3

The nodes are processes of this machine, on its loopback, each with one core; a task has one thread. The cluster is up and
has looked at a few seconds of the same video before the clock starts, so no process is started and no model opened while it
runs. Rounds alternate between the clusters; what else the machine did meanwhile is told with them. Every run must write
what a run alone on this machine writes, to the byte. Two runs alone, side by side and without Ray, say what the machine's cores
give together.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import Queue, get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import av
import psutil
import ray
from ray.cluster_utils import Cluster

from bench.cameras import Silent
from bench.crowd import people
from bench.crowd_video import standard_video
from secondlook.assemble import Identifier, Settings, assemble, new_gallery
from secondlook.enrolling import Enrolment, EnrolOptions
from secondlook.gallery import OnSuspicion
from secondlook.runs.find import Annotate, find_into
from secondlook.runs.journal import Start
from secondlook.scale.run import on_ray

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
HERE = "127.0.0.1"
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
FACES = 6
COMPOSED_S = 30


@contextmanager
def nodes(count: int) -> Iterator[str]:
    """A cluster of so many nodes of one core, beside a head of none; its address."""
    head = {"num_cpus": 0, "include_dashboard": False, "node_ip_address": HERE}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(count):
            cluster.add_node(num_cpus=1, node_ip_address=HERE, object_store_memory=2**29)
        # one driver for all that is run on it: the workers of one are not given to the next
        ray.init(cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        yield cluster.address
    finally:
        ray.shutdown()
        cluster.shutdown()


@contextmanager
def enrolled() -> Iterator[Identifier]:
    """Half of those in the video are in the gallery."""
    settings = Settings(recogniser="dlib-resnet", threads=1)
    cast = [person for person in people(SHARED) if person.reference][: FACES // 2]
    with new_gallery(settings) as gallery:
        identifier = assemble(gallery, settings)
        asked = [Enrolment(p.subject, (p.reference,), (p.subject,)) for p in cast if p.reference]
        list(identifier.enrol(asked, EnrolOptions(on_suspicion=OnSuspicion.ENROL)))
        yield identifier


def seconds_for(identifier: Identifier, clip: Path, out: Path, address: str | None) -> float:
    eyes = None if address is None else on_ray(identifier, address, Annotate.NONE)
    start = time.perf_counter()
    find_into([clip], out, identifier, Start.OVERWRITE, Annotate.NONE, Silent(), eyes)
    return time.perf_counter() - start


def seconds_side_by_side(clip: Path, folder: Path, count: int) -> float:
    """For the slowest of so many processes, each with the whole clip for itself and without Ray: what the machine's cores give
    together is the most that nodes on it can show."""
    spawned = get_context("spawn")
    ready, told = spawned.Barrier(count), spawned.Queue()
    work = [
        spawned.Process(target=_alone, args=(clip, folder / f"side-{count}-{one}", ready, told)) for one in range(count)
    ]
    for each in work:
        each.start()
    seconds = [told.get() for _ in work]
    for each in work:
        each.join()
    return max(seconds)


def _alone(clip: Path, out: Path, ready: Barrier, told: Queue[float]) -> None:
    with enrolled() as identifier:
        ready.wait()
        told.put(seconds_for(identifier, clip, out, None))


def idle_and_ours() -> tuple[float, float]:
    """Processor time since the start, s: idle of the whole machine, and of this process and all that it has started."""
    tick = os.sysconf("SC_CLK_TCK")
    fields = Path("/proc/stat").read_text().split("\n")[0].split()
    me = psutil.Process()
    ours = sum(sum(one.cpu_times()[:2]) for one in [me, *me.children(recursive=True)])
    return (int(fields[4]) + int(fields[5])) / tick, ours


def others_share(before: tuple[float, float], after: tuple[float, float], seconds: float) -> float:
    """What ran beside the measurement, as a share of all cores: a busy machine measures nothing."""
    idle, ours = after[0] - before[0], after[1] - before[1]
    return max(0.0, 1 - (idle + ours) / (seconds * (os.cpu_count() or 1)))


def written(out: Path) -> list[bytes]:
    files = [out / "sightings.jsonl", out / "paths.jsonl", *sorted((out / "crops").iterdir())]
    return [file.read_bytes() for file in files]


def repeated(short: Path, clip: Path, times: int) -> None:
    """The same packets again and again: composing takes longer than looking."""
    with av.open(str(short)) as source, av.open(str(clip), "w") as made:
        read = source.streams.video[0]
        written, long = made.add_stream_from_template(read), 0
        for _ in range(times):
            source.seek(0)
            before = long
            for packet in source.demux(read):
                if packet.dts is not None and packet.pts is not None:
                    packet.pts, packet.dts, packet.stream = packet.pts + before, packet.dts + before, written
                    long += packet.duration or 0
                    made.mux(packet)


def measure(seconds: float, rounds: int, folder: Path) -> dict[str, object]:
    clip, short = folder / "clip.mp4", folder / "short.mp4"
    standard_video(short, SHARED, faces=FACES, seconds=COMPOSED_S)
    repeated(short, clip, round(seconds / COMPOSED_S))
    taken: dict[int, list[float]] = {1: [], 2: []}
    others = list[float]()
    with enrolled() as identifier:
        alone = seconds_for(identifier, clip, folder / "alone", None)
        for number in range(rounds):
            for count in taken:
                with nodes(count) as address:
                    seconds_for(identifier, short, folder / "warm", address)
                    out = folder / f"{count}-{number}"
                    before = idle_and_ours()
                    taken[count].append(seconds_for(identifier, clip, out, address))
                    others.append(others_share(before, idle_and_ours(), taken[count][-1]))
                if written(out) != written(folder / "alone"):
                    raise SystemExit(f"{count} nodes wrote something else than one machine alone")
                print(
                    f"{count} nodes: {taken[count][-1]:.1f} s, others used {others[-1]:.0%} of the machine", flush=True
                )
    middle = {count: statistics.median(times) for count, times in taken.items()}
    least = {count: min(times) for count, times in taken.items()}
    one, two = (seconds_side_by_side(clip, folder, count) for count in (1, 2))
    return {
        "video": {
            "seconds": round(seconds / COMPOSED_S) * COMPOSED_S,
            "width": 1920,
            "height": 1080,
            "rate": 30,
            "faces": FACES,
        },
        "alone_one_thread_s": round(alone, 1),
        "one_node_s": [round(time_s, 1) for time_s in taken[1]],
        "two_nodes_s": [round(time_s, 1) for time_s in taken[2]],
        "times_faster_median": round(middle[1] / middle[2], 2),
        "times_faster_least": round(least[1] / least[2], 2),
        "two_cores_without_ray": round(2 * one / two, 2),
        "others_used_of_the_machine": [round(share, 2) for share in others],
        "cores_of_this_machine": os.cpu_count(),
        "ray": ray.__version__,
        "sightings": len((folder / "alone" / "sightings.jsonl").read_text().splitlines()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if not all(os.environ.get(name) == value for name, value in QUIET.items()):
        # Ray reads them at its import, which this file's own has already done
        os.environ.update(QUIET)
        os.execvp(sys.executable, [sys.executable, "-m", "bench.ray_nodes", *sys.argv[1:]])
    with tempfile.TemporaryDirectory() as folder:
        found = measure(arguments.seconds, arguments.rounds, Path(folder))
    print(json.dumps({"measured": datetime.now(UTC).isoformat(timespec="seconds"), **found}, indent=2))


if __name__ == "__main__":
    main()
