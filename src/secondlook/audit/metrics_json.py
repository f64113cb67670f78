"""``metrics.json``: the whole result, every figure with its interval and its counts. The schema is in docs/metrics.md.

The names are those of the dataclasses in ``results.py``, ``figures.py`` and ``kinds.py``. There is no NaN and no infinity:
what is not known is null, and what is refused is an object with ``refused``, its sentence and what it would take.
"""

from __future__ import annotations

import dataclasses
import json
import math
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from secondlook.audit.figures import Rate, Unsupported
from secondlook.audit.results import AuditResult
from secondlook.errors import OutputError


def write_metrics(result: AuditResult, path: Path) -> None:
    """Raises OutputError where the file cannot be written."""
    text = json.dumps(as_json(result), ensure_ascii=False, allow_nan=False, indent=1)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror}): free the disk or choose another place."
        ) from error


def as_json(value: Any) -> Any:
    """The value in objects, lists, texts, numbers, true, false and null."""
    if isinstance(value, Rate):
        return {"value": value.value, "observed": value.observed, **_fields(value)}
    if isinstance(value, Unsupported):
        fields = _fields(value)
        return {"refused": fields.pop("reason"), **fields}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.ndarray | list | tuple):
        return [as_json(item) for item in value]
    return _plain(value)


def _fields(value: Any) -> dict[str, Any]:
    """The fields in the order they are declared, the schema first where there is one."""
    names = [field.name for field in dataclasses.fields(value)]
    if "schema" in names:
        names = ["schema", *(name for name in names if name != "schema")]
    return {name: as_json(getattr(value, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
