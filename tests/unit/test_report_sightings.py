"""sightings.jsonl and paths.jsonl: strict JSON whatever comes, read back as written, refused when it is not ours."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from report_samples import LIKELY, QUALITY, calibrated, sighting
from secondlook.errors import SourceError, UnsupportedSource
from secondlook.report import paths, sightings
from secondlook.report.crops import save_crop
from secondlook.report.paths import read_paths, to_path_line
from secondlook.report.record import Watched, record_of, rounded_rate, sighting_id
from secondlook.report.sightings import read_records, to_line, to_record
from secondlook.types import Candidate, Decision, Estimate, Grounds, Outcome, Quality, Sighting

DOCS = Path(__file__).resolve().parents[2] / "docs" / "sightings.md"

any_number = st.floats(width=32)
any_text = st.text(st.characters(), max_size=12)  # lone surrogates included
maybe = st.none() | any_number
rates = st.floats(0, 1)
estimates = st.tuples(rates, rates, rates).map(sorted).map(lambda v: Estimate(v[1], v[0], v[2]))


@st.composite
def any_sighting(draw: st.DrawFn) -> Sighting:
    named = st.builds(Candidate, any_text, st.integers(0, 9), any_number, st.integers(1, 9))
    grounds = st.builds(
        Grounds,
        any_text,
        maybe,
        maybe,
        st.integers(0, 99),
        maybe,
        st.booleans(),
        st.lists(any_text, max_size=2).map(tuple),
        st.none() | rates,
        st.none() | estimates,
        st.none() | estimates,
        maybe,
        st.none() | rates,
        st.none() | estimates,
        st.none() | any_text,
    )
    decision = st.builds(Decision, st.sampled_from(Outcome), grounds, st.lists(named, max_size=3).map(tuple))
    step = st.tuples(st.integers(0, 999), any_number, any_number, any_number, any_number)
    return Sighting(
        source=draw(any_text),
        frame=draw(st.integers(0, 10**9)),
        time_s=draw(maybe),
        box=draw(st.tuples(any_number, any_number, any_number, any_number)),
        track=draw(st.integers(0, 10**6)),
        first_s=draw(maybe),
        last_s=draw(maybe),
        frames=draw(st.integers(0, 10**6)),
        detector_score=draw(any_number),
        quality=Quality(*(draw(any_number) for _ in fields(Quality))),
        decision=draw(decision),
        pack=draw(any_text),
        path=tuple(draw(st.lists(step, max_size=3))),
    )


def refused(constant: str) -> float:
    raise AssertionError(f"{constant} in JSON")


def strict(line: str) -> Any:
    return json.loads(line, parse_constant=refused)


@given(any_sighting())
def test_line_is_strict_json_and_one_line(seen: Sighting) -> None:
    line = to_record(seen)
    assert len(line.splitlines()) == 1
    assert line.encode("utf-8").decode("utf-8") == line
    assert strict(line)["source"] == seen.source


@given(any_sighting())
def test_read_back_as_written(seen: Sighting) -> None:
    written = record_of(seen)
    read = sightings._record(strict(to_record(seen)))
    assert repr(read) == repr(written)  # equality, but for NaN


zones = st.integers(-12, 12).map(lambda hours: timezone(timedelta(hours=hours)))


@given(any_sighting(), st.datetimes(datetime(1971, 1, 1), datetime(2999, 1, 1), timezones=zones), st.integers(1, 10**6))
def test_a_cameras_sighting_is_read_back_with_its_time(seen: Sighting, at: datetime, followed: int) -> None:
    written = record_of(seen, Watched("5f0c11aa93b7", followed, at))
    line = to_line(written)
    read = sightings._record(strict(line))
    assert repr(read) == repr(written)
    assert written.seen_at is not None and timedelta(0) <= at - written.seen_at < timedelta(milliseconds=1)
    assert strict(line)["seen_at"].endswith("Z") and strict(line)["person"] == f"5f0c11aa93b7-{followed}"
    assert not {"seen_at", "person"} & strict(to_record(seen)).keys(), "a file's sighting has no time of day"


def test_no_two_sessions_of_a_camera_share_an_id() -> None:
    one, now = sighting(), datetime.now(UTC)
    ids = {record_of(one).id, *(record_of(one, Watched(session, 1, now)).id for session in ("a", "b"))}
    assert len(ids) == 3
    assert record_of(one, Watched("a", 1, now)).id == record_of(one, Watched("a", 2, now - timedelta(1))).id


@pytest.mark.parametrize("bad", ["yesterday", "2026-05-01T12:00:00", 7])
def test_a_time_without_a_zone_is_none(bad: object) -> None:
    line = strict(to_line(record_of(sighting(), Watched("a", 1, datetime.now(UTC)))))
    with pytest.raises(ValueError, match=r"seen_at|Invalid isoformat"):
        sightings._record({**line, "seen_at": bad})


@given(any_sighting())
def test_paths_read_back(seen: Sighting) -> None:
    line = to_path_line(seen)
    assert (line is None) == (not seen.path)
    if line is not None:
        id_, path = paths._path(strict(line))
        assert id_ == record_of(seen).id
        assert [step[0] for step in path] == [step[0] for step in seen.path]


@given(rates)
def test_rates_keep_what_is_rare_and_what_is_not_quite_certain(rate: float) -> None:
    kept = rounded_rate(rate)
    assert (kept == 0) == (rate == 0) and (kept == 1) == (rate == 1)
    assert abs(kept - rate) <= 1e-3 * min(rate, 1 - rate) + 1e-16


@given(rates, rates)
def test_rounding_keeps_the_order(a: float, b: float) -> None:
    assert (rounded_rate(min(a, b))) <= rounded_rate(max(a, b))


def test_stated_figures_in_the_file() -> None:
    alike, posterior = Estimate(0.002102938, 0.00001234567, 0.00431), Estimate(0.907, 0.85, 0.99998765)
    said = replace(LIKELY, log10_lr=2.36214, alike_rate=alike, posterior=posterior)
    got = strict(to_record(calibrated(Outcome.CANDIDATE, said, 5.12344, "Ann Lee")))["grounds"]
    assert got["calibrated"] is True and got["score"] == 5.1234 and got["log10_lr"] == 2.362
    assert got["alike_rate"] == {"value": 0.002103, "low": 1.235e-05, "high": 0.00431}
    assert got["posterior"] == {"value": 0.907, "low": 0.85, "high": 0.99998765}
    assert (got["fpir"], got["prior"]) == (0.003, 0.01)
    plain = strict(to_record(sighting()))["grounds"]
    assert [plain[name] for name in ("fpir", "alike_rate", "miss_rate", "log10_lr", "prior", "posterior")] == [None] * 6


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("posterior", {"value": 0.5, "low": 0.6, "high": 0.7}),
        ("posterior", {"value": 1.5, "low": 0.6, "high": 2}),
        ("alike_rate", {"value": None, "low": 0, "high": 1}),
        ("miss_rate", 0.3),
        ("prior", -0.1),
        ("fpir", 2),
    ],
)
def test_wrong_figures_are_refused(tmp_path: Path, field: str, value: object) -> None:
    line = strict(to_record(calibrated(Outcome.CANDIDATE, LIKELY, 5.1, "Ann Lee")))
    line["grounds"][field] = value
    with pytest.raises(SourceError, match=r"line 1, is not what Second Look writes \(.*\): write the file anew\.$"):
        read_records(written(tmp_path, json.dumps(line)))


def test_values_and_rounding() -> None:
    seen = sighting(Outcome.CANDIDATE, 0.94126, "Ann Lee", start_s=3.20049)
    got = strict(to_record(seen))
    assert got["schema"] == "secondlook.sightings/2"
    assert got["box"] == [812.0, 240.0, 868.0, 312.0]
    assert got["time_s"] == 3.2 and got["last_s"] == 3.8
    assert got["detector_score"] == 0.9877
    assert got["outcome"] == "candidate"
    assert got["candidates"][0] == {"subject": "Ann Lee", "reference": 3, "score": 0.9413, "rank": 1}
    assert got["grounds"]["score"] == 0.9413 and got["grounds"]["calibrated"] is False
    assert got["crop"] == f"crops/{got['id']}.jpg"


def test_what_is_no_number_becomes_null() -> None:
    seen = replace(sighting(quality=replace(QUALITY, sharpness=math.nan)), detector_score=math.inf)
    got = strict(to_record(seen))
    assert got["quality"]["sharpness"] is None and got["detector_score"] is None


def test_id_depends_on_source_track_and_first_frame_only() -> None:
    a = sighting(start_s=1.0)
    assert record_of(a).id == record_of(replace(a, detector_score=0.1, frame=99, pack="other")).id
    others = {sighting_id("a", 1, 0), sighting_id("a", 0, 1), sighting_id("b", 1, 0), sighting_id("a", 10, 0)}
    assert len(others) == 4
    assert sighting_id("caf\udce9.jpg", 1, 0) != sighting_id("caf\udcea.jpg", 1, 0)
    assert sighting_id("clip.mp4", 7, 80) == "73b289b76a2c52d7"  # as docs/sightings.md says it is made


def test_every_field_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    got = strict(to_record(calibrated(Outcome.CANDIDATE, LIKELY, 5.1, "Ann Lee")))
    for name in (*got, *got["quality"], *got["grounds"], *(f"candidates[].{key}" for key in got["candidates"][0])):
        assert f"`{name}`" in text, name
    assert sightings.SCHEMA in text and paths.SCHEMA in text
    assert all(f"`{outcome}`" in text for outcome in Outcome)


def test_subject_is_named_for_candidates_only() -> None:
    assert record_of(sighting(Outcome.CANDIDATE, 0.95, "Ann Lee")).subject == "Ann Lee"
    for outcome in set(Outcome) - {Outcome.CANDIDATE}:
        assert record_of(sighting(outcome, 0.95, "Ann Lee")).subject is None


def written(folder: Path, *lines: str, end: str = "\n") -> Path:
    path = folder / "sightings.jsonl"
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    return path


def test_file_is_read_in_order(tmp_path: Path) -> None:
    seen = [sighting(track=i, source=f"caf\udce9 {i}\u2028.jpg") for i in range(3)]
    records = read_records(written(tmp_path, *map(to_record, seen)))
    assert [r.track for r in records] == [0, 1, 2]
    assert records == tuple(map(record_of, seen))
    path = tmp_path / "paths.jsonl"
    path.write_text(f"{to_path_line(sighting(start_s=1.0))}\n")
    assert read_paths(path)[record_of(sighting(start_s=1.0)).id][0][0] == 25


def test_unknown_fields_are_passed_over(tmp_path: Path) -> None:
    line = json.dumps(strict(to_record(sighting())) | {"mood": 0.5})
    assert read_records(written(tmp_path, line)) == (record_of(sighting()),)


def test_other_schema_is_refused(tmp_path: Path) -> None:
    line = to_record(sighting()).replace("sightings/2", "sightings/1")
    with pytest.raises(UnsupportedSource, match=r"sightings\.jsonl, line 2, has the schema 'secondlook.sightings/1'"):
        read_records(written(tmp_path, to_record(sighting()), line))


def test_cut_off_line_says_so(tmp_path: Path) -> None:
    line = to_record(sighting())
    with pytest.raises(SourceError, match="line 2, is cut off"):
        read_records(written(tmp_path, line, line[:200], end=""))
    assert len(read_records(written(tmp_path, line, line, end=""))) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("box", [1, 2, 3]),
        ("box", "0,0,1,1"),
        ("outcome", "maybe"),
        ("frame", -1),
        ("frame", True),
        ("frames", 1.5),
        ("quality", None),
        ("grounds", {}),
        ("candidates", [{"subject": 5}]),
        ("id", "../../etc/passwd"),
        ("crop", "crops/../../../etc/passwd"),
        ("source", None),
        ("detector_score", "NaN"),
    ],
)
def test_wrong_fields_are_refused(tmp_path: Path, field: str, value: object) -> None:
    line = json.dumps(strict(to_record(sighting())) | {field: value})
    with pytest.raises(SourceError, match=r"line 1, is not what Second Look writes \(.*\): write the file anew\.$"):
        read_records(written(tmp_path, line))


@pytest.mark.parametrize("line", ["", "[]", "{", '{"schema": NaN}', "[" * 100_000, '{"schema": 1}'])
def test_other_lines_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(SourceError):
        read_records(written(tmp_path, line))


def test_infinite_literal_is_refused(tmp_path: Path) -> None:
    line = to_record(sighting()).replace('"detector_score": 0.9877', '"detector_score": 1e999')
    with pytest.raises(SourceError, match="detector_score is no number"):
        read_records(written(tmp_path, line))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.jsonl cannot be read"):
        read_records(tmp_path / "nowhere.jsonl")


def test_crop_is_written_under_its_name(tmp_path: Path) -> None:
    seen = sighting()
    assert save_crop(tmp_path, seen) == record_of(seen).crop
    assert (tmp_path / str(record_of(seen).crop)).read_bytes()[:3] == b"\xff\xd8\xff"
    assert save_crop(tmp_path, sighting(crop=False)) is None and record_of(sighting(crop=False)).crop is None
    assert [p.name for p in (tmp_path / "crops").iterdir()] == [f"{record_of(seen).id}.jpg"]
