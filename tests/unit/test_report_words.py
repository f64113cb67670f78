"""Numbers in words, order of sightings, and HTML that no name can break."""

from __future__ import annotations

import math
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from report_samples import DOUBTED, FIT, LIKELY, THRESHOLD, calibrated, run, sighting, stated
from secondlook.report import words
from secondlook.report.head import summary_sentence
from secondlook.report.markup import Markup, tag, visible
from secondlook.report.order import Part, part_of, sections
from secondlook.report.record import SightingRecord, record_of
from secondlook.report.sureness import how_sure
from secondlook.types import Estimate, Outcome


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0:00:00.0"),
        (3.24, "0:00:03.2"),
        (59.96, "0:01:00.0"),
        (3599.97, "1:00:00.0"),
        (36_061.5, "10:01:01.5"),
        (-0.01, "0:00:00.0"),
    ],
)
def test_clock(seconds: float, said: str) -> None:
    assert words.clock(seconds) == said


@given(st.floats(0, 1e6))
def test_clock_never_shows_sixty(seconds: float) -> None:
    hours, minutes, rest = words.clock(seconds).split(":")
    assert int(minutes) < 60 and float(rest) < 60
    assert int(hours) * 3600 + int(minutes) * 60 + float(rest) == pytest.approx(seconds, abs=0.051)


def test_counts() -> None:
    assert words.counted(0, "face") == "no faces"
    assert words.counted(1, "person", "people") == "1 person"
    assert words.counted(5000, "person", "people") == "5,000 people"
    assert words.listed(["a"]) == "a" and words.listed(["a", "b", "c"]) == "a, b and c" and words.listed([]) == ""


def test_rates_as_people_count() -> None:
    assert words.percent(0.397).replace("\xa0", " ") == "39.7 %"
    assert words.percent(0.0058).replace("\xa0", " ") == "0.58 %"
    assert words.percent(1.0).replace("\xa0", " ") == "100 %" and words.percent(math.nan) == "unknown"
    assert words.out_of(0.397).replace("\xa0", " ") == "40 of 100"
    assert words.out_of(0.0058).replace("\xa0", " ") == "6 of 1,000"
    assert words.out_of(0.0).replace("\xa0", " ") == "0 of 100"
    assert words.number(math.nan, 2) == "not measured" and words.number(-1.25, 1) == "−1.2"
    assert words.number(-0.3, 0) == "0" and words.number(-0.04, 1) == "0.0"


@pytest.mark.parametrize(
    ("estimate", "of", "said"),
    [
        (Estimate(0.0031, 0.002, 0.0052), 1000, "about 3 (2 to 5)"),
        (Estimate(0.0004, 0.0001, 0.0022), 1000, "fewer than 1 (0 to 2)"),
        (Estimate(0.0004, 0.0001, 0.0004), 1000, "fewer than 1"),
        (Estimate(0.9996, 0.982, 0.9999), 100, "more than 99 (98 to 100)"),
        (Estimate(0.0, 0.0, 0.04), 100, "about 0 (0 to 4)"),
        (Estimate(1.0, 1.0, 1.0), 1000, "about 1,000"),
    ],
)
def test_estimates_as_people_count(estimate: Estimate, of: int, said: str) -> None:
    assert words.estimated(estimate, of) == said


@given(st.tuples(*[st.floats(0, 1)] * 3).map(sorted))
def test_the_others_are_the_rest(ends: list[float]) -> None:
    one = Estimate(ends[1], ends[0], ends[2])
    rest = words.complement(one)
    assert rest.low <= rest.value <= rest.high and rest.value + one.value == pytest.approx(1)


def test_asked_rates_are_said_as_they_were_asked() -> None:
    assert words.asked(0.003) == "3 of 1,000" and words.asked(0.01) == "1 of 100" and words.asked(0.5) == "50 of 100"
    assert words.asked(0.0125) == "125 of 10,000" and words.asked(1 / 3) == "333,333.333 of 1,000,000"


def records(*outcomes: Outcome) -> list[SightingRecord]:
    return [record_of(sighting(outcome, 0.5, track=i)) for i, outcome in enumerate(outcomes)]


