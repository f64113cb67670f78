"""The pages in a real browser: who sees which, by keyboard, in light and dark and on a phone, and nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import httpx2
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

import pages_samples
from browser import DESK, PHONE, installed
from pages_samples import Happened, fill
from secondlook.fakes import BLUE, GREEN, RED, Square
from secondlook.server.actors import ALLOWED, Actor, May, Role
from secondlook.server.acts import cameras, erasing, jobs, review, sightings, signing_in, subjects
from secondlook.server.acts.erasing import Erasure
from secondlook.server.acts.job_kinds import RedactAsked
from secondlook.server.acts.job_states import JobState
from secondlook.server.acts.sightings import Wanted
from secondlook.server.pages import settings
from secondlook.server.pages.plan import PLAN, first_for
from secondlook.server.pages.spec import PageSpec
from secondlook.server.running import built
from secondlook.server.service import Service, Why
from secondlook.server.settings import Mqtt, Settings
from served import served
from service_samples import PASSWORD, account

GONE = "0" * 32
REFUSED = "may not open this page"


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


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pages_samples.house(tmp_path_factory.mktemp("service")) as service:
        people = {role: account(service, role) for role in Role}
        happened = fill(service, people[Role.OPERATOR])
        with served(built(service, ())) as address:
            yield House(service, address, people, happened)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = installed()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def anybody(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": DESK, "height": 900})
    context.set_default_timeout(60_000)
    yield context
    context.close()


def signed_in(context: BrowserContext, house: House, role: Role) -> Page:
    cookie = {"name": "secondlook", "value": house.cookie(role), "url": house.address, "sameSite": "Strict"}
    context.add_cookies([cookie | {"httpOnly": True}])  # type: ignore[list-item]
    return context.new_page()


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


def page_id(html: str) -> str:
    found = re.search(r'"client_id": ?"([0-9a-f-]{36})"|\'client_id\': \'([0-9a-f-]{36})\'', html)
    assert found, html[-2000:]
    return found.group(1) or found.group(2)


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


# What is done


def test_footage_is_sent_and_a_job_begun(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.OPERATOR)
    page.goto(f"{house.address}/jobs")
    picture = file("market.jpg", pages_samples.jpeg(pages_samples.crowd(40)), "image/jpeg")
    nothing = file("notes.txt", b"nothing that can be used", "text/plain")
    page.get_by_label("Drop files here").set_input_files([picture, nothing])
    page.get_by_text("This is not").wait_for()
    # what was just sent is ticked, and what was ticked before stays so
    page.get_by_role("checkbox", name="market.jpg").wait_for()
    page.get_by_role("checkbox", name="crowd at noon.jpg").check()
    page.get_by_label("Drop files here").set_input_files(
        file("second.jpg", pages_samples.jpeg(pages_samples.crowd(60)))
    )
    page.get_by_role("checkbox", name="second.jpg").uncheck()
    assert page.get_by_role("checkbox", name="crowd at noon.jpg").is_checked()
    page.get_by_role("checkbox", name="crowd at noon.jpg").uncheck()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("alert").get_by_text("A search needs a purpose here").wait_for()
    assert page.get_by_role("checkbox", name="market.jpg").is_checked()
    page.get_by_label("Purpose").fill("a lost child")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("heading", name="Find enrolled people", level=1).wait_for()
    found = jobs.jobs(house.service, house.people[Role.OPERATOR], most=1)[0]
    assert page.url.endswith(found.id) and found.purpose == "a lost child"
    assert [one.name for one in found.footage] == ["market.jpg"]
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").first.click()
    page.locator(".badge", has_text="cancelled").wait_for()
    assert jobs.job(house.service, house.people[Role.OPERATOR], found.id).state is JobState.CANCELLED


def test_a_missed_face_is_drawn_and_pressed_again(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.OPERATOR)
    page.goto(f"{house.address}/jobs/{house.happened.redaction}/sheet")
    page.get_by_text("crowd at noon.jpg").last.click()
    shown = page.get_by_alt_text("The covered copy", exact=True)
    page.wait_for_function("document.querySelector('.draw img').naturalWidth > 0")
    shown.scroll_into_view_if_needed()
    box = shown.bounding_box()
    assert box is not None and box["width"] == 520
    page.mouse.move(box["x"] + 100, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 130, steps=3)
    page.mouse.up()
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.get_by_role("button", name="Add this place").click()
    page.get_by_role("rowheader", name="crowd at noon.jpg").wait_for()
    page.get_by_role("button", name="Press again").click()
    page.wait_for_url(lambda url: "/sheet" not in url)
    again = jobs.job(house.service, house.people[Role.OPERATOR], page.url.rsplit("/", 1)[-1])
    assert again.again == house.happened.redaction and isinstance(again.asked, RedactAsked)
    (spot,) = again.asked.also
    assert spot.upload == house.happened.photo
    # to a pixel: where a picture begins on the screen is no whole number
    assert [spot.x, spot.y, spot.w, spot.h] == pytest.approx([105, 50, 60, 85], abs=1)


def test_faces_are_compared_by_keyboard_and_blind(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.REVIEWER)
    page.goto(f"{house.address}/review")
    page.get_by_role("heading", name="This face").wait_for()
    text = page.content()
    assert "Person" not in text and "score" not in text.lower() and "posterior" not in text
    page.get_by_role("button", name="Send all answers").click()
    page.get_by_role("alert").get_by_text("Nothing is said of face 1").wait_for()
    faces = page.locator("[data-face]").count()
    page.keyboard.press("Escape")
    page.get_by_role("main").focus()
    page.keyboard.press("2")
    page.keyboard.press("Space")  # the first feature
    page.keyboard.press("n")
    for _ in range(faces - 1):
        page.keyboard.press("3")
    assert page.evaluate("document.activeElement.textContent") == "Send all answers"
    page.keyboard.press("Enter")
    page.get_by_text("You answered 1 set").wait_for()
    record = review.own_record(house.service, house.people[Role.REVIEWER])
    assert record.answered == 1


def file(name: str, content: bytes, kind: str = "image/png") -> Any:
    """As Playwright takes files."""
    return {"name": name, "mimeType": kind, "buffer": content}


def test_a_picture_is_searched_and_only_who_may_be_enrolled_is_kept(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.OPERATOR)
    page.goto(f"{house.address}/search")
    crowd = file("gate.png", pages_samples.painted_file(Square(40, 60, 60, RED), Square(250, 90, 60, BLUE)))
    page.get_by_label("Drop a picture").set_input_files(crowd)
    page.get_by_text("A search needs a purpose here").wait_for()
    page.get_by_label("Purpose").fill("a lost child")
    page.get_by_label("Drop a picture").set_input_files(crowd)
    page.get_by_text("2 faces, searched among").wait_for()
    assert page.get_by_role("img", name="The picture that was searched").is_visible()
    box = page.locator(".box.candidate").bounding_box()
    assert box is not None and 55 < box["width"] < 70
    candidate = page.get_by_role("article").filter(has_text="Face 1: Person 1")
    candidate.get_by_role("link", name="Open it").click()
    page.get_by_role("heading", name="Candidate: Person 1").wait_for()
    found = sightings.sighting(house.service, house.people[Role.OPERATOR], page.url.rsplit("/", 1)[-1])
    assert found.sighting.purpose == "a lost child" and found.sighting.searched_by == house.people[Role.OPERATOR].id


def test_somebody_is_enrolled_divided_renamed_and_merged(house: House, anybody: BrowserContext) -> None:
    operator = house.people[Role.OPERATOR]
    page = signed_in(anybody, house, Role.OPERATOR)
    page.goto(f"{house.address}/gallery")
    pictures = [file(f"grace {n}.png", pages_samples.painted_file(Square(100, 60, 120 + n, GREEN))) for n in range(2)]
    zone = page.get_by_label("Drop pictures of this person")
    zone.set_input_files(pictures)  # without a name nothing is sent
    page.get_by_label("Name", exact=True).fill("Grace")
    page.get_by_label("Enrol a picture also").check()
    zone.set_input_files([*pictures, file("notes.txt", b"none", "text/plain")])
    results = page.get_by_label("What became of the pictures")
    results.get_by_text("refused").wait_for()
    assert results.get_by_text("enrolled", exact=True).count() == 2
    page.get_by_role("link", name="Grace").first.click()
    page.get_by_alt_text("Picture 2").wait_for()
    page.get_by_label("grace 1.png").check()
    page.get_by_text("The ticked pictures show somebody else").click()
    page.get_by_label("That person's name").fill("Ada")
    page.get_by_role("button", name="Divide").click()
    page.get_by_role("heading", name="Ada", level=1).wait_for()
    page.get_by_label("Name", exact=True).fill("Ada B.")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("heading", name="Ada B.", level=1).wait_for()
    # the two look alike, for they are one
    page.get_by_role("row", name="Grace").get_by_role("button", name="One person").click()
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    page.get_by_alt_text("Picture 2").wait_for()
    names = [one.name for one in subjects.subjects(house.service, operator, most=100)]
    assert "Ada B." in names and "Grace" not in names and "Ada" not in names


def test_an_admin_erases_and_is_shown_the_receipt(
    house: House, anybody: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []

    def erased(service: Service, actor: Actor, subject: str, why: Why) -> Erasure:
        # the act itself has tests of its own: it reads every file, in which the fakes' short templates are everywhere
        actor.need(May.ERASE)
        asked.append((actor.id, subject, why))
        return Erasure(subject, False, "receipts/1.json", {})

    monkeypatch.setattr(erasing, "erase_subject", erased)
    page = signed_in(anybody, house, Role.ADMIN)
    page.goto(f"{house.address}/gallery/{house.happened.subject}")
    page.get_by_role("heading", name="Erase").wait_for()
    assert page.get_by_role("button", name="Rename").count() == 0
    page.get_by_label("Purpose").fill("asked for by the person")
    page.get_by_role("button", name="Erase").click()  # refused by the browser: the box is not ticked
    page.get_by_label("Erase for good").check()
    page.get_by_role("button", name="Erase").click()
    page.get_by_text("something is left: the receipt says where").wait_for()
    assert asked == [(house.people[Role.ADMIN].id, house.happened.subject, Why("asked for by the person"))]


def test_a_picture_is_handed_to_a_page_only_by_who_has_it_open(house: House) -> None:
    with house.client(Role.OPERATOR) as client:
        page = page_id(client.get("/search").text)
        csrf = signing_in.by_session(house.service, client.cookies["secondlook"]).csrf
        handed = {
            "content": b"no picture",
            "headers": {"x-csrf-token": csrf, "x-fields": "%7B%22purpose%22%3A%22x%22%7D"},
        }
        assert client.post(f"/hand/{page}/0", content=b"x").status_code == 403  # no token
        assert client.post(f"/hand/{page}/0", **handed).json()["type"] == "urn:secondlook:UnsupportedSource"
        assert client.post(f"/hand/{page}/7", **handed).status_code == 404
    with house.client(Role.OPERATOR) as client:  # the same person, in another session
        csrf = signing_in.by_session(house.service, client.cookies["secondlook"]).csrf
        handed["headers"]["x-csrf-token"] = csrf  # type: ignore[index]
        assert client.post(f"/hand/{page}/0", **handed).status_code == 404


def test_a_report_is_a_page_that_can_do_nothing(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.AUDITOR)
    page.goto(f"{house.address}/exposure")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open the report").click()
    report = opened.value
    report.get_by_role("heading", name="A report").wait_for()
    answer = report.request.get(report.url)
    assert "sandbox" in answer.headers["content-security-policy"]
    assert report.evaluate("origin") == "null"


def test_the_wall_shows_what_cameras_show_now(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.OPERATOR)
    page.goto(f"{house.address}/cameras")
    live = page.get_by_role("img", name="What East gate shows now")
    assert (live.get_attribute("src") or "").startswith("data:image/jpeg")
    assert page.get_by_text("7 dropped, 1 reconnects").count() == 1 and "secret" not in page.content()
    page.get_by_role("button", name="Switch off Hall 2").click()
    page.get_by_role("button", name="Switch on Hall 2").wait_for()
    assert [one.enabled for one in cameras.cameras(house.service, house.people[Role.OPERATOR])] == [True, False]


def test_a_sighting_says_what_it_rests_on_and_is_dropped(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.OPERATOR)
    page.goto(f"{house.address}/inbox")
    first = page.get_by_role("heading", level=2).first
    assert first.inner_text() == "Candidates that wait for people"
    page.get_by_role("article").filter(has_text="only 11 px").get_by_role("link").click()
    page.get_by_role("heading", name="What counts against a decision").wait_for()
    before = len(sightings.sightings(house.service, house.people[Role.OPERATOR], Wanted()))
    page.get_by_role("button", name="Drop this sighting").click()
    page.get_by_role("dialog").get_by_role("button", name="Drop this sighting").click()
    page.get_by_role("heading", name="Inbox", level=1).wait_for()
    assert len(sightings.sightings(house.service, house.people[Role.OPERATOR], Wanted())) == before - 1


def test_the_whole_picture_is_shown_to_who_sent_it_alone(house: House, anybody: BrowserContext) -> None:
    path = f"{house.address}/sightings/{house.happened.sightings[0]}"
    page = signed_in(anybody, house, Role.OPERATOR)
    page.goto(path)
    whole = page.get_by_alt_text("The whole picture in which the face was seen").bounding_box()
    box = page.locator(".box").bounding_box()
    assert whole is not None and box is not None
    assert box["x"] - whole["x"] == pytest.approx(170 * whole["width"] / 520, abs=1.5)
    assert box["width"] == pytest.approx(60 * whole["width"] / 520, abs=3)
    anybody.clear_cookies()
    page = signed_in(anybody, house, Role.AUDITOR)
    page.goto(path)
    page.get_by_role("heading", name="What people said").wait_for()
    assert page.get_by_alt_text("The whole picture in which the face was seen").count() == 0


def test_a_dossier_is_opened_from_the_sighting(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.OPERATOR)
    page.goto(f"{house.address}/sightings/{house.happened.sightings[0]}")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open it").click()
    opened.value.get_by_role("heading", level=1).wait_for()
    assert "no ground for" in opened.value.inner_text("body") and opened.value.evaluate("origin") == "null"


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


def test_every_setting_can_be_set() -> None:
    asked = {one.name for _, group in settings.GROUPS for one in group}
    known = {f"mqtt.{field.name}" for field in fields(Mqtt)} | {field.name for field in fields(Settings)} - {"mqtt"}
    assert asked == known


def test_the_log_is_verified_on_its_page(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.AUDITOR)
    page.goto(f"{house.address}/log")
    page.get_by_role("button", name="Verify the log").click()
    page.get_by_text(re.compile(r"^whole: \d+ entries$")).wait_for()
    page.get_by_label("What was done").select_option("search")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/log?action=search**")
    cells = page.get_by_role("cell").all_inner_texts()
    assert "search" in cells and "sign in" not in cells
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save the head").click()
    assert '"seq"' in saved.value.path().read_text()
