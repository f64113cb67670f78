"""A run on a cluster writes what a run alone writes, in whatever order the work comes back; with fakes."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from fake_cluster import FakeCluster, kit
from fake_runs import RATE, Watching, identifier, photo, run, sources
from fake_stages import Walker, picture
from secondlook.errors import ClusterError, PackMismatch
from secondlook.fakes import BLUE, GREEN, GREY, RED, Square, painted
from secondlook.runs.find import Annotate, RunResult, find_into
from secondlook.runs.journal import Start
from secondlook.scale import kit as kits
from secondlook.scale import run as scaled
from secondlook.scale import working
from secondlook.scale.looks import PartSeen, Shots

WRITTEN = ("sightings.jsonl", "paths.jsonl")


def run_afar(
    paths: Iterable[Path],
    out: Path,
    cluster: FakeCluster,
    start: Start = Start.NEW,
    watcher: Watching | None = None,
    annotate: Annotate = Annotate.NONE,
) -> RunResult:
    here = identifier()
    eyes = scaled.looking(here, kit(here), cluster, annotate)
    return find_into(paths, out, here, start, annotate, watcher or Watching(), eyes)


def walk(path: Path, walkers: Iterable[Walker], frames: int = 90, every_key: int = 12) -> Path:
    """Lossless, with a key frame after every so many frames."""
    walkers, written = tuple(walkers), io.BytesIO()
    with av.open(written, "w", format="matroska") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"qp": "0", "g": str(every_key), "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = 320, 120, "yuv444p"
        stream.codec_context.time_base = Fraction(1, RATE)
        for index in range(frames):
            shown = painted(120, 320) if index == 47 else picture(walkers, index)
            if index > 60:  # a cut to another place
                shown = np.where((shown == GREY[0]).all(2, keepdims=True), PAVEMENT, shown)
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    path.write_bytes(written.getvalue())
    return path


PAVEMENT = np.where((np.arange(120)[:, None, None] // 30 + np.arange(320)[:, None] // 40) % 2, 40, 220).astype(np.uint8)
CROWD = (
    Walker(5, 10, 3, RED),
    Walker(300, 60, -2, BLUE, first=3, last=70),
    Walker(150, 90, 0, GREEN, first=20, last=40),
    Walker(150, 90, 0, RED, first=41, last=58),
    Walker(40, 40, 1, BLUE, first=75),
)


def same(alone: Path, afar: Path) -> None:
    for name in WRITTEN:
        assert (alone / name).read_bytes() == (afar / name).read_bytes()
    crops = {path.name: path.read_bytes() for path in (alone / "crops").iterdir()}
    assert crops == {path.name: path.read_bytes() for path in (afar / "crops").iterdir()}


@pytest.mark.parametrize("seed", range(6))
def test_a_video_in_parts_gives_what_one_pass_gives(tmp_path: Path, seed: int) -> None:
    video = walk(tmp_path / "a.mkv", CROWD)
    whole = run([video], tmp_path / "alone", annotate=Annotate.NONE)
    cluster, watcher = FakeCluster(seed), Watching()
    afar = run_afar([video], tmp_path / "afar", cluster, watcher=watcher)
    assert len(whole.records) >= 6
    same(tmp_path / "alone", tmp_path / "afar")
    assert afar.records == whole.records and afar.problems == whole.problems == ()
    assert cluster.done.count("look_at_part") > 4 and "look_at_whole" not in cluster.done
    assert watcher.frames == 90 and watcher.counted == (1, 0)
    assert [path.name for path in (tmp_path / "afar" / ".run").iterdir()] == ["journal.jsonl"]


@pytest.mark.parametrize("seed", range(3))
def test_photographs_and_videos_in_turn(tmp_path: Path, seed: int) -> None:
    paths = [*sources(tmp_path / "in"), walk(tmp_path / "in" / "g.mkv", CROWD)]
    paths += [photo(tmp_path / "in" / f"h{i}.png", Square(10, 10 + i, 24, (RED, BLUE)[i % 2])) for i in range(20)]
    whole = run(paths, tmp_path / "alone", annotate=Annotate.PICTURES)
    cluster = FakeCluster(seed)
    afar = run_afar(paths, tmp_path / "afar", cluster, annotate=Annotate.PICTURES)
    same(tmp_path / "alone", tmp_path / "afar")
    assert afar.records == whole.records and afar.problems == whole.problems and afar.read == whole.read
    drawn = {path.name for path in (tmp_path / "alone" / "annotated").iterdir()}
    assert len(drawn) > 20 and drawn == {path.name for path in (tmp_path / "afar" / "annotated").iterdir()}
    assert cluster.most_waiting <= 2 * (3 * 2 + 2) + 3, "what is asked for ahead is bounded"


def test_a_video_that_cannot_be_divided_is_looked_at_in_one_pass(tmp_path: Path) -> None:
    """Without stamps of their own, frames cannot be told apart: an elementary stream."""
    video = tmp_path / "bare.h264"
    with av.open(str(video), "w", format="h264") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"qp": "0", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 320, 120, "yuv444p"
        for index in range(60):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture(CROWD, index), format="rgb24")))
        out.mux(stream.encode())
    whole = run([video], tmp_path / "alone", annotate=Annotate.NONE)
    cluster = FakeCluster()
    afar = run_afar([video], tmp_path / "afar", cluster)
    assert cluster.done == ["plan_video", "look_at_whole"] and len(whole.records) > 2
    same(tmp_path / "alone", tmp_path / "afar")
    assert afar.problems == whole.problems


@pytest.mark.parametrize("broken", [0, 2, 4])
def test_neighbours_that_saw_different_frames_are_looked_at_in_one_pass(
    tmp_path: Path, broken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a stream cannot be begun at what calls itself a key frame: then only the beginning will do."""
    video = walk(tmp_path / "a.mkv", CROWD)
    whole = run([video], tmp_path / "alone", annotate=Annotate.NONE)
    right = working.look_at_part

    def look_at_part(*given: Any) -> tuple[PartSeen, Shots]:
        seen, cut = right(*given)
        if seen.looks[0].index // 12 < broken:
            return seen, cut
        return replace(seen, opening=(0,), looks=(), whole=bool(broken)), {}

    monkeypatch.setattr(working, "look_at_part", look_at_part)
    cluster = FakeCluster()
    afar = run_afar([video], tmp_path / "afar", cluster)
    assert cluster.done.count("look_at_whole") == 1
    same(tmp_path / "alone", tmp_path / "afar")
    assert afar.records == whole.records


