"""The process that does one job: ``python -m secondlook.server.work.job DATA JOB``, started by the dispatcher.

Its orders come as one line of JSON through the pipe that is its input; when that pipe ends, the service has ended, and so
does this process.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import resource
import signal
import sys
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, NoReturn

from secondlook.custody.locks import writing_alone
from secondlook.errors import SecondLookError
from secondlook.gallery import Environment, HomeKey, KeyFile, Keyring, KeySource
from secondlook.server.acts.job_kinds import AuditAsked, ExposureAsked, FindAsked, RedactAsked
from secondlook.server.acts.job_states import RESULTS
from secondlook.server.acts.jobs import order_of
from secondlook.server.logs import speak
from secondlook.server.rows import JobRow
from secondlook.server.service import Service, Why
from secondlook.server.settings import Options
from secondlook.server.work import claims
from secondlook.server.work.auditing import audited
from secondlook.server.work.claims import Claim, ClaimLost
from secondlook.server.work.confine import step_back
from secondlook.server.work.exposing import exposed
from secondlook.server.work.finding import found_in
from secondlook.server.work.ordered import Keep, Makers, Work
from secondlook.server.work.redacting import redacted

ENDED, UNFORESEEN = 0, 1
_PARENT_DEATH_SIGNAL: Final = 1  # prctl(2)
_LOG = logging.getLogger("secondlook.job")


@dataclass(frozen=True, slots=True)
class Orders:
    """What the dispatcher says, through a pipe that nobody else reads. database, gallery: addresses, empty: in the folder.
    parent: its process. key: kind of the gallery's key, and its file or variable; empty: as the
    gallery remembers. ray: address of the cluster that looks, empty: nobody else does."""

    token: str
    parent: int
    memory_mb: int
    threads: int
    key: str = ""
    key_at: str = ""
    database: str = field(default="", repr=False)
    gallery: str = field(default="", repr=False)
    ray: str = ""

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Orders:
        return cls(**json.loads(line))

    @property
    def source(self) -> KeySource | None:
        match self.key:
            case "file":
                return KeyFile(Path(self.key_at))
            case "environment":
                return Environment(self.key_at)
            case "keyring":
                return Keyring()
            case "home":
                return HomeKey()
            case _:
                return None


def key_words(source: KeySource | None) -> tuple[str, str]:
    """``Orders.key`` and ``key_at``."""
    match source:
        case None:
            return "", ""
        case KeyFile(path):
            return source.kind.value, str(path.absolute())
        case Environment(variable):
            return source.kind.value, variable
        case _:
            return source.kind.value, ""


def main(arguments: list[str], makers: Makers | None = None) -> int:
    """0: the job ended, whichever way; anything else: it is to be tried again."""
    data, job = arguments
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):  # the service ended before it had said what to do
        return UNFORESEEN
    orders = Orders.of_line(line)
    end_with(orders.parent)
    step_back()
    limit_memory(orders.memory_mb)
    speak()
    folder = Path(data).resolve()
    service = Service.beside(
        Options(
            folder,
            key=orders.source,
            threads=orders.threads,
            database=orders.database,
            gallery=orders.gallery,
            ray=orders.ray,
        )
    )
    try:
        return carry_out(service, Claim(job, orders.token), makers or Makers())
    finally:
        service.close()


def carry_out(service: Service, claim: Claim, makers: Makers) -> int:
    """Does the job and ends it in one transaction."""
    try:
        _carry_out(service, claim, makers)
    except ClaimLost:
        _LOG.info("the job is not this worker's any more", extra={"job": claim.job})
    except Exception:  # noqa: BLE001 - said as the service says everything; the dispatcher counts it
        _LOG.exception("a job ended in a way that nobody foresaw", extra={"job": claim.job})
        return UNFORESEEN
    return ENDED


def _carry_out(service: Service, claim: Claim, makers: Makers) -> None:
    try:
        folder = service.folder.jobs / claim.job
        folder.mkdir(mode=0o700, exist_ok=True)
        # whoever had it before has ended, or ends now
        with writing_alone(folder / ".lock"):
            _do(service, claim, makers, folder)
    except SecondLookError as error:
        claims.fail(service, claim, str(error))
    except MemoryError:
        claims.fail(
            service,
            claim,
            "The job needs more memory than one may take here: send smaller footage, or ask an admin to allow more.",
        )


def _do(service: Service, claim: Claim, makers: Makers, folder: Path) -> None:
    with service.database.reading() as session:
        row = session.get(JobRow, claim.job)
        if row is None or row.claim != claim.token:
            raise ClaimLost(claim.job)
        order, owner, why = order_of(row), row.owner_id, Why(row.purpose, row.case_number)

    def say(done: int, total: int | None, doing: str) -> None:
        claims.beat(service, claim, done, total, doing)

    os.chdir(service.folder.uploads)
    keep = _done(Work(service, makers, claim.job, owner, why, order, folder, say))
    _synchronise(folder / RESULTS)
    with claims.ending(service, claim) as session:
        claims.finish(service, session, claim, keep(session))


def _done(work: Work) -> Keep:
    match work.order.asked:
        case FindAsked() as asked:
            return found_in(work, asked)
        case RedactAsked() as asked:
            return redacted(work, asked)
        case ExposureAsked() as asked:
            return exposed(work, asked)
        case AuditAsked() as asked:
            return audited(work, asked)


def end_with(parent: int) -> None:
    """This process ends when its parent does, in whichever way that ends: the system sees to it (Linux), and the pipe from
    it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DEATH_SIGNAL, ctypes.c_ulong(signal.SIGKILL))
    if os.getppid() != parent:  # it ended before that was asked for
        _leave()
    threading.Thread(target=_wait_for_the_end, name="parent", daemon=True).start()


def limit_memory(megabytes: int) -> None:
    """Of address space; no core of it is ever dumped, for it would hold faces."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _wait_for_the_end() -> None:
    # not through sys.stdin: its lock, held here, would not let the interpreter end
    while os.read(sys.stdin.fileno(), 1):
        pass
    _leave()


def _leave() -> NoReturn:
    os._exit(UNFORESEEN)


def _synchronise(folder: Path) -> None:
    """What is about to be called done is on the disk."""
    for file in folder.rglob("*"):
        if file.is_file():
            descriptor = os.open(file, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
