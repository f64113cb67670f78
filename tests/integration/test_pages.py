"""The pages in a real browser: who sees which, by keyboard, in light and dark and on a phone, and nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

import httpx2
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page

from browser import DESK, PHONE
from pages_house import House, chromium_started, open_house, page_id, signed_in, somebody
from pages_samples import Happened
from secondlook.server.actors import ALLOWED, Role
from secondlook.server.acts import signing_in, subjects
from secondlook.server.pages import settings
from secondlook.server.pages.plan import PLAN, first_for
from secondlook.server.pages.spec import PageSpec
from secondlook.server.settings import Mqtt, Settings
from service_samples import PASSWORD

GONE = "0" * 32
REFUSED = "may not open this page"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("service")) as opened:
        yield opened


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_started() as browser:
        yield browser


@pytest.fixture
def anybody(chromium: Browser) -> Iterator[BrowserContext]:
    with somebody(chromium) as context:
        yield context


def path_of(page: PageSpec, happened: Happened | None = None) -> str:
    """With an id that there is, or without ``happened`` one that there is not."""
    if happened is None:
        return re.sub(r"\{\w+\}", GONE, page.path)
    there = {
        "/sightings/{id}": happened.sightings[1],
        "/jobs/{id}": happened.found,
        "/gallery/{id}": happened.subject,
    }
    return page.path.replace("{id}", there.get(page.path, happened.redaction))


# Who comes in


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_its_pages_and_no_other(house: House, role: Role) -> None:
    with house.client(role) as client:
        for page in PLAN:
            answer = client.get(path_of(page))
            may = page.may is None or page.may in ALLOWED[role]
            assert (REFUSED in answer.text) == (not may), (page.path, answer.status_code)
            assert answer.status_code in ((200, 404) if may else (403,)), page.path
            if "{" not in page.path and may:
                assert answer.status_code == 200, page.path
        assert client.get("/").headers["location"] == first_for(role)


def test_who_is_not_signed_in_is_led_to_the_door_and_back(house: House) -> None:
    with house.client() as client:
        for page in PLAN:
            answer = client.get(path_of(page))
            assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?next="), page.path
        assert client.get("/").headers["location"] == "/sign-in"
        form = client.get("/sign-in?next=/keys&ended=1")
        assert "The session has ended" in form.text
        sent = hidden(form.text) | {"name": "the operator", "password": PASSWORD}
        answer = client.post("/sign-in", data=sent)
        assert answer.status_code == 303 and answer.headers["location"] == "/keys"
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "samesite=strict" in cookie.lower()
        assert client.get("/keys").status_code == 200


def hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))


def test_a_form_of_another_site_signs_nobody_in(house: House) -> None:
    with house.client() as client:
        sent = hidden(client.get("/sign-in").text) | {"name": "the operator", "password": PASSWORD}
        wrong = client.post("/sign-in", data=sent | {"form": "made up"})
        foreign = client.post("/sign-in", data=sent, headers={"sec-fetch-site": "cross-site"})
        client.cookies.clear()
        without = client.post("/sign-in", data=sent)
    for answer in (wrong, foreign, without):
        assert answer.status_code == 403 and "secondlook=" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("to", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"])
def test_the_door_leads_nowhere_else(house: House, to: str) -> None:
    with house.client() as client:
        sent = hidden(client.get("/sign-in", params={"next": to}).text)
        assert sent["next"] == "/"
        sent |= {"name": "the operator", "password": PASSWORD, "next": to}
        assert client.post("/sign-in", data=sent).headers["location"] == "/"


def test_signing_out_takes_the_session_and_needs_its_token(house: House) -> None:
    with house.client(Role.OPERATOR) as client:
        page = client.get("/keys").text
        assert client.post("/sign-out", data={"csrf": "made up"}).status_code == 403
        assert client.get("/keys").status_code == 200
        token = client.cookies["secondlook"]
        csrf = signing_in.by_session(house.service, token).csrf
        assert csrf in page
        assert client.post("/sign-out", data={"csrf": csrf}).status_code == 303
    with httpx2.Client(base_url=house.address, cookies={"secondlook": token}) as client:
        assert client.get("/keys").headers["location"] == "/sign-in?next=%2Fkeys&ended=1"


def test_a_path_that_is_none_is_answered_as_it_was_asked(house: House) -> None:
    with house.client() as client:
        assert "There is no page at this address" in client.get("/nothing").text
        assert client.get("/api/v1/nothing").json()["status"] == 404


# The socket


@pytest.mark.parametrize(
    ("origin", "whose", "code"),
    [(None, Role.OPERATOR, 200), ("http://evil.example", Role.OPERATOR, 403), ("null", Role.OPERATOR, 403)],
)
def test_another_site_opens_no_socket(house: House, origin: str | None, whose: Role, code: int) -> None:
    with house.client(whose) as client:
        query = {"EIO": "4", "transport": "polling", "client_id": page_id(client.get("/keys").text)}
        headers = {"origin": origin} if origin else {}
        answer = client.get("/_nicegui_ws/socket.io/", params=query, headers=headers)
        assert answer.status_code == code and "access-control-allow-origin" not in answer.headers


def test_a_socket_belongs_to_the_session_that_opened_the_page(house: House) -> None:
    """Somebody else's cookie, or none, gets to hear that there is no such page, and the browser loads it anew."""
    with house.client(Role.ADMIN) as client:
        page = page_id(client.get("/keys").text)
        assert joined(client, page)
    for role in (None, Role.OPERATOR):
        with house.client(role) as client:
            assert not joined(client, page)
            assert client.get("/_nicegui_ws/socket.io/?EIO=4&transport=polling").status_code == 403


