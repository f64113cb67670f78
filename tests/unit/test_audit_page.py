"""The audit's page: self-contained, the same every time, honest about what too few trials can say."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import audit_samples as sample
from secondlook.audit.findings import findings, operating_point
from secondlook.audit.frequencies import cell, frequency, frequency_of, rounded_up
from secondlook.audit.histogram import score_histogram
from secondlook.audit.limits import limits
from secondlook.audit.page import audit_page
from secondlook.audit.plots import cmc_plot, open_set_plot, score_plot, verification_plot
from secondlook.audit.quality_plots import calibration_plot, discard_plot
from secondlook.audit.rates import rate
from secondlook.audit.results import (
    AuditResult,
    CalibrationBin,
    DetCurve,
    Enough,
    Figure,
    Measure,
    OpenSetAt,
    Rate,
    ThresholdFrom,
    Unsupported,
    Way,
    Why,
)
from secondlook.audit.saying import PHRASES, sentence

# a drawing that warns is a drawing that is wrong
pytestmark = pytest.mark.filterwarnings("error")

STRANGERS = PHRASES[Measure.FPIR]


class Reader(HTMLParser):
    """What a browser would see: elements, ids, what they refer to, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.outside: list[str] = []
        self.labels: list[str] = []
        self.text: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._style = tag == "style"
        for name, value in attrs:
            value = value or ""
            if name == "id":
                self.ids.append(value)
            elif name in ("href", "src", "xlink:href", "action", "data"):
                (self.references if value.startswith("#") else self.outside).append(value)
            elif name == "aria-label":
                self.labels.append(value)
            self.references += re.findall(r"url\((#[^)]+)\)", value)
            self.outside += re.findall(r"url\(([^#)][^)]*)\)", value)

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.text.append(data)


def read(result: AuditResult) -> tuple[str, Reader]:
    page = "".join(audit_page(sample.run(), result))
    reader = Reader()
    reader.feed(page)
    return page, reader


@pytest.fixture(scope="module")
def whole() -> tuple[str, Reader]:
    return read(sample.result())


def test_nothing_outside_the_file_is_named(whole: tuple[str, Reader]) -> None:
    page, reader = whole
    assert [one for one in reader.outside if one != "data:,"] == []
    assert "script" not in reader.tags and "//" not in page
    assert "default-src &#x27;none&#x27;" in page


def test_ids_are_unique_and_every_reference_leads_to_one(whole: tuple[str, Reader]) -> None:
    _, reader = whole
    assert len(reader.ids) == len(set(reader.ids)) > 300
    assert {one.removeprefix("#") for one in reader.references} <= set(reader.ids)


def test_the_same_result_gives_the_same_bytes(whole: tuple[str, Reader]) -> None:
    assert whole[0] == "".join(audit_page(sample.run(), sample.result()))


def test_names_stay_text(whole: tuple[str, Reader]) -> None:
    page, reader = whole
    assert "<b>" not in page and "b" not in reader.tags
    assert sum(sample.TRAP in text for text in reader.text) >= 3, "in findings, tables and the plot"


def test_no_word_that_promises_too_much(whole: tuple[str, Reader]) -> None:
    text = " ".join(whole[1].text).lower()
    for word in ("match", "confidence", "accura", "nan", "none of", "inf "):
        assert word not in text or word == "none of", word


def test_every_plot_is_told_in_words_and_numbers(whole: tuple[str, Reader]) -> None:
    page, reader = whole
    plots = page.count("<figure")
    assert plots == 8
    assert reader.tags.count("svg") == plots and len([label for label in reader.labels if len(label) > 40]) == plots
    assert page.count("The numbers drawn</summary>") == plots


def test_every_part_of_a_full_audit_is_there(whole: tuple[str, Reader]) -> None:
    headings = re.findall(r"<h2[^>]*>([^<]*)</h2>", whole[0])
    assert headings == [
        "Before anybody relies on this",
        "What was found",
        "Advice on the threshold",
        "What was audited",
        "Searches: strangers pass by, too (open set)",
        "If everybody were enrolled (closed set)",
        "As secondlook find decides",
        "One picture against one other (1:1)",
        "For whom it is worse",
        "Quality of the pictures",
        "Are stated probabilities true?",
        "What this audit cannot say",
        "How to get this again",
        "Words",
    ]


def test_an_audit_of_nothing_says_so() -> None:
    page, reader = read(sample.nothing())
    assert "Nothing can be said: there were not enough trials of any kind." in page
    assert "svg" in reader.tags  # the histogram that came beside it
    assert any("one-to-one" in said for said in limits(sample.nothing()))


