"""A house with pages, served, and browsers that look at it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

import pages_samples
from browser import DESK, installed
from pages_samples import Happened, fill
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import signing_in
from secondlook.server.running import built
from secondlook.server.service import Service
from served import served
from service_samples import PASSWORD, account


@dataclass(frozen=True, slots=True)
class House:
    """A service that is being served, with one account of each role, in which something has happened."""

    service: Service
    address: str
    people: dict[Role, Actor]
    happened: Happened

    def cookie(self, role: Role) -> str:
        return signing_in.sign_in(self.service, self.people[role].name, PASSWORD).token

    def client(self, role: Role | None = None) -> httpx2.Client:
        cookies = {"secondlook": self.cookie(role)} if role else {}
        return httpx2.Client(base_url=self.address, cookies=cookies, headers={"accept": "text/html"}, timeout=60)


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    with pages_samples.house(folder) as service:
        people = {role: account(service, role) for role in Role}
        happened = fill(service, people[Role.OPERATOR])
        with served(built(service, ())) as address:
            yield House(service, address, people, happened)


@contextmanager
def chromium_started() -> Iterator[Browser]:
    """Debian's; skips where there is none."""
    program = installed()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@contextmanager
def somebody(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that nobody is signed in with, at a desk."""
    context = browser.new_context(viewport={"width": DESK, "height": 900})
    context.set_default_timeout(60_000)
    yield context
    context.close()


def signed_in(context: BrowserContext, house: House, role: Role) -> Page:
    cookie = {"name": "secondlook", "value": house.cookie(role), "url": house.address, "sameSite": "Strict"}
    context.add_cookies([cookie | {"httpOnly": True}])  # type: ignore[list-item]
    return context.new_page()


def page_id(html: str) -> str:
    found = re.search(r'"client_id": ?"([0-9a-f-]{36})"|\'client_id\': \'([0-9a-f-]{36})\'', html)
    assert found, html[-2000:]
    return found.group(1) or found.group(2)


def file(name: str, content: bytes, kind: str = "image/png") -> Any:
    """As Playwright takes files."""
    return {"name": name, "mimeType": kind, "buffer": content}