def joined(client: httpx2.Client, page: str) -> bool:
    """Whether socket.io lets somebody onto a page."""
    path = "/_nicegui_ws/socket.io/"
    query = {
        "EIO": "4",
        "transport": "polling",
        "client_id": page,
        "tab_id": "t",
        "document_id": "d",
        "implicit_handshake": "true",
        "next_message_id": "0",
    }
    opened = client.get(path, params=query)
    assert opened.status_code == 200, opened.text
    query["sid"] = sid_of(opened.text)
    assert client.post(path, params=query, content=b"40").status_code == 200
    return client.get(path, params=query).text.startswith("40")


def sid_of(text: str) -> str:
    found = re.search(r'"sid":"([^"]+)"', text)
    assert found, text
    return found.group(1)


# What a page may load and run


def test_a_page_runs_nothing_that_was_not_made_with_it(house: House) -> None:
    with house.client(Role.ADMIN) as client:
        first, second = client.get("/accounts"), client.get("/accounts")
        policy = first.headers["content-security-policy"]
        for directive in policy.split("; "):
            if directive.startswith(("script-src", "style-src")):
                assert "'unsafe-inline'" not in directive and "'nonce-" in directive
        assert "default-src 'none'" in policy and "http" not in policy and "ws:" not in policy
        assert policy != second.headers["content-security-policy"]
        assert not re.findall(r"<(?:script|style)(?! nonce=)[ >]", first.text)
        plain = client.get("/sign-in").headers["content-security-policy"]
        assert "unsafe" not in plain


def test_a_name_is_never_code(house: House, anybody: BrowserContext) -> None:
    bad = "</script><script>document.title='gone'</script><img src=x onerror=alert(1)>{{7*7}}`${1}`"
    id_ = house.service.gallery.subject_id("Person 11")
    subjects.rename(house.service, house.people[Role.OPERATOR], id_, bad)
    said: list[str] = []
    anybody.on("console", lambda message: said.append(message.text))
    anybody.on("weberror", lambda error: said.append(str(error.error)))
    page = signed_in(anybody, house, Role.OPERATOR)
    page.goto(f"{house.address}/gallery/{id_}")
    page.get_by_role("heading", name=bad, level=1).wait_for()
    page.goto(f"{house.address}/gallery")
    page.get_by_role("link", name=bad).wait_for()
    assert said == [] and page.title() == "Gallery · Second Look" and page.locator("img[src=x]").count() == 0
    subjects.rename(house.service, house.people[Role.OPERATOR], id_, "Person 11")


