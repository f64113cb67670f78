"""Around Ray's import and start: what it then reads from the environment, and hands on to the processes that it starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LOCAL: Final = "local"
"""The address of a cluster of this machine's own cores, which ends with the run."""

_QUIET: Final = {"RAY_USAGE_STATS_ENABLED": "0"}
"""What is started here does not report to Ray's makers."""
_ALONE: Final = {**_QUIET, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""A cluster of one machine stays on its loopback, as Ray has it on Windows and macOS; elsewhere it listens to the network."""


@contextmanager
def starting(address: str) -> Iterator[None]:
    """The environment is afterwards as it was."""
    values = _ALONE if address == LOCAL else _QUIET
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
