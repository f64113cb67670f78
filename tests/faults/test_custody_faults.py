"""What happens to a log when whoever writes to it is killed, and when several write at once.

This file is also the program that the tests run beside themselves (see ``_work``).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from secondlook.custody import appending
from secondlook.custody.log import CustodyLog
from secondlook.custody.reading import read_log
from secondlook.custody.signing import KeyFolder
from secondlook.custody.verifying import Verified, verify
from secondlook.ports import Action, Entry

SEGMENT_BYTES = 40_000
THREADS = 4


def open_log(folder: Path) -> CustodyLog:
    return CustodyLog.open(folder / "log", KeyFolder(folder / "keys"), segment_bytes=SEGMENT_BYTES)


def start(job: str, folder: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, job, str(folder), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def said(worker: subprocess.Popen[str]) -> list[str]:
    """What a worker acknowledged: whole lines only."""
    assert worker.stdout is not None
    with worker.stdout:
        lines = worker.stdout.read().splitlines(keepends=True)
    worker.wait(timeout=60)
    return [line.strip() for line in lines if line.endswith("\n")]


def held(folder: Path) -> set[str]:
    return {f"{line.seq} {line.hash}" for line in read_log(folder / "log")}


def check_whole(folder: Path) -> Verified:
    found = verify(folder / "log", (), KeyFolder(folder / "keys"))
    assert isinstance(found, Verified), found
    assert len(found.compared) == 1
    return found


@dataclass
class Told:
    """acknowledged: by all workers so far. torn: how many kills left an unfinished line."""

    acknowledged: set[str]
    torn: int = 0


def kill_again_and_again(folder: Path, job: str, kills: int) -> Told:
    open_log(folder)
    told = Told(set())
    for attempt in range(kills):
        worker = start(job, folder, 10**6)
        assert worker.stdout is not None
        told.acknowledged.add(worker.stdout.readline().strip())
        time.sleep(0.005 * (attempt % 20))
        worker.send_signal(signal.SIGKILL)
        told.acknowledged.update(said(worker))
        assert worker.returncode == -signal.SIGKILL
        whole = check_whole(folder)  # before anybody opens it again, too
        told.torn += len(whole.notes)
        assert told.acknowledged <= held(folder)
        open_log(folder)
        check_whole(folder)
    assert len(told.acknowledged) >= kills
    return told


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("job", ["record", "in_pieces"])
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, job: str) -> None:
    kill_again_and_again(tmp_path, job, 3)


@pytest.mark.prove
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("job", ["record", "in_pieces"])
def test_what_was_acknowledged_survives_50_kills(tmp_path: Path, job: str) -> None:
    told = kill_again_and_again(tmp_path, job, 50)
    if job == "in_pieces":
        assert told.torn > 0, "no kill came in the middle of a line, so nothing was tried"
        assert any(line.entry.action is Action.TORN for line in read_log(tmp_path / "log"))


def test_several_processes_record_at_once(tmp_path: Path) -> None:
    open_log(tmp_path)
    workers = [start("record", tmp_path, 30) for _ in range(3)]
    acknowledged = [line for worker in workers for line in said(worker)]
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert len(set(acknowledged)) == len(acknowledged) == 3 * 30 * THREADS
    assert set(acknowledged) == held(tmp_path)
    assert check_whole(tmp_path).entries == 3 * 30 * THREADS
    assert len(list((tmp_path / "log").glob("entries*.jsonl"))) > 2


def test_a_log_is_verified_while_it_is_written(tmp_path: Path) -> None:
    open_log(tmp_path)
    worker = start("record", tmp_path, 150)  # what it says must fit into the pipe
    counts = []
    while worker.poll() is None:
        counts.append(check_whole(tmp_path).entries)
    said(worker)
    assert check_whole(tmp_path).entries == 150 * THREADS and counts == sorted(counts)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_disk_that_takes_no_more_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    open_log(tmp_path)
    worker = start("fill", tmp_path, 10**6)
    *acknowledged, last = said(worker)
    assert last.startswith("OutputError") and "cannot be written" in last
    assert set(acknowledged) == held(tmp_path) and len(acknowledged) > 5
    assert check_whole(tmp_path).entries == len(acknowledged)


def _work(job: str, folder: Path, count: int) -> None:
    """What a test runs in another process: say each entry once it is recorded."""
    if job == "in_pieces":
        _write_in_pieces()
    log = open_log(folder)
    if job == "fill":
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        _record(log, count)
        return
    threads = [threading.Thread(target=_record, args=(log, count), daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _record(log: CustodyLog, count: int) -> None:
    for number in range(count):
        try:
            recorded = log.record(Entry("os:ann", Action.SEARCH, purpose="a purpose", details={"number": number}))
        except Exception as error:  # noqa: BLE001 - told to the test
            print(f"{type(error).__name__}: {error}", flush=True)
            return
        os.write(1, f"{recorded.seq} {recorded.hash}\n".encode())


def _write_in_pieces() -> None:
    """So that a kill comes in the middle of a line."""
    real = os.write

    class Pieces:
        def __getattr__(self, name: str) -> object:
            return getattr(os, name)

        @staticmethod
        def write(descriptor: int, content: bytes) -> int:
            time.sleep(0.0005)
            return real(descriptor, bytes(content[:97]))

    appending.os = Pieces()  # type: ignore[assignment]


if __name__ == "__main__":
    _work(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
