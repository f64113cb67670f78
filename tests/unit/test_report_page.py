"""report.html: says everything, hides nothing, asks the network for nothing, and stays of a size that opens."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from report_samples import (
    FIT,
    FITTED,
    LIKELY,
    MEASURED,
    SURE,
    calibrated,
    calibrated_mixture,
    calibrated_run,
    drawn,
    mixture,
    portrait,
    problems,
    run,
    sighting,
)
from secondlook.errors import OutputError
from secondlook.report.crops import as_data, save_crop
from secondlook.report.markup import visible
from secondlook.report.page import Limits, write_report
from secondlook.report.record import record_of
from secondlook.report.summary import Drawn, PackLine, RunSummary
from secondlook.sources.folders import Problem
from secondlook.types import Outcome, Sighting

VOID = {"meta", "link", "img"}


class Page(HTMLParser):
    """A page taken apart; every element must be closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.raw = text
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend((tag, name, value or "") for name, value in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data

    def of(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def page_of(folder: Path, summary: RunSummary, seen: list[Sighting], limits: Limits | None = None) -> Page:
    for one in seen:
        save_crop(folder, one)
    return Page(write_report(folder, summary, [record_of(s) for s in seen], limits).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("full")
    return page_of(folder, run(problems=problems(), drawn=drawn()), mixture())


def test_says_what_ran_and_how_often_it_was_wrong(full: Page) -> None:
    text = full.text.replace("\xa0", " ")
    for said in (
        "12 faces were seen in 3 pictures and 1 video",
        "2 have a candidate, 2 are inconclusive, 1 could not be searched and 7 have no candidate",
        "A candidate is a lead to be checked by people. It identifies nobody.",
        "Uncalibrated.",
        MEASURED,
        "dlib-resnet@55533b28a958",
        "CC0-1.0",
        "centerface@77e394b51108",
        "dlib ResNet v1: ONNX Runtime, CPU",
        "12 people enrolled",
        "a comparison score of 0.930 or more",
        "from 0.900 to 0.930 it is inconclusive",
        "FNIR at FPIR 0.01",
        "39.7 %",
        "40 of 100",
        "37.3 % to 42.1 %",
        "1,615",
        "2026-11-23 14:03 UTC, 1 min 23 s, Second Look 0.1.0",
    ):
        assert said in text, said


def test_hides_no_problem(full: Page) -> None:
    assert "2 files could not be read, or only in part" in full.text
    for problem in problems():
        assert str(problem.path) in full.text and problem.sentence in full.text


def test_order_of_the_page(full: Page) -> None:
    places = [
        full.text.index(said)
        for said in (
            "12 faces",
            "Before anybody acts",
            "What ran",
            "What could not be read (2)",
            "Candidates to check (2)",
            "Inconclusive, with somebody alike (1)",
            "Inconclusive (1)",
            "Could not be searched (1)",
            "No candidate (7)",
        )
    ]
    assert places == sorted(places)


def test_cards_say_where_what_and_why(full: Page) -> None:
    assert "Candidate: Ann Lee" in full.text and "Candidate: Владимир <b>Ж</b>" in full.text
    assert "1:02:03.4 to 1:02:04.0" in full.text
    assert "only 11 px between the eyes (wanted: 14)" in full.text
    assert full.text.count("comparison score, not a probability") == 3
    assert "31.4 px" in full.text and "56 × 72 px at x 812, y 240" in full.text
    # said once on top, and not again on every card
    assert full.text.count(MEASURED) == 1 and full.text.count("uncalibrated") == 4


def test_alternative_texts_name_nobody(full: Page) -> None:
    alts = full.of("alt")
    assert len(alts) == 11
    assert "Face at 0:00:03.2, candidate" in alts and "Face, no candidate" in alts
    assert all(
        re.fullmatch(r"Face( at [\d:.]+)?, (candidate|no candidate|inconclusive|not searchable)", a) for a in alts
    )


def test_nothing_comes_from_outside(full: Page) -> None:
    addresses = full.of("src") + full.of("href")
    assert addresses and all(
        a.startswith(("data:image/jpeg;base64,", "data:,", "#", "./annotated/")) for a in addresses
    )
    assert "script" not in full.tags and "url(" not in full.raw and "@import" not in full.raw
    assert not [name for _, name, _ in full.attributes if name.startswith("on") or name == "style"]
    assert "default-src 'none'" in " ".join(full.of("content"))


def test_structure_is_readable_by_machine(full: Page) -> None:
    assert full.tags.count("h1") == 1 and full.tags.count("table") == full.tags.count("caption")
    ids = full.of("id")
    assert len(ids) == len(set(ids)) and set(full.of("aria-labelledby")) <= set(ids)
    assert "en" in full.of("lang") and "width=device-width, initial-scale=1" in full.of("content")


def test_nothing_seen(tmp_path: Path) -> None:
    page = page_of(tmp_path, run(), [])
    assert "No face was found in 3 pictures and 1 video." in page.text
    assert "Candidates to check" not in page.text and "What could not be read" not in page.text


def test_nothing_read_at_all(tmp_path: Path) -> None:
    page = page_of(tmp_path, run(pictures=0, videos=0, problems=problems()), [])
    assert "Nothing could be looked at." in page.text and "What could not be read (2)" in page.text


def test_no_rates_and_no_threshold_are_said(tmp_path: Path) -> None:
    bare = PackLine(id="mine@0123456789ab", title="Mine", licence="unknown")
    note = "No threshold was ever measured for pack mine."
    page = page_of(tmp_path, run(recogniser=bare, rule_note=note, threshold=None, doubtful=None), [])
    assert "No error rates were ever measured for this pack" in page.text
    assert "No threshold was ever measured for pack mine." in page.text


@pytest.fixture(scope="module")
def sure(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return page_of(tmp_path_factory.mktemp("sure"), calibrated_run(), calibrated_mixture())


def test_calibrated_run_says_on_what_it_rests(sure: Page) -> None:
    assert "ncalibrated" not in sure.text and sure.text.count(FITTED) == 1
    for said in (FIT.data, *FIT.limits, *FIT.figures):
        assert sure.text.count(said) == 1, said
    assert "so that 3 of 1,000 searches for strangers give a candidate; each card names its own" in sure.text
    assert "1 passer-by in 100 is taken to be enrolled" in sure.text


def test_every_stated_figure_has_its_interval_once(sure: Page) -> None:
    for said in (
        "Of 1,000 strangers with such a picture, about 2 (1 to 4) would look this alike to somebody here.",
        "Of 100 enrolled people with such a picture, about 8 (6 to 11) would not reach the threshold.",
        "If 1 passer-by in 100 is enrolled, of 100 such candidates about 91 (85 to 95) would be the person (●) and "
        "about 9 (5 to 15) somebody else (○).",
        "more than 99 would be the person (●) and fewer than 1 somebody else (○).",
        "of 100 such faces about 11 (8 to 15) would be the person and about 89 (85 to 92) somebody else.",
    ):
        assert said in sure.text, said
    # the grounds' sentence does not say it all again
    assert sure.text.count("about 91 (85 to 95)") == 1
    assert "Ann Lee is a candidate among 826 enrolled people (score 5.12, threshold 4.02): a lead to check" in sure.text


def test_evidence_in_lay_words(sure: Page) -> None:
    assert (
        "A score like this is about 230 times likelier if it is Ann Lee than if the person is not enrolled (log₁₀ 2.36)."
    ) in sure.text
    assert "about 790 times likelier" in sure.text
    assert sure.text.count("the most that the calibration's pictures can show") == 1
    assert "The next most alike person scores 1.31 less." in sure.text


@pytest.mark.parametrize(
    ("log10_lr", "said"),
    [
        (-1.08, "about 12 times likelier if the person is not enrolled than if it is Ann Lee (log₁₀ −1.08)"),
        (0.1, "about as likely if it is Ann Lee as if the person is not enrolled"),
        (0.4, "about 2.5 times likelier if it is Ann Lee"),
        (3.5, "about 3,200 times likelier if it is Ann Lee"),
        (299.0, "times likelier if it is Ann Lee"),
    ],
)
def test_evidence_either_way(tmp_path: Path, log10_lr: float, said: str) -> None:
    one = calibrated(Outcome.CANDIDATE, replace(LIKELY, log10_lr=log10_lr), 5.1, "Ann Lee")
    assert said in page_of(tmp_path, calibrated_run(), [one]).text


def test_no_score_is_said_as_a_probability(sure: Page) -> None:
    cards = sure.text[sure.text.index("Candidates to check") :]
    assert "cosine similarity" not in sure.text and "match" not in sure.text.lower()
    assert "probability" not in cards.replace("comparison score, not a probability", "")
    percents = set(re.findall(r"([\d.]+)\s%", cards.replace("95 % interval", "")))
    assert percents == {"100"}, "only the share of a face inside its picture"
    assert "A comparison score is no probability." in sure.text


def test_dots_can_be_counted_and_are_named(tmp_path: Path) -> None:
    page = page_of(tmp_path, calibrated_run(), [calibrated(Outcome.CANDIDATE, LIKELY, 5.1, "Ann Lee")])
    assert page.tags.count("svg") == 1 and page.of("role") == ["img"]
    assert "100 dots: 91 filled, for the person, and 9 hollow, for somebody else." in page.of("aria-label")
    every, hollow = (value.count("M") for value in page.of("d"))
    assert (every, hollow) == (100, 9)


def test_one_dot_at_least_is_somebody_else(tmp_path: Path) -> None:
    page = page_of(tmp_path, calibrated_run(), [calibrated(Outcome.CANDIDATE, SURE, 7.4, "Ann Lee")])
    assert "100 dots: 99 filled, for the person, and 1 hollow, for somebody else." in page.of("aria-label")
    assert "more than 99 would be the person" in page.text and "about 100" not in page.text


def test_dots_stand_for_candidates_only(sure: Page) -> None:
    assert sure.tags.count("svg") == 2 == sure.text.count("of 100 such candidates")


def test_strongest_evidence_comes_first(sure: Page) -> None:
    assert "Those with the strongest evidence come first." in sure.text
    assert sure.text.index("Candidate: Владимир") < sure.text.index("Candidate: Ann Lee")


def test_a_gallery_beyond_the_measured_ones_has_bounds(tmp_path: Path) -> None:
    said = replace(LIKELY, beyond=True)
    one = calibrated(Outcome.CANDIDATE, said, 5.1, "Ann Lee")
    page = page_of(tmp_path, calibrated_run(calibration=replace(FIT, largest=500)), [one])
    assert "at most 2 (1 to 4) would look this alike" in page.text
    assert "The gallery is larger than any that was measured, so these are bounds, not estimates." in page.text


def test_a_name_that_reads_like_a_sentence_is_kept(tmp_path: Path) -> None:
    one = calibrated(Outcome.CANDIDATE, LIKELY, 5.1, "Dr. If Only. A")
    assert "Dr. If Only. A is a candidate among" in page_of(tmp_path, calibrated_run(), [one]).text


def test_many_sightings_stay_bounded(tmp_path: Path) -> None:
    seen = [sighting(track=i) for i in range(330)]
    for one in seen:
        save_crop(tmp_path, one)
    template = record_of(seen[0])
    records = [record_of(s) for s in seen] + [replace(template, id=f"{i:016x}", track=i) for i in range(330, 5000)]
    path = write_report(tmp_path, run(), records)
    page = Page(path.read_text(encoding="utf-8"))
    assert "5,000 faces were seen" in page.text and "No candidate (5,000)" in page.text
    assert "The first 300 are shown; 4,700 more are in sightings.jsonl" in page.text
    assert page.tags.count("img") == 300
    assert path.stat().st_size < 3_000_000


def test_cards_beyond_the_limits(tmp_path: Path) -> None:
    seen = [sighting(Outcome.CANDIDATE, 0.95 + i / 1000, f"Person {i}", track=i) for i in range(5)]
    page = page_of(tmp_path, run(), seen, Limits(cards=3, pictures=2, tiles=1))
    assert "Candidate: Person 4" in page.text and "Candidate: Person 1" not in page.text
    assert page.tags.count("img") == 2 and page.tags.count("article") == 3
    assert f"./{record_of(seen[2]).crop}" in page.of("href")
    assert "The first 3 are shown; 2 more are in sightings.jsonl" in page.text


def test_missing_and_foreign_crop_files(tmp_path: Path) -> None:
    one = record_of(sighting(Outcome.CANDIDATE, 0.95, "Ann Lee"))
    assert one.crop is not None and as_data(tmp_path, one) is None
    (tmp_path / "crops").mkdir()
    (tmp_path / one.crop).write_bytes(b"<script>")
    assert as_data(tmp_path, one) is None
    page = Page(write_report(tmp_path, run(), [one]).read_text(encoding="utf-8"))
    assert "img" not in page.tags and f"./{one.crop}" in page.of("href")


def test_large_crop_is_shrunk_in_the_page(tmp_path: Path) -> None:
    import base64
    import io

    from PIL import Image

    one = record_of(sighting())
    assert one.crop is not None
    (tmp_path / "crops").mkdir()
    Image.fromarray(portrait(1, 1200, 900)).save(tmp_path / one.crop)
    data = as_data(tmp_path, one)
    assert data is not None
    with Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))) as image:
        assert image.format == "JPEG" and image.size == (168, 224)


def test_links_go_to_the_moment_in_a_marked_video(tmp_path: Path) -> None:
    one = sighting(Outcome.CANDIDATE, 0.95, "Ann Lee", source="a.mp4", start_s=3.2)
    page = page_of(tmp_path, run(drawn=(Drawn("a.mp4", "annotated/a b?#.mp4"),)), [one])
    assert "./annotated/a%20b%3F%23.mp4#t=3.2" in page.of("href")


def test_links_go_to_the_marked_page(tmp_path: Path) -> None:
    seen = [replace(sighting(Outcome.CANDIDATE, 0.95, "Ann Lee", source="a.tif"), frame=page) for page in range(2)]
    page = page_of(tmp_path, run(drawn=(Drawn("a.tif", "0.jpg", 0), Drawn("a.tif", "1.jpg", 1))), seen)
    assert [a for a in page.of("href") if a.endswith(".jpg")] == ["./0.jpg", "./1.jpg"]


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"report\.html cannot be written"):
        write_report(tmp_path / "file", run(), [])


