"""Any single change of a log is found, wherever it was made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from log_samples import begun, findings, kinds
from secondlook.custody.heads import Head
from secondlook.custody.signing import KeyFolder
from secondlook.custody.verifying import Finding, FindingKind


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[bytes], Head, KeyFolder]]:
    folder = tmp_path_factory.mktemp("written")
    log, keys = begun(folder, 7)
    lines = (folder / "log" / "entries.jsonl").read_bytes().splitlines(keepends=True)
    yield folder, lines, log.head(), keys


def after(written: tuple[Path, list[bytes], Head, KeyFolder], content: bytes) -> tuple[list[Finding], list[Finding]]:
    """What is found in a log of this content: with the head beside the key, and in the folder alone."""
    folder, lines, _, keys = written
    file = folder / "log" / "entries.jsonl"
    file.write_bytes(content)
    try:
        return list(findings(folder, keys=keys)), list(findings(folder))
    finally:
        file.write_bytes(b"".join(lines))


@given(data=st.data())
def test_any_changed_byte_is_found(written: tuple[Path, list[bytes], Head, KeyFolder], data: st.DataObject) -> None:
    content = bytearray(b"".join(written[1]))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    line = bytes(b"".join(written[1])[:at]).count(b"\n") + 1
    with_head, alone = after(written, bytes(content))
    assert with_head and alone
    assert with_head[0].line == line and f"{line}" in with_head[0].sentence, "the first place is told"


@given(data=st.data())
def test_any_byte_more_or_less_is_found(
    written: tuple[Path, list[bytes], Head, KeyFolder], data: st.DataObject
) -> None:
    content = b"".join(written[1])
    at = data.draw(st.integers(0, len(content) - 1))
    changed = data.draw(st.sampled_from([content[:at] + content[at + 1 :], content[:at] + b"\n" + content[at:]]))
    changed = data.draw(st.sampled_from([changed, content[:at] + content[at : at + 1] + content[at:]]))
    if changed == content:
        return
    with_head, alone = after(written, changed)
    assert with_head and alone


@given(order=st.permutations(range(7)))
def test_any_other_order_is_found(written: tuple[Path, list[bytes], Head, KeyFolder], order: list[int]) -> None:
    with_head, alone = after(written, b"".join(written[1][at] for at in order))
    assert bool(with_head) == bool(alone) == (list(order) != list(range(7)))


@given(kept=st.sets(st.integers(0, 6)), twice=st.none() | st.integers(0, 6))
def test_any_removed_or_doubled_line_is_found(
    written: tuple[Path, list[bytes], Head, KeyFolder], kept: set[int], twice: int | None
) -> None:
    at = [line for line in range(7) if line in kept for _ in range(2 if line == twice else 1)]
    with_head, alone = after(written, b"".join(written[1][line] for line in at))
    whole = at == list(range(7))
    assert bool(with_head) != whole
    assert bool(alone) == (at != list(range(len(at)))), "alone, only a cut-off end cannot be found"


@given(gone=st.integers(1, 7), torn=st.integers(0, 100))
def test_any_cut_off_end_is_found(written: tuple[Path, list[bytes], Head, KeyFolder], gone: int, torn: int) -> None:
    folder, lines, witness, _ = written
    content = b"".join(lines[: 7 - gone]) + lines[7 - gone][:torn]
    with_head, _ = after(written, content)
    assert FindingKind.TRUNCATED in {one.kind for one in with_head}
    (folder / "log" / "entries.jsonl").write_bytes(content)
    try:
        assert FindingKind.TRUNCATED in kinds(folder, witness)
    finally:
        (folder / "log" / "entries.jsonl").write_bytes(b"".join(lines))


@given(data=st.data())
def test_any_changed_byte_of_the_identity_is_found(
    written: tuple[Path, list[bytes], Head, KeyFolder], data: st.DataObject
) -> None:
    folder, _, _, keys = written
    file = folder / "log" / "log.json"
    good = file.read_bytes()
    bad = bytearray(good)
    bad[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(bad)
    try:
        assert findings(folder, keys=keys)
    finally:
        file.write_bytes(good)


def test_a_genuine_entry_put_in_again_elsewhere_is_found(
    written: tuple[Path, list[bytes], Head, KeyFolder],
) -> None:
    lines = written[1]
    for line in lines:
        for place in range(8):
            assert after(written, b"".join([*lines[:place], line, *lines[place:]]))[0]


def test_findings_are_bounded(written: tuple[Path, list[bytes], Head, KeyFolder]) -> None:
    with_head, _ = after(written, b"x\n" * 5000)
    assert 100 <= len(with_head) <= 102


def test_entries_are_plain_json(written: tuple[Path, list[bytes], Head, KeyFolder]) -> None:
    fields = json.loads(written[1][0])
    assert list(fields) == [
        "seq", "at", "actor", "action", "object", "purpose", "case", "details", "prev", "hash", "sig",
    ]  # fmt: skip
