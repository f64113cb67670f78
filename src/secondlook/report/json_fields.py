"""Fields of a JSON object by name and type. Each raises ValueError that says which field is wrong and how."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import TypeAlias, TypeVar

JsonObject: TypeAlias = dict[str, object]
T = TypeVar("T")

_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


def dumped(value: object) -> str:
    """One line of strict JSON: no NaN, names readable as they are, and nothing unescaped that would break a line or
    cannot be written as UTF-8."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def parsed(line: str) -> JsonObject:
    try:
        value = json.loads(line, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return as_object(value, "the line")


def as_object(value: object, name: str) -> JsonObject:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is no JSON object")
    return value


def text(of: JsonObject, key: str) -> str:
    return as_text(_get(of, key), key)


def as_text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value


def whole(of: JsonObject, key: str) -> int:
    return as_whole(_get(of, key), key)


def as_whole(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is no whole number")
    return value


def yes_or_no(of: JsonObject, key: str) -> bool:
    value = _get(of, key)
    if not isinstance(value, bool):
        raise ValueError(f"{key} is neither true nor false")
    return value


def measure(of: JsonObject, key: str) -> float:
    """A number; null, which stands for one that could not be taken, is NaN."""
    return as_measure(_get(of, key), key)


def as_measure(value: object, name: str) -> float:
    if value is None:
        return math.nan
    # a literal such as 1e999 is valid JSON and infinite
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e300:
        raise ValueError(f"{name} is no number")
    return float(value)


def optional_number(of: JsonObject, key: str) -> float | None:
    value = _get(of, key)
    return None if value is None else as_measure(value, key)


def rate(of: JsonObject, key: str) -> float:
    value = _get(of, key)
    found = as_measure(value, key)
    if value is None or not 0 <= found <= 1:
        raise ValueError(f"{key} is no rate from 0 to 1")
    return found


def optional_rate(of: JsonObject, key: str) -> float | None:
    return None if is_null(of, key) else rate(of, key)


def is_null(of: JsonObject, key: str) -> bool:
    """Whether nothing was stated. Raises ValueError where the field itself is missing."""
    return _get(of, key) is None


def list_of(of: JsonObject, key: str, read: Callable[[object, str], T]) -> tuple[T, ...]:
    values = _get(of, key)
    if not isinstance(values, list):
        raise ValueError(f"{key} is no list")
    return tuple(read(value, key) for value in values)


def box_of(values: tuple[float, ...]) -> tuple[float, float, float, float]:
    if len(values) != 4:
        raise ValueError("a box is not x0, y0, x1, y1")
    return (values[0], values[1], values[2], values[3])


def number_or_null(value: float | None) -> float | None:
    """For writing: what is no finite number becomes null."""
    return value if value is not None and math.isfinite(value) else None


def _get(of: JsonObject, key: str) -> object:
    if key not in of:
        raise ValueError(f"{key} is missing")
    return of[key]


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")
