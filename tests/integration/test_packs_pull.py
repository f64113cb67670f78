"""Pulling packs from a real server on this machine: sound, cut, deaf to ranges, wrong, slow, killed."""

from __future__ import annotations

import hashlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from urllib.request import Request

import pytest

from secondlook.errors import PackCorrupt, PackError
from secondlook.faces.packs.card_file import card_text
from secondlook.faces.packs.check import Verdict, check_pack
from secondlook.faces.packs.disk import Busy, only_writer
from secondlook.faces.packs.fetch import Redirects, Retry, refuse_unsafe
from secondlook.faces.packs.installed import Existing, Origin, add_pack, install_pack, list_packs, load_pack
from secondlook.faces.packs.known import KnownPack
from secondlook.faces.packs.pull import pull
from tiny_packs import RECOGNISER, recogniser_model

CARDS = Path(__file__).resolve().parent.parent / "cards"
AT_ONCE = Retry(attempts=3, sleep=lambda seconds: None)
PAGE = b"<!DOCTYPE html><html><body>Please log in to the airport's network</body></html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 300000\n"


class Mode(Enum):
    SOUND = auto()
    NO_RANGES = auto()
    CUT = auto()
    STALL = auto()
    WRONG_START = auto()
    RANGE_REFUSED = auto()
    ENDLESS = auto()
    UNTOLD = auto()
    CHUNKED = auto()
    REDIRECT = auto()


@dataclass
class Site:
    """What the server does, and what it was asked. cuts: how many answers are still cut after ``cut_at`` bytes."""

    content: bytes
    mode: Mode = Mode.SOUND
    status: int = 200
    cut_at: int = 0
    cuts: int = 1
    location: str = ""
    asked: list[str] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    base: str = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        site = self.site
        said = self.headers.get("Range", "")
        site.asked.append(said)
        if site.mode is Mode.REDIRECT:
            self.answer(302, {"Location": site.location}, b"")
            return
        if site.status != 200:
            self.answer(site.status, {}, b"sorry")
            return
        start = int(said.removeprefix("bytes=").removesuffix("-")) if said and site.mode is not Mode.NO_RANGES else 0
        if said and site.mode is Mode.RANGE_REFUSED:
            self.answer(416, {}, b"")
            return
        if start and site.mode is Mode.WRONG_START:
            start -= 1
        body = site.content[start:]
        headers = {"Content-Length": str(len(body))}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(site.content) - 1}/{len(site.content)}"
        self.body(206 if start else 200, headers, body)

    def body(self, status: int, headers: dict[str, str], body: bytes) -> None:
        site = self.site
        if site.mode is Mode.CUT and site.cuts > 0:
            site.cuts -= 1
            self.answer(status, headers, body[: site.cut_at])
        elif site.mode is Mode.STALL:
            self.answer(status, headers, body[: site.cut_at])
            site.go_on.wait(30)
        elif site.mode is Mode.UNTOLD:
            self.answer(status, {}, body)
        elif site.mode is Mode.ENDLESS:
            self.answer(status, {}, body + b"more")
        elif site.mode is Mode.CHUNKED:
            self.answer(status, {"Transfer-Encoding": "chunked"}, b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        else:
            self.answer(status, headers, body)

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return recogniser_model(tmp_path / "tiny.onnx", filler=300_000)


@pytest.fixture
def known(model: Path) -> KnownPack:
    raw = model.read_bytes()
    card = replace(RECOGNISER, sha256=hashlib.sha256(raw).hexdigest())
    return KnownPack(card, ("https://example.invalid/models/tiny.onnx",), len(raw))


@pytest.fixture
def site(model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    site = Site(model.read_bytes())
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"site": site}))
    site.base = f"http://127.0.0.1:{server.server_address[1]}/mirror/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    site.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


def part_of(known: KnownPack, home: Path) -> Path:
    return home / "packs" / ".partial" / f"{known.sha256}.part"


def leave_part(known: KnownPack, home: Path, content: bytes) -> None:
    part = part_of(known, home)
    part.parent.mkdir(parents=True)
    part.write_bytes(content)


