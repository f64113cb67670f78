"""The log: what is acknowledged is there, and what was changed afterwards is found."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import threading
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from log_samples import SUBJECT, begun, entry, findings, kinds
from secondlook.custody.appending import Appender
from secondlook.custody.files import end_of, entry_files
from secondlook.custody.heads import Head, keep_head, kept_head, read_heads, stated
from secondlook.custody.log import CustodyLog
from secondlook.custody.reading import Wanted, read_log
from secondlook.custody.signing import KeyFolder, SigningKey, fingerprint
from secondlook.custody.verifying import KEPT, Broken, FindingKind, Verified, verify
from secondlook.errors import CustodyError, LogUnusable, OutputError
from secondlook.ports import Action, Entry, Log

# Recording


def test_what_is_recorded_is_read(tmp_path: Path) -> None:
    log, keys = begun(tmp_path)
    port: Log = log
    before = datetime.now().astimezone()
    assert port.record(entry(1)).seq == 1
    second = log.record(entry(2, Action.ENROL))
    first, line = read_log(tmp_path / "log")
    assert (line.seq, line.hash, line.entry) == (2, second.hash, entry(2, Action.ENROL))
    assert datetime.fromisoformat(first.at).timestamp() >= before.timestamp() - 0.001 and first.at.endswith("+00:00")
    said = verify(tmp_path / "log", (), keys)
    assert isinstance(said, Verified) and (said.entries, said.compared, said.notes) == (2, (KEPT,), ())
    assert said.fingerprint == fingerprint(log.key.public) and len(said.fingerprint) == 39


def test_an_empty_log_is_whole(tmp_path: Path) -> None:
    _, keys = begun(tmp_path)
    said = verify(tmp_path / "log", (), keys)
    assert isinstance(said, Verified) and said.entries == 0 and said.last_at == ""
    assert list(read_log(tmp_path / "log")) == []


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    for opening in range(3):
        log, keys = begun(tmp_path, 2)
        assert log.record(entry()).seq == 3 * opening + 3
    assert findings(tmp_path, keys=keys) == ()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_it_is_for_its_owner_and_its_key_lies_elsewhere(tmp_path: Path) -> None:
    log, keys = begun(tmp_path, 1)
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700
    for file in (*(tmp_path / "log").iterdir(), *(tmp_path / "keys").iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    secret = keys.key_file(log.identity.log).read_bytes().strip()
    assert not any(secret in file.read_bytes() for file in (tmp_path / "log").iterdir())
    assert secret.decode() not in repr(log.key) and "Ed25519PrivateKey" not in repr(log.key)
    with pytest.raises(LogUnusable, match="could be signed anew"):
        CustodyLog.open(tmp_path / "other", KeyFolder(tmp_path / "other" / "keys"))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Entry("", Action.VIEW), "somebody who did it"),
        (Entry("os:ann", Action.VIEW, ("Ada Lovelace",)), "no names"),
        (Entry("os:ann", Action.VIEW, ("x" * 129,)), "no names"),
        (Entry("os:ann", Action.VIEW, purpose="one\ntwo"), "purpose"),
        (Entry("os:ann", Action.VIEW, case="1" * 501), "case number"),
        (Entry("os:ann", Action.VIEW, details={"Name": 1}), "details"),
        (Entry("os:ann", Action.VIEW, details={"n": float("nan")}), "details"),
        (Entry("os:ann", Action.VIEW, details={"n": "a\x00b"}), "details"),
    ],
)
def test_what_does_not_belong_into_a_log_is_refused(tmp_path: Path, bad: Entry, words: str) -> None:
    log, keys = begun(tmp_path)
    with pytest.raises(CustodyError, match=words):
        log.record(bad)
    assert list(read_log(tmp_path / "log")) == [] and findings(tmp_path, keys=keys) == ()


@given(
    actor=st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable()),
    purpose=st.text(max_size=60).filter(lambda text: text.isprintable()),
    number=st.floats(allow_nan=False, allow_infinity=False, max_value=1e18, min_value=-1e18) | st.integers(-9, 9),
)
@example(actor="ö\ud800", purpose='","hash":"0', number=-0.0)
def test_any_words_come_back(actor: str, purpose: str, number: float) -> None:
    with TemporaryDirectory() as folder:
        log, keys = begun(Path(folder))
        told = Entry(actor, Action.EXPORT, (), purpose, details={"n": number, "word": purpose})
        log.record(told)
        (line,) = read_log(Path(folder) / "log")
        assert line.entry == told
        assert findings(Path(folder), keys=keys) == ()


def test_threads_record_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, keys = begun(tmp_path)
    writes: list[int] = []
    real = Appender.append

    def counted(self: Appender, entries: list[Entry]) -> object:
        writes.append(len(entries))
        return real(self, entries)

    monkeypatch.setattr(Appender, "append", counted)
    seqs: list[int] = []

    def work(first: int) -> None:
        seqs.extend(log.record(entry(number)).seq for number in range(first, first + 25))

    threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seqs) == list(range(1, 401)) and sum(writes) == 400
    assert len(writes) < 400, "those who came at the same time shared a write"
    assert {line.entry.details["sources"] for line in read_log(tmp_path / "log")} == {
        100 * n + number for n in range(16) for number in range(25)
    }
    assert findings(tmp_path, keys=keys) == ()


def test_two_that_have_it_open_take_turns(tmp_path: Path) -> None:
    one, keys = begun(tmp_path, segment_bytes=3000)
    other = CustodyLog.open(tmp_path / "log", keys, segment_bytes=3000)
    seqs = [log.record(entry()).seq for _ in range(15) for log in (one, other)]
    assert seqs == list(range(1, 31)) and findings(tmp_path, keys=keys) == ()


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, keys = begun(tmp_path, 2)
    real = os.write

    def full(descriptor: int, content: bytes) -> int:
        real(descriptor, bytes(content)[:100])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as cut, pytest.raises(OutputError, match=r"No space left .* nothing is done without"):
        cut.setattr("secondlook.custody.appending.os.write", full)
        log.record(entry(3))
    assert log.record(entry(4)).seq == 3
    assert [line.entry.details["sources"] for line in read_log(tmp_path / "log")] == [0, 1, 4]
    assert findings(tmp_path, keys=keys) == ()


def test_one_refusal_is_told_to_all_who_waited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, _ = begun(tmp_path)
    monkeypatch.setattr(Appender, "append", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    refused: list[str] = []

    def work() -> None:
        try:
            log.record(entry())
        except OutputError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 8


def test_a_large_log_has_several_files(tmp_path: Path) -> None:
    log, keys = begun(tmp_path, 20, segment_bytes=2000)
    files = entry_files(tmp_path / "log")
    assert files[0].name == "entries.jsonl" and files[1].name == "entries-000000000006.jsonl" and len(files) == 4
    assert [line.seq for line in read_log(tmp_path / "log")] == list(range(1, 21))
    assert findings(tmp_path, log.head(), keys=keys) == ()
    files[1].unlink()
    (missing,) = findings(tmp_path, keys=keys)
    assert (missing.kind, missing.seq, missing.file) == (FindingKind.MISSING, 6, files[2].name)
    assert "6 to 10 is missing" in missing.sentence


# A stop in mid-write


def test_a_torn_line_is_cut_off_and_said(tmp_path: Path) -> None:
    _, keys = begun(tmp_path, 3)
    file = tmp_path / "log" / "entries.jsonl"
    with file.open("ab") as torn:
        torn.write(b'{"seq":4,"at":"2026')
    said = verify(tmp_path / "log", (), keys)
    assert isinstance(said, Verified) and "19 bytes was never finished" in said.notes[0], "nothing acknowledged is gone"
    assert kinds(tmp_path) == [FindingKind.UNFINISHED], "without the head nobody can know"
    log, _ = begun(tmp_path)
    *_, last = read_log(tmp_path / "log")
    assert (last.seq, last.entry.action, last.entry.details) == (4, Action.TORN, {"bytes": 19})
    assert log.record(entry()).seq == 5 and findings(tmp_path, keys=keys) == ()


def test_a_head_that_lags_is_no_cut(tmp_path: Path) -> None:
    """As after a stop between the entries and their head."""
    log, keys = begun(tmp_path, 3, segment_bytes=1000)
    old = log.head()
    for number in range(5):
        log.record(entry(number))
    keep_head(keys.head_file(log.identity.life), old)
    said = verify(tmp_path / "log", (), keys)
    assert isinstance(said, Verified) and said.entries == 8
    assert begun(tmp_path)[0].record(entry()).seq == 9
    assert findings(tmp_path, keys=keys) == ()


@pytest.mark.parametrize("turn", range(4))
def test_a_torn_head_leaves_the_one_before(tmp_path: Path, turn: int) -> None:
    log, keys = begun(tmp_path, 3 + turn)
    file = keys.head_file(log.identity.life)
    content = file.read_bytes()
    newest = kept_head(file, log.identity)
    assert isinstance(newest, Head) and newest.seq == 3 + turn
    at = content.index(newest.text().encode())
    file.write_bytes(content[: at + 50] + bytes(100) + content[at + 150 :])
    before = kept_head(file, log.identity)
    assert isinstance(before, Head) and before.seq == 2 + turn
    assert findings(tmp_path, keys=keys) == ()


# What was done to it afterwards


def test_a_cut_off_end_is_found_and_stays_found(tmp_path: Path) -> None:
    log, keys = begun(tmp_path, 8)
    witness = log.head()
    file = tmp_path / "log" / "entries.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:5]))
    assert findings(tmp_path) == (), "nobody can find it in the folder alone"
    (found,) = findings(tmp_path, keys=keys)
    assert (found.kind, found.seq) == (FindingKind.TRUNCATED, 6) and "ends with entry 5" in found.sentence
    assert kinds(tmp_path, witness) == [FindingKind.TRUNCATED]
    log.record(entry())  # the open log notices too
    *_, cut, last = read_log(tmp_path / "log")
    assert (cut.seq, cut.entry.action, cut.entry.details["head_seq"]) == (6, Action.CUT, 8) and last.seq == 7
    for number in range(5):
        log.record(entry(number))
    (found,) = findings(tmp_path, keys=keys)
    assert (found.kind, found.seq) == (FindingKind.CUT, 6)
    assert kinds(tmp_path, witness) == [FindingKind.CUT, FindingKind.REWRITTEN]


def test_a_log_that_was_emptied_or_taken_away_is_found(tmp_path: Path) -> None:
    log, keys = begun(tmp_path, 3)
    name = log.identity.log
    (tmp_path / "log" / "entries.jsonl").write_bytes(b"")
    assert kinds(tmp_path, keys=keys) == [FindingKind.TRUNCATED]
    (tmp_path / "log" / "entries.jsonl").unlink()
    assert kinds(tmp_path, keys=keys) == [FindingKind.TRUNCATED]
    shutil.rmtree(tmp_path / "log")
    gone = verify(tmp_path / "log", (), keys, name)
    assert isinstance(gone, Broken) and "there was one" in gone.findings[0].sentence
    with pytest.raises(LogUnusable, match="There is no log in"):
        verify(tmp_path / "log", (), keys)
    CustodyLog.open(tmp_path / "log", keys, name).record(entry())
    assert kinds(tmp_path, keys=keys) == [FindingKind.CUT]


def test_a_log_written_anew_with_another_key_is_found(tmp_path: Path) -> None:
    log, keys = begun(tmp_path, 4)
    witness, name = log.head(), log.identity.log
    shutil.rmtree(tmp_path / "log")
    forged = CustodyLog.open(tmp_path / "log", KeyFolder(tmp_path / "forger"), name)
    for number in range(4):
        forged.record(entry(number))
    assert findings(tmp_path) == ()
    assert FindingKind.IDENTITY in kinds(tmp_path, keys=keys)
    assert kinds(tmp_path, witness) == [FindingKind.WITNESS]
    with pytest.raises(LogUnusable, match="is not signed by"):
        CustodyLog.open(tmp_path / "log", keys)


def test_a_log_written_anew_with_its_own_key_is_found_by_a_witness(tmp_path: Path) -> None:
    log, keys = begun(tmp_path, 4)
    witness = log.head()
    shutil.rmtree(tmp_path / "log")
    keys.head_file(log.identity.life).unlink()
    again = CustodyLog.open(tmp_path / "log", keys, log.identity.log)
    for number in range(6):
        again.record(entry(number + 1))
    assert findings(tmp_path, keys=keys) == ()
    (found,) = findings(tmp_path, witness, keys=keys)
    assert (found.kind, found.seq) == (FindingKind.REWRITTEN, 4)


def test_a_witness_is_read_from_a_file(tmp_path: Path) -> None:
    log, keys = begun(tmp_path, 2)
    heads = [log.head()]
    log.record(entry())
    heads.append(log.head())
    (tmp_path / "w").write_text("".join(head.text() + "\n" for head in heads))
    assert read_heads(tmp_path / "w") == tuple(heads)
    said = verify(tmp_path / "log", read_heads(tmp_path / "w"), keys)
    assert isinstance(said, Verified) and len(said.compared) == 3
    for bad in ("", "{}", heads[0].text().replace('"seq": 2', '"seq": 3'), "not json"):
        (tmp_path / "w").write_text(bad)
        with pytest.raises(CustodyError, match="what `secondlook log head` printed"):
            read_heads(tmp_path / "w")
    with pytest.raises(CustodyError, match="cannot be read"):
        read_heads(tmp_path / "none")


def test_an_entry_signed_by_somebody_else_is_found(tmp_path: Path) -> None:
    log, _ = begun(tmp_path, 2)
    other = SigningKey.of(os.urandom(32))
    forger = Appender(tmp_path / "log", log.identity, other, tmp_path / "head", 10**6)
    forger.append([entry(9)])
    (found,) = findings(tmp_path)
    assert (found.kind, found.seq, found.line) == (FindingKind.SIGNATURE, 3, 3)
    unsigned = stated(log.identity, 2, "0" * 64, "2026", other)
    assert not Head(unsigned.log, 2, unsigned.hash, "2026", log.key.public, unsigned.signature).genuine


def test_the_end_is_read_from_the_back(tmp_path: Path) -> None:
    file = tmp_path / "f"
    for content, line, whole, torn in (
        (b"", None, 0, 0),
        (b"abc", None, 0, 3),
        (b"abc\n", b"abc", 4, 0),
        (b"abc\nde", b"abc", 4, 2),
        (b"abc\n\n", b"", 5, 0),
        (b"x" * 70_000 + b"\n" + b"y" * 70_000 + b"\n" + b"z" * 70_000, b"y" * 70_000, 140_002, 70_000),
    ):
        file.write_bytes(content)
        end = end_of(file)
        assert (end.line, end.whole, end.torn) == (line, whole, torn)


def test_a_damaged_end_is_gone_on_from_and_found(tmp_path: Path) -> None:
    _, keys = begun(tmp_path, 3)
    file = tmp_path / "log" / "entries.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:2]) + b"garbage\n")
    log, _ = begun(tmp_path, 1)
    found = findings(tmp_path, keys=keys)
    assert [one.kind for one in found] == [FindingKind.CHANGED, FindingKind.CUT] and found[0].line == 3
    assert log.record(entry()).seq == 6


@pytest.mark.parametrize("content", [b"", b"{}", b'{"schema":"secondlook.log/1"}', b"\xff"])
def test_a_damaged_identity_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    _, keys = begun(tmp_path, 1)
    (tmp_path / "log" / "log.json").write_bytes(content)
    with pytest.raises(LogUnusable, match="damaged"):
        CustodyLog.open(tmp_path / "log", keys)
    assert kinds(tmp_path, keys=keys) == [FindingKind.IDENTITY]
    (tmp_path / "log" / "log.json").write_bytes(b'{"schema":"secondlook.log/2"}')
    with pytest.raises(LogUnusable, match="newer"):
        CustodyLog.open(tmp_path / "log", keys)
    (tmp_path / "log" / "log.json").unlink()
    with pytest.raises(LogUnusable, match="bring that file back"):
        CustodyLog.open(tmp_path / "log", keys)


def test_a_missing_or_damaged_key_is_one_sentence(tmp_path: Path) -> None:
    log, keys = begun(tmp_path, 1)
    file = keys.key_file(log.identity.log)
    file.write_bytes(b"short")
    with pytest.raises(LogUnusable, match="no signing key"):
        CustodyLog.open(tmp_path / "log", keys)
    file.unlink()
    with pytest.raises(LogUnusable, match="SECONDLOOK_HOME"):
        CustodyLog.open(tmp_path / "log", keys)
    said = verify(tmp_path / "log", (), keys)
    assert isinstance(said, Verified) and "fingerprint" in said.notes[0]


def test_entries_are_chosen(tmp_path: Path) -> None:
    log, _ = begun(tmp_path, 2)
    log.record(Entry("api:7", Action.VIEW, ("b" * 32,)))
    *_, last = read_log(tmp_path / "log")
    for wanted, count in (
        (Wanted(), 3),
        (Wanted(actor="api:7"), 1),
        (Wanted(action=Action.SEARCH), 2),
        (Wanted(object=SUBJECT), 2),
        (Wanted(case="2026-17", action=Action.VIEW), 0),
        (Wanted(since=datetime.fromisoformat(last.at)), 1),
        (Wanted(until=datetime.fromisoformat("2020-01-01T00:00+00:00")), 0),
    ):
        lines = list(read_log(tmp_path / "log", wanted))
        assert len([line for line in lines if line.seq <= 2 or line.entry.actor == "api:7"]) >= count
        assert all(wanted.takes(line) for line in lines)