def test_failed_page_leaves_the_old_one(tmp_path: Path) -> None:
    before = write_report(tmp_path, run(), []).read_bytes()
    broken = replace(record_of(sighting()), time_s="soon", first_s="soon", last_s="soon")
    with pytest.raises(TypeError):
        write_report(tmp_path, run(), [broken])
    assert (tmp_path / "report.html").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


evil = st.one_of(
    st.text(st.characters(), max_size=20),
    st.sampled_from(
        [
            "</style><script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "caf\udce9\ud800.jpg",
            "\u202egpj.exe",
            "javascript:alert(1)",
            "a\0b\nc]]>--><!--",
            "&lt;b&gt;&amp;",
        ]
    ),
)


@settings(max_examples=60, deadline=None)
@given(subject=evil, source=evil, title=evil, marked=evil, sentence=evil)
def test_evil_names_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, subject: str, source: str, title: str, marked: str, sentence: str
) -> None:
    folder = tmp_path_factory.mktemp("evil")

    def parts(name: str, place: str, heading: str, file: str, said: str) -> Page:
        one = record_of(sighting(Outcome.CANDIDATE, 0.95, name, source=place, crop=False))
        problem = Problem(Path(place.replace("\0", "")), said)
        pack = PackLine(id=name, title=heading, licence=said, rates_source=said)
        summary = run(
            title=heading,
            problems=(problem,),
            drawn=(Drawn(place, file),),
            recogniser=pack,
            gallery=name,
            providers=(said,),
        )
        return Page(write_report(folder, summary, [one]).read_text(encoding="utf-8"))

    tame = parts("Ann", "a.jpg", "Title", "b.jpg", "Sentence.")
    page = parts(subject, source, title, marked, sentence)
    assert page.tags == tame.tags
    assert [(t, a) for t, a, _ in page.attributes] == [(t, a) for t, a, _ in tame.attributes]
    assert visible(subject) in page.text and visible(source) in page.text
    assert all(a.startswith(("./", "#", "data:")) for a in page.of("href") + page.of("src"))
