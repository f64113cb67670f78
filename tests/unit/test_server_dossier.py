"""The dossier over the service: put together from what is kept, with nobody's name but the candidate's, and written down."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from made_up_calibration import calibration
from secondlook.audit.pdf import NoPdf, WhyNoPdf
from secondlook.custody.reading import read_log
from secondlook.custody.recording import gallery_log
from secondlook.decide.calibration import threshold
from secondlook.fakes import FakeLog
from secondlook.ports import Action
from secondlook.report.record import SightingRecord
from secondlook.review.dossier import ANOTHER
from secondlook.review.sets import SetKind, Truth, TruthItem, truth_json
from secondlook.review.verdicts import Said
from secondlook.server import clock
from secondlook.server.actors import ALLOWED, Actor, May, Role
from secondlook.server.acts import dossier as acts
from secondlook.server.acts.keeping import Seen, keep_sightings, renew_sighting
from secondlook.server.rows import JobRow, ReviewTaskRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service, Why
from secondlook.types import Candidate, Decision, Estimate, Grounds, Outcome
from service_samples import PACK, QUALITY, account, door, picture, service_in

SEARCH = "search:" + "5" * 32
OTHERS = [f"Person {number}" for number in range(1, 13) if number not in (1, 3)]
"""None of these is part of another name that may be said."""


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """With a real log."""
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    with service_in(tmp_path) as made:
        made.log = gallery_log(made.gallery)
        yield made


@pytest.fixture
def operator(service: Service) -> Actor:
    return account(service, Role.OPERATOR)


def sighting(service: Service, operator: Actor, source: str = "garage.mp4", case: str = "C-1") -> str:
    grounds = Grounds("Person 3 is a candidate, and not Person 7.", 0.9, 0.8, 12, 0.05)
    found = (Candidate("Person 3", 3, 0.9, 1), Candidate("Person 7", 7, 0.85, 2))
    record = SightingRecord(
        "a" * 16,
        source,
        3,
        1.0,
        (1, 2, 30, 40),
        1,
        1.0,
        2.0,
        9,
        0.9,
        QUALITY,
        Decision(Outcome.CANDIDATE, grounds, found),
        PACK,
    )
    why = Why("a lost child", case)
    with service.database.writing() as session:
        seen = [Seen(record, picture(99))]
        kept = keep_sightings(service, session, SEARCH, seen, searched_by=operator.id, why=why, seen_at=clock.now())
        service.record(
            operator, Action.SEARCH, SEARCH, "subject:" + "7" * 32, why=why, of="picture", faces=1, candidate=1
        )
    return kept.ids[0]


def answered(service: Service, reviewer: Actor, about: str | None, kind: SetKind, said: Said, note: str = "") -> None:
    """A set about a sighting, or a trial, with one answer on the person and "different" of Person 7."""
    set_ = new_id()
    subject = service.gallery.subject_id("Person 3")
    shown = ["Person 3", "Person 7"] if kind in (SetKind.CANDIDATE, SetKind.SAME) else ["Person 7", "Person 8"]
    items = tuple(
        TruthItem(f"{number:032x}", service.gallery.subject_id(name), number, 0.5) for number, name in enumerate(shown)
    )
    answers = [
        {"token": items[0].token, "said": said.value, "features": ["ears"], "note": note},
        {"token": items[1].token, "said": "different", "features": ["nose"], "note": ""},
    ]
    with service.database.writing() as session:
        session.add(
            ReviewTaskRow(
                id=set_,
                sighting_id=about,
                reviewer_id=reviewer.id,
                sealed_set=b"",
                sealed_truth=service.gallery.seal(
                    truth_json(Truth(set_, kind, subject, items)).encode(), f"review {set_} truth"
                ),
                answers={"items": answers},
                created_at=clock.now(),
                opened_at=clock.now(),
                answered_at=clock.now(),
                seconds=9.0,
            )
        )
        service.record(reviewer, Action.REVIEW, f"set:{set_}", f"sighting:{about or 'none'}")


@pytest.fixture
def seen(service: Service, operator: Actor) -> str:
    """A sighting that two people have reviewed."""
    id_ = sighting(service, operator)
    for name, note in (("Ann", "like Person_7, I think"), ("Bob", "the left ear")):
        reviewer = account(service, Role.REVIEWER, name)
        answered(service, reviewer, id_, SetKind.CANDIDATE, Said.SAME, note)
        answered(service, reviewer, None, SetKind.DIFFERENT, Said.DIFFERENT)
    return id_


def client(service: Service, role: Role = Role.AUDITOR) -> TestClient:
    return door(service).by_key(account(service, role, f"{role} {new_id()}"))


def told(service: Service, id_: str) -> dict[str, Any]:
    answer = client(service).get(f"/api/v1/sightings/{id_}/dossier.json")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_it_tells_what_is_kept(service: Service, seen: str) -> None:
    found = told(service, seen)
    assert found["second_look"]["state"] == "supported"
    people = found["second_look"]["reviewers"]
    assert [one["name"] for one in people] == ["Reviewer A", "Reviewer B"]
    assert people[1]["on_candidate"] == {"said": "same", "features": ["ears"], "note": "the left ear"}
    assert [one["said"] for one in people[0]["look_alikes"]] == ["different"]
    assert people[0]["record"]["false_same"]["trials"] == 1
    assert found["found"]["alike"] == [
        {"rank": 1, "who": "Person 3", "score": 0.9},
        {"rank": 2, "who": ANOTHER, "score": 0.85},
    ]
    assert found["found"]["grounds"]["gallery_size"] == 12 and found["found"]["grounds"]["margin"] == 0.05
    assert [one["shows"] for one in found["found"]["enrolled"]] == ["most_alike"]
    assert found["seen"]["picture"].startswith("data:image/jpeg;base64,")
    assert found["audit"] is None and found["measured"]["calibration"] is None


@pytest.mark.parametrize("form", ["html", "json"])
def test_nobody_elses_name_is_in_it(service: Service, operator: Actor, form: str) -> None:
    id_ = sighting(service, operator, "person_7 and others.mp4")
    ann = account(service, Role.REVIEWER, "Ann")
    answered(service, ann, id_, SetKind.CANDIDATE, Said.SAME, "x " * 200 + "it is person-8 (not Person 9)")
    page = client(service).get(f"/api/v1/sightings/{id_}/dossier.{form}").text
    assert "Person 3" in page
    lower = page.casefold().replace("_", " ").replace("-", " ")
    assert not [name for name in OTHERS if name.casefold() in lower]
    assert ann.id not in page and '"Ann"' not in page and ">Ann<" not in page
    assert "left out here" in page
    for name in OTHERS:
        assert service.gallery.subject_id(name) not in page


def test_the_page_is_shut_off_from_the_site(service: Service, seen: str) -> None:
    answer = client(service).get(f"/api/v1/sightings/{seen}/dossier.html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "Person" not in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"


def test_each_is_written_down_and_says_so_itself(service: Service, seen: str) -> None:
    auditor = account(service, Role.AUDITOR)
    found = json.loads(acts.dossier(service, auditor, seen, acts.Form.JSON).content)
    last = found["log"]["entries"][-1]
    assert (last["action"], last["actor"]) == ("export", f"auditor {auditor.id}")
    assert last["seq"] == found["log"]["head_seq"]
    head = service.custody_log().head()
    assert (found["log"]["head_seq"], found["log"]["head_hash"]) == (head.seq, head.hash)
    whos = [one["actor"] for one in found["log"]["entries"]]
    assert whos[0].startswith("operator ") and whos[1:3] == ["Reviewer A", "Reviewer B"]
    about = [one["about"] for one in found["log"]["entries"]]
    assert about == [["search"], *[["blind set", "sighting"]] * 2, ["sighting"]], "trials are none of its business"


def test_searches_of_the_case_are_counted_honestly(service: Service, operator: Actor, seen: str) -> None:
    why = Why("a lost child", "C-1")
    service.record(operator, Action.SEARCH, "search:" + "6" * 32, why=why, faces=3, no_candidate=3)
    service.record(operator, Action.SEARCH, "search:" + "7" * 32, why=Why("x", "C-2"), faces=1, candidate=1)
    service.record("os:ann", Action.SEARCH, "g" * 32, why=why, sources=2)
    for result in (0, 2):
        job = new_id()
        with service.database.writing() as session:
            session.add(find_row(job, operator.id, result))
        service.record(operator, Action.SEARCH, f"job:{job}", why=why, kind="find", uploads=1)
    service.record(operator, Action.CAMERA, new_id(), why=why, done="started")
    found = told(service, seen)["searches"]
    assert [one["came"] for one in found["searches"]] == ["candidate", "nobody", "unknown", "nobody", "candidate"]
    assert [one["of_this"] for one in found["searches"]] == [True, False, False, False, False]
    assert found["watches"] == 1


def test_the_newest_audit_is_told(service: Service, operator: Actor, seen: str) -> None:
    assert told(service, seen)["audit"] is None
    job = new_id()
    with service.database.writing() as session:
        session.add(audit_row(job, operator.id, "scores of Person 7"))
    assert "not kept any more" in told(service, seen)["audit"]["problem"]
    out = service.folder.jobs / job / "out"
    out.mkdir(parents=True)
    (out / "metrics.json").write_text('{"schema": "secondlook.audit/1"}')
    found = told(service, seen)["audit"]
    assert "cannot be read" in found["problem"] and "Person" not in found["label"]


def find_row(id_: str, owner: str, candidates: int) -> JobRow:
    result = {
        "sources": 1,
        "candidate": candidates,
        "no_candidate": 4,
        "inconclusive": 0,
        "not_searchable": 0,
        "kept": 0,
    }
    return job_row(id_, owner, {"kind": "find", "uploads": ["1" * 32]}, {"kind": "find", **result})


def audit_row(id_: str, owner: str, label: str) -> JobRow:
    result: dict[str, object] = {"kind": "audit", "findings": []}
    return job_row(id_, owner, {"kind": "audit", "uploads": ["1" * 32], "label": label}, result)


def job_row(id_: str, owner: str, asked: dict[str, object], result: dict[str, object]) -> JobRow:
    return JobRow(
        id=id_,
        kind=asked["kind"],
        owner_id=owner,
        purpose="",
        case_number="",
        state="done",
        request={"asked": asked, "uploads": asked["uploads"], "fpir": 0.003, "prior": 0.01},
        claim="",
        attempts=1,
        deaths=0,
        done=0,
        total=None,
        doing="",
        sentence="",
        result=result,
        tidied=True,
        created_at=clock.now(),
        ended_at=clock.now(),
    )


def test_by_role(service: Service, seen: str) -> None:
    opened = door(service)
    for role in Role:
        one = opened.by_key(account(service, role, f"a {role}"))
        status = one.get(f"/api/v1/sightings/{seen}/dossier.json").status_code
        assert status == (200 if May.EXPORT in ALLOWED[role] else 403), role
    assert opened.nobody().get(f"/api/v1/sightings/{seen}/dossier.html").status_code == 401
    assert client(service).get(f"/api/v1/sightings/{'0' * 32}/dossier.json").status_code == 404


def test_of_somebody_erased_there_is_none_and_nothing_is_exported(service: Service, seen: str) -> None:
    service.gallery.remove("Person 3")
    before = service.custody_log().head().seq
    assert client(service).get(f"/api/v1/sightings/{seen}/dossier.html").status_code in (404, 410)
    exported = [line for line in lines(service) if line[0] > before and line[1] is Action.EXPORT]
    assert exported == []


def lines(service: Service) -> list[tuple[int, Action]]:
    return [(line.seq, line.entry.action) for line in read_log(service.custody_log().folder)]


def test_names_are_those_of_today(service: Service, seen: str) -> None:
    service.gallery.rename("Person 3", "Ann Dee")
    found = told(service, seen)["found"]
    assert found["candidate"] == "Ann Dee" and found["alike"][0]["who"] == "Ann Dee"
    assert found["grounds"]["sentence"] == "", "it would say the name of then"


@pytest.mark.parametrize(("rivals", "place"), [(("Person 7", "Person 3"), "overtaken"), (("Person 7",), "gone")])
def test_who_was_overtaken_is_not_given_another_ones_figures(
    service: Service, seen: str, rivals: tuple[str, ...], place: str
) -> None:
    sure = Estimate(0.9, 0.8, 0.95)
    grounds = Grounds(
        "x", 0.95, 0.8, 12, calibrated=True, fpir=0.003, alike_rate=sure, log10_lr=2.0, prior=0.01, posterior=sure
    )
    again = tuple(Candidate(name, int(name[-1]), 0.95, rank) for rank, name in enumerate(rivals, start=1))
    record = SightingRecord(
        "a" * 16,
        "s",
        3,
        1.0,
        (1, 2, 30, 40),
        1,
        1.0,
        2.0,
        9,
        0.9,
        QUALITY,
        Decision(Outcome.CANDIDATE, grounds, again),
        PACK,
    )
    with service.database.writing() as session:
        assert renew_sighting(service, session, seen, Seen(record))
    found = told(service, seen)["found"]
    assert found["place"] == place and ("Person 3" in [one["who"] for one in found["alike"]]) is (place == "overtaken")
    assert found["grounds"]["posterior"] is found["grounds"]["log10_lr"] is found["grounds"]["alike_rate"] is None


def test_without_a_log_it_says_so(tmp_path: Path) -> None:
    with service_in(tmp_path, log=FakeLog()) as bare:
        who = account(bare, Role.OPERATOR)
        found = told(bare, sighting(bare, who))
    assert found["log"] is None and found["searches"] is None and "cannot be read" in str(found["no_log"])


def test_no_browser_no_pdf_and_nothing_exported(service: Service, seen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "browser", lambda: None)
    answer = client(service).get(f"/api/v1/sightings/{seen}/dossier.pdf")
    assert answer.status_code == 501 and "Chromium" in answer.json()["detail"]
    assert Action.EXPORT not in [action for _, action in lines(service)]
    monkeypatch.setattr(acts, "browser", lambda: "chromium")
    monkeypatch.setattr(acts, "print_pdf", lambda *_, **__: NoPdf(WhyNoPdf.FAILED, "No PDF: it failed."))
    assert client(service).get(f"/api/v1/sightings/{seen}/dossier.pdf").status_code == 507


def test_the_pdf_says_the_same(service: Service, seen: str) -> None:
    if acts.browser() is None or shutil.which("pdftotext") is None:
        pytest.skip("needs chromium and poppler-utils")
    answer = client(service, Role.OPERATOR).get(f"/api/v1/sightings/{seen}/dossier.pdf")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/pdf"
    done = subprocess.run(["pdftotext", "-", "-"], input=answer.content, capture_output=True, check=True)
    page = " ".join(done.stdout.decode().split())
    assert "Person 3" in page and "no ground for an arrest" in page and "Reviewer B" in page
    assert not [name for name in OTHERS if name in page]


@pytest.mark.parametrize("decided", ["today's", "of another day"])
def test_the_calibration_that_decided_is_named_and_that_of_today_tried_again(
    service: Service, operator: Actor, monkeypatch: pytest.MonkeyPatch, decided: str
) -> None:
    fit = calibration()
    named = fit.id if decided == "today's" else "0123456789ab"
    monkeypatch.setattr(acts, "calibration_for", lambda pack: fit if pack == PACK else None)
    applied = round(threshold(fit, QUALITY, 12, 0.01), 4)
    sure = Estimate(0.9, 0.8, 0.95)
    grounds = Grounds("x", 9.0, applied, 12, calibrated=True, fpir=0.01, log10_lr=2.0, prior=0.01, posterior=sure)
    grounds = replace(grounds, calibration=named)
    found = (Candidate("Person 3", 3, 9.0, 1),)
    record = SightingRecord(
        "b" * 16,
        "s",
        3,
        1.0,
        (1, 2, 30, 40),
        1,
        1.0,
        2.0,
        9,
        0.9,
        QUALITY,
        Decision(Outcome.CANDIDATE, grounds, found),
        PACK,
    )
    with service.database.writing() as session:
        kept = keep_sightings(
            service, session, SEARCH, [Seen(record)], searched_by=operator.id, why=Why(), seen_at=clock.now()
        )
    measured = told(service, kept.ids[0])["measured"]
    assert measured["calibration"] == named and measured["in_use"] == fit.id
    assert measured["threshold_again"] == applied
    page = client(service).get(f"/api/v1/sightings/{kept.ids[0]}/dossier.html").text
    assert named in page and fit.id in page and "would be the person" in page
    if named == fit.id:
        assert measured["line"]["high_log10_lr"] == fit.high_log10_lr and "another calibration" not in page
    else:
        assert measured["line"] is None and "In use when this was written is another calibration" in page
    shown = client(service).get(f"/api/v1/sightings/{kept.ids[0]}").json()
    assert shown["grounds"]["calibration"] == named
