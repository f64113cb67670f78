"""The same figures as tables: one CSV for each kind, a row for each figure, with its interval and its counts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from secondlook.audit.figures import Figure, Rate, Said
from secondlook.audit.kinds import Measure
from secondlook.audit.results import AuditResult, CalibrationBin, DetCurve
from secondlook.errors import OutputError

Cell = str | int | float | None
Row = tuple[Cell, ...]

RATE = ("value", "low", "high", "errors", "trials", "subjects", "enough", "trials_needed")
SAID = ("value", "low", "high", "mated", "non_mated", "subjects", "refused")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """file: its name. rows: as wide as ``header``; None is an empty cell."""

    file: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]


def tables_of(result: AuditResult) -> tuple[CsvTable, ...]:
    """Every table of the result that has a row."""
    tables = (_rates(result), _figures(result), _cmc(result), _det(result), _groups(result), _summaries(result))
    return tuple(t for t in (*tables, _decided(result), _calibration(result), _discard(result)) if t.rows)


def write_tables(result: AuditResult, folder: Path) -> tuple[Path, ...]:
    """Writes them into ``folder``, which is made where it is missing. Raises OutputError where that fails."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table in tables_of(result):
            path = folder / table.file
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(table.header)
                writer.writerows(table.rows)
            written.append(path)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror}): free the disk or choose another place."
        ) from error
    return tuple(written)


def _rates(result: AuditResult) -> CsvTable:
    rows: list[Row] = []
    if result.fta is not None:
        rows.append((Measure.FTA.value, None, None, None, None, *_rate(result.fta)))
    for point in result.verification.points if result.verification else ():
        rows.append((Measure.FMR.value, None, point.asked, point.threshold, None, *_rate(point.fmr)))
        rows.append((Measure.FNMR.value, None, point.asked, point.threshold, None, *_rate(point.fnmr)))
    for at in result.open_set:
        source = at.threshold_from.value
        rows.append((Measure.FPIR.value, at.n, at.fpir_asked, at.threshold, source, *_rate(at.fpir)))
        rows.append((Measure.FNIR.value, at.n, at.fpir_asked, at.threshold, source, *_rate(at.fnir)))
    return CsvTable("rates.csv", ("measure", "n", "asked", "threshold", "threshold_from", *RATE), tuple(rows))


def _figures(result: AuditResult) -> CsvTable:
    named: list[tuple[str, Said]] = []
    if result.verification is not None:
        v = result.verification
        named += [("eer", v.eer), ("cllr", v.cllr), ("cllr_min", v.cllr_min)]
    if result.calibration is not None:
        c = result.calibration
        named += [("ece", c.ece), ("brier", c.brier)]
        stated = (("stated_cllr", c.cllr), ("stated_cllr_min", c.cllr_min))
        named += [(name, said) for name, said in stated if said is not None]
    named += [(f"discard_area_{q.quality}", q.area) for q in result.quality]
    if result.advice is not None:
        named.append(("advised_threshold", result.advice.threshold))
    return CsvTable("figures.csv", ("figure", *SAID), tuple((name, *_said(said)) for name, said in named))


def _cmc(result: AuditResult) -> CsvTable:
    rows = ((c.n, p.rank, p.identified, *_rate(p.miss)) for c in result.closed_set for p in c.cmc)
    return CsvTable("cmc.csv", ("n", "rank", "identified", *(f"miss_{name}" for name in RATE)), tuple(rows))


def _det(result: AuditResult) -> CsvTable:
    one = result.verification.det if result.verification else None
    curves = (*((one,) if one is not None else ()), *result.dets)
    rows = tuple(row for curve in curves for row in _curve(curve))
    return CsvTable("det.csv", ("n", "threshold", "false_positive", "false_negative", "non_mated", "mated"), rows)


def _curve(curve: DetCurve) -> Iterator[Row]:
    points = zip(curve.thresholds, curve.false_positive, curve.false_negative, strict=True)
    for threshold, positive, negative in points:
        yield curve.n, float(threshold), float(positive), float(negative), curve.non_mated, curve.mated


def _groups(result: AuditResult) -> CsvTable:
    rows: list[Row] = []
    for group in result.groups:
        for measure in Measure:
            rate = group.rate(measure)
            if rate is not None:
                names, values = " x ".join(group.attributes), " x ".join(group.group)
                people = group.subjects
                rows.append((names, values, people, measure.value, group.n, group.threshold, *_rate(rate)))
    header = ("attributes", "group", "people", "measure", "n", "threshold", *RATE)
    return CsvTable("groups.csv", header, tuple(rows))


def _summaries(result: AuditResult) -> CsvTable:
    rows: list[Row] = []
    for summary in result.summaries:
        names = " x ".join(summary.attributes)
        for one in summary.spreads:
            worst, best = " x ".join(one.worst or ()), " x ".join(one.best or ())
            figures = (("ratio", one.ratio), ("max_over_geometric_mean", one.max_over_geometric_mean))
            for name, said in (*figures, ("gini", one.gini)):
                rows.append((names, one.measure.value, name, worst, best, summary.threshold, summary.n, *_said(said)))
        for name, said in (("fdr", summary.fdr), ("garbe", summary.garbe)):
            rows.append((names, None, name, None, None, summary.threshold, summary.n, *_said(said)))
    header = ("attributes", "measure", "figure", "worst", "best", "threshold", "n", *SAID)
    return CsvTable("group_summaries.csv", header, tuple(rows))


def _decided(result: AuditResult) -> CsvTable:
    rows: list[Row] = []
    for one in result.decided:
        at = one.n, one.fpir_asked, one.threshold_low, one.threshold_high
        for name, rate in ((Measure.FPIR.value, one.fpir), (Measure.FNIR.value, one.fnir), ("unfit", one.unfit)):
            rows.append((*at, None, None, name, *_rate(rate)))
        for group in one.groups:
            whose = " x ".join(group.attributes), " x ".join(group.group)
            both = ((Measure.FPIR.value, group.fpir), (Measure.FNIR.value, group.fnir))
            rows += [(*at, *whose, name, *_rate(rate)) for name, rate in both if rate is not None]
    header = ("n", "asked", "threshold_low", "threshold_high", "attributes", "group", "measure", *RATE)
    return CsvTable("decided.csv", header, tuple(rows))


def _calibration(result: AuditResult) -> CsvTable:
    bins = result.calibration.bins if result.calibration else ()
    rows = tuple((b.low, b.high, b.mean_stated, b.observed, *_right(b), *_rate(b.wrong)) for b in bins)
    header = (
        "low",
        "high",
        "mean_stated",
        "observed",
        "observed_low",
        "observed_high",
        *(f"wrong_{name}" for name in RATE),
    )
    return CsvTable("calibration.csv", header, rows)


def _right(one: CalibrationBin) -> Row:
    return 1 - one.interval[1], 1 - one.interval[0]


def _discard(result: AuditResult) -> CsvTable:
    rows = tuple(
        (q.quality, q.measure.value, q.threshold, float(share), float(error), q.trials)
        for q in result.quality
        for share, error in zip(q.discarded, q.error, strict=True)
    )
    return CsvTable("discard.csv", ("quality", "measure", "threshold", "discarded", "error", "trials"), rows)


def _rate(rate: Rate) -> Row:
    enough = rate.enough.value
    return rate.value, rate.low, rate.high, rate.errors, rate.trials, rate.subjects, enough, rate.trials_needed


def _said(said: Said) -> Row:
    if isinstance(said, Figure):
        return said.value, said.low, said.high, said.mated, said.non_mated, said.subjects, None
    return None, None, None, None, None, None, said.sentence
