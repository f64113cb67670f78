"""kill -9 of the server under load: what was acknowledged is there, no job is lost or counted twice, and the log is whole.

The server is the real one, with the real log and database, in a process of its own; only the models are fakes. Clients send
what got no answer again, with the same idempotency key, as a client is told to.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
import time
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from job_samples import KEY
from secondlook.custody import KeyFolder, Verified, verify
from secondlook.custody.reading import read_log
from secondlook.gallery import KeyFile
from secondlook.ports import Action
from secondlook.review.verdicts import standing
from secondlook.server.acts import uploads as upload_acts
from secondlook.server.acts.keeping import opened_crop, opened_record
from secondlook.server.acts.review import reviewed_of
from secondlook.server.rows import ReviewTaskRow, SightingRow
from secondlook.server.service import Service
from secondlook.server.settings import Options
from server_kills import ENDED, Ledger, Served, prepared, using

SEED = 20_261_124


def check_promises(served: Served, ledger: Ledger, secret: str) -> None:
    """While it runs: everything that was acknowledged so far is there."""
    assert served.address is not None
    with ledger.lock:
        uploads, jobs, accounts = dict(ledger.uploads), set(ledger.jobs), set(ledger.accounts)
        subjects = dict(ledger.subjects)
    with httpx2.Client(base_url=served.address, headers={"authorization": f"Bearer {secret}"}, timeout=60) as client:
        assert {id_: sha256 for id_, sha256 in listed(client, "uploads", "sha256").items() if id_ in uploads} == uploads
        assert jobs <= set(listed(client, "jobs", "state"))
        enrolled = listed(client, "subjects", "name")
    assert subjects.items() <= enrolled.items()
    assert accounts <= named_accounts(served.folder)
    folder = served.folder / "data" / "uploads"
    for id_, sha256 in random.Random(served.kills).sample(sorted(uploads.items()), min(10, len(uploads))):
        assert hashlib.sha256((folder / id_).read_bytes()).hexdigest() == sha256


def listed(client: httpx2.Client, what: str, key: str) -> dict[str, str]:
    """All pages of a list: a field by id."""
    found: dict[str, str] = {}
    cursor = None
    while True:
        answer = client.get(f"/api/v1/{what}", params={"limit": 200, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert not {one["id"] for one in page["items"]} & found.keys(), "listed twice"
        found |= {one["id"]: one[key] for one in page["items"]}
        cursor = page["next"]
        if cursor is None:
            return found


def named_accounts(folder: Path) -> set[str]:
    with sqlite3.connect(f"file:{folder}/data/service.db?mode=ro", uri=True, timeout=60) as database:
        return {name for (name,) in database.execute("SELECT name FROM accounts")}


def finish(served: Served, ledger: Ledger, secret: str) -> dict[str, dict[str, object]]:
    """All jobs, once each has ended."""
    assert served.address is not None
    with httpx2.Client(base_url=served.address, headers={"authorization": f"Bearer {secret}"}, timeout=60) as client:
        end = time.monotonic() + 600
        while not all(state in ENDED for state in listed(client, "jobs", "state").values()):
            assert time.monotonic() < end, "jobs do not come to an end"
            time.sleep(0.5)
        return {id_: client.get(f"/api/v1/jobs/{id_}").json() for id_ in ledger.jobs}


def check_all(folder: Path, ledger: Ledger, jobs: dict[str, dict[str, object]]) -> None:
    """After the last end: the folder against the ledger."""
    assert ledger.complaints == []
    service = Service.open(Options(folder / "data", key=KeyFile(folder / KEY)))
    try:
        upload_acts.clean(service)
        with service.database.reading() as session:
            assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            rows = session.query(SightingRow).all()
            shas = Counter(row[0] for row in session.connection().exec_driver_sql("SELECT sha256 FROM uploads"))
        kept = Counter(row.job_id for row in rows)
        assert max(Counter((row.origin, row.number) for row in rows).values(), default=1) == 1
        assert max(shas.values(), default=1) == 1, "an upload was kept twice"
        for row in rows:
            assert opened_record(service.gallery, row).subject == "Ruby" and opened_crop(service.gallery, row)
        for id_, expected in ledger.jobs.items():
            out = service.folder.jobs / id_
            if id_ in ledger.cancelled:
                assert jobs[id_]["state"] == "cancelled" and not kept[id_], jobs[id_]
                continue
            assert jobs[id_]["state"] == "done", jobs[id_]
            if expected is None:
                copies = list((out / "out" / "redacted").iterdir())
                assert len(copies) == len(jobs[id_]["footage"])  # type: ignore[arg-type]
            else:
                result = jobs[id_]["result"]
                assert isinstance(result, dict)
                assert kept[id_] == result["kept"] == result["candidate"] == expected, id_
        for id_, sha256 in ledger.uploads.items():
            file = service.folder.uploads / id_
            assert hashlib.sha256(file.read_bytes()).hexdigest() == sha256
        assert not [file.name for file in service.folder.uploads.iterdir() if file.name.startswith(".")]
        check_people(service, ledger)
        check_reviews(service, ledger)
    finally:
        service.close()
    log = folder / "data" / "gallery" / "log"
    said = verify(log, keys=KeyFolder.default())
    assert isinstance(said, Verified), said
    entries = [line.entry for line in read_log(log)]
    written = {id_ for entry in entries for id_ in entry.object}
    assert ledger.uploads.keys() <= written, "an acknowledged upload is not in the log"
    assert {f"subject:{id_}" for id_ in ledger.subjects} <= written
    assert {f"set:{id_}" for id_ in ledger.answered} <= written
    assert {f"job:{id_}" for id_ in ledger.jobs} <= written
    done = Counter(
        entry.object[0] for entry in entries if entry.action is Action.JOB and entry.details.get("done") == "done"
    )
    assert all(done[f"job:{id_}"] >= 1 for id_ in ledger.jobs.keys() - ledger.cancelled)


def check_people(service: Service, ledger: Ledger) -> None:
    """Each is there once, with the one picture that was sent."""
    names = Counter(subject.name for subject in service.gallery.subject_list())
    assert max(names.values()) == 1
    for id_, name in ledger.subjects.items():
        assert service.gallery.subject(id_).name == name
        (held,) = service.gallery.references(name)
        assert held.crop and len(held.template) == service.gallery.dimension


def check_reviews(service: Service, ledger: Ledger) -> None:
    """Every answer is there as it was given, and each sighting stands as its answers say."""
    with service.database.reading() as session:
        tasks = {row.id: row for row in session.query(ReviewTaskRow)}
        for id_, said in ledger.answered.items():
            assert tasks[id_].answered_at is not None
            assert {item["token"]: item["said"] for item in tasks[id_].answers["items"]} == said
        for row in session.query(SightingRow):
            stands = standing(reviewed_of(service, session, row.id), frozenset({str(row.searched_by)}))
            assert row.review == stands.verdict.value


def kill_often(folder: Path, kills: int, seed: int) -> tuple[Ledger, dict[str, dict[str, object]]]:
    secrets = prepared(folder)
    served, ledger, rng = Served(folder, pause_s=0.1), Ledger(), random.Random(seed)
    served.start()
    unit = 5.0
    """How long it takes to start, s: on a slow machine it lives longer, so that as much happens."""
    with using(served, ledger, secrets, seed):
        for number in range(kills):
            if number % 10 == 9:  # while it starts
                time.sleep(rng.uniform(0, unit))
                served.kill()
                served.start()
                continue
            began = time.monotonic()
            served.wait()
            unit = time.monotonic() - began
            check_promises(served, ledger, secrets["ada"])
            time.sleep(unit * rng.choice((rng.uniform(0, 0.2), rng.uniform(0, 1), rng.uniform(1, 3))))
            served.kill()
            served.start()
        served.wait()
        time.sleep(2)
    check_promises(served, ledger, secrets["ada"])
    jobs = finish(served, ledger, secrets["ada"])
    served.kill()
    check_all(folder, ledger, jobs)
    return ledger, jobs


def told(kills: int, ledger: Ledger, jobs: dict[str, dict[str, object]], seconds: float) -> str:
    again = sum(int(str(job["attempts"])) > 1 for job in jobs.values())
    most = max((int(str(job["attempts"])) for job in jobs.values()), default=0)
    return (
        f"{kills} kills in {seconds:.0f} s: {len(ledger.uploads)} uploads, {len(ledger.accounts)} accounts, "
        f"{len(ledger.subjects)} people enrolled, {len(ledger.answered)} blind sets answered, "
        f"{len(ledger.jobs)} jobs ({again} begun more than once, at most {most} times; {len(ledger.cancelled)} cancelled), "
        f"answers {dict(sorted(ledger.answers.items()))}"
    )


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))


@pytest.mark.timeout(900)
def test_killed_three_times(tmp_path: Path) -> None:
    began = time.monotonic()
    ledger, jobs = kill_often(tmp_path, 3, SEED)
    assert ledger.uploads and ledger.accounts and ledger.subjects
    print(told(3, ledger, jobs, time.monotonic() - began))


@pytest.mark.prove
@pytest.mark.timeout(4 * 3600)
def test_killed_two_hundred_times(tmp_path: Path) -> None:
    began = time.monotonic()
    ledger, jobs = kill_often(tmp_path, 200, SEED + 1)
    assert len(ledger.uploads) > 200 and len(ledger.jobs) > 50 and len(ledger.accounts) > 50
    assert len(ledger.subjects) > 50 and len(ledger.answered) > 20
    assert sum(int(str(job["attempts"])) > 1 for job in jobs.values()) > 20, "hardly any job was interrupted"
    print(told(200, ledger, jobs, time.monotonic() - began))
