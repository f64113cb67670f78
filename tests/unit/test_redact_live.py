"""A live picture held back by time: every frame once, every face covered, nothing shown of which nothing is known."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_runs import identifier
from fake_stages import Walker, picture
from secondlook.errors import OutputError
from secondlook.fakes import BLUE, GREEN, RED, FakeDetector
from secondlook.redact.live import Hold, Settled
from secondlook.redact.moments import SETTLED
from secondlook.redact.places import region
from secondlook.redact.publishing import TargetKind, target
from secondlook.redact.record import Why
from secondlook.redact.rulings import Chosen
from secondlook.runs.redact_kit import Ask, Kit
from secondlook.runs.redact_live import camera_name
from secondlook.runs.redact_live_plan import Planned, planned
from secondlook.sources import camera_address
from secondlook.types import Detections, Frame, Pixels

EMPTY = np.zeros((96, 160, 3), np.uint8)


def frame(index: int, time_s: float, shot: int = 0, pixels: Pixels = EMPTY) -> Frame:
    return Frame(pixels, "street", index, time_s, shot)


def face(x: float, y: float = 40, edge: float = 20, score: float = 0.9) -> Detections:
    box = np.array([[x, y, x + edge, y + edge]], np.float32)
    landmarks = np.array([[[x + 6, y + 8], [x + 14, y + 8], [x + 10, y + 12], [x + 7, y + 16], [x + 13, y + 16]]])
    return Detections(box, landmarks.astype(np.float32), np.array([score], np.float32))


NONE = Detections.none()


def held(found: list[tuple[float, Detections | None]], delay_s: float) -> list[Settled]:
    hold = Hold(delay_s, 0.2)
    out = [one for i, (t, faces) in enumerate(found) for one in hold.see(frame(i, t), faces)]
    return [*out, *hold.rest()]


def whys(settled: Settled) -> list[Why]:
    return [spot.why for spot in settled.moment.spots]


@given(
    st.lists(st.tuples(st.floats(0, 1.5), st.integers(0, 2), st.booleans()), max_size=60),
    st.sampled_from([0.0, 0.3, 2.0]),
)
def test_every_frame_comes_out_once_in_order_with_its_faces(
    steps: list[tuple[float, int, bool]], delay_s: float
) -> None:
    times = itertools.accumulate((step for step, _, _ in steps), initial=0.0)
    found = [(t, [NONE, face(20), None][kind]) for t, (_, kind, _) in zip(times, steps, strict=False)]
    hold, out, shot = Hold(delay_s, 0.2), [], 0
    for i, ((t, faces), (_, _, cut)) in enumerate(zip(found, steps, strict=True)):
        shot += cut
        for one in hold.see(frame(i, t, shot), faces):
            out.append(one)
            # nothing is let go early: SETTLED and one frames lie between, the last of which is later by the delay
            assert i - one.frame.index >= SETTLED + 1
            assert found[i - SETTLED - 1][0] - (one.frame.time_s or 0) >= delay_s - 1e-9
    out.extend(hold.rest())
    assert [one.frame.index for one in out] == list(range(len(found)))
    assert [one.moment.looked.index for one in out] == list(range(len(found)))
    for one, (_, faces) in zip(out, found, strict=True):
        assert one.known == (faces is not None)
        if faces is not None and len(faces):
            assert Why.DETECTED in whys(one)


def test_a_face_is_covered_before_it_is_found_as_far_as_frames_are_held() -> None:
    found = [(i / 10, face(60) if i >= 15 else NONE) for i in range(40)]
    before = [one for one in held(found, 2.0) if one.frame.index < 15 and one.moment.spots]
    assert [one.frame.index for one in before] == list(range(8, 15))  # two thirds of a second
    faint = [(t, face(60, score=0.12) if i < 15 else faces) for i, (t, faces) in enumerate(found)]
    for delay_s, first in ((2.0, 0), (0.45, 9)):
        covered = [one.frame.index for one in held(faint, delay_s) if one.moment.spots]
        assert covered[0] == first


@pytest.mark.parametrize("delay_s", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("rate", [5, 10, 25])
def test_a_gap_is_covered_whether_it_can_be_bridged_or_not(delay_s: float, rate: int) -> None:
    hidden = range(2 * rate, 2 * rate + int(1.8 * rate))
    found = [(i / rate, NONE if i in hidden else face(60)) for i in range(6 * rate)]
    for one in held(found, delay_s):
        assert one.moment.spots, (one.frame.index, delay_s)
        box = one.moment.spots[0].box
        assert box[0] <= 61 and box[2] >= 79


def test_seconds_count_whatever_the_rate_of_frames() -> None:
    # ten frames a second, then two: the track that ends at 3 s is covered on for two thirds of a second, at least three
    times = [*(i / 10 for i in range(30)), *(3 + i / 2 for i in range(12))]
    found = [(t, face(60) if t < 3 else NONE) for t in times]
    covered = [one.frame.time_s for one in held(found, 2.0) if one.moment.spots]
    assert covered[-1] == 4.0


def test_another_size_begins_anew_and_tracks_keep_their_numbers_apart() -> None:
    hold = Hold(0.5, 0.2)
    large = np.zeros((192, 320, 3), np.uint8)
    out = []
    for i in range(30):
        small = i < 15
        out += hold.see(frame(i, i / 10, int(not small), EMPTY if small else large), face(20 if small else 200))
    out += hold.rest()
    assert [one.frame.index for one in out] == list(range(30))
    tracks = [{spot.track for spot in one.moment.spots} for one in out]
    assert tracks[:15] == [{1}] * 15 and tracks[15:] == [{2}] * 15


def walking(walkers: list[Walker], count: int, cuts: tuple[int, ...] = ()) -> list[Frame]:
    return [frame(i, i / 10, sum(i >= cut for cut in cuts), picture(walkers, i, 96, 160)) for i in range(count)]


def kit(ask: Ask | None = None, detector: object = None) -> Kit:
    ask = ask or Ask()
    found = detector or FakeDetector()
    return Kit(ask, found, identifier=None if ask.chosen.nobody else identifier())  # type: ignore[arg-type]


def kept(plan: list[Planned]) -> dict[int, set[str | None]]:
    return {one.frame.index: {area.subject for area in one.areas or () if area.kept} for one in plan}


def quiet(sentence: str) -> None:
    raise AssertionError(sentence)


def test_who_is_kept_is_decided_in_pieces_before_any_of_their_frames_is_let_go() -> None:
    walkers = [Walker(5, 10, 1, RED), Walker(120, 60, -1, BLUE)]
    plan = list(planned(walking(walkers, 60), kit(Ask(chosen=Chosen(keep=("Ruby",)))), 2.0, quiet))
    assert [one.frame.index for one in plan] == list(range(60))
    assert kept(plan) == {index: {"Ruby"} for index in range(60)}
    for one in plan:
        assert one.areas is not None
        assert any(not area.kept and area.box[1] > 50 for area in one.areas)


def test_doubt_in_one_piece_covers_in_that_piece() -> None:
    # the face turns into somebody else at 3 s and back at 4.5 s: in the piece where both are seen nobody is sure
    frames = []
    for i in range(80):
        colour = GREEN if 30 <= i < 45 else RED
        frames.append(frame(i, i / 10, 0, picture([Walker(60, 40, 0, colour)], i, 96, 160)))
    plan = kept(list(planned(frames, kit(Ask(chosen=Chosen(keep=("Ruby",)))), 1.0, quiet)))
    assert all(not plan[index] for index in range(30, 45))
    assert all(plan[index] == {"Ruby"} for index in (*range(20), *range(50, 80)))


def test_nobody_is_kept_across_a_cut() -> None:
    walkers = [Walker(60, 40, 0, RED, last=19), Walker(60, 40, 0, GREEN, first=20)]
    plan = kept(list(planned(walking(walkers, 40, cuts=(20,)), kit(Ask(chosen=Chosen(keep=("Ruby",)))), 3.0, quiet)))
    assert plan == {index: {"Ruby"} if index < 20 else set() for index in range(40)}


class Failing:
    """A detector that fails now and then."""

    pack = "failing"

    def __init__(self) -> None:
        self._looks, self._fake = 0, FakeDetector()

    def detect(self, pixels: Pixels) -> Detections:
        self._looks += 1
        if self._looks in (5, 6, 20):
            raise RuntimeError("out of memory")
        return self._fake.detect(pixels)


def test_a_frame_that_cannot_be_looked_at_is_covered_wholly_and_ends_nothing() -> None:
    said: list[str] = []
    plan = list(planned(walking([Walker(5, 10, 1, RED)], 30), kit(detector=Failing()), 1.0, said.append))
    unknown = [one.frame.index for one in plan if one.areas is None]
    assert len(plan) == 30 and len(unknown) == len(said) == 3
    assert "could not be looked at (RuntimeError: out of memory)" in said[0]


def test_a_region_is_covered_at_its_time() -> None:
    ask = Ask(places=(region("0,0,20,10@1-2"),))
    plan = list(planned(walking([], 30), kit(ask), 0.5, quiet))
    assert [one.frame.index for one in plan if one.areas] == list(range(10, 21))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("rtsp://ann:pw@10.0.0.7:554/Streaming/Channels/101?x=1&pwd=2", "10.0.0.7-554-Streaming-Channels-101"),
        ("http://camera.test", "camera.test"),
        ("usb:0", "usb-0"),
        ("/dev/video1", "video1"),
        ("loop:yard/../a clip.mp4", "a-clip"),
        ("rtsp://a.test/..", "a.test"),
        ("rtsp://a.test/" + "x" * 300, "a.test-" + "x" * 73),
    ],
)
def test_what_the_files_of_a_camera_are_called(address: str, name: str) -> None:
    assert camera_name(camera_address(address)) == name


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("rtsp://ann:geheim@h.test/x", TargetKind.RTSP),
        ("rtmp://ann:geheim@h.test/live/key", TargetKind.RTMP),
        ("udp://127.0.0.1:5000", TargetKind.UDP),
        ("http://127.0.0.1:8090/live.ts", TargetKind.HTTP),
        ("out.ts", TargetKind.FILE),
        ("a folder/out.MP4", TargetKind.FILE),
    ],
)
def test_where_a_picture_can_go(text: str, kind: TargetKind) -> None:
    found = target(text)
    assert (found.kind, found.text) == (kind, text)
    assert "geheim" not in found.shown + repr(found)


@pytest.mark.parametrize(
    "text",
    ["udp://127.0.0.1", "http://127.0.0.1/x", "https://h.test:1/x", "ftp://h.test/x", "rtsp://", "out", "out.avi"],
)
def test_where_it_cannot(text: str) -> None:
    with pytest.raises(OutputError, match=r"^[^\n]+\.$"):
        target(text)


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_bytes(b"x")
    with pytest.raises(OutputError, match="is there already"):
        target(str(tmp_path / "a.ts"))
