"""Jobs, one after another: each in a process of its own, which ends with this one and goes on after it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from secondlook.errors import SecondLookError
from secondlook.server.service import Service
from secondlook.server.settings import Settings
from secondlook.server.work import claims
from secondlook.server.work.claims import Claim, ClaimLost
from secondlook.server.work.job import Orders, key_words
from secondlook.server.work.tidying import remove_strays, tidy

COMMAND: Final = (sys.executable, "-m", "secondlook.server.work.job")
_PAUSE_S: Final = 0.5
_LOG = logging.getLogger("secondlook.jobs")


@dataclass(frozen=True, slots=True)
class _Worker:
    """until: when it has taken too long (``time.monotonic``)."""

    claim: Claim
    process: subprocess.Popen[bytes]
    until: float

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()


class Dispatcher:
    """Beside the API (``running.Beside``). command: starts a worker, given the data folder and the job."""

    def __init__(self, service: Service, command: tuple[str, ...] = COMMAND) -> None:
        self._service, self._command = service, command
        self._workers: list[_Worker] = []
        self._stopping = threading.Event()
        # a worker ends with the thread that started it, so that one lives as long as all of them
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        waiting = claims.requeue_all(self._service)
        if waiting:
            _LOG.info("jobs go on where they were stopped", extra={"jobs": waiting})
        remove_strays(self._service)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
            except SecondLookError as error:  # the disk is full, say: it may not be for ever
                _LOG.error("jobs have to wait: %s", error)
            except Exception:  # noqa: BLE001 - what breaks one step must not end all the others
                _LOG.exception("jobs have to wait")
            self._stopping.wait(_PAUSE_S)
        for worker in self._workers:
            worker.end()
            with suppress(SecondLookError):  # the next start does the same
                claims.give_back(self._service, worker.claim)

    def _step(self) -> None:
        self._collect()
        self._end_those_that_lost_their_claim()
        self._end_those_that_take_too_long()
        tidy(self._service, {worker.claim.job for worker in self._workers})
        settings = self._service.settings()
        while len(self._workers) < settings.jobs_at_once and not self._stopping.is_set():
            claim = claims.next_claim(self._service)
            if claim is None:
                return
            self._begin(claim, settings)

    def _begin(self, claim: Claim, settings: Settings) -> None:
        options = self._service.options
        orders = Orders(
            claim.token,
            os.getpid(),
            settings.job_memory_mb,
            options.threads,
            *key_words(options.key),
            database=options.database,
            gallery=options.gallery,
            ray=options.ray,
        )
        try:
            process = subprocess.Popen(
                [*self._command, str(self._service.folder.root.absolute()), claim.job],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the service, which says what becomes of its workers
            )
        except OSError as error:
            _LOG.error("a worker cannot be started: %s", error, extra={"job": claim.job})
            claims.died(self._service, claim, f"it could not be started, {error.strerror}")
            return
        self._workers.append(_Worker(claim, process, time.monotonic() + 3600 * settings.job_hours))
        if process.stdin is not None:
            with suppress(OSError):  # it has ended already, and is collected
                process.stdin.write(orders.line())
                process.stdin.flush()

    def _collect(self) -> None:
        for worker in list(self._workers):
            code = worker.process.poll()
            if code is None:
                continue
            how = _how(code)
            if code != 0:
                _LOG.error("a worker ended by itself: %s", how, extra={"job": worker.claim.job})
            claims.died(self._service, worker.claim, how)  # nothing, where it has ended its job
            worker.close()
            self._workers.remove(worker)

    def _end_those_that_lost_their_claim(self) -> None:
        gone = claims.lost(self._service, [worker.claim for worker in self._workers])
        for worker in [one for one in self._workers if one.claim in gone]:
            worker.end()  # cancelled; or it has just ended its job, and has nothing more to do
            self._workers.remove(worker)

    def _end_those_that_take_too_long(self) -> None:
        for worker in [one for one in self._workers if time.monotonic() > one.until]:
            worker.end()
            self._workers.remove(worker)
            with suppress(ClaimLost):
                hours = self._service.settings().job_hours
                claims.fail(
                    self._service,
                    worker.claim,
                    f"The job took more than {hours} hours: send less at once, or ask an admin to allow more.",
                )


def _how(code: int) -> str:
    if code >= 0:
        return f"with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"by {name}" + (", as where memory runs out" if name == "SIGKILL" else "")
