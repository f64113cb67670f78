"""What ``secondlook watch`` prints, and how it ends; the cameras themselves are made up."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from command import secondlook
from fake_stages import Walker, changing, footage
from fake_watch import STARTED, FakeFrames, Heed, fake_identifier
from secondlook.cli.watch_screen import Screen
from secondlook.errors import OutputError, SecondLookError
from secondlook.fakes import GREEN, RED
from secondlook.runs.watch import watch
from secondlook.runs.watch_files import WatchFiles
from secondlook.runs.watch_state import Begun, Broke, CameraSighting, Counts, WatchState
from secondlook.runs.watch_words import news, status_line, summed
from secondlook.sources.camera_state import CameraState, Link

STREET = "rtsp://street/1"


def state(counts: Counts, link: Link = Link.LIVE, sentence: str = "", camera: str = STREET) -> WatchState:
    return WatchState(camera, STARTED, CameraState(link, STARTED, newest_age_s=0.12, sentence=sentence), counts, 0.21)


def screen(tmp_path: Path, *, as_json: bool = False, quiet: bool = False, cameras: Sequence[str] = (STREET,)) -> Screen:
    return Screen(cameras, WatchFiles(tmp_path / "out"), as_json=as_json, quiet=quiet)


@pytest.fixture(scope="module")
def taken_back() -> list[CameraSighting]:
    """An early candidate, and that it does not hold."""
    heed = Heed()
    watch(STREET, FakeFrames(changing([(0, RED), (4, GREEN)], 60)), fake_identifier(), heed)
    return heed.sightings


def test_the_line_of_a_camera() -> None:
    counts = Counts(received=5000, looked=1200, dropped=1034, reconnects=2, early=1)
    assert status_line(state(counts)) == (
        "rtsp://street/1: live, newest 0.1 s old, a look each 0.2 s, 1,034 dropped, 2 reconnects, 1 early candidate"
    )


def test_the_sum_leaves_nothing_out() -> None:
    told = summed(Counts(5000, 1034, 1200, 7, 3, 2, 1, 4, 30, 6, 0, 5, 1, 36))
    assert told == (
        "5,000 frames came, 1,200 looked at (7 of them unchanged, 3 coarsely), 1,034 dropped, 2 reconnects, 1 restart of its "
        "process. Sightings: 4 candidate, 30 no candidate, 6 inconclusive and 0 not searchable; 36 of them not kept. "
        "5 candidates told early, 1 taken back."
    )


def test_a_candidate_and_that_it_is_taken_back(
    tmp_path: Path, taken_back: list[CameraSighting], capsys: pytest.CaptureFixture[str]
) -> None:
    one = screen(tmp_path)
    for seen in taken_back:
        one.hear(seen)
    told = capsys.readouterr().out.splitlines()
    assert told == [line for seen in taken_back for line in news(seen)]
    first, sentence, last = told
    assert "candidate: Ruby at rtsp://street/1, box " in first and sentence.startswith("  Ruby is a candidate")
    assert "taken back: Ruby at rtsp://street/1, for all pictures together" in last


def test_json_is_one_object_a_line(
    tmp_path: Path, taken_back: list[CameraSighting], capsys: pytest.CaptureFixture[str]
) -> None:
    one = screen(tmp_path, as_json=True)
    one.hear(Begun(STREET, "pack@1", ("Fakes",)))
    for message in (*taken_back, state(Counts(received=9, looked=4))):
        one.hear(message)
    one.conclude()
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert [line["schema"] for line in lines] == [
        "secondlook.alerts/1",
        "secondlook.alerts/1",
        "secondlook.sightings/2",
        "secondlook.watch/1",
    ]
    assert lines[-1]["cameras"][0]["received"] == 9 and captured.err == "" and one.saw_something


def test_what_is_lost_and_comes_back_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = screen(tmp_path)
    one.hear(Begun(STREET, "pack@1", ("Fakes: on nothing",)))
    for link, reconnects in (
        (Link.LIVE, 0),
        (Link.LIVE, 0),
        (Link.WAITING, 0),
        (Link.WAITING, 0),
        (Link.LIVE, 1),
        (Link.LIVE, 2),
    ):
        one.hear(state(Counts(reconnects=reconnects), link, "The camera does not answer: check its power."))
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "Pack pack@1.",
        "Fakes: on nothing",
        "rtsp://street/1: there is a picture.",
        "secondlook: The camera does not answer: check its power.",
        "rtsp://street/1: there is a picture.",
        "rtsp://street/1: there is a picture.",
    ]


def test_who_never_began_ends_it_and_who_breaks_later_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = screen(tmp_path)
    one.hear(Begun(STREET, "pack@1", ()))
    one.hear(Broke(STREET, "The process was killed.", 2.0))
    assert not one.ended.is_set() and "It is started anew in 2 s." in capsys.readouterr().err
    never = screen(tmp_path)
    never.hear(Broke(STREET, "The pack is not there: install it.", 1.0))
    assert never.ended.is_set()
    with pytest.raises(SecondLookError, match="not there"):
        never.conclude()


def test_a_full_disk_ends_it(tmp_path: Path, taken_back: list[CameraSighting], monkeypatch: pytest.MonkeyPatch) -> None:
    one = screen(tmp_path)

    def full(*_: object) -> None:
        raise OutputError("There is no room: make some.")

    monkeypatch.setattr(WatchFiles, "add", full)
    one.hear(taken_back[0])
    assert one.ended.is_set()
    with pytest.raises(OutputError, match="no room"):
        one.conclude()


def test_it_waits_from_when_every_camera_has_begun(tmp_path: Path) -> None:
    one, done = screen(tmp_path, quiet=True, cameras=("a", "b")), threading.Event()

    def wait() -> None:
        one.wait(0.0)
        done.set()

    threading.Thread(target=wait, daemon=True).start()
    one.hear(Begun("a", "pack@1", ()))
    time.sleep(0.5)
    assert not done.is_set()
    one.hear(Begun("b", "pack@1", ()))
    assert done.wait(60)


def test_what_is_no_camera_is_one_sentence(tmp_path: Path) -> None:
    words = ("--gallery", tmp_path / "none.gallery", "--out", tmp_path / "out")
    assert "is no camera" in secondlook("watch", "crowd.jpg", *words).complaint
    assert "none.mp4" in secondlook("watch", "loop:none.mp4", *words).complaint
    assert secondlook("watch", "usb:0", "usb:0", *words).status == 2
    assert "There is no gallery" in secondlook("watch", "usb:0", *words).complaint
    assert not (tmp_path / "out").exists(), "nothing is made where nothing can begin"


def test_help_shows_an_example() -> None:
    assert "Example: " in secondlook("watch", "--help").out


def test_nobody_in_view_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = screen(tmp_path, quiet=True)
    heed = Heed()
    watch(STREET, FakeFrames(list(footage([Walker(50, 50, 0, GREEN)], 5))), fake_identifier(), heed)
    for message in (*heed.sightings, *heed.states):
        one.hear(message)
    assert capsys.readouterr().out == ""