def test_pages_ask_nobody_else_and_complain_of_nothing(house: House, anybody: BrowserContext) -> None:
    """Every page of every role in light, dark and at a phone's width: no other address, no complaint in the console, nothing
    beyond the edge, and no serious violation that axe-core finds."""
    asked: list[str] = []
    said: list[str] = []
    heard: list[str] = []
    anybody.on("request", lambda request: asked.append(request.url))
    anybody.on("console", lambda message: said.append(f"{message.page and message.page.url}: {message.text}"))
    anybody.on("weberror", lambda error: said.append(str(error.error)))
    wrong: list[str] = []
    for role in Role:
        page = signed_in(anybody, house, role)
        for spec in (one for one in PLAN if seen_by(one) is role):
            page.set_viewport_size({"width": DESK, "height": 900})
            page.emulate_media(color_scheme="light")
            page.goto(house.address + path_of(spec, house.happened))
            page.get_by_role("heading", level=1).wait_for()
            heard += said
            wrong += violations(page, f"{spec.path} light", None)
            page.emulate_media(color_scheme="dark")
            wrong += violations(page, f"{spec.path} dark", ["color-contrast"])
            page.set_viewport_size({"width": PHONE, "height": 844})
            wrong += violations(page, f"{spec.path} phone", None)
            beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert beyond <= 0, f"{spec.path} is wider than a phone"
            said.clear()  # axe-core itself sets styles that the policy refuses
        page.close()
    assert wrong == []
    assert {url for url in asked if not url.startswith((house.address, "data:", "ws" + house.address[4:]))} == set()
    assert len(asked) > 20 and heard == []


def seen_by(spec: PageSpec) -> Role:
    """The role that has most to do on a page."""
    may = [role for role in Role if spec.may is None or spec.may in ALLOWED[role]]
    return Role.ADMIN if spec.path in ("/alerts", "/settings") else may[0]


