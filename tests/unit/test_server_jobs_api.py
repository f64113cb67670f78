"""Jobs over HTTP: started by kind, followed by events, fetched."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from job_samples import footage, makers, working_service
from secondlook.server.actors import Role
from secondlook.server.acts import jobs as acts
from secondlook.server.acts.job_kinds import AuditAsked, ExposureAsked
from secondlook.server.acts.job_states import RESULTS
from secondlook.server.acts.uploads import Incoming
from secondlook.server.rows import JobRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service
from secondlook.server.work import claims
from secondlook.server.work.job import ENDED, carry_out
from service_samples import account, door

AT = "/api/v1/jobs"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.chdir(tmp_path)
    with working_service(tmp_path) as made:
        yield made


@pytest.fixture
def client(service: Service) -> TestClient:
    return door(service).of(Role.OPERATOR)


@pytest.fixture
def upload(client: TestClient, tmp_path: Path) -> str:
    content = footage(tmp_path / "in")[0].read_bytes()
    answer = client.post(
        "/api/v1/uploads", content=content, headers={"content-disposition": "attachment; filename=crowd.png"}
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def work(service: Service) -> None:
    claim = claims.next_claim(service)
    assert claim is not None and carry_out(service, claim, makers()) == ENDED


def test_started_done_and_fetched(service: Service, client: TestClient, upload: str) -> None:
    key = {"idempotency-key": "k1"}
    body = {"uploads": [upload], "style": "avatar"}
    made = client.post(f"{AT}/redact", json=body, headers=key)
    assert made.status_code == 201, made.text
    job = made.json()
    assert client.post(f"{AT}/redact", json=body, headers=key).json() == job
    assert (job["state"], job["asked"]["style"], job["footage"]) == (
        "queued",
        "avatar",
        [{"id": upload, "name": "crowd.png"}],
    )
    assert client.get(f"{AT}/{job['id']}/files").json() == []
    work(service)
    done = client.get(f"{AT}/{job['id']}").json()
    assert (done["state"], done["progress"], done["result"]["faces"]) == ("done", 1.0, 2)
    files = {file["name"]: file for file in client.get(f"{AT}/{job['id']}/files").json()}
    copy = f"redacted/{upload}.png"
    assert files[copy]["title"] == "crowd-redacted.png"
    fetched = client.get(f"{AT}/{job['id']}/files/{copy}")
    assert fetched.status_code == 200 and len(fetched.content) == files[copy]["size"]
    assert 'attachment; filename="crowd-redacted.png"' in fetched.headers["content-disposition"]
    assert fetched.headers["cache-control"] == "no-store"
    page = client.get(f"{AT}/{job['id']}/files/report.html")
    assert page.headers["content-disposition"].startswith("inline")
    assert "sandbox" in page.headers["content-security-policy"]
    for name in ("../../../service.db", "%2e%2e/%2e%2e/x", ".run/journal.jsonl"):
        assert client.get(f"{AT}/{job['id']}/files/{name}").status_code == 404
    (listed,) = client.get(AT, params={"kind": "redact"}).json()["items"]
    assert listed["id"] == job["id"] and client.get(AT, params={"kind": "audit"}).json()["items"] == []
    again = client.post(f"{AT}/{job['id']}/again", json={"also": [{"x": 1, "y": 1, "w": 9, "h": 9}]})
    assert again.status_code == 201 and again.json()["again"] == job["id"]


def test_a_search_says_why(client: TestClient, upload: str) -> None:
    refused = client.post(f"{AT}/find", json={"uploads": [upload]})
    assert refused.status_code == 422 and "purpose" in refused.json()["detail"]
    made = client.post(f"{AT}/find", json={"uploads": [upload], "purpose": "a lost child"})
    assert made.status_code == 201 and made.json()["purpose"] == "a lost child"
    assert client.delete(f"{AT}/{made.json()['id']}").json()["state"] == "cancelled"


@pytest.mark.parametrize(
    "body",
    [{}, {"uploads": []}, {"uploads": ["x"]}, {"uploads": ["0" * 32], "other": 1}, {"uploads": ["0" * 32] * 1001}],
)
def test_what_makes_no_sense_is_refused(client: TestClient, body: dict[str, object]) -> None:
    assert client.post(f"{AT}/redact", json=body).status_code == 422


def test_what_is_not_there(client: TestClient) -> None:
    nowhere = f"{AT}/{new_id()}"
    for way in ("", "/files", "/files/x", "/events", "/review"):
        assert client.get(nowhere + way).status_code == 404
    assert client.delete(nowhere).status_code == 404
    assert client.post(f"{AT}/redact", json={"uploads": [new_id()]}).status_code == 404


def test_followed_until_it_has_ended(service: Service, client: TestClient, upload: str) -> None:
    job = client.post(f"{AT}/redact", json={"uploads": [upload]}).json()

    def later() -> None:
        time.sleep(1)
        work(service)

    thread = threading.Thread(target=later)
    thread.start()
    answer = client.get(f"{AT}/{job['id']}/events")
    thread.join()
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [event for event in answer.text.split("\n\n") if event.startswith("event: job\ndata: ")]
    told = [json.loads(event.split("data: ", 1)[1]) for event in events]
    assert told[0]["state"] == "queued" and told[-1]["state"] == "done" and told[-1]["id"] == job["id"]
    assert [one["state"] for one in told] == sorted(
        (one["state"] for one in told), key=["queued", "running", "done"].index
    )


def test_whose_time_is_over_is_said(service: Service, client: TestClient, upload: str) -> None:
    job = client.post(f"{AT}/redact", json={"uploads": [upload]}).json()
    work(service)
    from secondlook.server.work.tidying import remove_results

    remove_results(service, job["id"])
    assert client.get(f"{AT}/{job['id']}/files").json() == []
    assert client.get(f"{AT}/{job['id']}/review").status_code == 404
    assert client.get(f"{AT}/{job['id']}/files/report.html").status_code == 404


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR, Role.OPERATOR])
def test_an_audits_report_is_for_everybody_who_sees_audits(service: Service, role: Role) -> None:
    """An admin exports nothing else."""
    opened = door(service)
    job, auditor = new_id(), account(service, Role.AUDITOR, "who audits")
    table = Incoming(service, auditor, new_id(), "scores.csv")
    table.write(b"probe,reference,score\na,b,0.5\n")
    acts.start(service, auditor, job, AuditAsked(uploads=(table.finish().id,)))
    finished(service, job)
    client = opened.by_key(account(service, role))
    assert [file["name"] for file in client.get(f"{AT}/{job}/files").json()] == ["report.html"]
    assert client.get(f"{AT}/{job}/files/report.html").text == "a report"
    exposure = new_id()
    with service.database.writing() as session:
        row = session.get_one(JobRow, job)
        copied = {column.name: getattr(row, column.key) for column in JobRow.__table__.columns}
        asked = ExposureAsked(uploads=tuple(row.request["uploads"])).model_dump(mode="json")
        session.add(JobRow(**copied | {"id": exposure, "kind": "exposure", "request": row.request | {"asked": asked}}))
    finished(service, exposure)
    assert client.get(f"{AT}/{exposure}/files/report.html").status_code == (403 if role is Role.ADMIN else 200)


def finished(service: Service, job: str) -> None:
    with service.database.writing() as session:
        session.get_one(JobRow, job).state = "done"
    out = service.folder.jobs / job / RESULTS
    out.mkdir(parents=True)
    (out / "report.html").write_text("a report")
