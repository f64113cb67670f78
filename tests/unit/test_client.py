"""The Python client against the real API in the same process, and against one that fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

import pages_samples
from pages_samples import fill
from secondlook.client import Client, Refused
from secondlook.errors import ServiceError, TooMany
from secondlook.fakes import GREEN, Square
from secondlook.server.actors import Role
from secondlook.server.acts import signing_in
from secondlook.server.running import built
from served import served
from service_samples import account


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with pages_samples.house(tmp_path_factory.mktemp("station")) as service:
        operator = account(service, Role.OPERATOR)
        fill(service, operator)
        key = signing_in.new_key(service, operator, "client").secret
        with served(built(service, ())) as address, Client(address, key) as client:
            yield client


def picture(path: Path, seed: int = 0) -> Path:
    path.write_bytes(pages_samples.painted_file(Square(100, 60, 120 + seed, GREEN)))
    return path


def test_people(station: Client, tmp_path: Path) -> None:
    before = len(list(station.subjects()))
    made = station.enrol("Grace Hopper", [picture(tmp_path / "grace.png")])
    assert [one.status for one in made.results] == ["enrolled"] and made.subject is not None
    assert station.rename(made.subject.id, "Grace H.").name == "Grace H."
    assert len(list(station.subjects())) == before + 1
    station.remove(made.subject.id)
    assert len(list(station.subjects())) == before


def test_a_picture_is_searched(station: Client, tmp_path: Path) -> None:
    face, *_ = station.search(picture(tmp_path / "a.png"), purpose="a trial")
    assert face.outcome in ("candidate", "no_candidate", "inconclusive") and "sentence" in face.grounds
    with pytest.raises(Refused, match="purpose") as refused:
        station.search(picture(tmp_path / "a.png"), purpose="")
    assert refused.value.status == 422


def test_footage(station: Client, tmp_path: Path) -> None:
    sent = station.upload(picture(tmp_path / "حشد ünd.png"))
    assert sent.name == "حشد ünd.png" and sent.kind == "photo"
    job = station.find([sent.id], purpose="a trial")
    assert not job.ended
    assert station.cancel(job.id).state == "cancelled" and station.wait(job.id).ended


def test_sightings_come_from_every_page(station: Client) -> None:
    found = list(station.sightings())
    assert found and len({one.id for one in found}) == len(found)
    assert all(one.review in ("unreviewed", "supported", "rejected") for one in found)


def of(*answers: httpx2.Response | Exception) -> tuple[Client, list[httpx2.Request]]:
    """A client of a service that answers so, one after another."""
    waiting, asked = list(answers), []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        said = waiting.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    return Client("http://station", "sl_x", transport=httpx2.MockTransport(answer)), asked


JOB = {"id": "1", "kind": "find", "state": "queued", "progress": None, "doing": "", "sentence": "", "result": None}


def test_a_lost_connection_is_asked_again_with_the_same_key() -> None:
    client, asked = of(httpx2.ConnectError("lost"), httpx2.Response(503), httpx2.Response(201, json=JOB | {"new": 1}))
    assert client.find(["a"], "x").state == "queued"
    assert len({one.headers["idempotency-key"] for one in asked}) == 1 and len(asked) == 3


def test_what_cannot_be_reached_is_said_in_a_sentence() -> None:
    client, _ = of(*[httpx2.ConnectError("no route")] * 4)
    with pytest.raises(ServiceError, match="cannot be reached"):
        client.job("1")


def test_too_often_says_when_to_come_again() -> None:
    problem = {"type": "urn:secondlook:TooMany", "detail": "Too many requests: wait 7 seconds."}
    client, _ = of(httpx2.Response(429, json=problem, headers={"retry-after": "7"}))
    with pytest.raises(TooMany) as refused:
        client.job("1")
    assert refused.value.after_s == 7


def test_an_answer_of_somebody_else_is_no_traceback() -> None:
    client, _ = of(httpx2.Response(404, text="<html>not here</html>"))
    with pytest.raises(Refused, match="404"):
        client.job("1")
