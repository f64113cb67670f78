"""Somebody else's scores: with pyarrow and without, every mistake named by its line, nothing left out in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from secondlook.audit import arrow, plain_csv
from secondlook.audit.kinds import Direction, ScoreMeaning
from secondlook.audit.pair_searches import probe_scores_of, searches_possible
from secondlook.audit.protocols import search
from secondlook.audit.raw import Chosen
from secondlook.audit.scores import Scores1to1
from secondlook.audit.tables import Table, read_scores
from secondlook.errors import ExtraMissing, SourceError

PLAIN = """probe,reference,score,probe_subject,reference_subject,gender
p1,r1,0.9,anna,anna,f
p1,r2,0.1,anna,ben,f
p2,r1,0.2,ben,anna,m
p2,r2,,ben,ben,m
"""


@pytest.fixture(params=["pyarrow", "csv module"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "csv module":
        monkeypatch.setattr(arrow, "is_installed", lambda: False)
    return str(request.param)


def written(folder: Path, text: str, name: str = "scores.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def pairs_of(table: Table) -> Scores1to1:
    assert table.pairs is not None
    return table.pairs


def test_a_plain_table(tmp_path: Path, reader: str) -> None:
    table = read_scores(written(tmp_path, PLAIN))
    pairs = pairs_of(table)
    assert pairs.score == pytest.approx([0.9, 0.1, 0.2, np.nan], nan_ok=True)
    assert pairs.mated.tolist() == [True, False, False, True]
    assert pairs.people == ("anna", "ben")
    assert pairs.probe.tolist() == [0, 0, 1, 1]
    assert (pairs.direction, pairs.meaning) == (Direction.SIMILARITY, ScoreMeaning.SCORE)
    (gender,) = pairs.attributes
    assert (gender.name, gender.values, gender.probe.tolist()) == ("gender", ("f", "m"), [0, 0, 1, 1])
    assert gender.reference is not None
    # anna is f wherever she is the probe, so she is f as a reference too
    assert gender.reference.tolist() == [0, 1, 0, 1]
    assert table.notes == ()


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("query_id,target,similarity,genuine", "1"),
        ("Probe,Ref ID,Comparison-Score,Is Mated", "true"),
        ("image1,image2,cosine,label", "genuine"),
        ("file1;file2;sim;same_person", "Yes"),
    ],
)
def test_other_names_for_the_same_columns(tmp_path: Path, reader: str, header: str, role: str) -> None:
    comma = ";" if ";" in header else ","
    other = {"1": "0", "true": "false", "genuine": "impostor", "Yes": "no"}[role]
    rows = [("a", "x", "0.5", role), ("a", "y", "0.25", other)]
    text = "\n".join([header, *(comma.join(row) for row in rows)]) + "\n"
    pairs = pairs_of(read_scores(written(tmp_path, text)))
    assert pairs.mated.tolist() == [True, False]
    assert pairs.score.tolist() == [0.5, 0.25]


def test_a_distance_is_turned_round(tmp_path: Path, reader: str) -> None:
    path = written(tmp_path, PLAIN.replace("score", "distance"), "distances.csv")
    pairs = pairs_of(read_scores(path))
    assert pairs.direction is Direction.DISTANCE
    assert pairs.score[0] == -0.9
    same = pairs_of(read_scores(written(tmp_path, PLAIN), Direction.DISTANCE))
    assert np.array_equal(same.score, pairs.score, equal_nan=True)
    with pytest.raises(SourceError, match="'distance', so they cannot be read as similarities"):
        read_scores(path, Direction.SIMILARITY)
    with pytest.raises(SourceError, match="'similarity', so they cannot be read as distances"):
        read_scores(written(tmp_path, PLAIN.replace("score", "similarity")), Direction.DISTANCE)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [("log10_lr", ScoreMeaning.LOG10_LR), ("llr", ScoreMeaning.LN_LR), ("score", ScoreMeaning.SCORE)],
)
def test_likelihood_ratios_are_known_by_their_name(tmp_path: Path, name: str, meaning: ScoreMeaning) -> None:
    assert pairs_of(read_scores(written(tmp_path, PLAIN.replace("score", name)))).meaning is meaning


def test_people_are_found_through_mated_samples(tmp_path: Path, reader: str) -> None:
    text = "probe,reference,score,mated\na,b,0.9,1\nb,c,0.8,1\nd,c,0.1,0\nd,e,0.7,1\n"
    table = read_scores(written(tmp_path, text))
    pairs = pairs_of(table)
    assert len(pairs.people) == 2
    assert pairs.probe_subject[0] == pairs.reference_subject[1]
    assert pairs.probe_subject[2] != pairs.reference_subject[2]
    assert "names no people" in table.notes[0]


def test_a_failed_column_fails_whatever_the_score(tmp_path: Path, reader: str) -> None:
    text = "probe,reference,score,mated,fta\na,x,0.9,1,\na,y,0.8,0,yes\n"
    assert pairs_of(read_scores(written(tmp_path, text))).failed.tolist() == [False, True]


def test_quality_of_a_comparison_is_the_lower_of_the_two(tmp_path: Path, reader: str) -> None:
    text = "probe,reference,score,mated,probe_quality,reference_quality\na,x,0.9,1,30,20\na,y,0.8,0,10,50\n"
    quality = pairs_of(read_scores(written(tmp_path, text))).quality
    assert quality is not None and quality.tolist() == [20, 10]


def test_attributes_of_either_side_share_their_values(tmp_path: Path, reader: str) -> None:
    text = "probe,reference,score,mated,probe_age,reference_age\na,x,0.9,1,old,old\na,y,0.8,0,old,young\n"
    (age,) = pairs_of(read_scores(written(tmp_path, text))).attributes
    assert (age.name, age.values) == ("age", ("old", "young"))
    assert age.reference is not None and age.reference.tolist() == [0, 1]


def test_columns_with_too_many_values_are_passed_over_with_a_note(tmp_path: Path, reader: str) -> None:
    rows = "".join(f"p{k},r{k},0.{k},1,{k}\n" for k in range(60))
    path = written(tmp_path, "probe,reference,score,mated,taken\n" + rows)
    table = read_scores(path)
    assert pairs_of(table).attributes == ()
    assert any("'taken' has 60 different values" in note for note in table.notes)
    assert pairs_of(read_scores(path, attributes=("taken",))).attributes[0].name == "taken"
    with pytest.raises(SourceError, match="no column 'gender' to group by"):
        read_scores(path, attributes=("gender",))


def test_quoted_cells_blank_lines_and_a_byte_order_mark(tmp_path: Path, reader: str) -> None:
    text = '\ufeffprobe,reference,score,mated\n"a, b",x,1e-1,1\n\n"c\nd",x,0.2,0\n'
    pairs = pairs_of(read_scores(written(tmp_path, text)))
    assert pairs.score.tolist() == [0.1, 0.2]
    assert pairs.probe.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("probe,reference,score,mated\n", "has a header and no rows"),
        ("probe,score,mated\na,1,1\n", "no column for reference"),
        ("probe,reference,score\na,b,1\n", "does not say who is who"),
        ("probe,reference,score,mated,probe\na,b,1,1,a\n", "two columns called 'probe'"),
        ("probe,query,reference,score,mated\na,a,b,1,1\n", "which could both be the probe"),
        ("probe,reference,score,mated\na,b,0.1,1\nc,d,abc,1\n", "line 3: 'abc' is no number"),
        ("probe,reference,score,mated\na,b,0.1,1\nc,d,0.2\n", "line 3: 3 cells where the header has 4"),
        ("probe,reference,score,mated\na,b,0.1,1\nc,d,0.2,1,9\n", "line 3: 5 cells where the header has 4"),
        ("probe,reference,score,mated\na,b,0.1,1\n\nc,d,0.2,maybe\n", "line 4: 'maybe' in column mated"),
        ("probe,reference,score,mated\na,b,0.1,1\nc,d,0.2,\n", "line 3: '' in column mated"),
        ("probe,reference,score,mated\n,b,0.1,1\n", "line 2: there is no probe"),
        ("probe,reference,score,mated\na,b,inf,1\n", "line 2: the score is infinite"),
        ("probe,reference,score,mated,posterior\na,b,1,1,1.5\n", "line 2: the posterior is not between 0 and 1"),
        (
            "probe,reference,score,mated,probe_subject,reference_subject\na,b,1,1,x,y\n",
            "line 2: the comparison is said to be mated, but its subjects are two people",
        ),
        ("probe,reference,score,mated\na,b,1,1\nb,c,1,1\na,c,1,0\n", "line 4: the comparison is said to be non-mated"),
    ],
)
def test_every_mistake_is_one_sentence_with_its_line(tmp_path: Path, reader: str, text: str, says: str) -> None:
    with pytest.raises(SourceError) as raised:
        read_scores(written(tmp_path, text))
    assert says in str(raised.value)
    assert "scores.csv" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="There is no file"):
        read_scores(tmp_path / "nothing.csv")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("probe,reference,score,mated\nJosé,b,1,1\n".encode("latin-1"))
    with pytest.raises(SourceError, match="not in UTF-8"):
        read_scores(latin)
    broken = written(tmp_path, "nonsense", "scores.parquet")
    with pytest.raises(SourceError, match="no Parquet file"):
        read_scores(broken)
    monkeypatch.setattr(arrow, "is_installed", lambda: False)
    with pytest.raises(ExtraMissing, match=r"secondlook\[audit\]"):
        read_scores(broken)


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    text = read_scores(written(tmp_path, PLAIN))
    path = tmp_path / "scores.parquet"
    columns = {
        "probe": ["p1", "p1", "p2", "p2"],
        "reference": [1, 2, 1, 2],
        "score": pa.array([0.9, 0.1, 0.2, None], pa.float32()),
        "probe_subject": pa.array(["anna", "anna", "ben", "ben"]).dictionary_encode(),
        "reference_subject": ["anna", "ben", "anna", "ben"],
        "gender": ["f", "f", "m", None],
        "mated": [True, False, False, True],
    }
    pq.write_table(pa.table(columns), path)
    pairs = pairs_of(read_scores(path))
    assert pairs.score == pytest.approx(pairs_of(text).score, nan_ok=True)
    assert pairs.mated.tolist() == pairs_of(text).mated.tolist()
    assert pairs.people == pairs_of(text).people
    assert pairs.attributes[0].probe.tolist() == [0, 0, 1, -1]
    columns["mated"] = [True, True, False, True]
    pq.write_table(pa.table(columns), path)
    with pytest.raises(SourceError, match="row 2: the comparison is said to be mated"):
        read_scores(path)


def test_both_readers_read_many_rows_alike(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = 200_000
    probe, subject = np.arange(rows) // 100, rng.integers(0, 50, rows)
    lines = (f"p{p},s{s},{x:.5f}" for p, s, x in zip(probe, subject, rng.random(rows), strict=True))
    path = written(tmp_path, "probe,subject,score\n" + "\n".join(lines) + "\n")
    chosen = Chosen(3, (0, 1), (2,))
    fast, plain = arrow.read_csv(path, ",", chosen), plain_csv.read_csv(path, chosen)
    assert fast is not None and fast.rows == plain.rows == rows
    assert np.array_equal(fast.numbers[2], plain.numbers[2])
    for place in (0, 1):
        assert fast.labels[place].names == plain.labels[place].names
        assert np.array_equal(fast.labels[place].codes, plain.labels[place].codes)


def test_a_table_of_everybody_against_everybody_can_be_searched(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = ["probe,reference,score,probe_subject,reference_subject"]
    for p in range(40):
        for r in range(20):
            score = "" if p == 7 else f"{rng.random() + (p == r):.4f}"
            rows.append(f"p{p},r{r},{score},s{p},s{r}")
    pairs = pairs_of(read_scores(written(tmp_path, "\n".join(rows))))
    assert searches_possible(pairs)
    searches = search(probe_scores_of(pairs), 20, 1, 0)
    assert int(searches.enrolled.sum()) == 20
    assert searches.mated_rank[0] == 1
    assert searches.failed.tolist() == [p == 7 for p in range(40)]
    assert searches.mated_rank[7] == 0
    shorter = pairs_of(read_scores(written(tmp_path, "\n".join(rows[:-5]))))
    assert not searches_possible(shorter)


def test_a_probe_without_its_mate_is_no_miss(tmp_path: Path) -> None:
    """All against all, each sample left out against itself: who has one sample only can be a stranger, never a miss."""
    samples = [("a1", "a"), ("a2", "a"), ("b1", "b")]
    rows = ["probe,reference,score,probe_subject,reference_subject"]
    rows += [f"{p},{r},0.5,{s},{t}" for p, s in samples for r, t in samples if p != r]
    pairs = pairs_of(read_scores(written(tmp_path, "\n".join(rows))))
    assert searches_possible(pairs)
    everybody = search(probe_scores_of(pairs), 2, 1, 0)
    assert everybody.enrolled.tolist() == [True, True]
    one = search(probe_scores_of(pairs), 1, 20, 0)
    lonely = one.subject == pairs.people.index("b")
    assert lonely.any() and not one.enrolled[lonely].any()


def test_likely_mistakes_are_pointed_out(tmp_path: Path) -> None:
    text = "probe,reference,score,mated\na,x,0.1,1\nb,x,0.9,0\nc,c,0.2,1\n"
    notes = " ".join(read_scores(written(tmp_path, text)).notes)
    assert "check the direction" in notes
    assert "samples of the same name" in notes
