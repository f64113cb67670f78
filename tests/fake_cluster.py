"""A cluster in this process: tasks are done in any order, what they are given and give is pickled, and workers die at will."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from secondlook.assemble import Identifier
from secondlook.errors import ClusterError
from secondlook.fakes import FakeDetector, FakeEmbedder
from secondlook.ports import Detector, Embedder
from secondlook.scale.kit import Kit, kit_of
from secondlook.scale.pool import WorkerLost

SECRETS = (b"Ruby", b"Skye")
"""Who is enrolled in ``fake_stages.gallery``."""


def fakes(kit: Kit) -> tuple[Detector, Embedder]:
    return FakeDetector(), FakeEmbedder()


def kit(identifier: Identifier) -> Kit:
    return kit_of(identifier, fakes, looks=5)


@dataclass(frozen=True, eq=False)
class Ref:
    number: int


@dataclass(frozen=True)
class Task:
    what: Callable[..., Any]
    given: tuple[Any, ...]
    refs: tuple[Ref, ...]


@dataclass
class FakeCluster:
    """seed: of the order. lost: tasks whose worker dies each time, told by what is done and with what. before: called
    before a task is done (may raise)."""

    seed: int = 0
    at_once: int = 2
    lost: Callable[[str, tuple[Any, ...]], bool] = lambda name, given: False
    before: Callable[[str], None] = lambda name: None
    done: list[str] = field(default_factory=list)
    most_waiting: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._tasks: list[Task] = []
        self._made: dict[Ref, Any] = {}
        self._count = 0

    def size(self) -> int:
        if not self.at_once:
            raise ClusterError("the cluster has no node: start one.")
        return self.at_once

    def ask(self, what: Callable[..., Any], *given: Any, returns: int = 1) -> tuple[Ref, ...]:
        refs = tuple(Ref(self._count + i) for i in range(returns))
        self._count += returns
        plain = tuple(one for one in given if not isinstance(one, Ref))
        sent = pickle.dumps(plain)
        assert not any(secret in sent for secret in SECRETS), "a name was sent to a worker"
        self._tasks.append(Task(what, given, refs))
        self.most_waiting = max(self.most_waiting, len(self._tasks))
        return refs

    def ready(self, refs: Sequence[Ref], within_s: float) -> Sequence[Ref]:
        made = [ref for ref in refs if ref in self._made]
        if not made and within_s:
            able = [task for task in self._tasks if all(g in self._made for g in task.given if isinstance(g, Ref))]
            self._do(self._random.choice(able))
            made = [ref for ref in refs if ref in self._made]
        return made[:1]

    def get(self, ref: Ref) -> Any:
        made = self._made.pop(ref)
        if isinstance(made, BaseException):
            raise made
        return pickle.loads(made)

    def drop(self, refs: Sequence[Ref]) -> None:
        self._tasks = [task for task in self._tasks if not set(task.refs) & set(refs)]

    def _do(self, task: Task) -> None:
        self._tasks.remove(task)
        name = task.what.__name__
        self.before(name)
        self.done.append(name)
        given = tuple(
            pickle.loads(self._made[g]) if isinstance(g, Ref) else pickle.loads(pickle.dumps(g)) for g in task.given
        )
        if self.lost(name, given):
            self._made |= dict.fromkeys(task.refs, WorkerLost("it was killed"))
            return
        try:
            made = task.what(*given)
        except Exception as error:  # noqa: BLE001 - whatever a task raises is raised where it is asked for
            self._made |= dict.fromkeys(task.refs, error)
            return
        results = made if len(task.refs) > 1 else (made,)
        self._made |= {ref: pickle.dumps(one) for ref, one in zip(task.refs, results, strict=True)}
