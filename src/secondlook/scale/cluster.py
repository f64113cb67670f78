"""The one door to Ray: a cluster's tasks.

A task that dies with its machine is done again on another, and what a dead machine still held is made again from the task
that made it (Ray's lineage); a task that raises is not tried again, for it would raise again.
"""

from __future__ import annotations

import logging
import math
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

import ray

from secondlook.errors import ClusterError, ExtraMissing, SecondLookError
from secondlook.scale.pool import TRIES, Ref, WorkerLost
from secondlook.scale.starting import LOCAL, starting

_COUNT_AGAIN_S: Final = 2.0


class RayPool:
    """Tasks of the cluster that this process is connected to. threads: cores that one takes. gpus: graphics cards."""

    def __init__(self, threads: int, gpus: int) -> None:
        self._threads, self._gpus = threads, gpus
        self._remotes: dict[Callable[..., Any], Any] = {}
        self._size, self._counted_s = 0, -math.inf

    def size(self) -> int:
        if time.monotonic() - self._counted_s > _COUNT_AGAIN_S:
            self._size, self._counted_s = self._count(), time.monotonic()
        return self._size

    def _count(self) -> int:
        nodes = [node["Resources"] for node in cast("Any", ray).nodes() if node["Alive"]]
        size = sum(int(node.get("CPU", 0) // self._threads) for node in nodes)
        if self._gpus:
            size = min(size, sum(int(node.get("GPU", 0)) for node in nodes))
        if not size:
            raise ClusterError(
                f"the Ray cluster has no node with {self._threads} free processor cores"
                f"{' and a graphics card' if self._gpus else ''}: start one with `ray start`."
            )
        return size

    def ask(self, what: Callable[..., Any], *given: Any, returns: int = 1) -> tuple[Ref, ...]:
        remote = self._remotes.get(what)
        if remote is None:
            # max_calls 0: a process keeps its models for the next task, with a graphics card too
            task = ray.remote(num_cpus=self._threads, num_gpus=self._gpus, max_calls=0, max_retries=TRIES)
            remote = self._remotes[what] = task(what)
        refs = remote.options(num_returns=returns, name=f"secondlook {what.__name__}").remote(*given)
        return (refs,) if returns == 1 else tuple(refs)

    def ready(self, refs: Sequence[Ref], within_s: float) -> Sequence[Ref]:
        done, _ = ray.wait(list(refs), num_returns=1, timeout=within_s)
        return list(done)

    def get(self, ref: Ref) -> Any:
        try:
            return ray.get(ref)
        except ray.exceptions.RayTaskError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, SecondLookError):
                raise cause from None
            raise ClusterError(f"a task ended on the cluster ({_last_line(error)}): see `ray logs` there.") from error
        except (
            ray.exceptions.WorkerCrashedError,
            ray.exceptions.NodeDiedError,
            ray.exceptions.OutOfMemoryError,
            ray.exceptions.ObjectLostError,
        ) as error:
            raise WorkerLost(_last_line(error)) from error
        except ray.exceptions.RayError as error:
            raise ClusterError(
                f"the cluster cannot do the work ({_last_line(error)}): install Second Look with the same Python and Ray "
                "on every node."
            ) from error

    def drop(self, refs: Sequence[Ref]) -> None:
        for ref in refs:
            ray.cancel(ref, force=True)


@contextmanager
def connected(address: str) -> Iterator[None]:
    """This process as a driver of the cluster. address: as ``ray.init`` takes it (``auto``, ``host:6379``,
    ``ray://host:10001``), or ``LOCAL``. A process that is connected already stays so.

    Raises ClusterError, and ExtraMissing where Ray's client is not installed.
    """
    if ray.is_initialized():
        yield
        return
    with starting(address):
        _connect(address)
    try:
        yield
    finally:
        ray.shutdown()


def _connect(address: str) -> None:
    _check_somebody_answers(address)
    dashboard = False if address == LOCAL else None
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=dashboard)
    except ImportError as error:
        raise ExtraMissing("Ray's client is not installed: pip install 'ray[client]'.") from error
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ClusterError(
            f"the Ray cluster at {address} does not take this machine ({_last_line(error)}): start one with `ray start "
            "--head`, with the same Python and Ray everywhere."
        ) from error


def _check_somebody_answers(address: str) -> None:
    """Ray itself tries for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"nobody answers at {address} ({error}): start a cluster with `ray start --head` and give its address."
        ) from error


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip()[:200] if lines else type(error).__name__
