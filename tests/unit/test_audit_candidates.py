"""Candidate lists of somebody else's searches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from secondlook.audit import arrow
from secondlook.audit.kinds import Direction
from secondlook.audit.scores import SearchScores
from secondlook.audit.tables import read_scores
from secondlook.errors import SourceError

LISTS = """probe,candidate,rank,score,enrolled,probe_subject,failed,age
p1,anna,1,0.9,yes,anna,,old
p1,ben,2,0.3,yes,anna,,old
p2,anna,1,0.5,yes,ben,,old
p2,ben,2,0.4,yes,ben,,old
p3,anna,1,0.2,no,carl,,young
p4,,,,no,dora,,young
p5,,,,yes,anna,yes,old
"""


@pytest.fixture(params=["pyarrow", "csv module"], autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "csv module":
        monkeypatch.setattr(arrow, "is_installed", lambda: False)


def read(folder: Path, text: str, gallery_size: int | None = 10) -> tuple[SearchScores, ...]:
    path = folder / "lists.csv"
    path.write_text(text, encoding="utf-8")
    return read_scores(path, gallery_size=gallery_size).searches


def test_lists_become_searches(tmp_path: Path) -> None:
    (searches,) = read(tmp_path, LISTS)
    assert searches.n == 10
    assert searches.enrolled.tolist() == [True, True, False, False, True]
    assert searches.mated_score == pytest.approx([0.9, 0.4, np.nan, np.nan, np.nan], nan_ok=True)
    assert searches.mated_rank.tolist() == [1, 2, 0, 0, 0]
    assert searches.other_score == pytest.approx([0.3, 0.5, 0.2, np.nan, np.nan], nan_ok=True)
    assert searches.failed.tolist() == [False, False, False, False, True]
    assert searches.attributes[0].probe.tolist() == [0, 0, 1, 1, 0]
    assert [searches.people[k] for k in searches.subject] == ["anna", "ben", "carl", "dora", "anna"]


def test_a_search_that_returned_nobody_counts(tmp_path: Path) -> None:
    (searches,) = read(tmp_path, LISTS)
    trials = searches.trials(1)
    assert trials.mated.tolist() == [0.9, -np.inf, -np.inf]
    assert trials.non_mated.tolist() == [0.2, -np.inf]


def test_ranks_are_counted_where_the_table_has_none(tmp_path: Path) -> None:
    text = "probe,candidate,score,enrolled,mated\np1,x,0.4,1,1\np1,y,0.4,1,0\np1,z,0.3,1,0\np2,y,0.1,0,0\n"
    (searches,) = read(tmp_path, text)
    # the tie counts against it
    assert searches.mated_rank.tolist() == [2, 0]
    assert searches.other_score.tolist() == [0.4, 0.1]


def test_distances_are_turned_round(tmp_path: Path) -> None:
    text = "probe,candidate,distance,enrolled,mated\np1,x,0.4,1,1\np1,y,0.6,1,0\np2,y,0.7,0,0\n"
    (searches,) = read(tmp_path, text)
    assert searches.direction is Direction.DISTANCE
    assert searches.mated_rank.tolist() == [1, 0]
    assert searches.other_score.tolist() == [-0.6, -0.7]


def test_each_gallery_size_is_its_own_search(tmp_path: Path) -> None:
    text = "probe,candidate,score,enrolled,mated,gallery_size\np1,x,0.4,1,1,100\np1,x,0.4,1,1,1000\np2,x,0.1,0,0,100\n"
    small, large = read(tmp_path, text, None)
    assert (small.n, len(small), large.n, len(large)) == (100, 2, 1000, 1)


def test_the_posterior_is_that_of_the_best_candidate(tmp_path: Path) -> None:
    text = "probe,candidate,score,enrolled,mated,posterior\np1,x,0.3,1,1,0.2\np1,y,0.4,1,0,0.7\np2,,,0,0,\n"
    (searches,) = read(tmp_path, text)
    assert searches.posterior == pytest.approx([0.7, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("probe,candidate,rank,score,mated\np1,x,1,0.4,1\n", "without a column 'enrolled'"),
        ("probe,candidate,rank,score,enrolled\np1,x,1,0.4,1\n", "does not say who is who"),
        ("probe,candidate,score,enrolled,mated\np1,x,,1,1\n", "line 2: there is a candidate without a score"),
        ("probe,candidate,score,enrolled,mated\np1,,0.1,1,1\n", "line 2: there is a score without a candidate"),
        ("probe,candidate,score,enrolled,mated\np1,x,0.1,1,0\np1,y,0.1,0,0\n", "line 3: the same probe is enrolled"),
        ("probe,candidate,score,enrolled,mated\np1,x,0.1,0,1\n", "line 2: the candidate is the probe's person"),
        ("probe,candidate,rank,score,enrolled,mated\np1,x,1.5,0.1,1,1\n", "line 2: the rank is not a whole number"),
        ("probe,candidate,score,enrolled,mated,gallery_size\np1,x,1,1,1,\n", "line 2: the size of the gallery"),
    ],
)
def test_mistakes_name_their_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SourceError) as raised:
        read(tmp_path, text)
    assert says in str(raised.value)


def test_the_size_of_the_gallery_has_to_be_known(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="how large the gallery was"):
        read(tmp_path, LISTS, None)
