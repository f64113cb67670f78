"""Chromium without a window, for the tests of pages: it is offline, and tells what a page asked for and complained of."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PHONE, DESK = 390, 1200
LIGHT, DARK = "light", "dark"

OVERFLOW = """(() => {
  const wide = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll('body *')].filter(e => {
    for (let p = e; p; p = p.parentElement) if (p.classList.contains('scroll')) return false;
    return e.getBoundingClientRect().right > wide + 0.5;
  });
  return JSON.stringify([document.documentElement.scrollWidth - wide, out.map(e => e.outerHTML.slice(0, 120))]);
})()"""

# Relative luminance and contrast as WCAG 2.2 defines them.
CONTRAST = """(() => {
  const parts = c => c.match(/[0-9.]+/g).map(Number);
  const light = c => { const [r, g, b] = parts(c).slice(0, 3).map(v => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    const p = parts(c); if (p.length < 4 || p[3] > 0.99) return c; } return 'rgb(255, 255, 255)'; };
  const low = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const a = light(getComputedStyle(e).color), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(ratio.toFixed(2) + ' ' + e.outerHTML.slice(0, 80));
  }
  return JSON.stringify(low);
})()"""


class Browser:
    """Chromium without a window, spoken to in its DevTools protocol over two pipes."""

    def __init__(self, process: subprocess.Popen[bytes], to: int, back: int) -> None:
        self.process = process
        self._to = os.fdopen(to, "wb", buffering=0)
        self._back = os.fdopen(back, "rb", buffering=0)
        self._number = 0
        self._rest = b""
        self.session: str | None = None
        self.events: list[dict[str, Any]] = []

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self._to.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def wait_for(self, method: str) -> None:
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._receive())

    def value(self, expression: str) -> Any:
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._back.fileno(), 1 << 16)
            assert more, "the browser ended"
            self._rest += more
        line, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        self._to.close()
        self._back.close()
        self.process.terminate()
        self.process.wait(20)


def installed() -> str:
    """The browser's path; skips where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("needs chromium: apt-get install chromium")


@contextmanager
def started(program: str, profile: Path) -> Iterator[Browser]:
    to_read, to_write = os.pipe()
    back_read, back_write = os.pipe()
    switches = (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "hide-scrollbars",
        "remote-debugging-pipe",
    )
    # the browser reads commands from descriptor 3 and answers on 4
    process = subprocess.Popen(
        [program, f"--user-data-dir={profile}", *(f"--{switch}" for switch in switches), "about:blank"],
        preexec_fn=lambda: (os.dup2(to_read, 3), os.dup2(back_write, 4)),
        pass_fds=(3, 4),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_read)
    os.close(back_write)
    browser = Browser(process, to_write, back_read)
    try:
        yield browser
    finally:
        browser.close()


def opened(browser: Browser, page: Path, width: int, scheme: str) -> None:
    """The page, alone in a new tab, offline, with everything unfolded."""
    browser.session = None
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    session: str = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    browser.session = session
    browser.events.clear()
    for domain in ("Page", "Network", "Log", "Runtime"):
        browser.ask(f"{domain}.enable")
    browser.ask("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=1600, deviceScaleFactor=1, mobile=width < 500)
    browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.ask("Page.navigate", url=page.as_uri())
    browser.wait_for("Page.loadEventFired")
    browser.value("document.querySelectorAll('details').forEach(d => d.open = true)")


def complaints(browser: Browser) -> list[dict[str, Any]]:
    watched = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    return [event for event in browser.events if event.get("method") in watched]


def requests(browser: Browser) -> list[str]:
    sent = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
    return [url for url in sent if not url.startswith("data:")]


def keep_screenshot(browser: Browser, name: str) -> None:
    """For whoever changes the page: REPORT_SCREENSHOTS=DIR keeps what the browser shows."""
    folder = os.environ.get("REPORT_SCREENSHOTS")
    if folder:
        shot = browser.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        Path(folder, f"{name}.png").write_bytes(base64.b64decode(shot))
