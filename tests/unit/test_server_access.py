"""Who comes in, how, and who is kept out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from secondlook.errors import Conflict, Forbidden, Invalid, NotFound, NotSignedIn, TooMany
from secondlook.fakes import FakeLog
from secondlook.ports import Action
from secondlook.server.actors import ALLOWED, Actor, May, Role, Via
from secondlook.server.acts import accounts, settings, signing_in
from secondlook.server.api.pace import Pace
from secondlook.server.service import Service
from secondlook.server.settings import Options, Settings
from service_samples import PASSWORD, account, door, service_in


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def service(tmp_path: Path, log: FakeLog) -> Iterator[Service]:
    with service_in(tmp_path, people=1, log=log) as made:
        yield made


BOSS = Actor("0" * 32, "boss", Role.ADMIN)


def test_nobody_both_searches_and_reviews() -> None:
    assert not any({May.SEARCH, May.REVIEW} <= allowed for allowed in ALLOWED.values())
    assert ALLOWED[Role.REVIEWER] == {May.REVIEW}
    assert all(any(what in allowed for allowed in ALLOWED.values()) for what in May), "something that nobody may do"


def test_the_first_start_invites_one_admin_until_there_is_one(service: Service) -> None:
    first, second = accounts.first_admin(service), accounts.first_admin(service)
    assert first and second and first != second
    with pytest.raises(NotFound):
        accounts.choose_password(service, first, PASSWORD)
    admin = accounts.choose_password(service, second, PASSWORD)
    assert admin.role is Role.ADMIN and not admin.invited
    assert accounts.first_admin(service) is None
    with pytest.raises(NotFound):
        accounts.choose_password(service, second, PASSWORD)


def test_what_is_secret_is_kept_as_hashes(service: Service, tmp_path: Path) -> None:
    ada = account(service, Role.OPERATOR, "Ada")
    session = signing_in.sign_in(service, "ada", PASSWORD)
    key = signing_in.new_key(service, ada, "recorder")
    service.database.close()
    kept = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    for secret in (PASSWORD, session.token, key.secret):
        assert secret.encode() not in kept


def test_a_session_and_a_key_are_known_until_they_end(service: Service) -> None:
    ada = account(service, Role.OPERATOR, "Ada")
    session = signing_in.sign_in(service, " ADA ", PASSWORD)
    assert signing_in.by_session(service, session.token).actor.id == ada.id
    made = signing_in.new_key(service, ada, "recorder")
    by_key = signing_in.by_key(service, made.secret)
    assert (by_key.id, by_key.via, by_key.key) == (ada.id, Via.API_KEY, made.key.id)
    with pytest.raises(Forbidden):
        signing_in.new_key(service, by_key, "another")
    signing_in.sign_out(service, session.token)
    signing_in.revoke_key(service, ada, made.key.id)
    for ended in (
        lambda: signing_in.by_session(service, session.token),
        lambda: signing_in.by_key(service, made.secret),
    ):
        with pytest.raises(NotSignedIn):
            ended()


def test_a_disabled_account_is_out_at_once(service: Service) -> None:
    account(service, Role.ADMIN, "Another")
    ada = account(service, Role.OPERATOR, "Ada")
    session, key = signing_in.sign_in(service, "ada", PASSWORD), signing_in.new_key(service, ada, "k")
    accounts.change(service, BOSS, ada.id, disabled=True)
    for ended in (
        lambda: signing_in.by_session(service, session.token),
        lambda: signing_in.by_key(service, key.secret),
        lambda: signing_in.sign_in(service, "ada", PASSWORD),
    ):
        with pytest.raises(NotSignedIn):
            ended()


def test_a_key_that_is_in_use_ends_at_once(service: Service) -> None:
    account(service, Role.ADMIN, "Another")
    ada = account(service, Role.OPERATOR, "Ada")
    app, made = door(service), signing_in.new_key(service, ada, "recorder")
    client = app.nobody()
    client.headers["authorization"] = f"Bearer {made.secret}"
    assert client.get("/api/v1/me").json()["role"] == "operator"
    accounts.change(service, BOSS, ada.id, role=Role.AUDITOR)
    assert client.get("/api/v1/me").json()["role"] == "auditor"
    signing_in.revoke_key(service, ada, made.key.id)
    assert client.get("/api/v1/me").status_code == 401


def test_a_setting_that_was_just_read_is_another_once_it_is_changed(service: Service) -> None:
    for fpir in (0.01, 0.02, 0.03):
        settings.change(service, BOSS, {"fpir": fpir})
        assert service.settings().fpir == fpir
    with pytest.raises(Invalid):
        settings.change(service, BOSS, {"fpir": 2})
    assert service.settings().fpir == 0.03


def test_wrong_passwords_lock_ever_longer(service: Service, log: FakeLog) -> None:
    account(service, Role.OPERATOR, "Ada")
    for _ in range(signing_in.FREE_FAILURES):
        with pytest.raises(NotSignedIn):
            signing_in.sign_in(service, "ada", "wrong wrong wrong")
    with pytest.raises(TooMany) as locked:
        signing_in.sign_in(service, "ada", PASSWORD)
    assert 0 < locked.value.after_s <= signing_in.FIRST_LOCK_S
    failed = [entry for entry in log.entries if entry.action is Action.SIGN_IN_FAILED]
    assert len(failed) == signing_in.FREE_FAILURES


def test_somebody_always_administers(service: Service) -> None:
    ada = account(service, Role.ADMIN, "Ada")
    for last in ({"role": Role.OPERATOR}, {"disabled": True}):
        with pytest.raises(Conflict):
            accounts.change(service, BOSS, ada.id, **last)
    account(service, Role.ADMIN, "Bob")
    assert accounts.change(service, BOSS, ada.id, role=Role.AUDITOR).role is Role.AUDITOR


@pytest.mark.parametrize(
    "values", [{"fpir": 0}, {"fpir": "1"}, {"nothing": 1}, {"jobs_at_once": 1.5}, {"mqtt": {"x": 1}}]
)
def test_a_setting_that_is_none_is_refused(service: Service, values: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        settings.change(service, BOSS, values)
    assert service.settings() == Settings()


def test_a_changed_setting_is_written_down_with_what_it_was(service: Service, log: FakeLog) -> None:
    settings.change(service, BOSS, {"fpir": 0.01, "prior": 0.01})
    (entry,) = [one for one in log.entries if one.action is Action.SETTING]
    assert entry.object == ("fpir",) and entry.details == {"was": "0.003", "now": "0.01"}


def test_a_change_that_cannot_be_written_down_is_not_made(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(service, "log", type("Full", (), {"record": full})())
    with pytest.raises(OSError, match="no space"):
        settings.change(service, BOSS, {"fpir": 0.01})
    assert service.settings().fpir == 0.003


@pytest.mark.parametrize(
    ("options", "fine"),
    [
        ({}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "0.0.0.0", "exposed": "a lab without a network"}, True),
        ({"host": "::", "proxied": True}, True),
        ({"certificate": Path("a.pem")}, False),
    ],
)
def test_strangers_never_read_along_by_accident(tmp_path: Path, options: dict[str, object], fine: bool) -> None:
    made = Options(tmp_path, **options)  # type: ignore[arg-type]
    if fine:
        made.check()
        return
    with pytest.raises(Invalid):
        made.check()


def test_a_cookie_alone_changes_nothing(service: Service) -> None:
    app = door(service)
    client = app.by_cookie(account(service, Role.ADMIN, "Ada"))
    assert client.patch("/api/v1/settings", json={"fpir": 0.01}).status_code == 200
    token = client.headers.pop("x-csrf-token")
    answer = client.patch("/api/v1/settings", json={"fpir": 0.02})
    assert answer.status_code == 403 and "CSRF" in answer.json()["detail"]
    assert client.get("/api/v1/settings").json()["fpir"] == 0.01
    client.headers["x-csrf-token"] = token
    assert client.delete("/api/v1/session").status_code == 204
    assert client.get("/api/v1/me").status_code == 401


def test_every_answer_is_strict_and_every_error_a_problem(service: Service) -> None:
    answer = door(service).nobody().get("/api/v1/accounts")
    assert answer.status_code == 401 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("Nobody is signed in")
    for name in ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy"):
        assert name in answer.headers
    assert answer.headers["cache-control"] == "no-store"


def strict(answer: httpx2.Response, status: int, kind: str) -> str:
    """The sentence of a problem that goes out like any answer."""
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json", answer.text
    for name in ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy"):
        assert name in answer.headers, name
    assert answer.headers["cache-control"] == "no-store" and "strict-transport-security" not in answer.headers
    told = answer.json()
    assert (told["type"], told["status"]) == (f"urn:secondlook:{kind}", status)
    return str(told["detail"])


def test_what_nobody_foresaw_tells_nothing_and_is_strict_too(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the inner workings of /srv/station/service.db")

    app = door(service)
    client = app.of(Role.ADMIN)
    monkeypatch.setattr(accounts, "accounts", broken)
    answer = client.get("/api/v1/accounts")
    assert "inner" not in answer.text and "log says what" in strict(answer, 500, "Unforeseen")


@pytest.mark.parametrize("stated", [True, False])
def test_a_body_that_is_too_large_is_a_problem_however_it_comes(service: Service, stated: bool) -> None:
    """Stated in Content-Length, or found out while it comes."""
    client = door(service).of(Role.ADMIN)
    content = b"x" * (1 << 20)
    body = content * 65 if stated else (content for _ in range(65))
    answer = client.post("/api/v1/accounts", content=body, headers={"content-type": "application/json"})
    assert "/api/v1/uploads" in strict(answer, 413, "TooLarge")


def test_who_may_not_is_told_so_in_the_same_way_where_the_body_is_too_large(service: Service) -> None:
    answer = door(service).nobody().post("/api/v1/accounts", content=b"x" * (65 << 20))
    strict(answer, 413, "TooLarge")


def test_a_request_sent_again_with_its_key_is_answered_and_not_done_again(service: Service) -> None:
    client = door(service).of(Role.ADMIN)
    ask = {"name": "Ada", "role": "operator"}
    first = client.post("/api/v1/accounts", json=ask, headers={"idempotency-key": "once"})
    again = client.post("/api/v1/accounts", json=ask, headers={"idempotency-key": "once"})
    assert first.status_code == again.status_code == 201 and first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    other = client.post("/api/v1/accounts", json={**ask, "name": "Eve"}, headers={"idempotency-key": "once"})
    assert other.status_code == 422
    assert [one["name"] for one in client.get("/api/v1/accounts").json()].count("Ada") == 1


def test_sign_in_has_a_pace(service: Service) -> None:
    app = door(service)
    app.app.state.door = Pace(a_minute=0.01, at_once=3)  # type: ignore[attr-defined]
    client = app.nobody()
    codes = [client.post("/api/v1/session", json={"name": f"n{i}", "password": "x"}).status_code for i in range(4)]
    assert codes == [401, 401, 401, 429]


def test_metrics_are_for_who_may_see_them(service: Service) -> None:
    app = door(service)
    assert "secondlook_requests_total" in app.of(Role.AUDITOR).get("/metrics").text
    assert app.of(Role.REVIEWER).get("/metrics").status_code == 403
    assert app.nobody().get("/health/ready").json()["status"] == "ok"
