"""``metrics.json`` and the tables: whole, without NaN, and documented to the last field."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.audit_scores import labelled_templates

from secondlook.audit import columns, figures, kinds, results
from secondlook.audit.auditing import audit_templates
from secondlook.audit.csv_tables import tables_of, write_tables
from secondlook.audit.figures import Unsupported
from secondlook.audit.kinds import Enough, Settings, Wanted, Why
from secondlook.audit.metrics_json import as_json, write_metrics
from secondlook.audit.rates import rate
from secondlook.audit.results import SCHEMA, AuditResult
from secondlook.errors import OutputError

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def result() -> AuditResult:
    templates = labelled_templates(120, 3, 0.2, failing=0.03)
    return audit_templates(templates, Settings(replicates=100, repeats=3), "made up", wanted=Wanted(60, 0.03))


def walked(value: Any) -> list[Any]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(found for item in inside for found in walked(item))]


def test_it_is_json_without_nan(result: AuditResult, tmp_path: Path) -> None:
    write_metrics(result, tmp_path / "metrics.json")
    text = (tmp_path / "metrics.json").read_text(encoding="utf-8")
    read = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in metrics.json"))
    assert next(iter(read)) == "schema"
    assert read["schema"] == SCHEMA
    assert read == as_json(result)


def test_every_rate_has_its_counts_and_its_interval(result: AuditResult) -> None:
    rates = [found for found in walked(as_json(result)) if isinstance(found, dict) and "errors" in found]
    assert len(rates) > 20
    for found in rates:
        assert 0 <= found["low"] <= found["observed"] <= found["high"] <= 1
        assert found["observed"] == found["errors"] / found["trials"]


def test_every_other_figure_has_them_too(result: AuditResult) -> None:
    said = [f for f in walked(as_json(result)) if isinstance(f, dict) and ("refused" in f and "sentence" in f)]
    assert said
    for found in said:
        assert found["sentence"].endswith(".")
    values = [f for f in walked(as_json(result)) if isinstance(f, dict) and "value" in f and "errors" not in f]
    assert len(values) > 5
    for found in values:
        assert found["low"] <= found["value"] <= found["high"]
        assert found["mated"] + found["non_mated"] > 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.float64("nan")])
def test_what_is_no_number_is_null(value: float) -> None:
    assert as_json(value) is None


def test_refusals_and_enums_and_arrays() -> None:
    refusal = Unsupported(Why.TOO_FEW_TRIALS, "Not enough.", 3, 30)
    assert as_json(refusal) == {
        "refused": "too_few_trials",
        "sentence": "Not enough.",
        "have": 3,
        "needed": 30,
        "unit": "trials",
    }
    assert as_json((Enough.ROUGH, np.array([1.5, np.nan]), np.int64(3))) == ["rough", [1.5, None], 3]
    assert as_json(rate(0, 100))["value"] is None


def test_every_field_and_every_word_is_documented() -> None:
    said = set(re.findall(r"`([^`\s]+)`", PAGE)) | set(re.findall(r'"(\w+)"', PAGE))
    for module in (results, figures, kinds):
        for thing in vars(module).values():
            if dataclasses.is_dataclass(thing) and thing is not Wanted:
                missing = {field.name for field in dataclasses.fields(thing)} - said - {"reason"}
                assert not missing, f"{thing} has fields that docs/metrics.md does not explain: {missing}"
    for words in (Enough, Why, kinds.Way, kinds.Direction, kinds.ScoreMeaning, kinds.ThresholdFrom):
        assert {word.value for word in words} <= said


def test_every_name_of_a_column_is_documented() -> None:
    said = set(re.findall(r"`([^`\s]+)`", PAGE))
    assert {name for _, names in columns.SYNONYMS for name in names} <= said


def test_tables_have_a_row_for_each_figure(result: AuditResult, tmp_path: Path) -> None:
    written = write_tables(result, tmp_path / "tables")
    names = {path.name for path in written}
    assert {"rates.csv", "figures.csv", "cmc.csv", "det.csv", "groups.csv", "group_summaries.csv"} <= names
    assert {f"`{name}`" for name in names} <= set(re.findall(r"`\w+\.csv`", PAGE))
    for path, table in zip(written, tables_of(result), strict=True):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert tuple(rows[0]) == table.header
        assert len(rows) == len(table.rows) + 1
        assert {len(row) for row in rows} == {len(table.header)}
    groups = next(t for t in tables_of(result) if t.file == "groups.csv")
    assert len(groups.rows) == 2 * 5


def test_what_cannot_be_written_says_so(result: AuditResult, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        write_metrics(result, blocked / "metrics.json")
    with pytest.raises(OutputError, match="cannot be written"):
        write_tables(result, blocked)
