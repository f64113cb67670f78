"""Cameras in processes of their own: what they see comes back, whoever dies is replaced, nobody is left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_runs import film
from fake_stages import Walker, picture
from fake_watch import Heed, dying_at_first, never_opened, opened_fakes, task, until
from mjpeg_camera import MjpegCamera
from secondlook.fakes import BLUE, GREEN, RED
from secondlook.identify import Alert, Stage
from secondlook.runs.watching import Patience, Watching
from secondlook.sources.camera_state import Backoff, Link
from secondlook.types import Pixels

TESTS = Path(__file__).resolve().parent.parent
QUICK = Patience(backoff=Backoff(first_s=0.2, most_s=1.0))


def children() -> set[int]:
    """Processes that this one has started and that still run."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and alive(int(folder.name), parent=os.getpid()):
            found.add(int(folder.name))
    return found


def alive(process: int, parent: int | None = None) -> bool:
    try:
        state, ppid = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z" and (parent is None or int(ppid) == parent)


def spawned() -> set[int]:
    """Children that watch a camera (the resource tracker of ``multiprocessing`` is none)."""
    return {one for one in children() if b"--multiprocessing-fork" in Path(f"/proc/{one}/cmdline").read_bytes()}


@pytest.fixture
def heed() -> Heed:
    return Heed()


def test_two_cameras_side_by_side(tmp_path: Path, heed: Heed) -> None:
    red = film(tmp_path / "red.mkv", [Walker(20, 30, 1, RED)], 30)
    blue = film(tmp_path / "blue.mkv", [Walker(20, 30, 1, BLUE), Walker(20, 65, 1, GREEN)], 30)
    with Watching(heed, QUICK, opened_fakes) as watching:
        watching.add(task("front", f"loop:{red}"))
        watching.add(task("back", f"loop:{blue}"))
        assert watching.cameras == ("front", "back")
        with pytest.raises(ValueError, match="already"):
            watching.add(task("front", f"loop:{red}"))
        until(lambda: {s.camera for s in heed.sightings} == {"front", "back"}, "a candidate at both")
        until(lambda: len({s.camera for s in heed.previews}) == 2, "a picture of both")
        assert len(spawned()) == 2
    assert spawned() == set(), "nobody is left over"
    assert {b.camera: b.lines for b in heed.begun} == dict.fromkeys(("front", "back"), ("Fakes: on nothing",))
    assert {(s.camera, s.live.sighting.subject) for s in heed.sightings} == {("front", "Ruby"), ("back", "Skye")}
    assert heed.broke == []
    last = {state.camera: state.counts for state in heed.states}
    for name, counts in last.items():
        told = [s.live.stage for s in heed.sightings if s.camera == name]
        assert counts.looked > 0 and counts.received >= counts.looked
        assert counts.early == told.count(Stage.EARLY) and counts.candidate == told.count(Stage.FINAL)
    assert last["back"].no_candidate > 0, "the stranger is counted, and was never sent"


def test_who_was_in_view_is_closed_when_it_is_stopped(tmp_path: Path, heed: Heed) -> None:
    with Watching(heed, QUICK, opened_fakes) as watching:
        watching.add(task("front", f"loop:{film(tmp_path / 'red.mkv', [Walker(20, 30, 0, RED)], 100)}"))
        until(lambda: bool(heed.sightings), "a candidate")
        watching.remove("front")
        assert spawned() == set() and watching.cameras == ()
        assert heed.sightings[-1].live.stage is Stage.FINAL
        heard = len(heed.states)
        watching.remove("front")
        assert len(heed.states) == heard


def test_a_process_that_dies_is_replaced_and_nothing_counted_is_lost(tmp_path: Path, heed: Heed) -> None:
    red = film(tmp_path / "red.mkv", [Walker(20, 30, 1, RED)], 30)
    with Watching(heed, QUICK, opened_fakes) as watching:
        watching.add(task("front", f"loop:{red}"))
        until(lambda: bool(heed.states) and heed.states[-1].counts.looked > 0, "a first look")
        (first,) = spawned()
        os.kill(first, signal.SIGKILL)
        until(lambda: len(heed.begun) == 2, "a second process")
        before = max(state.counts.looked for state in heed.states)
        until(lambda: heed.states[-1].counts.looked > before, "another look")
    (broke,) = heed.broke
    assert "SIGKILL" in broke.sentence and broke.camera == "front" and broke.again_s == 0.2
    assert heed.states[-1].counts.restarts == 1
    looked = [state.counts.looked for state in heed.states]
    assert looked == sorted(looked), "the sum never falls"


def test_one_that_crashes_by_itself_is_replaced(tmp_path: Path, heed: Heed) -> None:
    red = film(tmp_path / "red.mkv", [Walker(20, 30, 1, RED)], 30)
    with Watching(heed, QUICK, dying_at_first) as watching:
        watching.add(task("front", f"loop:{red}", tmp_path / "mark"))
        until(lambda: len(heed.begun) == 2 and heed.states[-1].counts.restarts == 1, "a second process")
    assert "SIGABRT" in heed.broke[0].sentence


