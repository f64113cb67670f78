"""What people do on the pages, in a real browser, and what has come of it in the service."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

import pages_samples
from pages_house import House, chromium_started, file, open_house, page_id, signed_in, somebody
from secondlook.fakes import BLUE, GREEN, RED, Square
from secondlook.server.actors import Actor, May, Role
from secondlook.server.acts import cameras, erasing, jobs, review, sightings, signing_in, subjects, uploads
from secondlook.server.acts.erasing import Erasure
from secondlook.server.acts.job_kinds import RedactAsked
from secondlook.server.acts.job_states import JobState
from secondlook.server.acts.sightings import Wanted
from secondlook.server.rows import SightingRow
from secondlook.server.service import Service, Why
from video_kinds import KINDS, written


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


def test_people_are_kept_visible_by_name(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.OPERATOR)
    page.goto(f"{house.address}/jobs?kind=redact")
    page.get_by_role("checkbox", name="crowd at noon.jpg").check()
    page.get_by_label("Whom", exact=True).select_option("Everybody but the people below")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("alert").get_by_text("Nobody is added").wait_for()
    people = page.get_by_role("group", name="The people")
    people.get_by_label("Name contains").fill("person 1")
    people.get_by_label("Name contains").press("Enter")  # looks, and starts nothing
    for name in ("Person 1", "Person 12", "Person 13"):
        people.get_by_role("button", name=f"Add {name}", exact=True).click()
    people.get_by_label("Name contains").fill("SON 3")
    people.get_by_role("button", name="Look").click()
    people.get_by_role("button", name="Add Person 3").click()
    people.get_by_role("button", name="Take Person 12 away").click()
    people.get_by_role("button", name="Take Person 12 away").wait_for(state="detached")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("alert").get_by_text("A search needs a purpose here").wait_for()
    page.get_by_label("Purpose").fill("the speakers agreed")
    page.get_by_label("Whom", exact=True).select_option("Everybody")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("alert").get_by_text("everybody is to be covered").wait_for()
    page.get_by_label("Whom", exact=True).select_option("Everybody but the people below")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("heading", name="Cover faces", level=1).wait_for()
    assert page.get_by_text("Stays visible").locator("..").inner_text().split("\n")[1:] == [
        "Person 1",
        "Person 13",
        "Person 3",
    ]
    made = jobs.job(house.service, house.people[Role.OPERATOR], page.url.rsplit("/", 1)[-1])
    assert isinstance(made.asked, RedactAsked) and made.purpose == "the speakers agreed"
    kept = [house.service.gallery.subject(id_).name for id_ in made.asked.keep]
    assert kept == ["Person 1", "Person 13", "Person 3"] and not made.asked.only
    jobs.cancel(house.service, house.people[Role.OPERATOR], made.id)


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
    assert page.get_by_text("7 dropped, 1 reconnect,").count() == 1 and "secret" not in page.content()
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
    page.get_by_text("shown to whoever sent the footage alone").wait_for()
    assert page.get_by_alt_text("The whole picture in which the face was seen").count() == 0


def test_of_a_video_the_moment_is_shown_and_footage_that_is_gone_is_said_to_be(
    house: House, anybody: BrowserContext
) -> None:
    operator, id_ = house.people[Role.OPERATOR], house.happened.sightings[1]
    video = pages_samples.sent(house.service, operator, "gate camera.mp4", written(KINDS[0], frames=100))
    with house.service.database.writing() as session:
        session.get_one(SightingRow, id_).upload_id = video
    page = signed_in(anybody, house, Role.OPERATOR)
    page.goto(f"{house.address}/sightings/{id_}")
    page.get_by_role("button", name="Show the frame at 0:00:03.2").click()
    page.get_by_alt_text("The whole picture in which the face was seen").wait_for()
    assert page.evaluate("document.querySelector('.searched img').naturalWidth") == 96
    uploads.delete(house.service, operator, video)
    page.reload()
    page.get_by_role("button", name="Show the frame").click()
    page.get_by_text("The footage is gone").wait_for()


def test_a_dossier_is_opened_from_the_sighting(house: House, anybody: BrowserContext) -> None:
    page = signed_in(anybody, house, Role.OPERATOR)
    page.goto(f"{house.address}/sightings/{house.happened.sightings[0]}")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open it").click()
    opened.value.get_by_role("heading", level=1).wait_for()
    assert "no ground for" in opened.value.inner_text("body") and opened.value.evaluate("origin") == "null"


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
