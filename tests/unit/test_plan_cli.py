"""``secondlook plan`` as it is typed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from command import secondlook
from plan_samples import costs
from secondlook.plan.costs_file import to_json

BUILT_IN = ("--pack", "dlib-resnet")
REPOSITORY = Path(__file__).resolve().parent.parent.parent
COUNTRY = ("plan", "--cameras", "5000", "--people", "40e6", "--fpir", "1e-3", *BUILT_IN)


def told(*words: str | Path) -> str:
    """What it prints, without the ends of its lines."""
    said = secondlook(*words)
    assert said.status == 0, said.err
    return " ".join(said.out.split())


def test_help_has_an_example() -> None:
    said = secondlook("plan", "--help")
    assert said.status == 0 and "secondlook plan --cameras 5000 --people 40e6 --fpir 1e-3" in said.out


def test_what_cannot_be_promised_is_said_first() -> None:
    said = told(*COUNTRY)
    assert said.startswith(
        "5,000 cameras, 40,000,000 enrolled people, --fpir 0.001. HOW OFTEN IT IS WRONG Not supported. That of strangers no "
        "more than 1 of 1,000 would be wrongly proposed among 40,000,000 people cannot be promised"
    )
    assert "the largest gallery it saw had 2,277 people, and there it can show no rate rarer than 1.05 of 1,000" in said
    assert said.index("at least so many are missed") < said.index("THE MACHINE") < said.index("MONEY")
    assert "Were it kept: of strangers 1 of 1,000 wrongly proposed are 12,000 false candidates a day" in said
    assert "no price is taken for granted" in said and "labelled people" in said


def test_measured_and_bounded() -> None:
    measured = told("plan", "--cameras", "20", "--people", "800", "--fpir", "0.01", "--prior", "0.01", *BUILT_IN)
    assert "WRONG Measured. Of strangers 1 of 100 may be" in measured and "Were it kept" not in measured
    assert "are the person." in measured
    bounded = told("plan", "--cameras", "20", "--people", "20000", "--fpir", "0.01", *BUILT_IN)
    assert "WRONG Bounded, not measured. Of strangers 1 of 100 at most" in bounded


def test_what_was_given_is_not_taken_for_granted() -> None:
    before, after = told(*COUNTRY), told(*COUNTRY, "--passers", "100", "--node-cores", "16")
    assert "(--passers)." in before and "(--passers)." not in after
    assert "(--node-cores)" in before and "(--node-cores)" not in after
    assert "(--hours)." in before and "(--hours)." in after


def test_the_example_in_the_documentation_is_what_it_prints() -> None:
    page = (REPOSITORY / "docs" / "scale.md").read_text(encoding="utf-8")
    command, printed = page.partition("```sh\n")[2].partition("```\n")[::2]
    shown = printed.partition("```text\n")[2].partition("```")[0]
    assert secondlook(*shlex.split(command)[1:]).out == shown


def test_json_says_the_same() -> None:
    told = secondlook(*COUNTRY, "--core-hour-price", "0.04", "--json").json
    assert told["schema"] == "secondlook.plan/1" and told["support"] == "refused"
    assert told["asked"]["question"] == {"people": 40_000_000, "fpir": 0.001, "prior": None}
    assert told["rates"]["reach"]["measured"] == 2277 and told["rates"]["reach"]["least_fpir"] is None
    assert all(0 <= band["fnir"]["low"] <= band["fnir"]["value"] <= 1 for band in told["rates"]["bands"])
    assert told["money"]["nodes"]["value"] > 0 and told["money"]["disk"] is None
    assert told["machine"]["nodes"]["layout"] in ("beside", "apart")


def test_costs_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "costs.json"
    file.write_text(to_json(costs()), encoding="utf-8")
    said = told(*COUNTRY, "--costs", file)
    assert "Unit costs: a made-up machine, measured 2026-01-01" in said
    assert "what a template of dlib-resnet@" in said  # these costs are another pack's
    assert "cannot be read" in secondlook(*COUNTRY, "--costs", tmp_path / "nowhere.json").complaint


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--cameras", "1", "--people", "10", "--pack", "centerface"), "name a recogniser"),
        (("--cameras", "1", "--people", "10", "--pack", "nobody"), "nobody"),
        (("--cameras", "1", "--people", "10", "--calibration", "nowhere.json"), "nowhere.json"),
    ],
)
def test_complaints_say_what_to_do(words: tuple[str, ...], sentence: str) -> None:
    assert sentence in secondlook("plan", *words).complaint


@pytest.mark.parametrize("words", [("--people", "0"), ("--people", "nan"), ("--people", "9", "--fpir", "0.9")])
def test_numbers_that_mean_nothing_are_not_taken(words: tuple[str, ...]) -> None:
    assert secondlook("plan", "--cameras", "1", *words).status != 0
