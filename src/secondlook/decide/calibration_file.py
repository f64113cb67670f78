"""A calibration as JSON: NAME.json, small enough to be read, and NAME.cohort.json with the cohort's points where it has one.

Schema 1. Every number is written out; nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from secondlook.decide.calibration import Calibration, FitCard
from secondlook.decide.evidence import Parameters
from secondlook.decide.normalise import CohortNormalised
from secondlook.decide.terms import MEASURES, Term
from secondlook.errors import CalibrationError, OutputError
from secondlook.types import Floats

SCHEMA = 1
STEPS = 1000
"""Components of cohort points are kept as whole thousandths."""


def cohort_file(path: Path) -> Path:
    """Where the cohort of the calibration in ``path`` is."""
    return path.with_suffix(".cohort.json")


def rounded(points: Floats) -> Floats:
    """Points as the file gives them back."""
    whole = np.rint(points.astype(np.float64) * STEPS) + 0.0  # no negative zero, which a file does not keep
    return _unit(whole / STEPS)


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Writes one file, or two with the cohort. Raises OutputError."""
    cohort = calibration.cohort
    said: dict[str, Any] = {
        "schema": SCHEMA,
        "pack": calibration.pack,
        "card": asdict(calibration.card),
        "largest_gallery": calibration.largest,
        "rarest_rate": calibration.rarest,
        "log10_lr": [calibration.low_log10_lr, calibration.high_log10_lr],
        "unlike": calibration.unlike,
        "comparison": calibration.comparison,
        "cohort": None if cohort is None else {"file": cohort_file(path).name, "top": cohort.top},
        "terms": [asdict(term) for term in calibration.terms],
        "fit": _written(calibration.fit),
        "refits": [_written(refit) for refit in calibration.refits],
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if cohort is not None:
            points = np.rint(cohort.points * STEPS).astype(int).tolist()
            text = json.dumps({"schema": SCHEMA, "steps": STEPS, "points": points}, separators=(",", ":"))
            digest = hashlib.sha256(text.encode()).hexdigest()
            said["cohort"]["sha256"] = digest
            cohort_file(path).write_text(text, encoding="utf-8")
        path.write_text(_readable(said), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}): make room or name another place.") from error


def load_calibration(path: Path) -> Calibration:
    """Raises CalibrationError where the file is missing, of another schema, changed or damaged."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["schema"] != SCHEMA:
            raise CalibrationError(
                f"{path} is a calibration of schema {said['schema']}, not {SCHEMA}: run `secondlook calibrate` again."
            )
        return _read(said, path)
    except OSError as error:
        raise CalibrationError(
            f"{path} cannot be read ({error.strerror}): name a file that `secondlook calibrate` has written."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CalibrationError(
            f"{path} is no whole calibration ({error}): run `secondlook calibrate` again."
        ) from error


def _read(said: Mapping[str, Any], path: Path) -> Calibration:
    card = said["card"]
    terms = tuple(Term(**term) for term in said["terms"])
    if unknown := {term.name for term in terms} - set(MEASURES):
        raise ValueError(f"unknown terms {sorted(unknown)}")
    low, high = (float(v) for v in said["log10_lr"])
    return Calibration(
        pack=str(said["pack"]),
        comparison=str(said["comparison"]),
        cohort=None if said["cohort"] is None else _cohort(said["cohort"], path),
        terms=terms,
        fit=_parameters(said["fit"], len(terms)),
        refits=tuple(_parameters(refit, len(terms)) for refit in said["refits"]),
        largest=int(said["largest_gallery"]),
        rarest=float(said["rarest_rate"]),
        low_log10_lr=low,
        high_log10_lr=high,
        unlike=float(said["unlike"]),
        card=FitCard(**{**card, "limits": tuple(card["limits"]), "figures": tuple(card["figures"])}),
    )


def _cohort(said: Mapping[str, Any], path: Path) -> CohortNormalised:
    place = path.parent / Path(str(said["file"])).name
    try:
        text = place.read_bytes()
    except OSError as error:
        raise CalibrationError(
            f"{place}, the cohort of {path}, cannot be read ({error.strerror}): keep the two files together."
        ) from error
    if hashlib.sha256(text).hexdigest() != said["sha256"]:
        raise CalibrationError(f"{place} is not the cohort that {path} was fitted to: keep the two files together.")
    held = json.loads(text)
    return CohortNormalised(_unit(np.array(held["points"], np.float64) / held["steps"]), int(said["top"]))


def _parameters(said: Mapping[str, Any], terms: int) -> Parameters:
    held = {name: np.array(said[name], np.float64) for name in (f.name for f in fields(Parameters))}
    wanted = (*(2 * (terms + 5, terms + 5, terms + 3)), 1, terms + 1, terms + 1, 3, terms + 3)
    if tuple(len(v) for v in held.values()) != wanted or not all(np.isfinite(v).all() for v in held.values()):
        raise ValueError("its parameters are not whole")
    return Parameters(**held)


def _written(p: Parameters) -> dict[str, list[float]]:
    return {f.name: [float(f"{v:.8g}") for v in getattr(p, f.name)] for f in fields(Parameters)}


def _readable(said: Mapping[str, Any]) -> str:
    """One line a field, one a refit."""
    lines = []
    for key, value in said.items():
        if key == "refits":
            rows = ",\n    ".join(json.dumps(row) for row in value)
            lines.append(f'  "refits": [\n    {rows}\n  ]' if value else '  "refits": []')
        elif isinstance(value, dict):
            inner = ",\n    ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            lines.append(f"  {json.dumps(key)}: {{\n    {inner}\n  }}")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _unit(points: np.ndarray[Any, np.dtype[np.float64]]) -> Floats:
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), np.float32)