def installed(home: Path) -> list[str]:
    return [pack.card.name for pack in list_packs(home) if pack.origin is Origin.INSTALLED]


def assert_whole(known: KnownPack, site: Site, home: Path) -> None:
    pack = load_pack("tiny", home)
    assert pack.model_path.read_bytes() == site.content
    assert pack.card == known.card
    assert check_pack(pack).verdict is Verdict.PASSED
    assert not part_of(known, home).exists()


def test_pulled_shown_and_not_asked_for_again(known: KnownPack, site: Site, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    pack = pull(known, tmp_path, base=site.base, progress=lambda have, size: seen.append((have, size)))
    assert_whole(known, site, tmp_path)
    assert seen[0] == (0, known.size)
    assert seen[-1] == (known.size, known.size)
    assert [have for have, _ in seen] == sorted(have for have, _ in seen)
    assert pull(known, tmp_path, base=site.base) == pack
    assert site.asked == [""]


@pytest.mark.parametrize("mode", [Mode.UNTOLD, Mode.CHUNKED])
def test_servers_that_do_not_say_how_long_it_is(known: KnownPack, site: Site, tmp_path: Path, mode: Mode) -> None:
    site.mode = mode
    pull(known, tmp_path, base=site.base)
    assert_whole(known, site, tmp_path)


def test_a_cut_connection_is_taken_up_again(known: KnownPack, site: Site, tmp_path: Path) -> None:
    site.mode, site.cut_at, site.cuts = Mode.CUT, 100_000, 2
    pull(known, tmp_path, base=site.base, retry=AT_ONCE)
    assert_whole(known, site, tmp_path)
    assert site.asked == ["", "bytes=100000-", "bytes=200000-"]


def test_cut_too_often_then_gone_on_where_it_stopped(known: KnownPack, site: Site, tmp_path: Path) -> None:
    site.mode, site.cut_at, site.cuts = Mode.CUT, 1000, 3
    with pytest.raises(PackError, match=r"3,000 of 3\d\d,\d+ bytes are here: run the same again to go on"):
        pull(known, tmp_path, base=site.base, retry=AT_ONCE)
    assert part_of(known, tmp_path).read_bytes() == site.content[:3000]
    assert installed(tmp_path) == []
    pull(known, tmp_path, base=site.base)
    assert_whole(known, site, tmp_path)
    assert site.asked[-1] == "bytes=3000-"


def test_waits_grow_and_end(known: KnownPack, site: Site, tmp_path: Path) -> None:
    waits: list[float] = []
    site.status = 503
    with pytest.raises(PackError, match=r"broke off 4 times \(HTTP 503\)"):
        pull(known, tmp_path, base=site.base, retry=Retry(4, 1.0, 3.0, waits.append))
    assert waits == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("mode", [Mode.NO_RANGES, Mode.WRONG_START, Mode.RANGE_REFUSED])
def test_servers_that_cannot_go_on_are_asked_for_all(known: KnownPack, site: Site, tmp_path: Path, mode: Mode) -> None:
    leave_part(known, tmp_path, site.content[:5000])
    site.mode = mode
    pull(known, tmp_path, base=site.base, retry=AT_ONCE)
    assert_whole(known, site, tmp_path)


def test_a_whole_part_is_not_fetched_again(known: KnownPack, site: Site, tmp_path: Path) -> None:
    leave_part(known, tmp_path, site.content)
    pull(known, tmp_path, base=site.base)
    assert_whole(known, site, tmp_path)
    assert site.asked == []


def test_a_part_longer_than_the_pack_is_thrown_away(known: KnownPack, site: Site, tmp_path: Path) -> None:
    leave_part(known, tmp_path, site.content + b"x")
    pull(known, tmp_path, base=site.base)
    assert_whole(known, site, tmp_path)
    assert site.asked == [""]


def refused(known: KnownPack, site: Site, home: Path) -> str:
    with pytest.raises(PackCorrupt) as caught:
        pull(known, home, base=site.base, retry=AT_ONCE)
    assert not part_of(known, home).exists()
    assert installed(home) == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_wrong_checksum_is_not_installed(known: KnownPack, site: Site, tmp_path: Path) -> None:
    site.content = site.content[:-1] + bytes([site.content[-1] ^ 1])
    said = refused(known, site, tmp_path)
    assert hashlib.sha256(site.content).hexdigest()[:12] in said
    assert known.sha256[:12] in said


def test_a_part_of_another_file_does_not_spoil_the_next_try(known: KnownPack, site: Site, tmp_path: Path) -> None:
    leave_part(known, tmp_path, b"\x08" * 1000)
    refused(known, site, tmp_path)
    pull(known, tmp_path, base=site.base)
    assert_whole(known, site, tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (PAGE, "a web page"),
        (PAGE.ljust(400_000), "a web page"),
        (POINTER, "a Git LFS pointer"),
        (b"", "0 bytes where the pack has"),
        (b"\x08\x07short", "7 bytes where the pack has"),
        (b"\x08" * 400_000, "more than the"),
    ],
)
def test_what_is_no_model_is_said(known: KnownPack, site: Site, tmp_path: Path, content: bytes, words: str) -> None:
    site.content = content
    assert words in refused(known, site, tmp_path)