def test_the_headlines() -> None:
    said = [finding.headline for finding in findings(sample.result())]
    assert said[0] == (
        "Of 1,000 strangers who walk past, about 11 (8 to 14) would be called somebody in a gallery of 700."
    )
    assert said[1].startswith("Of 100 enrolled people who walk past, about 36 (34 to 39) would be missed")
    assert any(s.startswith("In 12 of 6,274 pictures no face could be compared. Each counts as a miss") for s in said)
    assert any("That hides what a search does: it compares each face with all 700 enrolled" in s for s in said)


def test_worse_only_where_both_groups_and_the_ratio_carry_it() -> None:
    said = " ".join(finding.headline for finding in findings(sample.result()))
    assert (
        "Worse for gender female than for gender male: of 100 enrolled people who walk past, 31 (27 to 35) would be"
        " missed, against 22 (20 to 25), 1.41 times as many (1.18 to 1.68)." in said
    )
    assert said.count("Worse for") == 1
    assert "No difference between age 60 and over and age under 60 is shown" in said
    # 12 errors are fewer than 30
    assert "would be called somebody for gender male than for gender female: not enough trials to say: about" in said


def test_what_the_system_itself_decides_is_beside_what_it_was_asked_for() -> None:
    said = [finding for finding in findings(sample.result()) if "as secondlook find decides" in finding.headline]
    assert [one.headline for one in said] == [
        "Of 1,000 strangers who walk past, about 9 (6 to 13) would be called somebody with 700 enrolled, as secondlook find"
        " decides when asked for 1 of 100.",
        "Of 100 enrolled people who walk past, about 39 (36 to 41) would be missed with 700 enrolled, as secondlook find"
        " decides when asked for 1 of 100.",
    ]
    assert "2.800 to 4.100, by each picture's quality; the interval holds the 1 of 100" in said[0].grounds
    assert "Pictures that forbid a candidate" in said[1].grounds
    page, _ = read(sample.result())
    assert "one threshold for everybody, as ISO/IEC 19795-10 asks" in page
    assert "Galleries of 700 are larger than any that its calibration was measured on" in page


@pytest.mark.parametrize(("errors", "said"), [(100, "more than the 1 of 100"), (8, "fewer than the 1 of 100")])
def test_a_broken_promise_is_said(errors: int, said: str) -> None:
    one = replace(sample.decided()[-2], fpir=rate(errors, 4068, 1017))
    grounds = [finding.grounds for finding in findings(sample.result(decided=(one,)))]
    assert any(said in ground for ground in grounds)


def test_one_constant_threshold_is_called_so() -> None:
    one = replace(sample.decided()[-1], fpir_asked=None, threshold_low=0.9, threshold_high=0.9)
    page, _ = read(sample.result(decided=(one,)))
    assert "at the one threshold it is run with" in page and "as secondlook find decides with its one threshold" in page


def test_a_weighed_chance_is_told_as_it_weighs() -> None:
    said = [finding for finding in findings(sample.result()) if "Where it said" in finding.headline]
    (one,) = said
    assert one.headline == "Where it said 90 of 100 or more, it was wrong in about 9 (8 to 16) of 100 cases."
    assert "weighed 9.0" in one.grounds
    page, _ = read(sample.result())
    assert "as if 50\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}100 passers-by were enrolled" in page
    assert "Cllr of stated likelihood ratios:" in page


@pytest.mark.parametrize("ratio", [Figure(1.4, 0.9, 1.9, 1, 1, 1), Unsupported(Why.TOO_FEW_TRIALS, "Too few.", 1, 2)])
def test_a_ratio_that_may_be_one_makes_nobody_worse(ratio: Figure | Unsupported) -> None:
    summary = sample.summaries()[0]
    spread = replace(summary.spreads[0], ratio=ratio)
    result = sample.result(summaries=(replace(summary, spreads=(spread,)),))
    assert "Worse for" not in " ".join(finding.headline for finding in findings(result))


def test_what_is_said_of_too_few_trials() -> None:
    assert sentence(rate(0, 12), STRANGERS) == (
        "How many strangers who walk past would be called somebody: not enough trials to say (12 so far; about 18 more"
        " trials needed)."
    )
    assert sentence(rate(0, 300), STRANGERS) == (
        "Of 1,000 strangers who walk past, at most 10 would be called somebody: it happened in none of 300 trials."
    )
    assert sentence(rate(8, 1017), STRANGERS).startswith(
        "Of 1,000 strangers who walk past, somewhere from 3 to 15 would be called somebody"
    )


