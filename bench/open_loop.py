"""Requests at a fixed rate, whether or not those before were answered (open loop), in a process of its own.

    python -m bench.open_loop HOST PORT HEAD BODIES --rate 100 --seconds 60

HEAD: file with the request's first lines. BODIES: file of JSON, one ``{"body": ..., "expect": ...}`` a line, sent over and over.
A request's time runs from the moment it was due, also while it waits for a connection. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(slots=True)
class Told:
    """took: seconds of each answered request. late: seconds by which it was sent after it was due."""

    took: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    status: Counter[int] = field(default_factory=Counter)
    unlike: int = 0
    broken: int = 0


class Connection:
    """One at a time; opened anew where it broke."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            return int(head[9:12]), await reader.readexactly(length)
        except (OSError, EOFError, ValueError):
            writer.close()
            self._streams = None
            raise


async def drive(
    host: str, port: int, requests: list[tuple[bytes, bytes]], rate: float, seconds: float, connections: int
) -> Told:
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(Connection(host, port))
    told, running = Told(), set()
    begun = time.perf_counter() + 0.1

    async def one(number: int) -> None:
        due = begun + number / rate
        connection = await free.get()
        request, expected = requests[number % len(requests)]
        try:
            told.late.append(time.perf_counter() - due)
            status, body = await connection.ask(request)
            told.took.append(time.perf_counter() - due)
            told.status[status] += 1
            told.unlike += expected not in body
        except (OSError, EOFError, ValueError):
            told.broken += 1
        finally:
            free.put_nowait(connection)

    for number in range(round(rate * seconds)):
        wait = begun + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(one(number))
        running.add(task)
        task.add_done_callback(running.discard)
    if running:
        await asyncio.wait(running, timeout=60)
    return told


def summary(told: Told, rate: float, seconds: float, wall_s: float) -> dict[str, object]:
    took = 1e3 * np.array(told.took or [np.nan])
    own = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "asked": round(rate * seconds),
        "answered": len(told.took),
        "a_second": round(len(told.took) / wall_s, 1),
        "p50_ms": round(float(np.percentile(took, 50)), 1),
        "p95_ms": round(float(np.percentile(took, 95)), 1),
        "p99_ms": round(float(np.percentile(took, 99)), 1),
        "longest_ms": round(float(took.max()), 1),
        "sent_late_p99_ms": round(1e3 * float(np.percentile(told.late or [np.nan], 99)), 1),
        "status": {str(code): count for code, count in sorted(told.status.items())},
        "broken": told.broken,
        "without_what_was_expected": told.unlike,
        "driver_processor_s": round(own.ru_utime + own.ru_stime, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("head", type=Path)
    parser.add_argument("bodies", type=Path)
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--connections", type=int, default=64)
    asked = parser.parse_args()
    head = asked.head.read_text().strip()
    requests = []
    for line in asked.bodies.read_text().splitlines():
        said = json.loads(line)
        body = json.dumps(said["body"]).encode()
        first = f"{head}\ncontent-length: {len(body)}\n\n".replace("\n", "\r\n").encode()
        requests.append((first + body, said["expect"].encode()))
    start = time.perf_counter()
    told = asyncio.run(drive(asked.host, asked.port, requests, asked.rate, asked.seconds, asked.connections))
    print(json.dumps(summary(told, asked.rate, asked.seconds, time.perf_counter() - start)))


if __name__ == "__main__":
    main()
