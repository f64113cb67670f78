"""What is a camera, what of its address is shown, and how its frames are given: the newest, never an old one."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.errors import SourceError, UnsupportedSource
from secondlook.sources import CameraFrames, camera_address, is_camera
from secondlook.sources.camera_address import CameraAddress, CameraKind
from secondlook.sources.camera_opening import Arrived
from secondlook.sources.camera_state import Backoff, Ending, Link

ADDRESS = camera_address("rtsp://user:word@camera.test/street")
QUICK = Backoff(first_s=0.01, most_s=0.05)


@pytest.mark.parametrize(
    ("text", "kind", "opened", "shown"),
    [
        ("rtsp://a.test/cam", CameraKind.RTSP, "rtsp://a.test/cam", "rtsp://a.test/cam"),
        ("rtsps://u:p@a.test:322/cam", CameraKind.RTSP, "rtsps://u:p@a.test:322/cam", "rtsps://a.test:322/cam"),
        ("HTTP://a.test/mjpg?w=2", CameraKind.HTTP, "HTTP://a.test/mjpg?w=2", "HTTP://a.test/mjpg?w=2"),
        ("https://u@a.test", CameraKind.HTTP, "https://u@a.test", "https://a.test"),
        ("/dev/video3", CameraKind.DEVICE, "/dev/video3", "/dev/video3"),
        ("usb:1", CameraKind.DEVICE, "/dev/video1", "usb:1"),
        ("loop:yard/a clip.mp4", CameraKind.LOOP, "yard/a clip.mp4", "loop:yard/a clip.mp4"),
    ],
)
def test_what_is_a_camera(text: str, kind: CameraKind, opened: str, shown: str) -> None:
    address = camera_address(text)
    assert (address.kind, address.text, address.shown) == (kind, opened, shown)
    assert is_camera(text)


@pytest.mark.parametrize(
    "text",
    (
        *(
            "",
            "clip.mp4",
            "loop:",
            "usb:",
            "usb:x",
            "/dev/video",
            "/dev/sda",
            "rtsp://",
            "http://:80/x",
            "ftp://a.test/x",
        ),
        *(
            "file:///etc/passwd",
            "rtsp://a.test:99999/x",
            "rtsp://a.test/\n",
            "concat:a|b",
            "C:\\video.avi",
            "rtsp:/a/b",
        ),
    ),
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(UnsupportedSource, match=r"is no camera: give rtsp://"):
        camera_address(text)
    assert not is_camera(text)


def test_what_lies_on_the_disk_is_no_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("usb:0").write_bytes(b"x")
    Path("loop:clip").mkdir()
    assert not is_camera("usb:0")
    assert not is_camera("loop:clip")
    assert is_camera("usb:1")


WORDS = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters="-_.!$*+,"), min_size=1)


@given(st.sampled_from(["rtsp", "https"]), WORDS, st.lists(WORDS, min_size=1, max_size=3))
def test_a_password_is_never_shown(scheme: str, user: str, parts: list[str]) -> None:
    word = "s3cr3t" + "/".join(f"{part}hidden" for part in parts)  # slashes and all
    for text in (
        f"{scheme}://{user}:{word}@camera.test:8080/cam?channel=1",
        f"{scheme}://camera.test/user={user}&password=s3cr3t&channel=1",
        f"{scheme}://camera.test/video?usr={user}&pwd=s3cr3t&authToken=s3cr3t",
    ):
        try:
            address = camera_address(text)
        except UnsupportedSource as refused:  # a slash in a password must be written %2F
            assert "s3cr3t" not in str(refused)
            assert "hidden" not in str(refused)
        else:
            assert "s3cr3t" not in address.shown
            assert "s3cr3t" not in repr(address)
            assert address.text == text


def test_backoff_grows_to_its_most() -> None:
    backoff = Backoff(first_s=0.5, most_s=30, factor=2)
    assert [backoff.after(n) for n in (1, 2, 3, 7, 1000)] == [0.5, 1, 2, 30, 30]
    with pytest.raises(ValueError, match="first_s"):
        Backoff(first_s=0)


def picture(grey: int, width: int = 64, height: int = 48) -> av.VideoFrame:
    """A gradient that is another picture for every grey, but no other shot."""
    ramp = np.linspace(0, 150, width, dtype=np.uint8)[None, :, None].repeat(height, 0).repeat(3, 2)
    return av.VideoFrame.from_ndarray(ramp + np.uint8(grey % 50), format="rgb24")


class Street:
    """A camera that sends what the test puts in, and fails where that is an error."""

    def __init__(self) -> None:
        self.sent: queue.Queue[av.VideoFrame | Exception | Arrived] = queue.Queue()
        self.connections = 0

    def send(self, *what: av.VideoFrame | Exception | Arrived) -> None:
        for one in what:
            self.sent.put(one)

    def __call__(self, address: CameraAddress, limit: int, ending: Ending) -> Generator[Arrived, None, None]:
        self.connections += 1
        while not ending.now:
            try:
                what = self.sent.get(timeout=0.01)
            except queue.Empty:
                continue
            if isinstance(what, Exception):
                raise what
            yield what if isinstance(what, Arrived) else Arrived(what, None, time.monotonic())


def until(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come about within 30 s")


def test_the_newest_is_given_and_the_rest_is_counted() -> None:
    street = Street()
    with CameraFrames(ADDRESS, newest_s=60, opening=street) as camera:
        frames = iter(camera)
        street.send(picture(0))
        assert next(frames).index == 0
        street.send(*(picture(k) for k in range(1, 6)))
        until(lambda: camera.state.received == 6)
        newest = next(frames)
        assert (newest.index, newest.pixels[0, 0, 0]) == (5, 5)
        assert newest.source == "rtsp://camera.test/street"
        state = camera.state
        assert (state.connected, state.received, state.given, state.dropped) == (Link.LIVE, 6, 2, 4)
    assert camera.state.connected is Link.CLOSED


def test_an_old_frame_is_never_given() -> None:
    street = Street()
    with CameraFrames(ADDRESS, newest_s=5, opening=street) as camera:
        street.send(Arrived(picture(0), None, time.monotonic() - 6))
        until(lambda: camera.state.received == 1)
        taken: queue.Queue[int] = queue.Queue()
        threading.Thread(target=lambda: [taken.put(f.index) for f in camera], daemon=True).start()
        until(lambda: camera.state.dropped == 1)
        street.send(picture(1))
        assert taken.get(timeout=30) == 1


def test_time_is_when_it_came_and_can_be_told_by_the_clock() -> None:
    street = Street()
    with CameraFrames(ADDRESS, newest_s=60, opening=street) as camera:
        frames = iter(camera)
        begun = time.monotonic()
        street.send(Arrived(picture(0), None, begun))
        first = next(frames)
        street.send(Arrived(picture(1), None, begun + 0.25))
        second = next(frames)
        street.send(Arrived(picture(2), None, begun + 0.2))  # never backwards
        third = next(frames)
    assert (first.time_s, second.time_s, third.time_s) == (0.0, pytest.approx(0.25), pytest.approx(0.25))
    came = camera.received(second)
    assert came.monotonic_s == pytest.approx(begun + 0.25)
    assert came.at.tzinfo is not None
    assert (came.at - camera.received(first).at).total_seconds() == pytest.approx(0.25, abs=0.05)


def test_every_s_passes_over_what_is_not_due_and_counts_only_what_was() -> None:
    street = Street()
    begun = time.monotonic()
    with CameraFrames(ADDRESS, every_s=1, newest_s=60, opening=street) as camera:
        frames = iter(camera)
        street.send(*(Arrived(picture(k), None, begun + k / 4) for k in range(5)))
        until(lambda: camera.state.received == 5)
        given = [next(frames)]
        assert camera.state.dropped == 1  # that of 0 s gave way to that of 1 s
        street.send(*(Arrived(picture(k), None, begun + k / 4) for k in range(5, 9)))
        given.append(next(frames))
        until(lambda: camera.state.received == 9)
    assert [frame.index for frame in given] == [4, 8]
    assert camera.state.dropped == 1


def test_it_comes_back_as_often_as_it_fails_and_nobody_is_followed_across() -> None:
    street = Street()
    shots, times = [], []
    with CameraFrames(ADDRESS, newest_s=60, backoff=QUICK, opening=street) as camera:
        frames = iter(camera)
        for k in range(20):
            street.send(picture(k))
            frame = next(frames)
            shots.append(frame.shot)
            times.append(frame.time_s or 0.0)
            assert camera.state.connected is Link.LIVE
            street.send(SourceError(f"cut {k}"))
            until(lambda k=k: camera.state.sentence == f"cut {k}")  # type: ignore[misc]
        state = camera.state
    assert shots == list(range(20))
    assert times == sorted(times)
    assert state.reconnects == 19
    assert state.received == state.given == 20


def test_the_backoff_begins_anew_after_a_good_frame() -> None:
    street = Street()
    waits: list[int] = []

    class Noted(Backoff):
        def after(self, failures: int) -> float:
            waits.append(failures)
            return 0.001

    street.send(*(SourceError("down") for _ in range(3)), picture(0), *(SourceError("down") for _ in range(2)))
    with CameraFrames(ADDRESS, backoff=Noted(), opening=street):
        until(lambda: len(waits) == 5)
    assert waits == [1, 2, 3, 1, 2]


def test_an_error_nobody_thought_of_does_not_end_the_camera() -> None:
    street = Street()
    street.send(ZeroDivisionError(), picture(0))
    with CameraFrames(ADDRESS, newest_s=60, backoff=QUICK, opening=street) as camera:
        assert next(iter(camera)).index == 0
        assert "ZeroDivisionError" in camera.state.sentence


def test_a_cut_another_size_and_a_file_that_begins_again_are_other_shots() -> None:
    street = Street()
    bars = np.zeros((48, 64, 3), np.uint8)
    bars[:, ::16] = bars[:, 1::16] = bars[:, 2::16] = 255
    with CameraFrames(ADDRESS, newest_s=60, opening=street) as camera:
        frames = iter(camera)
        shots = []
        for what in (
            picture(0),
            picture(1),
            av.VideoFrame.from_ndarray(bars, format="rgb24"),
            picture(0, 96, 64),
            picture(1, 96, 64),
            Arrived(picture(2, 96, 64), None, time.monotonic(), 1),
        ):
            street.send(what)
            shots.append(next(frames).shot)
    assert shots == [0, 0, 1, 2, 2, 3]


def test_a_shared_event_ends_many_and_closing_one_ends_only_that() -> None:
    stop = threading.Event()
    one, other = (CameraFrames(ADDRESS, stop=stop, opening=Street()) for _ in range(2))
    with one, other:
        one.close()
        assert list(one) == []
        assert one.state.connected is Link.CLOSED
        assert other.state.connected is not Link.CLOSED
        assert not stop.is_set()
        threading.Timer(0.1, stop.set).start()
        assert list(other) == []
        assert other.state.connected is Link.CLOSED
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("camera")]


def test_shrunk_where_it_is_asked_for() -> None:
    street = Street()
    with CameraFrames(ADDRESS, max_side=32, newest_s=60, opening=street) as camera:
        street.send(picture(0))
        assert next(iter(camera)).pixels.shape == (24, 32, 3)


def test_nothing_is_opened_before_it_is_used_and_state_says_so() -> None:
    street = Street()
    camera = CameraFrames(ADDRESS, opening=street)
    state = camera.state
    assert (state.connected, state.received, state.newest_age_s, street.connections) == (Link.CLOSED, 0, None, 0)
    camera.close()
    assert list(camera) == []


@pytest.mark.parametrize("wrong", [{"every_s": -1}, {"newest_s": 0}, {"max_side": 0}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        CameraFrames(ADDRESS, **wrong)  # type: ignore[arg-type]


def test_a_file_that_cannot_be_played_is_told_at_once(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(SourceError, match="does not exist"):
        CameraFrames(camera_address(f"loop:{tmp_path}/none.mp4"))
    with pytest.raises(UnsupportedSource, match="is a photograph"):
        CameraFrames(camera_address(f"loop:{tmp_path}/a.png"))
