"""Cameras as they are in the street: MJPEG over HTTP, RTSP from two servers, a file played for ever; cut off and back."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import av
import pytest

from mjpeg_camera import MjpegCamera, counted, counting
from rtsp_cameras import free_port, gstreamer, gstreamer_missing, vlc, vlc_missing
from secondlook.sources import CameraFrames, VideoFrames, camera_address
from secondlook.sources.camera_opening import Patience, arriving
from secondlook.sources.camera_state import Backoff, Link

QUICK = Backoff(first_s=0.05, most_s=0.4)
IMPATIENT = partial(arriving, patience=Patience(open_s=20, silence_s=1.5))


def until(true: Callable[[], bool]) -> None:
    for _ in range(1200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come about within a minute")


def counting_video(path: Path, frames: int, rate: int = 25) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "bf": "0", "g": "10"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(counting(number), format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture
def street() -> Iterator[MjpegCamera]:
    camera = MjpegCamera(counting)
    camera.on()
    yield camera
    camera.off()


def test_mjpeg_comes_in_order_and_at_once(street: MjpegCamera) -> None:
    with CameraFrames(camera_address(street.address)) as camera:
        seen = []
        for frame in camera:
            assert time.monotonic() - camera.received(frame).monotonic_s < 20
            seen.append((counted(frame.pixels), frame.index, frame.time_s))
            if len(seen) == 20:
                break
    numbers = [number for number, _, _ in seen]
    assert numbers == sorted(set(numbers))
    # an index says how many came before: what was dropped is missing in both alike
    assert [number - numbers[0] for number in numbers] == [index - seen[0][1] for _, index, _ in seen]
    times = [time_s for _, _, time_s in seen]
    assert times == sorted(times)  # type: ignore[type-var]


def test_a_slow_consumer_gets_the_newest_and_never_falls_behind(street: MjpegCamera) -> None:
    with CameraFrames(camera_address(street.address), newest_s=20) as camera:
        frames = iter(camera)
        next(frames)
        for _ in range(5):
            busy_until = camera.state.received + 10
            until(lambda wanted=busy_until: camera.state.received >= wanted)  # type: ignore[misc]
            assert next(frames).index >= busy_until - 1
        state = camera.state
    assert state.given == 6
    assert state.dropped >= 5 * 9
    assert state.received - state.dropped - state.given <= 1


def test_cut_off_twenty_times_and_back_twenty_times(street: MjpegCamera) -> None:
    with CameraFrames(camera_address(street.address), backoff=QUICK) as camera:
        frames = iter(camera)
        last = next(frames)
        for k in range(20):
            street.off()
            until(lambda: camera.state.connected is not Link.LIVE)
            assert camera.state.sentence
            street.on()
            until(lambda k=k: camera.state.reconnects == k + 1)  # type: ignore[misc]
            frame = next(frame for frame in frames if frame.shot > last.shot)
            assert frame.shot == k + 1
            assert frame.index > last.index
            assert (frame.time_s or 0) > (last.time_s or 0)
            last = frame
        assert camera.state.connected is Link.LIVE


def test_a_camera_that_falls_silent_is_noticed_and_asked_again(street: MjpegCamera) -> None:
    with CameraFrames(camera_address(street.address), backoff=QUICK, opening=IMPATIENT) as camera:
        frames = iter(camera)
        next(frames)
        street.silent.set()
        until(lambda: "sent nothing for" in camera.state.sentence)
        street.silent.clear()
        until(lambda: camera.state.reconnects == 1)
        assert next(frame for frame in frames if frame.shot == 1)


def test_closing_does_not_wait_for_a_silent_camera(street: MjpegCamera) -> None:
    camera = CameraFrames(camera_address(street.address), opening=IMPATIENT)
    next(iter(camera))
    street.silent.set()
    until(lambda: (camera.state.newest_age_s or 0) > 0.3)
    camera.close()
    assert list(camera) == []
    until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("camera")])


def test_a_process_ends_though_its_camera_is_silent(street: MjpegCamera) -> None:
    code = (
        "import sys; from secondlook.sources import CameraFrames, camera_address\n"
        "camera = CameraFrames(camera_address(sys.argv[1])); print(next(iter(camera)).index)\n"
        "sys.stdin.readline(); camera.close(); print('ended')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, street.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        street.silent.set()
        out, _ = process.communicate("\n", timeout=60)
    assert (process.returncode, out) == (0, "ended\n")


def test_a_password_is_used_and_not_said() -> None:
    street = MjpegCamera(counting, password="ann:geheim")
    street.on()
    try:
        with CameraFrames(camera_address(street.address.replace("//", "//ann:geheim@"))) as camera:
            assert next(iter(camera)).source == street.address
        with CameraFrames(camera_address(street.address.replace("//", "//ann:falsch@")), backoff=QUICK) as camera:
            until(lambda: "wants a user and a password" in camera.state.sentence)
            assert "falsch" not in camera.state.sentence
    finally:
        street.off()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("rtsp://ann:geheim@127.0.0.1:{port}/cam", "Connection refused"),
        ("http://ann:geheim@127.0.0.1:{port}/cam", "Connection refused"),
        ("/dev/video9876", "is not there"),
    ],
)
def test_what_is_not_there_is_said_without_the_password(address: str, said: str) -> None:
    named = camera_address(address.format(port=free_port()))
    with CameraFrames(named, backoff=QUICK) as camera:
        until(lambda: bool(camera.state.sentence))
        sentence = camera.state.sentence
    assert said in sentence
    assert sentence.startswith(named.shown)
    assert "geheim" not in sentence


def test_an_address_leads_into_no_playlist_and_no_file(tmp_path: Path) -> None:
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    secret = counting_video(tmp_path / "secret.ts", 30)
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "list.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    )
    (folder / "list.ffconcat").write_text(f"ffconcat version 1.0\nfile {secret}\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for name in ("list.m3u8", "list.ffconcat"):
            address = camera_address(f"http://127.0.0.1:{server.server_address[1]}/{name}")
            with CameraFrames(address, backoff=QUICK) as camera:
                until(lambda camera=camera: bool(camera.state.sentence))  # type: ignore[misc]
                assert camera.state.received == 0
    finally:
        server.shutdown()
        server.server_close()


def test_too_large_a_picture_is_said(street: MjpegCamera) -> None:
    with CameraFrames(camera_address(street.address), backoff=QUICK, limit=100 * 96) as camera:
        until(lambda: "160 x 96 px" in camera.state.sentence)
        assert camera.state.received == 0


def test_a_file_is_played_for_ever_at_its_own_rate(tmp_path: Path) -> None:
    video = counting_video(tmp_path / "clip.mp4", 15, rate=15)
    with CameraFrames(camera_address(f"loop:{video}"), newest_s=30) as camera:
        seen = []
        for frame in camera:
            seen.append((counted(frame.pixels), frame.shot, frame.time_s or 0.0))
            if frame.shot >= 2:
                break
    for k in range(2):
        numbers = [number for number, shot, _ in seen if shot == k]
        assert numbers == sorted(set(numbers))
        assert set(numbers) <= set(range(15))
    # later on a busy machine, never earlier
    assert all(time_s >= index / 15 - 0.5 for index, (_, _, time_s) in enumerate(seen))
    assert seen[-1][2] > 1.5


def test_the_frames_of_a_file_are_those_of_the_file(tmp_path: Path) -> None:
    video = counting_video(tmp_path / "clip.mp4", 10)
    wanted = {counted(frame.pixels): frame.pixels for frame in VideoFrames(video)}
    with CameraFrames(camera_address(f"loop:{video}"), newest_s=30) as camera:
        frame = next(iter(camera))
    assert (frame.pixels == wanted[counted(frame.pixels)]).all()


@cache
def _reason(missing: Callable[[], str]) -> str:
    return missing()


def needs(missing: Callable[[], str]) -> None:
    if reason := _reason(missing):
        pytest.skip(reason)


def test_rtsp_over_tcp_with_a_password_cut_off_and_back(tmp_path: Path) -> None:
    needs(gstreamer_missing)
    video, port = counting_video(tmp_path / "clip.mp4", 1500), free_port()
    with gstreamer(video, port, "ann:geheim") as address:
        camera = CameraFrames(camera_address(address), backoff=QUICK, opening=IMPATIENT)
        frames = iter(camera)
        numbers = [counted(next(frames).pixels) for _ in range(20)]
        assert numbers == sorted(set(numbers))
        with CameraFrames(camera_address(address.replace("geheim", "falsch")), backoff=QUICK) as refused:
            until(lambda: "wants a user and a password" in refused.state.sentence)
    with camera:
        for k in range(1, 4):
            until(lambda: camera.state.connected is not Link.LIVE)
            with gstreamer(video, port, "ann:geheim"):
                frame = next(frame for frame in frames if frame.shot == k)
                assert counted(frame.pixels) < 1500
                assert camera.state.reconnects == k
        assert "geheim" not in camera.state.sentence


def test_rtsp_over_udp_from_vlc(tmp_path: Path) -> None:
    needs(vlc_missing)
    sent = counting_video(tmp_path / "clip.mp4", 1500)
    with (
        vlc(sent, free_port()) as address,
        CameraFrames(camera_address(address), backoff=QUICK) as camera,
    ):
        numbers = [counted(frame.pixels) for frame, _ in zip(camera, range(20), strict=False)]
    assert numbers == sorted(set(numbers))
