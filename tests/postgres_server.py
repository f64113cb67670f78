"""A PostgreSQL of the tests' own: made in a folder, listening on a socket in it and on a free port of this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

INSTALL = "needs PostgreSQL: install it with `apt-get install postgresql`, or put its initdb and postgres on the PATH"
PASSWORD = "not-to-be-shown-anywhere"
SERVICES = "SECONDLOOK_TEST_POSTGRES"
"""Environment variable: address of a database in which the tests' services have their tables and galleries."""
_UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Server:
    """folder: with the server's own files. port: of 127.0.0.1."""

    folder: Path
    port: int

    def address(self, schema: str | None = None) -> str:
        """Of a schema that nobody has used yet, unless one is named; with the password."""
        schema = schema or f"g_{uuid.uuid4().hex}"
        return f"postgresql://tester:{PASSWORD}@127.0.0.1:{self.port}/postgres?schema={schema}"


def new_schema() -> str:
    """The address of one for a service, or for its gallery; empty where they are to lie in the service's folder."""
    server = os.environ.get(SERVICES, "")
    return f"{server}?schema=s_{uuid.uuid4().hex}" if server else ""


def programs() -> Path:
    """The folder that initdb and postgres are in. Raises FileNotFoundError with a sentence."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise FileNotFoundError(INSTALL)


@contextmanager
def running(settings: tuple[str, ...] = ()) -> Iterator[Server]:
    """settings: as name=value. As root the server runs as somebody else, since it refuses to run as root."""
    user = _user()
    folder = Path(mkdtemp(prefix="secondlook-postgres-"))
    try:
        (folder / "password").write_text(PASSWORD)
        if user is not None:
            for place in (folder, folder / "password"):
                shutil.chown(place, user)
        _run([programs() / "initdb", "-D", folder / "data", "-U", "tester", "--pwfile", folder / "password",
              "--auth", "scram-sha-256", "-E", "UTF8", "--locale", "C", "--no-sync"], folder, user)  # fmt: skip
        with _started(folder, settings) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def standby_of(primary: Server) -> Iterator[Server]:
    """A copy of a server as it is now, which answers and takes no changes."""
    user = _user()
    folder = Path(mkdtemp(prefix="secondlook-postgres-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        _run([programs() / "pg_basebackup", "-D", folder / "data", "-X", "fetch", "-c", "fast", "--no-sync",
              "-d", f"postgresql://tester:{PASSWORD}@127.0.0.1:{primary.port}/postgres"], folder, user)  # fmt: skip
        _run(["touch", folder / "data" / "standby.signal"], folder, user)
        with _started(folder, ()) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(folder: Path, settings: tuple[str, ...]) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={folder}", *settings]
    with (folder / "log").open("wb") as log:
        command = [programs() / "postgres", "-D", folder / "data", *(f"--{option}" for option in options)]
        server = subprocess.Popen(command, cwd=folder, user=_user(), stdout=log, stderr=log)
    try:
        _wait(server, port, folder)
        yield Server(folder, port)
    finally:
        server.send_signal(signal.SIGINT)  # SIGTERM waits for whoever is connected
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(60)


def _user() -> str | None:
    """Whom the server runs as; None: whoever runs the tests."""
    return next(name for name in _UNPRIVILEGED if _is_user(name)) if os.getuid() == 0 else None


def _run(command: list[object], folder: Path, user: str | None) -> None:
    done = subprocess.run([str(part) for part in command], cwd=folder, user=user, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-2000:]}")


def _wait(server: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    end = time.monotonic() + 120
    ready = programs() / "pg_isready"
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        if subprocess.run([ready, "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()[-2000:]}")


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
