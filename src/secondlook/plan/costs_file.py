"""Unit costs as JSON, as ``python -m bench.unit_costs`` writes them. Schema 1 is described in docs/scale.md."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from secondlook.errors import SourceError
from secondlook.plan.amounts import Amount
from secondlook.plan.costs import Curve, UnitCosts

SCHEMA = "secondlook.costs/1"
SHIPPED = Path(__file__).parent / "unit_costs.json"

_TEXTS = ("machine", "measured", "pack")
_COUNTS = ("template", "searched")
_NUMBERS = ("load", "in_view_s")
_CURVES = ("decode_ms", "convert_ms", "look_ms")
AMOUNTS = tuple(f.name for f in fields(UnitCosts) if f.name not in (*_TEXTS, *_COUNTS, *_NUMBERS, *_CURVES))


def load_costs(path: Path = SHIPPED) -> UnitCosts:
    """Raises SourceError where the file cannot be read or is no whole table of unit costs."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["schema"] != SCHEMA:
            raise ValueError(f"its schema is {said['schema']!r}, not {SCHEMA!r}")
        return _costs(said)
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror}): name a file that `python -m bench.unit_costs --out` has written."
        ) from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise SourceError(
            f"{path} is no whole table of unit costs ({error}): measure again with `python -m bench.unit_costs --out`."
        ) from error


def to_json(costs: UnitCosts) -> str:
    """One line a cost."""
    said: dict[str, Any] = {"schema": SCHEMA}
    said |= {name: getattr(costs, name) for name in (*_TEXTS, *_COUNTS, *_NUMBERS)}
    said |= {name: [[px, *_row(amount)] for px, amount in getattr(costs, name)] for name in _CURVES}
    said |= {name: _row(getattr(costs, name)) for name in AMOUNTS}
    return "{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in said.items()) + "\n}\n"


def _costs(said: dict[str, Any]) -> UnitCosts:
    values: dict[str, Any] = {name: str(said[name]) for name in _TEXTS}
    values |= {name: int(said[name]) for name in _COUNTS}
    values |= {name: float(said[name]) for name in _NUMBERS}
    values |= {name: _curve(said[name]) for name in _CURVES}
    values |= {name: _amount(said[name]) for name in AMOUNTS}
    if min(values["template"], values["searched"]) < 1:
        raise ValueError("a template of no numbers")
    return UnitCosts(**values)


def _curve(rows: list[list[float]]) -> Curve:
    curve = tuple((int(px), _amount(row)) for px, *row in rows)
    if not curve or [px for px, _ in curve] != sorted({px for px, _ in curve}) or curve[0][0] < 1:
        raise ValueError("sizes that do not rise")
    return curve


def _amount(row: list[float]) -> Amount:
    value, low, high = (float(v) for v in row)
    return Amount(value, low, high)


def _row(amount: Amount) -> list[float]:
    return [float(f"{v:.4g}") for v in (amount.value, amount.low, amount.high)]