def test_a_damaged_video_gives_what_it_gives_alone(tmp_path: Path) -> None:
    video = walk(tmp_path / "torn.mkv", CROWD)
    content = bytearray(video.read_bytes())
    for place in range(len(content) // 3, len(content) // 3 + 2000, 100):
        content[place : place + 20] = bytes(20)
    video.write_bytes(content)
    whole = run([video], tmp_path / "alone", annotate=Annotate.NONE)
    cluster = FakeCluster()
    afar = run_afar([video], tmp_path / "afar", cluster)
    same(tmp_path / "alone", tmp_path / "afar")
    assert afar.problems == whole.problems != ()
    assert "look_at_whole" in cluster.done


class Stopped(BaseException):
    """Ctrl-C, say."""


@pytest.mark.parametrize("after", [1, 4, 8, 13])
def test_a_run_that_was_stopped_goes_on_after_the_parts_it_has(tmp_path: Path, after: int) -> None:
    video = walk(tmp_path / "a.mkv", CROWD)
    run([video], tmp_path / "alone", annotate=Annotate.NONE)

    def stop(name: str) -> None:
        if len(first.done) == after:
            raise Stopped

    first = FakeCluster(before=stop)
    with pytest.raises(Stopped):
        run_afar([video], tmp_path / "afar", first)
    kept = len(list((tmp_path / "afar" / ".run").glob("parts/*.npz")))
    second = FakeCluster()
    run_afar([video], tmp_path / "afar", second, Start.RESUME)
    same(tmp_path / "alone", tmp_path / "afar")
    parts = len(working.plan_video(kit(identifier()), kits.File.at(video)))
    assert second.done.count("look_at_part") == parts - kept
    assert kept > 0 or after < 8
    assert not (tmp_path / "afar" / ".run" / "parts").exists()


def test_a_part_that_was_damaged_on_the_disk_is_looked_at_again(tmp_path: Path) -> None:
    video = walk(tmp_path / "a.mkv", CROWD)
    run([video], tmp_path / "alone", annotate=Annotate.NONE)
    run_stopped([video], tmp_path / "afar")
    kept = sorted((tmp_path / "afar" / ".run" / "parts").glob("*.npz"))
    assert len(kept) > 1
    kept[0].write_bytes(kept[0].read_bytes()[:1000])
    cluster = FakeCluster()
    run_afar([video], tmp_path / "afar", cluster, Start.RESUME)
    same(tmp_path / "alone", tmp_path / "afar")
    parts = len(working.plan_video(kit(identifier()), kits.File.at(video)))
    assert cluster.done.count("look_at_part") == parts - len(kept) + 1


def test_parts_of_a_video_that_was_changed_meanwhile_are_not_used(tmp_path: Path) -> None:
    video = walk(tmp_path / "a.mkv", CROWD)
    run_stopped([video], tmp_path / "afar")
    walk(video, CROWD[1:])
    run([video], tmp_path / "alone", annotate=Annotate.NONE)
    run_rest([video], tmp_path / "afar")
    for name in WRITTEN:
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "afar" / name).read_bytes()