def violations(page: Page, where: str, rules: list[str] | None) -> list[str]:
    """What axe-core finds of any weight but the least. rules: None: all of them."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE_SCRIPT)
    only = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    found = page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], "elementRef": False} | only)
    return [
        f"{where}: {one['id']} {node['html'][:200]}"
        for one in found["violations"]
        if one["impact"] != "minor"
        for node in one["nodes"]
    ]


# By keyboard


def test_by_keyboard_alone(house: House, anybody: BrowserContext) -> None:
    page = anybody.new_page()
    page.goto(f"{house.address}/keys")
    keys = page.keyboard
    keys.type("the auditor")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    page.get_by_role("heading", name="My API keys").wait_for()
    keys.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    keys.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    keys.press("Tab")
    keys.type("the recorder")
    keys.press("Enter")
    page.get_by_role("textbox", name="The new key", exact=True).wait_for()
    assert page.get_by_role("textbox", name="The new key", exact=True).input_value().startswith("sl_")
    page.get_by_role("button", name="Revoke").focus()
    keys.press("Enter")
    page.get_by_role("dialog").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Cancel"
    keys.press("Escape")
    page.get_by_role("button", name="Revoke").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").press("Enter")
    page.get_by_role("status").get_by_text("is revoked").wait_for()
    # the button is gone, and the keyboard is still where it was
    page.wait_for_function("document.activeElement.contains(document.querySelector('.badge.ended'))")
    assert page.evaluate("document.activeElement !== document.body")


def test_what_was_typed_outlives_a_change_of_the_page(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.ADMIN)
    page.goto(f"{house.address}/settings")
    page.get_by_label("Jobs at once").fill("999")
    page.get_by_role("button", name="Keep these settings").click()
    alert = page.get_by_role("alert")
    alert.get_by_text("jobs_at_once must be between").wait_for()
    assert page.get_by_label("Jobs at once").input_value() == "999"
    page.get_by_label("Jobs at once").fill("2")
    page.get_by_role("button", name="Keep these settings").click()
    page.get_by_role("status").get_by_text("The settings are kept").wait_for()
    assert house.service.settings().jobs_at_once == 2


def test_a_session_that_ends_meanwhile_leads_to_the_door(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.ADMIN)
    page.goto(f"{house.address}/accounts")
    page.get_by_label("Name").fill("Eve")
    signing_in.sign_out(house.service, next(c["value"] for c in anybody.cookies() if c["name"] == "secondlook"))  # type: ignore[typeddict-item]
    page.get_by_role("button", name="Create the account").click()
    page.get_by_text("The session has ended: sign in again.").wait_for()
    assert "Eve" not in page.content() and page.url.endswith("/sign-in?next=%2Faccounts&ended=1")


def test_an_invitation_becomes_an_account(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.ADMIN)
    page.goto(f"{house.address}/accounts")
    page.get_by_label("Name").fill("Grace")
    page.get_by_label("Role").last.select_option("auditor")
    page.get_by_role("button", name="Create the account").click()
    link = page.get_by_label("The link").last.input_value()
    anybody.clear_cookies()
    page.goto(link)
    page.get_by_label("Password").fill("several words of hers")
    page.get_by_label("The same again").fill("several words of hers")
    page.get_by_role("button", name="Choose this password").click()
    page.get_by_text("The password is chosen").wait_for()
    page.get_by_label("Name").fill("grace")
    page.get_by_label("Password").fill("several words of hers")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Pages").wait_for()
    assert page.get_by_text("Grace").count() and page.get_by_role("link", name="Accounts").count() == 0


def test_on_a_phone_the_pages_are_behind_a_button_and_the_look_is_kept(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.AUDITOR)
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.goto(f"{house.address}/keys")
    menu, pages = page.get_by_role("button", name="Menu"), page.get_by_role("navigation", name="Pages")
    menu.wait_for()
    assert not pages.is_visible()
    menu.press("Enter")
    assert pages.is_visible() and menu.get_attribute("aria-expanded") == "true"
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_label("Appearance").select_option("dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("Escape")
    assert not pages.is_visible() and page.evaluate("document.activeElement.textContent") == "Menu"
    page.reload()
    menu.click()
    assert page.get_by_label("Appearance").input_value() == "dark"
    assert light != dark == page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_on_a_phone_nothing_is_cut_off_nor_squeezed(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.ADMIN)
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.goto(f"{house.address}/accounts")
    page.locator("details.changes summary").first.click()
    page.get_by_role("button", name="Give this role").first.wait_for()
    assert page.evaluate(_BEYOND) <= 0, "what an account can be changed to is wider than a phone"
    one, other = (page.get_by_role("button", name=name).first.bounding_box() for name in ("Invite again", "Disable"))
    assert one is not None and other is not None
    assert other["x"] - one["x"] - one["width"] >= 6 or other["y"] > one["y"] + one["height"]
    page.goto(f"{house.address}/gallery/{house.happened.subject}")
    name = page.get_by_text("1.jpg", exact=True)
    assert name.evaluate("one => one.getClientRects().length") == 1, "a file's name is broken into pieces"
    page.goto(f"{house.address}/log?action=account")
    empty = "td => td.dataset.head === 'More' && !td.textContent && getComputedStyle(td).display !== 'none'"
    page.get_by_role("row").nth(1).wait_for()
    assert page.evaluate(f"[...document.querySelectorAll('td')].filter({empty}).length") == 0


_BEYOND = "Math.max(...[...document.querySelectorAll('.scroll')].map(one => one.scrollWidth - one.clientWidth))"


def test_every_setting_can_be_set() -> None:
    asked = {one.name for _, group in settings.GROUPS for one in group}
    known = {f"mqtt.{field.name}" for field in fields(Mqtt)} | {field.name for field in fields(Settings)} - {"mqtt"}
    assert asked == known
