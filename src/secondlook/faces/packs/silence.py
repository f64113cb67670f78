"""Loads the models' runtimes without letting them report to their makers, which both do from their import on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

_SWITCH = "ORT_DISABLE_TELEMETRY"
_REPORTER = "openvino_telemetry"


@contextmanager
def no_reports() -> Iterator[None]:
    """Around the import of ONNX Runtime or OpenVINO; the environment is afterwards what it was.

    ONNX Runtime's official builds (from 1.29 on for Linux and macOS too) read the variable once, at their import: with
    it nothing is sent, and no identifier of this machine is left on the disk (its Privacy.md). OpenVINO tells Google
    Analytics about each import, unless the distribution with which it does so cannot be imported: then it uses a stub.
    """
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    switch, reporter = os.environ.get(_SWITCH), modules.get(_REPORTER)
    os.environ[_SWITCH] = "1"
    modules[_REPORTER] = None  # which makes its import fail
    try:
        yield
    finally:
        _restore(switch)
        modules.pop(_REPORTER)
        if reporter is not None:
            modules[_REPORTER] = reporter


def _restore(switch: str | None) -> None:
    if switch is None:
        os.environ.pop(_SWITCH, None)
    else:
        os.environ[_SWITCH] = switch