def test_a_run_goes_on_alone_after_a_cluster_and_the_other_way_round(tmp_path: Path) -> None:
    paths = [*sources(tmp_path / "in"), walk(tmp_path / "in" / "g.mkv", CROWD)]
    run(paths, tmp_path / "alone", annotate=Annotate.NONE)
    for name, first, then in (("a", run_stopped, run_rest_alone), ("b", run_stopped_alone, run_rest)):
        first(paths, tmp_path / name)
        then(paths, tmp_path / name)
        same(tmp_path / "alone", tmp_path / name)


def run_stopped(paths: list[Path], out: Path) -> None:
    def stop(name: str) -> None:
        if len(cluster.done) == 16:
            raise Stopped

    cluster = FakeCluster(before=stop)
    with pytest.raises(Stopped):
        run_afar(paths, out, cluster)


def run_rest(paths: list[Path], out: Path) -> None:
    run_afar(paths, out, FakeCluster(), Start.RESUME)


def run_stopped_alone(paths: list[Path], out: Path) -> None:
    watcher = Watching()

    def stop(name: str) -> None:
        if name == "advance" and watcher.frames > 60:
            raise Stopped

    watcher._step = stop
    with pytest.raises(Stopped):
        run(paths, out, watcher=watcher, annotate=Annotate.NONE)


def run_rest_alone(paths: list[Path], out: Path) -> None:
    run(paths, out, Start.RESUME, annotate=Annotate.NONE)


def test_what_kills_workers_is_told_and_the_rest_is_done(tmp_path: Path) -> None:
    paths = [photo(tmp_path / f"{i}.png", Square(10, 10, 24, RED)) for i in range(16)]
    videos = [walk(tmp_path / f"{name}.mkv", CROWD[:1], frames=30) for name in ("v", "w")]
    deadly = (str(tmp_path / "7.png"), str(tmp_path / "v.mkv"))

    def lost(name: str, given: tuple[object, ...]) -> bool:
        return name != "plan_video" and any(path in repr(given) for path in deadly)

    result = run_afar([*paths, *videos], tmp_path / "out", FakeCluster(at_once=1, lost=lost))
    assert [p.path.name for p in result.problems] == ["7.png", "v.mkv"]
    assert all("ended the process that looked at it 6 times" in p.sentence for p in result.problems)
    assert len(result.read) == 16 and {r.source for r in result.records if r.source.endswith("mkv")} == {str(videos[1])}


def test_a_node_without_the_footage_ends_the_run_in_one_sentence(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.png", Square(10, 10, 24, RED))

    def move(name: str) -> None:
        if path.exists():
            path.unlink()

    with pytest.raises(
        ClusterError, match=r"has no such file at .*a\.png: put the footage where every node reaches it"
    ):
        run_afar([path], tmp_path / "out", FakeCluster(before=move))


def test_a_node_with_another_version_or_pack_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = photo(tmp_path / "a.png", Square(10, 10, 24, RED))
    here = identifier()
    monkeypatch.setattr(kits, "__version__", "0.0.1")
    eyes = scaled.looking(here, kit(here), FakeCluster(before=lambda name: monkeypatch.undo()), Annotate.NONE)
    with pytest.raises(PackMismatch, match=r"and not 0\.0\.1: install the same version on every node"):
        find_into([path], tmp_path / "out", here, Start.NEW, Annotate.NONE, Watching(), eyes)


def test_a_cluster_without_machines_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="has no node"):
        run_afar([photo(tmp_path / "a.png")], tmp_path / "out", FakeCluster(at_once=0))


def test_nothing_to_look_at(tmp_path: Path) -> None:
    assert run_afar([], tmp_path / "out", FakeCluster()).records == ()


def test_a_photograph_of_several_pages(tmp_path: Path) -> None:
    pages = [Image.fromarray(painted(100, 100, [Square(10 + 9 * i, 20, 30, RED)])) for i in range(3)]
    pages[0].save(tmp_path / "three.tiff", save_all=True, append_images=pages[1:])
    run([tmp_path / "three.tiff"], tmp_path / "alone", annotate=Annotate.NONE)
    run_afar([tmp_path / "three.tiff"], tmp_path / "afar", FakeCluster())
    same(tmp_path / "alone", tmp_path / "afar")