def test_a_server_that_sends_on_and_on_is_stopped(known: KnownPack, site: Site, tmp_path: Path) -> None:
    site.mode = Mode.ENDLESS
    assert "more than the" in refused(known, site, tmp_path)


def test_a_file_that_changed_on_the_server(known: KnownPack, site: Site, tmp_path: Path) -> None:
    leave_part(known, tmp_path, site.content[:5000])
    site.content += b"newer"
    assert f"{len(site.content):,} bytes where the pack has {known.size:,}" in refused(known, site, tmp_path)


@pytest.mark.parametrize("status", [404, 403, 410])
def test_http_errors_are_one_sentence_and_not_retried(
    known: KnownPack, site: Site, tmp_path: Path, status: int
) -> None:
    site.status = status
    with pytest.raises(PackError, match=rf"tiny\.onnx answers HTTP {status} .*packs add"):
        pull(known, tmp_path, base=site.base)
    assert len(site.asked) == 1


def test_nobody_there(known: KnownPack, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="cannot be reached"):
        pull(known, tmp_path, base="http://127.0.0.1:1")


def test_the_next_address_is_tried_and_the_first_failure_kept(known: KnownPack, site: Site, tmp_path: Path) -> None:
    gone = "http://127.0.0.1:1/tiny.onnx"
    pull(replace(known, addresses=(gone, f"{site.base}tiny.onnx")), tmp_path)
    assert_whole(known, site, tmp_path)
    site.status = 404
    with pytest.raises(PackError, match="HTTP 404") as caught:
        pull(replace(known, addresses=(gone, f"{site.base}tiny.onnx")), tmp_path / "other", retry=AT_ONCE)
    assert gone in caught.value.__notes__[0]


@pytest.mark.parametrize(
    "address",
    ["http://example.com/a", "ftp://127.0.0.1/a", "file:///etc/passwd", "http://127.0.0.1.example.com/a", "tiny.onnx"],
)
def test_only_https_unless_from_this_machine(address: str) -> None:
    with pytest.raises(PackError, match="over https only"):
        refuse_unsafe(address)


@pytest.mark.parametrize(
    "address", ["https://example.com/a", "http://127.0.0.1:8/a", "http://[::1]/a", "http://localhost/a"]
)
def test_addresses_that_are_taken(address: str) -> None:
    refuse_unsafe(address)


@pytest.mark.parametrize(
    "location", ["http://example.com/tiny.onnx", "file:///etc/passwd", "ftp://127.0.0.1/tiny.onnx"]
)
def test_redirects_off_https_are_refused(known: KnownPack, site: Site, tmp_path: Path, location: str) -> None:
    site.mode, site.location = Mode.REDIRECT, location
    said = "is refused: packs are fetched over https" if "file" not in location else "answers HTTP 302"
    with pytest.raises(PackError, match=said):
        pull(known, tmp_path, base=site.base, retry=AT_ONCE)
    assert installed(tmp_path) == []
    assert len(site.asked) == 1