def test_what_cannot_begin_says_why_and_is_tried_ever_more_patiently(heed: Heed) -> None:
    with Watching(heed, QUICK, never_opened) as watching:
        watching.add(task("front", "http://127.0.0.1:9/none"))
        until(lambda: len(heed.broke) >= 3, "a third try")
    assert heed.begun == [] and {b.sentence for b in heed.broke} == {"The pack is not there: install it."}
    assert [b.again_s for b in heed.broke[:3]] == [0.2, 0.4, 0.8]


def test_a_silent_process_is_replaced(tmp_path: Path, heed: Heed) -> None:
    red = film(tmp_path / "red.mkv", [Walker(20, 30, 1, RED)], 30)
    patience = Patience(silent_s=8.0, backoff=QUICK.backoff)
    with Watching(heed, patience, opened_fakes) as watching:
        watching.add(task("front", f"loop:{red}"))
        until(lambda: bool(heed.states), "a state")
        (first,) = spawned()
        os.kill(first, signal.SIGSTOP)
        until(lambda: bool(heed.broke), "that it fell silent")
        until(lambda: len(heed.begun) == 2, "a second process")
    assert "silent" in heed.broke[0].sentence and not alive(first)


def test_nobody_outlives_the_one_who_watches(tmp_path: Path) -> None:
    """Killed without a chance to say goodbye, and a Ctrl-C that reaches everybody."""
    red = film(tmp_path / "red.mkv", [Walker(20, 30, 1, RED)], 30)
    program = textwrap.dedent(
        f"""
        import signal, sys, time
        sys.path[:0] = [{str(TESTS)!r}]
        from fake_watch import Heed, opened_fakes, task, until
        from secondlook.runs.watching import Watching

        if __name__ == "__main__":
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background would ignore it
            heed = Heed()
            watching = Watching(heed, build=opened_fakes)
            for name in ("front", "back"):
                watching.add(task(name, "loop:{red}"))
            until(lambda: len(heed.begun) == 2)
            print("ready", flush=True)
            time.sleep(600)
        """
    )
    script = tmp_path / "watch_for_ever.py"
    script.write_text(program)
    for how in (signal.SIGKILL, signal.SIGINT):
        parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, process_group=0)
        assert parent.stdout is not None and parent.stdout.readline() == "ready\n"
        watchers = {int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and alive(int(p.name), parent.pid)}
        assert len(watchers) >= 2
        if how is signal.SIGINT:
            os.killpg(parent.pid, how)
        else:
            parent.send_signal(how)
        parent.wait(60)
        until(lambda watchers=watchers: not any(alive(one) for one in watchers), "the end of them all")


@pytest.fixture
def street() -> Iterator[MjpegCamera]:
    """Ruby walks back and forth."""
    camera = MjpegCamera(lambda number: crowd(number), rate=20)
    camera.on()
    yield camera
    camera.off()


def crowd(number: int) -> Pixels:
    there = abs(number % 80 - 40)
    return picture([Walker(20 + 3 * there, 30, 0, RED), Walker(30, 80, 0, GREEN)], number)


def link(heed: Heed) -> Link | None:
    return heed.states[-1].link.connected if heed.states else None


def cut_off_and_back(street: MjpegCamera, heed: Heed, times: int) -> None:
    """Each time a candidate must be told of again, for nobody is followed across a gap."""
    with Watching(heed, QUICK, opened_fakes) as watching:
        watching.add(task("street", street.address))
        for time_ in range(times + 1):
            before = sum(s.live.alert is Alert.RAISED for s in heed.sightings) if time_ else 0
            until(
                lambda before=before: sum(s.live.alert is Alert.RAISED for s in heed.sightings) > before,
                f"a candidate after {time_} cuts",
            )
            if time_ < times:
                street.off()
                until(lambda: link(heed) in (Link.WAITING, Link.CONNECTING), "that it is off")
                told = len(heed.sightings)
                time.sleep(0.3)
                assert not [s for s in heed.sightings[told:] if s.live.stage is Stage.EARLY], "nothing of old pictures"
                street.on()
        until(lambda: bool(heed.states) and heed.states[-1].counts.reconnects == times, "the last reconnect")
    assert heed.broke == [] and len(heed.begun) == 1, "one process all along"
    raised = [s for s in heed.sightings if s.live.alert is Alert.RAISED]
    assert {s.live.sighting.subject for s in raised} == {"Ruby"} and len({s.person for s in raised}) >= times + 1
    assert all(s.live.sighting.source == street.address for s in heed.sightings)


def test_a_camera_cut_off_and_back_goes_on_giving_candidates(street: MjpegCamera, heed: Heed) -> None:
    cut_off_and_back(street, heed, 2)


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_twenty_times(street: MjpegCamera, heed: Heed) -> None:
    cut_off_and_back(street, heed, 20)
