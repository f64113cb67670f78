"""An audit as a job: an auditor's, of a table of scores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from job_samples import score_table, sent, work, working_service
from secondlook.errors import (
    Forbidden,
)
from secondlook.fakes import FakeLog
from secondlook.server.actors import Role
from secondlook.server.acts import job_files, jobs
from secondlook.server.acts.job_kinds import (
    AuditAsked,
    AuditResult,
    FindAsked,
)
from secondlook.server.acts.job_states import JobState
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service, Why
from secondlook.server.work.tidying import tidy
from service_samples import account

WHY = Why("a lost child", "C-1")


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.chdir(tmp_path)  # workers change it
    with working_service(tmp_path, FakeLog()) as made:
        yield made


def test_an_audit_is_an_auditors(service: Service, tmp_path: Path) -> None:
    operator = account(service, Role.OPERATOR, "ada")
    auditor, boss = account(service, Role.AUDITOR, "bob"), account(service, Role.ADMIN, "boss")
    scores = sent(service, auditor, score_table(tmp_path / "scores of Ann.csv"))
    asked = AuditAsked(uploads=(scores.id,), label="the gate's own system", seed=3)
    with pytest.raises(Forbidden):
        jobs.start(service, operator, new_id(), asked)
    with pytest.raises(Forbidden):
        jobs.start(service, auditor, new_id(), FindAsked(uploads=(scores.id,)), WHY)
    made = jobs.start(service, auditor, new_id(), asked)
    work(service)
    tidy(service)
    done = jobs.job(service, auditor, made.id)
    assert isinstance(done.result, AuditResult), done.sentence
    assert done.result.findings
    names = {file.name for file in job_files.job_files(service, boss, made.id)}
    assert {"report.html", "metrics.json"} <= names
    report = job_files.fetch(service, boss, made.id, "report.html").path.read_text()
    assert "the gate&#x27;s own system" in report or "the gate's own system" in report
    assert str(service.folder.root) not in report and "Ann" not in report and "--seed 3" in report
    assert not (service.folder.jobs / made.id / "in").exists()


def test_a_table_that_is_none_fails_in_one_sentence(service: Service, tmp_path: Path) -> None:
    auditor = account(service, Role.AUDITOR, "bob")
    file = tmp_path / "a.csv"
    file.write_text("one,two\n1,2\n")
    made = jobs.start(service, auditor, new_id(), AuditAsked(uploads=(sent(service, auditor, file).id,)))
    work(service)
    failed = jobs.job(service, auditor, made.id)
    assert failed.state is JobState.FAILED and failed.sentence.endswith(".") and str(tmp_path) not in failed.sentence
