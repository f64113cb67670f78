"""Who does the work: tasks and their results, whoever carries them out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeAlias

TRIES: Final = 5
"""How often a task is begun anew when its worker dies, before it is taken for what kills workers."""

Ref: TypeAlias = Any
"""A result that is not here yet."""


class WorkerLost(Exception):
    """The process that did a task ended each time that it was tried."""


class Pool(Protocol):
    """Where tasks are done."""

    def size(self) -> int:
        """How many tasks run at once, as machines come and go. Raises ClusterError where there can be none."""
        ...

    def ask(self, what: Callable[..., Any], *given: Any, returns: int = 1) -> tuple[Ref, ...]:
        """Has it done; ``given`` may hold refs, in whose place it is given what they stand for."""
        ...

    def ready(self, refs: Sequence[Ref], within_s: float) -> Sequence[Ref]:
        """Those that are done: as soon as there is one, or none when the time is over."""
        ...

    def get(self, ref: Ref) -> Any:
        """Raises what the task raised, where that is a SecondLookError; ClusterError; WorkerLost."""
        ...

    def drop(self, refs: Sequence[Ref]) -> None:
        """These are not wanted any more."""
        ...