@given(st.integers(0, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_no_rate_is_said_without_its_interval_or_its_counts(counts: tuple[int, int]) -> None:
    errors, trials = counts
    one = rate(errors, trials)
    for said in (sentence(one, STRANGERS), cell(one)):
        match one.enough:
            case Enough.TOO_FEW:
                assert "not enough trials" in said and f"({trials:,} so far" in said
            case Enough.BOUND_ONLY:
                assert "at most" in said
            case _:
                assert f"{frequency_of(one).low:,} to {frequency_of(one).high:,}" in said


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_frequency_keeps_its_order(a: float, b: float, c: float) -> None:
    low, value, high = sorted((a, b, c))
    found = frequency(value, low, high)
    assert found.low <= found.about <= found.high <= found.of
    assert found.of in (100, 1000, 10_000, 100_000, 1_000_000)


@given(st.integers(0, 10**9))
def test_an_estimate_is_rounded_upwards(count: int) -> None:
    assert count <= rounded_up(count) <= 1.1 * count + 1


def test_a_given_threshold_goes_before_an_asked_rate() -> None:
    given_point = OpenSetAt(700, 1, None, 0.9, ThresholdFrom.GIVEN, rate(100, 1000), rate(100, 1000))
    assert operating_point(sample.result()) == sample.open_set()[7]
    assert operating_point(sample.result(open_set=(*sample.open_set(), given_point))) == given_point


def test_a_given_threshold_is_shown_to_worsen_with_the_gallery() -> None:
    points = tuple(
        OpenSetAt(n, 1, None, 0.9, ThresholdFrom.GIVEN, rate(n // 2, 1000), rate(100, 1000)) for n in (100, 700)
    )
    said = [finding.headline for finding in findings(sample.result(open_set=points))]
    assert (
        "The same threshold calls more strangers somebody the more people are enrolled: 5 (4 to 7) of 100 with 100"
        in (" ".join(said))
    )


def test_limits_name_what_was_missing() -> None:
    bare = sample.result(
        audited=sample.audited(way=Way.PAIRS, attributes=()),
        open_set=(),
        dets=(),
        fta=None,
        calibration=None,
        summaries=(),
    )
    said = " ".join(limits(bare))
    for lacking in ("one-to-one", "no table of attributes", "the table lists none", "no probabilities were stated"):
        assert lacking in said
    assert "more than 700 people enrolled" in " ".join(limits(sample.result()))


def flat(n: int | None, x: float, y: float, count: int = 3) -> DetCurve:
    return DetCurve(n, np.arange(count, 0, -1.0), np.full(count, x), np.full(count, y), 100, 100)


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (1e-9, 1e-9)])
def test_curves_at_the_ends_are_drawn(x: float, y: float) -> None:
    point = OpenSetAt(10, 1, None, 0.5, ThresholdFrom.GIVEN, rate(round(100 * x), 100), rate(round(100 * y), 100))
    assert open_set_plot([flat(10, x, y)], [point]).svg.startswith("<svg")
    assert verification_plot(flat(None, x, y), []).svg.startswith("<svg")


def test_empty_curves_are_drawn() -> None:
    nothing = np.zeros(0)
    curve = DetCurve(5, nothing, nothing, nothing, 0, 0)
    assert open_set_plot([curve], []).svg.startswith("<svg")
    assert cmc_plot(()).svg.startswith("<svg")
    empty = replace(sample.calibration(), bins=(CalibrationBin(0, 1, 0.5, rate(0, 0)),))
    assert calibration_plot(empty).svg.startswith("<svg")
    assert discard_plot(()).svg.startswith("<svg")


def test_a_histogram_counts_every_finite_score() -> None:
    rng = np.random.default_rng(0)
    mated, other = np.append(rng.normal(1, 0.1, 500), [np.nan, -np.inf]), rng.normal(0, 0.1, 800)
    found = score_histogram(mated, other, "cosine", 0.5)
    assert found is not None
    assert found.mated.sum() == 500 and found.non_mated.sum() == 800
    rows = score_plot(found).rows
    assert sum(int(row[1].replace(",", "")) for row in rows) == 500
    assert score_histogram(np.array([np.nan]), np.zeros(0), "cosine") is None
    assert score_histogram(np.ones(5), np.ones(5), "cosine") is None


def test_rates_of_the_sample_are_what_the_rules_say() -> None:
    # the sample is only worth something if it holds every kind
    kinds = {one.enough for one in _rates(sample.result())}
    assert kinds >= {Enough.ENOUGH, Enough.ROUGH, Enough.TOO_FEW}


def _rates(result: AuditResult) -> list[Rate]:
    groups = [r for g in result.groups for r in (g.fnir, g.fpir) if r is not None]
    return [*groups, *(r for p in result.open_set for r in (p.fpir, p.fnir))]