def test_summary_sentence() -> None:
    seen = records(Outcome.CANDIDATE, *[Outcome.INCONCLUSIVE] * 3, *[Outcome.NO_CANDIDATE] * 8)
    assert summary_sentence(run(videos=0), seen) == (
        "12 faces were seen in 3 pictures; 1 has a candidate, 3 are inconclusive and 8 have no candidate."
    )
    assert summary_sentence(run(pictures=0), records(Outcome.NOT_SEARCHABLE)) == (
        "1 face was seen in 1 video (a face followed through a video counts once); 1 could not be searched."
    )
    assert summary_sentence(run(), []) == "No face was found in 3 pictures and 1 video."
    assert summary_sentence(run(pictures=0, videos=0), []) == "Nothing was looked at."


def test_what_needs_a_person_comes_first() -> None:
    seen = [
        sighting(track=1),
        sighting(Outcome.NOT_SEARCHABLE, None, track=2),
        sighting(Outcome.INCONCLUSIVE, 0.6, track=3),
        sighting(Outcome.INCONCLUSIVE, 0.91, "B", track=4),
        sighting(Outcome.INCONCLUSIVE, 0.92, "B", track=5),
        sighting(Outcome.CANDIDATE, THRESHOLD + 0.01, "A", track=6),
        sighting(Outcome.CANDIDATE, THRESHOLD + 0.05, "A", track=7),
    ]
    order = [r.track for section in sections([record_of(s) for s in seen]) for r in section.records]
    assert order == [7, 6, 5, 4, 3, 2, 1]


def test_evidence_goes_before_the_score() -> None:
    weak = calibrated(Outcome.CANDIDATE, DOUBTED, 9.0, "A", track=1)
    strong = calibrated(Outcome.CANDIDATE, LIKELY, 5.0, "B", track=2)
    stronger_by_margin = calibrated(Outcome.CANDIDATE, LIKELY, 5.5, "B", track=3)
    first = sections([record_of(s) for s in (weak, strong, stronger_by_margin)])[0]
    assert [r.track for r in first.records] == [3, 2, 1]


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.none() | st.floats(-1, 1), st.none() | st.just("A"))))
def test_sections_lose_nothing(kinds: list[tuple[Outcome, float | None, str | None]]) -> None:
    given_ = [record_of(sighting(o, s, n, track=i, crop=False)) for i, (o, s, n) in enumerate(kinds)]
    parts = sections(given_)
    assert [section.part for section in parts] == list(Part)
    assert sorted(r.track for section in parts for r in section.records) == list(range(len(kinds)))
    assert all(part_of(r) is section.part for section in parts for r in section.records)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""
        self.values: list[str | None] = []

    def handle_starttag(self, tag_: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag_)
        self.values.extend(value for _, value in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(st.characters(), max_size=30), st.text(st.characters(), max_size=30))
def test_names_stay_text(name: str, value: str) -> None:
    page = tag("p", name, title=value)
    page.encode("utf-8")
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.tags == ["p"]
    assert reader.values == [visible(value)] and reader.text == visible(name)


def test_what_hides_or_turns_text_is_shown() -> None:
    assert visible("caf\udce9.jpg") == r"caf\udce9.jpg"
    assert visible("gpj.\u202eexe\n\0") == r"gpj.\u202eexe\n\x00"
    for name in ("山田\u3000太郎", "می\u200cرود", "Zoë 👩\u200d🔬"):
        assert visible(name) == name


def test_sum_of_markup_and_text_is_text() -> None:
    assert tag("b", Markup("<i></i>") + "<u>") == "<b>&lt;i&gt;&lt;/i&gt;&lt;u&gt;</b>"


@pytest.mark.parametrize(("log10_lr", "said"), [(2.362, "about 81 (76 to 85)"), (2.9, "at least 81 (76 to 85)")])
def test_at_the_end_of_what_the_data_support_a_chance_is_a_bound(log10_lr: float, said: str) -> None:
    at = stated(4.02, log10_lr, Estimate(0.001, 0.001, 0.002), Estimate(0.08, 0.06, 0.11), Estimate(0.81, 0.76, 0.85))
    page = how_sure(record_of(calibrated(Outcome.CANDIDATE, at, 5.1, "Ann Lee")), FIT)
    assert said in page and ("at most 19" in page) == said.startswith("at least")
