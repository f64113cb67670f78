"""The dossier in a real browser, and as it is printed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from browser import (
    CONTRAST,
    DARK,
    DESK,
    LIGHT,
    OVERFLOW,
    PHONE,
    complaints,
    installed,
    keep_screenshot,
    opened,
    requests,
    started,
)
from dossier_samples import dossier, sparse
from secondlook.audit.pdf import print_pdf
from secondlook.review.dossier import LEAD, Dossier
from secondlook.review.dossier_page import dossier_page


@pytest.fixture(scope="module")
def chromium() -> str:
    return installed()


@pytest.mark.parametrize(("name", "of"), [("whole", dossier()), ("sparse", sparse())])
def test_page_in_browser(chromium: str, tmp_path: Path, name: str, of: Dossier) -> None:
    page = tmp_path / "dossier.html"
    page.write_text(dossier_page(of), "utf-8")
    with started(chromium, tmp_path / "profile") as browser:
        for width, scheme in ((DESK, LIGHT), (DESK, DARK), (PHONE, LIGHT), (PHONE, DARK)):
            opened(browser, page, width, scheme)
            over, elements = json.loads(browser.value(OVERFLOW))
            keep_screenshot(browser, f"dossier-{name}-{width}-{scheme}")
            assert requests(browser) == [page.as_uri()]
            assert complaints(browser) == []
            assert over <= 0 and elements == [], (width, elements)
            assert json.loads(browser.value(CONTRAST)) == [], (width, scheme)
            shown = browser.value("[...document.images].filter(i => i.naturalWidth > 0).length")
            assert shown == page.read_text("utf-8").count("<img ")


def test_as_printed(chromium: str, tmp_path: Path) -> None:
    page, pdf = tmp_path / "dossier.html", tmp_path / "dossier.pdf"
    page.write_text(dossier_page(dossier()), "utf-8")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert print_pdf(page, pdf, chromium, scratch=scratch) == pdf
    assert list(scratch.iterdir()) == [], "what the browser kept meanwhile is thrown away"
    if shutil.which("pdftotext") is None:
        pytest.skip("needs pdftotext: apt-get install poppler-utils")
    said = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    said = " ".join(said.split())
    assert LEAD in said and "SUPPORTED" in said and "Ann Dee" in said
