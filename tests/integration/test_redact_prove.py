"""``secondlook redact --prove`` on a real photograph: what it writes, and that it ends with an error where it must."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from command import secondlook

QUICK = ("--quiet", "--threads", "1")


@pytest.fixture(scope="module")
def photograph(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "two.png"
    image = Image.open(shared_data / "crowd" / "two_people.jpg").convert("RGB")
    image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS).save(path)
    return path


def test_a_finished_run_is_proved_without_being_done_again(photograph: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert secondlook("redact", photograph, "--out", out, *QUICK).status == 0
    copy = out / "redacted" / "two.png"
    written = copy.stat().st_mtime_ns
    assert "proof.html" not in (out / "report.html").read_text()

    said = secondlook("redact", photograph, "--out", out, "--resume", "--prove", *QUICK)
    assert said.status == 0 and "no attack worked" in said.out.lower(), said
    assert copy.stat().st_mtime_ns == written
    proof = json.loads((out / "proof.json").read_text())
    assert proof["verdict"] == "not_enough" and proof["run"]["gallery"] == 2 and not proof["leftovers"]
    assert 'href="proof.html"' in (out / "report.html").read_text() and (out / "proof.html").is_file()

    said = secondlook("redact", photograph, "--out", out, "--resume", "--prove", "--limit", "0.01", "--json", *QUICK)
    assert said.status == 1, "two people cannot show that so strict a limit is kept"
    assert said.json["proof"]["asked"]["limit"] == 0.01 and said.json["proof"]["failed"]

    Image.open(photograph).save(copy)  # somebody puts the original in the place of the copy
    said = secondlook("redact", photograph, "--out", out, "--resume", "--prove", *QUICK)
    assert said.status == 1 and "2 faces are listed as covered and still to be seen" in said.out

    assert secondlook("redact", photograph, "--out", out, "--overwrite", *QUICK).status == 0
    assert not (out / "proof.json").exists(), "that was a proof of other copies"


def test_a_limit_needs_a_proof(photograph: Path, tmp_path: Path) -> None:
    said = secondlook("redact", photograph, "--out", tmp_path / "out", "--limit", "0.1")
    assert said.status == 2 and "--prove" in said.err
