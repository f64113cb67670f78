"""The report in a real browser: it asks nobody for anything, complains about nothing, and fits a phone."""

from __future__ import annotations

import json
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
from report_samples import calibrated_mixture, calibrated_run, drawn, mixture, problems, run
from secondlook.report.crops import save_crop
from secondlook.report.page import write_report
from secondlook.report.record import record_of
from secondlook.report.summary import RunSummary
from secondlook.types import Sighting


@pytest.fixture(scope="module")
def chromium() -> str:
    return installed()


@pytest.mark.parametrize(
    ("name", "summary", "seen"),
    [
        ("plain", run(problems=problems(), drawn=drawn()), mixture()),
        ("sure", calibrated_run(drawn=drawn()), calibrated_mixture()),
    ],
)
def test_page_in_browser(chromium: str, tmp_path: Path, name: str, summary: RunSummary, seen: list[Sighting]) -> None:
    for sighting in seen:
        save_crop(tmp_path, sighting)
    page = write_report(tmp_path, summary, [record_of(s) for s in seen])
    with started(chromium, tmp_path / "profile") as browser:
        for width, scheme in ((DESK, LIGHT), (DESK, DARK), (PHONE, LIGHT), (PHONE, DARK)):
            opened(browser, page, width, scheme)
            over, elements = json.loads(browser.value(OVERFLOW))
            keep_screenshot(browser, f"{name}-{width}-{scheme}")
            assert requests(browser) == [page.as_uri()]
            assert complaints(browser) == []
            assert over <= 0 and elements == [], (width, elements)
            assert json.loads(browser.value(CONTRAST)) == [], (width, scheme)
            shown = browser.value("[...document.images].filter(i => i.naturalWidth > 0).length")
            assert shown == sum(s.crop is not None for s in seen)


def test_browser_refuses_what_is_outside(chromium: str, tmp_path: Path) -> None:
    # the test above can only fail if requests and complaints are seen at all, and the page's own policy holds
    page = write_report(tmp_path, run(), [])
    marked = page.read_text().replace("<main>", '<main><img src="http://127.0.0.1:9/x.png"><script>1</script>')
    page.write_text(marked)
    with started(chromium, tmp_path / "profile") as browser:
        opened(browser, page, PHONE, LIGHT)
        said = " ".join(event["params"]["entry"]["text"] for event in complaints(browser) if "entry" in event["params"])
        assert "127.0.0.1" in said and "script" in said
