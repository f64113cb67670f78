"""The dossier as JSON and as a page: complete, in plain words, nobody's code and nothing without its interval or count."""

from __future__ import annotations

import html
import json
import re
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_samples import result as audited
from dossier_samples import GROUNDS, dossier, found, searches, second_look, sparse
from secondlook.audit.kinds import Enough, Measure
from secondlook.audit.metrics_json import as_json
from secondlook.audit.rates import rate
from secondlook.review import dossier_words as say
from secondlook.review.dossier import ANOTHER, LEAD, NO_LINEUP, Dossier, Place, dossier_json, pseudonym
from secondlook.review.dossier_audit import audit_given
from secondlook.review.dossier_page import dossier_page
from secondlook.review.dossier_trail import NO_AUDIT
from secondlook.review.verdicts import Said, Verdict

ALL = [dossier(), sparse()]


def said(of: Dossier) -> str:
    """The page's text."""
    body = dossier_page(of).partition("<body>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


@pytest.mark.parametrize("of", ALL)
def test_json_has_every_field_and_no_nan(of: Dossier) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    told = json.loads(dossier_json(of), parse_constant=refuse)
    assert next(iter(told)) == "schema" and told["schema"] == "secondlook.dossier/1"
    assert set(told) == {field.name for field in fields(Dossier)}
    assert told["lead"] == LEAD and told["no_lineup"] == NO_LINEUP


def test_json_of_one_that_was_reviewed() -> None:
    told = json.loads(dossier_json(dossier()))
    assert told["found"]["grounds"]["posterior"] == {"value": 0.81, "low": 0.7, "high": 0.88}
    first = told["second_look"]["reviewers"][0]
    assert first["name"] == "Reviewer A" and first["on_candidate"]["said"] == "same"
    assert first["record"]["false_same"]["errors"] == 1 and first["record"]["false_same"]["trials"] == 40
    assert [one["came"] for one in told["searches"]["searches"]] == ["nobody", "nobody", "unknown", "candidate"]
    assert told["log"]["head_hash"] == "3f" * 32


@pytest.mark.parametrize("of", ALL)
def test_page_says_what_it_must(of: Dossier) -> None:
    page = said(of)
    for wanted in (LEAD, NO_LINEUP, of.sighting, of.found.candidate, of.measured.pack, of.second_look.sentence):
        assert wanted in page, wanted


def test_state_stands_before_all_else() -> None:
    assert said(sparse()).startswith("UNREVIEWED")
    assert said(dossier()).startswith("SUPPORTED BY TWO PEOPLE")
    assert said(dossier(second_look=second_look(Said.DIFFERENT, Said.DIFFERENT))).startswith("REJECTED")
    apart = dossier(second_look=second_look(Said.SAME, Said.DIFFERENT))
    assert said(apart).startswith("UNREVIEWED") and "there is no agreement to weigh" in said(apart)


def test_every_figure_has_its_interval_or_count() -> None:
    page = said(dossier())
    for wanted in (
        "Of 1,000 strangers with such a picture, about 1 (1 to 2) would look this alike",
        "Of 100 enrolled people with such a picture, about 34 (30 to 39) would not reach the threshold",
        "about 81 (70 to 88) would be the person",
        "If 1 passer-by in 100 is enrolled",
        "3 of 1,000 may name somebody",
        "1 of 40 trials; of 100, from 0 to 14",
        "People searched (N) 1,200",
        "1 gave a candidate, 2 gave none",
        "What came of 1 is not known here",
        "39 (35 to 42) of 100; seen 310 times in 800",
        "not enough trials to say",
    ):
        assert wanted in page.replace(" ,", ",").replace("\N{NO-BREAK SPACE}", " "), wanted


def test_what_is_not_there_is_said() -> None:
    page = said(sparse())
    assert NO_AUDIT in page
    assert "This search was not calibrated" in page and "No calibration of this pack is in use here" in page
    assert "The log cannot be read" in page and "Nobody has answered yet" in page
    assert "only 11 px between the eyes (wanted: 14)" in page
    assert "No case number was stated" in said(dossier(searches=searches("")))


def test_figures_of_somebody_else_are_not_the_candidates() -> None:
    bare = replace(GROUNDS, alike_rate=None, log10_lr=None, posterior=None)
    of = dossier(found=found(place=Place.OVERTAKEN, grounds=bare))
    page = said(of)
    assert "somebody else was more alike than Ann Dee" in page
    assert "would be the person" not in page and "likelier" not in page.partition("What people said")[0]


def test_groups_are_told_of_the_same_number() -> None:
    rates = [rate(22, 3000), rate(9, 3000), rate(0, 3000), rate(0, 3)]
    told = say.group_rates(rates)
    assert [one.partition(" of ")[2].partition(";")[0] for one in told[:3]] == ["10,000"] * 3
    assert "not enough" in told[3] and rates[3].enough is Enough.TOO_FEW


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_trials_in_words(counted: tuple[int, int]) -> None:
    errors, trials = counted
    found = rate(errors, trials)
    told = say.trials(found)
    if not trials:
        assert told == "never tested"
    else:
        assert told.startswith(f"{errors:,} of {trials:,} trial")
        numbers = [int(n.replace(",", "")) for n in re.findall(r"[\d,]+", told.partition(";")[2])]
        upper = numbers[0] / numbers[1] if "at most" in told else numbers[-1] / 100
        assert upper >= found.high - 1e-3, "what is said is never less than the interval"


def test_nothing_that_people_wrote_becomes_code() -> None:
    evil = '"><script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}'
    look = second_look()
    first = replace(look.reviewers[0], on_candidate=replace(look.reviewers[0].on_candidate, note=evil))  # type: ignore[type-var]
    of = dossier(
        seen=replace(dossier().seen, source=evil),
        found=found(candidate=evil, alike=()),
        second_look=replace(look, reviewers=(first,)),
        searches=replace(searches(), purpose=evil, case=evil),
        audit=replace(dossier().audit, label=evil),  # type: ignore[type-var]
    )
    page = dossier_page(of)
    assert "<script" not in page and "\N{RIGHT-TO-LEFT OVERRIDE}" not in page
    assert page.count("&lt;script&gt;") >= 6
    assert json.loads(dossier_json(of))["found"]["candidate"] == evil


@pytest.mark.parametrize("of", ALL)
def test_page_needs_nothing_else_and_is_always_the_same(of: Dossier) -> None:
    page = dossier_page(of)
    assert page == dossier_page(of)
    assert not re.search(r'(?:src|href)="(?!data:)', page) and "<script" not in page and "url(" not in page
    assert "default-src 'none'" in html.unescape(page)


def test_rivals_have_no_name_and_reviewers_a_letter() -> None:
    assert ANOTHER in said(dossier()) and [pseudonym(n) for n in (0, 25, 26)] == [
        "Reviewer A",
        "Reviewer Z",
        "Reviewer 27",
    ]


# The audit's figures, read back


def test_group_rates_are_read_as_the_audit_wrote_them() -> None:
    result = audited()
    assert result.groups
    told = audit_given(json.dumps(as_json(result)), "j", "scores", "2026-11-24T15:04:05.000Z")
    assert told.people == result.audited.subjects and len(told.groups) == len(result.groups)
    for read, own in zip(told.groups, result.groups, strict=True):
        assert (read.attributes, read.group, read.subjects) == (own.attributes, own.group, own.subjects)
        assert {one.measure: one.rate for one in read.rates} == {
            m: r for m in Measure if (r := own.rate(m)) is not None
        }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "secondlook.audit/1"}', '{"schema": "x"}'])
def test_what_is_no_audit_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        audit_given(text, "j", "x", "")


def test_verdicts_all_have_words() -> None:
    assert set(say.STATES) == set(Verdict) and set(say.SAID) == set(Said)
