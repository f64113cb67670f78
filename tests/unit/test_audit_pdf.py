"""The PDF is a bonus: whatever the browser does, the audit goes on and says why there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from secondlook.audit import pdf
from secondlook.audit.pdf import NoPdf, WhyNoPdf, print_pdf

PRINTING = 'for a in "$@"; do case $a in --print-to-pdf=*) echo %PDF > "${a#*=}";; esac; done'


def program(tmp_path: Path, script: str) -> str:
    path = tmp_path / "browser"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "a page.html"
    path.write_text("<p>x</p>")
    return path


def reason(found: Path | NoPdf) -> WhyNoPdf:
    assert isinstance(found, NoPdf) and found.sentence.startswith("No PDF: ") and found.sentence.endswith(".")
    return found.reason


def test_without_a_browser(page: Path, tmp_path: Path) -> None:
    assert reason(print_pdf(page, tmp_path / "r.pdf", None)) is WhyNoPdf.NO_BROWSER


def test_a_browser_that_fails(page: Path, tmp_path: Path) -> None:
    assert reason(print_pdf(page, tmp_path / "r.pdf", program(tmp_path, "exit 3"))) is WhyNoPdf.FAILED
    assert reason(print_pdf(page, tmp_path / "r.pdf", program(tmp_path, "exit 0"))) is WhyNoPdf.FAILED
    assert reason(print_pdf(page, tmp_path / "r.pdf", str(tmp_path / "gone"))) is WhyNoPdf.FAILED
    assert not (tmp_path / "r.pdf").exists()


def test_a_browser_that_hangs(page: Path, tmp_path: Path) -> None:
    assert reason(print_pdf(page, tmp_path / "r.pdf", program(tmp_path, "exec sleep 60"), 0.2)) is WhyNoPdf.TIMED_OUT


def test_what_the_browser_is_told(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = tmp_path / "said"
    script = f'printf "%s\\n" "$@" > {keep}; {PRINTING}'
    done = print_pdf(page, tmp_path / "r.pdf", program(tmp_path, script))
    assert done == tmp_path / "r.pdf" and done.read_text() == "%PDF\n"
    said = keep.read_text().splitlines()
    assert said[-1] == page.as_uri() and "%20" in said[-1]
    for switch in ("headless", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
                   "disable-component-update", "disable-sync"):  # fmt: skip
        assert f"--{switch}" in said
    (profile,) = [one.partition("=")[2] for one in said if one.startswith("--user-data-dir=")]
    assert not Path(profile).exists(), "the profile is thrown away"
    assert ("--no-sandbox" in said) == (os.geteuid() == 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "--no-sandbox" not in pdf._command("browser", page, page, "x")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "--no-sandbox" in pdf._command("browser", page, page, "x")


def test_a_place_that_cannot_be_written(page: Path, tmp_path: Path) -> None:
    found = print_pdf(page, tmp_path / "missing" / "r.pdf", program(tmp_path, PRINTING))
    assert reason(found) is WhyNoPdf.FAILED
