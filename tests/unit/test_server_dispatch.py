"""Workers as processes of their own, with fakes: they go on after being killed, are given up, cancelled, and end with whoever
started them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from sqlalchemy import select

from fake_runs import photo
from job_samples import WORKER, footage, sent, working_service
from postgres_server import PASSWORD
from secondlook.fakes import RED, Square
from secondlook.gallery import Environment, HomeKey, KeyFile, Keyring, KeySource
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import jobs
from secondlook.server.acts.job_kinds import FindAsked, FindResult
from secondlook.server.acts.job_states import JobState
from secondlook.server.acts.jobs import Job
from secondlook.server.acts.uploads import Upload
from secondlook.server.rows import SightingRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service, Why
from secondlook.server.settings import Settings
from secondlook.server.work.dispatch import Dispatcher
from secondlook.server.work.job import Orders, key_words
from service_samples import account

SLOW = "0.5"
T = TypeVar("T")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with working_service(tmp_path) as made:
        yield made


@pytest.fixture
def operator(service: Service) -> Actor:
    return account(service, Role.OPERATOR, "ada")


@contextmanager
def dispatching(service: Service, *words: str) -> Iterator[Dispatcher]:
    dispatcher = Dispatcher(service, (*WORKER, *words))
    dispatcher.start()
    try:
        yield dispatcher
    finally:
        dispatcher.stop()


def photos(service: Service, actor: Actor, folder: Path, count: int) -> tuple[Upload, ...]:
    return tuple(sent(service, actor, photo(folder / f"{n}.png", Square(10 + n, 10, 24, RED))) for n in range(count))


def find(service: Service, actor: Actor, uploads: tuple[Upload, ...]) -> Job:
    asked = FindAsked(uploads=tuple(upload.id for upload in uploads))
    return jobs.start(service, actor, new_id(), asked, Why("a lost child"))


def until(look: Callable[[], T], good: Callable[[T], bool], seconds: float = 120) -> T:
    end = time.monotonic() + seconds
    while not good(found := look()):
        assert time.monotonic() < end, f"waited in vain, last seen: {found}"
        time.sleep(0.05)
    return found


def ended(service: Service, actor: Actor, made: Job) -> Job:
    return until(lambda: jobs.job(service, actor, made.id), lambda job: job.state.ended)


def kept(service: Service) -> int:
    with service.database.reading() as session:
        return len(session.scalars(select(SightingRow.id)).all())


def workers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "job_with_fakes" in " ".join(child.cmdline())]


def test_jobs_are_done_one_after_another(service: Service, operator: Actor, tmp_path: Path) -> None:
    uploads = tuple(sent(service, operator, file) for file in footage(tmp_path / "in"))
    made = [find(service, operator, uploads), find(service, operator, uploads[:1])]
    with dispatching(service):
        done = [ended(service, operator, one) for one in made]
        assert [one.state for one in done] == [JobState.DONE, JobState.DONE], [one.sentence for one in done]
        until(lambda: list(service.folder.jobs.iterdir()), lambda left: left == [])
    assert isinstance(done[0].result, FindResult) and done[0].result.kept == 3 and kept(service) == 4


def test_a_worker_has_limits_tells_how_far_it_is_and_goes_on_after_a_kill(
    service: Service, operator: Actor, tmp_path: Path
) -> None:
    made = find(service, operator, photos(service, operator, tmp_path, 6))
    journal = service.folder.jobs / made.id / "out" / ".run" / "journal.jsonl"

    def finished() -> list[str]:
        lines = journal.read_text().splitlines()[1:] if journal.is_file() else []
        return [json.loads(line)["source"] for line in lines if line.endswith("}")]

    with dispatching(service, SLOW):
        (worker,) = until(workers, bool)
        seen = until(lambda: jobs.job(service, operator, made.id), lambda j: 0 < (j.progress or 0) < 1)
        assert seen.state is JobState.RUNNING and "of 6" in seen.doing
        assert worker.rlimit(psutil.RLIMIT_AS)[0] == service.settings().job_memory_mb << 20
        assert worker.rlimit(psutil.RLIMIT_CORE)[0] == 0
        assert worker.nice() > psutil.Process().nice() or worker.nice() == 19
        before = until(finished, lambda sources: len(sources) >= 2)
        worker.kill()
        until(lambda: jobs.job(service, operator, made.id), lambda j: j.attempts == 2)
        after = until(finished, lambda sources: len(sources) >= 4)
        done = ended(service, operator, made)
    assert after[: len(before)] == before, "what was done was done again"
    assert isinstance(done.result, FindResult) and done.result.kept == kept(service) == 6


def test_one_that_always_breaks_is_given_up(service: Service, operator: Actor, tmp_path: Path) -> None:
    made = find(service, operator, photos(service, operator, tmp_path, 1))
    with dispatching(service, "breaks"):
        failed = ended(service, operator, made)
    assert failed.state is JobState.FAILED and failed.attempts == 3 and "SIGABRT" in failed.sentence


def test_cancelled_its_worker_ends_and_its_folder_goes(service: Service, operator: Actor, tmp_path: Path) -> None:
    made = find(service, operator, photos(service, operator, tmp_path, 8))
    with dispatching(service, SLOW):
        until(lambda: (service.folder.jobs / made.id / "out").is_dir(), bool)
        (worker,) = workers()
        jobs.cancel(service, operator, made.id)
        until(worker.is_running, lambda runs: not runs)
        until(lambda: list(service.folder.jobs.iterdir()), lambda left: left == [])
    assert jobs.job(service, operator, made.id).state is JobState.CANCELLED and kept(service) == 0


def test_stopped_with_the_service_a_job_waits_again(service: Service, operator: Actor, tmp_path: Path) -> None:
    made = find(service, operator, photos(service, operator, tmp_path, 8))
    with dispatching(service, SLOW):
        until(lambda: (service.folder.jobs / made.id / "out").is_dir(), bool)
    assert workers() == []
    stopped = jobs.job(service, operator, made.id)
    assert stopped.state is JobState.QUEUED and stopped.attempts == 1
    with dispatching(service):
        assert ended(service, operator, made).state is JobState.DONE
    assert kept(service) == 8


def test_too_long_is_a_failure(
    service: Service, operator: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = find(service, operator, photos(service, operator, tmp_path, 8))
    short = Settings()
    object.__setattr__(short, "job_hours", 0)
    monkeypatch.setattr(service, "settings", lambda: short)
    with dispatching(service, SLOW):
        failed = ended(service, operator, made)
    assert failed.state is JobState.FAILED and "took more than" in failed.sentence


@pytest.mark.parametrize(
    "key", [None, KeyFile(Path("/keys/of the gallery.key")), Environment("THE_KEY"), Keyring(), HomeKey()]
)
def test_a_worker_is_told_where_the_key_is_and_not_what_it_is(key: KeySource | None) -> None:
    orders = Orders("token", 1, 2, 3, *key_words(key))
    assert Orders.of_line(orders.line()) == orders and orders.source == key
    assert orders.line().count(b"\n") == 1


_STARTS = """
import os, subprocess, sys
command = sys.argv[1:]
process = subprocess.Popen(command, stdin=subprocess.PIPE)
print(process.pid, os.getpid(), flush=True)
sys.stdin.readline()
process.stdin.write(sys.stdin.readline().encode())
process.stdin.flush()
process.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system ends it on Linux alone")
def test_a_worker_ends_with_whoever_started_it(
    service: Service, operator: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)  # for tables in PostgreSQL: these orders bring none
    made = find(service, operator, photos(service, operator, tmp_path, 20))
    from secondlook.server.work import claims

    claim = claims.next_claim(service)
    assert claim is not None
    command = [*WORKER, SLOW, str(service.folder.root), made.id]
    with subprocess.Popen(
        [sys.executable, "-c", _STARTS, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin and parent.stdout
        child, pid = map(int, parent.stdout.readline().split())
        assert pid == parent.pid
        key = str(tmp_path / "keys" / "gallery.key")
        orders = Orders(claim.token, parent.pid, 8192, 0, "file", key)
        parent.stdin.write("\n" + orders.line().decode())
        parent.stdin.flush()
        until(lambda: (service.folder.jobs / made.id / "out").is_dir(), bool)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        until(lambda: psutil.pid_exists(child) and psutil.Process(child).status() != "zombie", lambda lives: not lives)
    assert jobs.job(service, operator, made.id).state is JobState.RUNNING
    with dispatching(service):
        assert ended(service, operator, made).state is JobState.DONE
    assert kept(service) == 20
