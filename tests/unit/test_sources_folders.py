"""What the user named becomes a list of sources, in a stable order, and a list of problems."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from secondlook.sources import Problem, Source, SourceKind, expand

FILM = b"\0\0\0\x18ftypisom\0\0\0\0isomavc1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "footage"
    for name in ("b/2.jpg", "b/10.jpg", "a.png", "c/deep/er/x.png", ".hidden/y.png", "b/.z.png"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)
    (root / "c" / "film.txt").write_bytes(FILM)
    return root


def names(found: tuple[Source, ...] | tuple[Problem, ...], root: Path) -> list[str]:
    return [str(one.path.relative_to(root)) for one in found]


def test_a_folder_is_read_to_the_bottom_in_the_order_of_names(folder: Path) -> None:
    sources, problems = expand([folder])
    assert names(sources, folder) == ["a.png", "b/10.jpg", "b/2.jpg", "c/deep/er/x.png", "c/film.txt"]
    assert [source.kind for source in sources] == [SourceKind.PHOTO] * 4 + [SourceKind.VIDEO]
    assert problems == ()


def test_one_path_alone_and_nothing(folder: Path) -> None:
    assert expand(folder) == expand([folder])
    assert expand(str(folder / "a.png"))[0] == (Source(folder / "a.png", SourceKind.PHOTO),)
    assert expand([]) == ((), ())


def test_named_files_keep_their_order_and_are_listed_once(folder: Path) -> None:
    again = folder / "c" / ".." / "a.png"
    sources, problems = expand([folder / "b" / "2.jpg", folder / "a.png", again, folder])
    assert names(sources, folder) == ["b/2.jpg", "a.png", "b/10.jpg", "c/deep/er/x.png", "c/film.txt"]
    assert problems == ()


def test_a_hidden_file_is_read_where_it_is_named(folder: Path) -> None:
    sources, _ = expand([folder / "b" / ".z.png", folder / ".hidden"])
    assert names(sources, folder) == ["b/.z.png", ".hidden/y.png"]


def test_what_is_no_source_is_a_problem_and_the_rest_goes_on(folder: Path) -> None:
    (folder / "a_notes.txt").write_text("who was there")
    (folder / "b" / "empty.jpg").touch()
    (folder / "b" / "gone.jpg").symlink_to("nowhere.jpg")
    (folder / "self").symlink_to(folder / "self")
    os.mkfifo(folder / "c" / "pipe.mp4")
    sources, problems = expand([folder, folder / "missing.jpg"])
    assert len(sources) == 5
    assert names(problems, folder) == [
        "a_notes.txt",
        "b/empty.jpg",
        "b/gone.jpg",
        "c/pipe.mp4",
        "self",
        "missing.jpg",
    ]
    for problem in problems:
        assert problem.sentence.startswith(str(problem.path))
        assert problem.sentence.endswith(".")


def test_circles_of_links_end_and_read_nothing_twice(folder: Path) -> None:
    (folder / "b" / "up").symlink_to(folder)
    (folder / "c" / "again").symlink_to(folder / "b")
    (folder / "b" / "across").symlink_to(folder / "c")
    sources, problems = expand([folder])
    resolved = [source.path.resolve() for source in sources]
    assert sorted(resolved) == sorted(set(resolved))
    assert len(resolved) == 5
    assert problems == ()


def test_a_linked_folder_and_a_linked_file_are_read(folder: Path, tmp_path: Path) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (links / "b").symlink_to(folder / "b")
    (links / "one.png").symlink_to(folder / "a.png")
    assert names(expand([links])[0], links) == ["b/10.jpg", "b/2.jpg", "one.png"]


def test_a_folder_that_cannot_be_listed_is_a_problem_and_not_fatal(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions do not stop root, who runs some of these tests, so the refusal comes from the system call."""
    whole = os.listdir

    def refused(path: str) -> list[str]:
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied", path)
        return whole(path)

    monkeypatch.setattr(os, "listdir", refused)
    sources, problems = expand([folder])
    assert names(sources, folder) == ["a.png", "c/deep/er/x.png", "c/film.txt"]
    assert names(problems, folder) == ["b"]
    assert "Permission denied" in problems[0].sentence


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    sources, problems = expand([tmp_path])
    assert sources == ()
    assert [problem.path for problem in problems] == [tmp_path]


def test_a_folder_deeper_than_python_recurses(tmp_path: Path) -> None:
    bottom = tmp_path
    for _ in range(1010):
        bottom = bottom / "d"
        bottom.mkdir()
    Image.new("RGB", (8, 8)).save(bottom / "a.png")
    sources, problems = expand([tmp_path])
    (bottom / "a.png").unlink()
    while bottom != tmp_path:  # pytest's own cleaning would recurse
        bottom.rmdir()
        bottom = bottom.parent
    assert [source.path.name for source in sources] == ["a.png"]
    assert problems == ()
