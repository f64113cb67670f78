"""What goes on while a connection is open, over real sockets: uploads that break off, jobs that are followed and left."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from job_samples import footage, sent, working_service
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import jobs, signing_in
from secondlook.server.acts.job_kinds import RedactAsked
from secondlook.server.api import jobs as jobs_api
from secondlook.server.api.app import make_app
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service
from served import served
from service_samples import account, picture


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with working_service(tmp_path) as made:
        yield made


@pytest.fixture
def operator(service: Service) -> Actor:
    return account(service, Role.OPERATOR, "ada")


@pytest.fixture
def bearer(service: Service, operator: Actor) -> str:
    return f"Bearer {signing_in.new_key(service, operator, 'test').secret}"


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    with served(make_app(service)) as found:
        yield found


def until(good: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not good():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_an_upload_that_breaks_off_leaves_nothing(service: Service, address: str, bearer: str) -> None:
    content = picture(1) + bytes(4 << 20)
    head = (
        "POST /api/v1/uploads HTTP/1.1\r\nHost: here\r\n"
        f"Authorization: {bearer}\r\nContent-Disposition: attachment; filename=a.jpg\r\n"
        f"Content-Length: {2 * len(content)}\r\n\r\n"
    )
    port = urlsplit(address).port
    with socket.create_connection(("127.0.0.1", port or 0)) as connection:
        connection.sendall(head.encode() + content)
        until(lambda: any(service.folder.uploads.iterdir()))
    until(lambda: not any(service.folder.uploads.iterdir()))
    assert httpx2.get(f"{address}/api/v1/uploads", headers={"authorization": bearer}).json()["items"] == []


def test_an_upload_is_never_held_in_memory(
    service: Service, address: str, bearer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lies on the disk while most of it is still to come."""
    first, rest = picture(1) + bytes(8 << 20), bytes(8 << 20)
    seen: list[int] = []

    def parts() -> Iterator[bytes]:
        yield first
        until(lambda: sum(file.stat().st_size for file in service.folder.uploads.iterdir()) >= 6 << 20)
        seen.extend(file.stat().st_size for file in service.folder.uploads.iterdir())
        yield rest

    headers = {"authorization": bearer, "content-disposition": "attachment; filename=a.jpg"}
    answer = httpx2.post(f"{address}/api/v1/uploads", content=parts(), headers=headers, timeout=120)
    assert answer.status_code == 201 and answer.json()["size"] == len(first) + len(rest)
    assert seen and seen[0] >= 6 << 20


def test_who_follows_a_job_and_leaves_is_not_told_any_more(
    service: Service,
    operator: Actor,
    address: str,
    bearer: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload = sent(service, operator, footage(tmp_path / "in")[0])
    job = jobs.start(service, operator, new_id(), RedactAsked(uploads=(upload.id,)))
    looks: list[float] = []
    look = jobs.job

    def counted(service: Service, actor: Actor, id_: str) -> jobs.Job:
        looks.append(time.monotonic())
        return look(service, actor, id_)

    monkeypatch.setattr(jobs, "job", counted)
    monkeypatch.setattr(jobs_api, "LOOKS_S", 0.05)
    headers = {"authorization": bearer}
    with httpx2.stream("GET", f"{address}/api/v1/jobs/{job.id}/events", headers=headers, timeout=60) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: job" and next(lines).startswith('data: {"id":"')
        until(lambda: len(looks) > 3)
    until(lambda: time.monotonic() - looks[-1] > 3)
    with httpx2.stream("GET", f"{address}/api/v1/jobs/{job.id}/events", headers=headers, timeout=60) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: job"
        jobs.cancel(service, operator, job.id)
        told = [line for line in lines if line.startswith("data: ")]
    assert '"state":"cancelled"' in told[-1], "the stream does not end with the job"
