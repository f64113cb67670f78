"""``proof.json``: the whole proof. The schema is in docs/proof.md; there is no NaN, what is not known is null."""

from __future__ import annotations

import dataclasses
import json
import math
from enum import Enum
from pathlib import Path
from typing import Any

from secondlook.audit.figures import Rate, Unsupported
from secondlook.redact.proof import Detection, Proof, World
from secondlook.report.writing import replacing

FILE_NAME = "proof.json"


def write_proof_json(path: Path, proof: Proof) -> None:
    """Raises OutputError."""
    text = json.dumps(proof_json(proof), ensure_ascii=False, allow_nan=False, indent=1)
    with replacing(path) as file:
        file.write(f"{text}\n".encode())


def proof_json(proof: Proof) -> dict[str, Any]:
    """The proof in objects, lists, texts, numbers, true, false and null."""
    said: dict[str, Any] = {"schema": proof.schema, "verdict": proof.verdict.value, "failed": proof.failed}
    return said | {name: value for name, value in _fields(proof).items() if name != "schema"}


def as_plain(value: Any) -> Any:
    """A proof, or any part of it, in objects, lists, texts, numbers, true, false and null."""
    if isinstance(value, Rate):
        return _rate(value)
    if isinstance(value, Unsupported):
        fields = _fields(value)
        return {"refused": fields.pop("reason"), **fields}
    if isinstance(value, World | Detection):
        return {"verdict": value.verdict.value, **_fields(value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [as_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _rate(rate: Rate) -> dict[str, Any]:
    return {
        "observed": as_plain(rate.observed),
        "low": rate.low,
        "high": rate.high,
        "hits": rate.errors,
        "trials": rate.trials,
        "subjects": rate.subjects,
        "enough": rate.enough.value,
    }


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: as_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