def test_https_never_leads_to_http_even_on_this_machine() -> None:
    request = Request("https://example.com/a")
    with pytest.raises(PackError, match="not https"):
        Redirects().redirect_request(request, BytesIO(), 302, "", HTTPMessage(), "http://127.0.0.1/a")


def test_another_pack_under_the_name_is_kept_unless_asked(known: KnownPack, site: Site, tmp_path: Path) -> None:
    mine = install_pack(RECOGNISER, recogniser_model(tmp_path / "mine.onnx"), home_folder=tmp_path)
    with pytest.raises(PackError, match="another pack is installed as 'tiny'"):
        pull(known, tmp_path, base=site.base)
    assert load_pack("tiny", tmp_path) == mine
    assert site.asked == []
    pull(known, tmp_path, base=site.base, existing=Existing.REPLACE)
    assert_whole(known, site, tmp_path)


def test_a_damaged_installation_is_repaired(known: KnownPack, site: Site, tmp_path: Path) -> None:
    pull(known, tmp_path, base=site.base).model_path.write_bytes(b"damage")
    pull(known, tmp_path, base=site.base)
    assert_whole(known, site, tmp_path)


def test_two_pulls_at_once_do_not_mix(known: KnownPack, site: Site, tmp_path: Path) -> None:
    lock = part_of(known, tmp_path).with_suffix(".lock")
    with only_writer(lock, Busy.WAIT, "test"), pytest.raises(PackError, match="being written by another process"):
        pull(known, tmp_path, base=site.base)
    assert site.asked == []


def test_killed_while_pulling_then_gone_on(known: KnownPack, site: Site, tmp_path: Path) -> None:
    """The child gets 1,000 bytes of an answer that stalls, and dies by SIGKILL."""
    site.mode, site.cut_at = Mode.STALL, 1000
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from secondlook.faces.packs.card_file import read_card\n"
        "from secondlook.faces.packs.known import KnownPack\n"
        "from secondlook.faces.packs.pull import pull\n"
        "card, home, base, size = sys.argv[1:]\n"
        "known = KnownPack(read_card(Path(card)), ('https://example.invalid/tiny.onnx',), int(size))\n"
        "pull(known, Path(home), base=base)\n"
    )
    card = tmp_path / "card.toml"
    card.write_text(card_text(known.card))
    arguments = [str(card), str(tmp_path), site.base, str(known.size)]
    child = subprocess.Popen([sys.executable, "-c", script, *arguments])
    part = part_of(known, tmp_path)
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and not (part.exists() and part.stat().st_size == 1000):
        assert child.poll() is None
        time.sleep(0.02)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    assert installed(tmp_path) == []
    assert part.read_bytes() == site.content[:1000]
    site.mode = Mode.SOUND
    site.go_on.set()
    pull(known, tmp_path, base=site.base)
    assert_whole(known, site, tmp_path)
    assert site.asked == ["", "bytes=1000-"]
    assert sorted(path.name for path in (tmp_path / "packs").iterdir()) == [".lock", ".partial", "tiny"]


@pytest.mark.parametrize("name", ["mobilefacenet", "yunet_2026may"])
def test_any_model_is_added_with_nothing_but_a_card(shared_packs: Path, tmp_path: Path, name: str) -> None:
    pack = add_pack(shared_packs / f"{name}.onnx", CARDS / f"{name}.toml", home_folder=tmp_path)
    assert installed(tmp_path) == [name]
    assert load_pack(name, tmp_path) == pack
    assert check_pack(pack).verdict is Verdict.PASSED


def test_cards_of_the_two_models_do_not_fit_each_other(shared_packs: Path, tmp_path: Path) -> None:
    text = (CARDS / "mobilefacenet.toml").read_text()
    card = tmp_path / "card.toml"
    card.write_text(re.sub(r'sha256 = ".*"\n', "", text))
    with pytest.raises(PackCorrupt, match=r"does not fit the card 'mobilefacenet': .*'input'"):
        add_pack(shared_packs / "yunet_2026may.onnx", card, home_folder=tmp_path)
    assert installed(tmp_path) == []
