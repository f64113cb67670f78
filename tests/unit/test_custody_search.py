"""Whatever is left of a person is found, in whichever form and wherever it lies; and nothing is found of others."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from secondlook.custody import searching
from secondlook.custody.looking import OVERLAP, Looker
from secondlook.custody.needles import (
    NOTHING,
    Needles,
    digest_needles,
    name_needles,
    picture_needles,
    sealed_needles,
    template_needles,
)
from secondlook.custody.searching import IN_ITS_NAME, PIECE, Searched, search
from secondlook.types import Floats

D = 128


def unit(seed: int, dimension: int = D) -> Floats:
    vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def noise(seed: int, count: int) -> bytes:
    return np.random.default_rng(seed).bytes(count)


def jpeg(seed: int, size: int = 160) -> bytes:
    """A smooth picture with some detail, as faces are."""
    rng = np.random.default_rng(seed)
    rough = Image.fromarray(rng.integers(0, 256, (12, 12, 3), np.uint8)).resize((size, size), Image.Resampling.BICUBIC)
    pixels = np.asarray(rough).astype(int) + rng.integers(-9, 10, (size, size, 3))
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()


def found_in(content: bytes, needles: Needles) -> list[str]:
    return [spot.what for spot in Looker(needles).runs(content)]


def named_in(content: bytes, needles: Needles) -> list[str]:
    return [spot.what for _, spot in Looker(needles).named(content)]


TEMPLATE = template_needles(unit(1))
FORMS = [order + kind for kind in ("f2", "f4", "f8") for order in "<>"]


# Templates


@given(
    form=st.sampled_from(FORMS),
    first=st.integers(0, D - 8),
    count=st.integers(8, D),
    before=st.integers(0, 600),
    after=st.integers(0, 600),
)
def test_any_eight_numbers_in_a_row_are_found(form: str, first: int, count: int, before: int, after: int) -> None:
    written = unit(1)[first : first + count].astype(np.dtype(form)).tobytes()
    content = noise(before, before) + written + noise(after, after)
    whats = found_in(content, TEMPLATE)
    assert any(f"float{8 * np.dtype(form).itemsize}" in what for what in whats)
    told = max(Looker(TEMPLATE).runs(content), key=lambda spot: spot.length)
    # noise beside it goes on like the template by chance, a byte of 256
    assert before - 4 <= told.at < before + len(written), "where it is"
    assert told.length >= min(len(written), 512), "as far as it goes"


@given(form=st.sampled_from(FORMS), first=st.integers(0, D - 7))
def test_seven_numbers_are_not(form: str, first: int) -> None:
    written = unit(1)[first : first + 7].astype(np.dtype(form)).tobytes()
    assert found_in(b"\x01" + written + b"\x02", TEMPLATE) == []


@given(
    form=st.sampled_from(FORMS),
    first=st.integers(0, D - 8),
    count=st.integers(8, D),
    before=st.binary(max_size=40),
    coding=st.sampled_from(["base64", "urlsafe", "hex", "HEX", "lines"]),
)
def test_numbers_in_letters_are_found(form: str, first: int, count: int, before: bytes, coding: str) -> None:
    """In the middle of longer base64, too, whichever bytes come before."""
    written = before + unit(1)[first : first + count].astype(np.dtype(form)).tobytes() + b"rest"
    text = {
        "base64": base64.b64encode,
        "urlsafe": base64.urlsafe_b64encode,
        "hex": lambda content: content.hex().encode(),
        "HEX": lambda content: content.hex().upper().encode(),
        "lines": lambda content: base64.encodebytes(content) if len(content) > 250 else base64.b64encode(content),
    }[coding](written)
    assert found_in(b'{"template": "' + text + b'"}', TEMPLATE) != []


@given(
    first=st.integers(0, D - 8),
    count=st.integers(8, 40),
    text=st.sampled_from(["json", "json of float64", "csv", "savetxt", "six digits", "repr", "lines"]),
)
def test_numbers_in_decimals_are_found(first: int, count: int, text: str) -> None:
    numbers = unit(1)[first : first + count]
    written = {
        "json": lambda: json.dumps(numbers.tolist()),
        "json of float64": lambda: json.dumps({"template": numbers.astype(np.float64).tolist()}, indent=2),
        "csv": lambda: ",".join(str(number) for number in numbers),
        "savetxt": lambda: _savetxt(numbers),
        "six digits": lambda: " ".join(f"{number:.6f}" for number in numbers),
        "repr": lambda: np.array2string(numbers, precision=8, max_line_width=70),
        "lines": lambda: "\n".join(f"{number:.9f}" for number in numbers),
    }[text]()
    assert "template, in decimals" in found_in(f"before 0.5, {written}, 0.25 after".encode(), TEMPLATE)


def _savetxt(numbers: Floats) -> str:
    file = io.StringIO()
    np.savetxt(file, numbers[None])
    return file.getvalue()


def test_other_decimals_are_not_found() -> None:
    others = json.dumps([unit(seed).tolist() for seed in range(2, 40)])
    assert found_in(others.encode(), TEMPLATE) == []
    mixed = unit(1).tolist()[:7] + unit(2).tolist()
    assert found_in(json.dumps(mixed).encode(), TEMPLATE) == []


def test_a_short_template_is_looked_for_whole() -> None:
    needles = template_needles(unit(1, 4))
    assert "template, float32 little-endian" in found_in(b"x" + unit(1, 4).tobytes() + b"y", needles)
    assert found_in(b"x" + unit(1, 4)[:3].tobytes() + b"y", needles) == []
    assert "template, in decimals" in found_in(json.dumps(unit(1, 4).tolist()).encode(), needles)


def test_nothing_is_found_of_others() -> None:
    needles = TEMPLATE + picture_needles(jpeg(1)) + sealed_needles([noise(1, 60)])
    for seed in range(2, 12):
        others = unit(seed).tobytes() + jpeg(seed) + noise(seed, 200_000) + base64.b64encode(jpeg(seed)) + bytes(5000)
        assert found_in(others, needles) == []


# Pictures


@given(start=st.integers(0, 10_000), length=st.integers(64, 400), coding=st.sampled_from(["raw", "hex", "base64"]))
def test_any_64_bytes_of_a_picture_are_found(start: int, length: int, coding: str) -> None:
    picture = jpeg(1)
    scan = picture.index(b"\xff\xda") + 14
    start = min(scan + start, len(picture) - length)
    # half a step: where the variety of a part is judged
    piece = noise(7, 33) + picture[start : start + length] + noise(8, 33)
    written = {"raw": piece, "hex": piece.hex().encode(), "base64": base64.b64encode(piece)}[coding]
    assert found_in(written, picture_needles(picture)) != []


def test_the_tables_of_a_picture_and_its_plain_areas_are_nobodys() -> None:
    plain = io.BytesIO()
    Image.fromarray(np.full((160, 160, 3), 90, np.uint8)).save(plain, "JPEG", quality=95, subsampling=0)
    half = np.full((160, 160, 3), 90, np.uint8)
    half[:80] = np.asarray(Image.open(io.BytesIO(jpeg(3))))[:80]
    file = io.BytesIO()
    Image.fromarray(half).save(file, "JPEG", quality=95, subsampling=0)
    assert found_in(plain.getvalue(), picture_needles(jpeg(1)) + picture_needles(file.getvalue())) == []
    assert found_in(file.getvalue(), picture_needles(file.getvalue())) != []
    assert picture_needles(plain.getvalue()).runs == picture_needles(b"").runs == ()


def test_a_png_is_known_by_its_pixels() -> None:
    file = io.BytesIO()
    Image.open(io.BytesIO(jpeg(1))).save(file, "PNG")
    assert found_in(file.getvalue(), picture_needles(file.getvalue())) != []


def test_digests_are_found_in_bytes_and_letters() -> None:
    digest = noise(5, 32)
    needles = digest_needles(digest.hex())
    for written in (digest, digest.hex().encode(), base64.b64encode(b"a" + digest + b"b")):
        assert "SHA-256 of a reference's picture" in found_in(b"0" + written, needles)[0]
    assert digest_needles("no digest") == NOTHING


# Names


NAME = "Zoë Müller-Lind"


@pytest.mark.parametrize(
    "written",
    [
        NAME.encode(),
        NAME.upper().encode(),
        NAME.lower().encode(),
        NAME.encode("utf-16-le"),
        NAME.upper().encode("utf-16-be"),
        json.dumps({"name": NAME}).encode(),
        json.dumps(["one\nZoë Müller-Lind"]).encode(),
        b"Zo%C3%AB%20M%C3%BCller-Lind",
        "zoë_müller-lind.jpg".encode(),
        "people/ZoëMüller-Lind2/".encode(),
        "Zoe\u0308 Mu\u0308ller-Lind".encode(),
        "„Zoë Müller-Lind“".encode(),
        "\\u201cZoë Müller-Lind\\u201d".encode(),
        base64.b64encode(b'{"a":"' + NAME.encode() + b'"}'),
        base64.b64encode(b'{"ab":"' + NAME.encode() + b'"}'),
        base64.b64encode(b'{"abc":"' + NAME.encode() + b'"}'),
        b"x\x00\x07Zo\xc3\xab M\xc3\xbcller-LindLondon\x00\x00",
    ],
)
def test_a_name_is_found_however_it_is_written(written: bytes) -> None:
    assert named_in(b"before " + written + b" after", name_needles("name", NAME)) != []


def test_part_of_another_word_is_no_name() -> None:
    needles = name_needles("name", "Ann Lee")
    for other in ("Joann Lee", "Ann Leeds", "Ann  Lee", "Ännann lee", "ann le e"):
        assert named_in(other.encode(), needles) == [], other
    assert named_in(b"the name is ann_lee, she said", needles) != []


def test_a_short_word_counts_as_it_is_written() -> None:
    needles = name_needles("name", "Will")
    assert named_in(b"it will rain", needles) == [] and named_in(b"it is Will, I think", needles) != []
    assert named_in("Will".encode("utf-16-le"), needles) != []


def test_signs_of_html_are_found() -> None:
    assert "name, HTML" in named_in(b"<td>D&#x27;Arcy &amp; Son</td>", name_needles("name", "D'Arcy & Son"))


# Files


def write_in(folder: Path, **contents: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("_DOT_", ".")).write_bytes(content)
    return folder


def whats(said: Searched) -> set[str]:
    return {one.what for one in said.found}


@pytest.mark.parametrize("at", [0, 1, PIECE - 16, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE - 300, 3 * PIECE - 600])
def test_what_lies_across_a_seam_is_found_once(tmp_path: Path, at: int) -> None:
    content = bytearray(noise(1, 3 * PIECE))
    content[at : at + 4 * D] = unit(1).tobytes()
    needles = TEMPLATE + name_needles("name", "Grace Hopper")
    content[at + 4 * D : at + 4 * D + 14] = b"\0Grace Hopper\0"
    said = search([write_in(tmp_path / "d", f=bytes(content))], needles)
    assert {one.what for one in said.found} == {"template, float32 little-endian", "name, UTF-8"}
    (name,) = (one for one in said.found if one.what == "name, UTF-8")
    assert (name.offset, name.count) == (at + 4 * D + 1, 1)
    template = next(one for one in said.found if one.what.startswith("template"))
    assert abs(template.offset - at) <= 4 * D and said.bytes == len(content) and said.files == 1


def test_the_overlap_holds_any_needle() -> None:
    longest = max(run.least for run in (TEMPLATE + picture_needles(jpeg(1))).runs)
    assert 2 * longest < OVERLAP


def test_packed_files_are_unpacked(tmp_path: Path) -> None:
    content = b"text " * 1000 + unit(1).tobytes() + b" text" * 1000
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("inside/a", content)
        file.writestr("inside/b", b"nothing")
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:gz") as file:
        member = tarfile.TarInfo("a")
        member.size = len(content)
        file.addfile(member, io.BytesIO(content))
    arrays = io.BytesIO()
    np.savez_compressed(arrays, template=unit(1))
    folder = write_in(
        tmp_path / "d",
        a=gzip.compress(content),
        b=bz2.compress(content),
        c=lzma.compress(content),
        d=packed.getvalue(),
        e=tar.getvalue(),
        f=arrays.getvalue(),
    )
    said = search([folder], TEMPLATE)
    assert len(said.found) == 6 and said.unread == ()
    assert {Path(one.place.split("!")[0].split(" ")[0]).name for one in said.found} == set("abcdef")


def test_what_cannot_be_looked_into_is_said(tmp_path: Path) -> None:
    folder = write_in(
        tmp_path / "d",
        zst=b"\x28\xb5\x2f\xfd" + noise(1, 100),
        torn=gzip.compress(noise(1, 10_000))[:5000],
        zip=b"PK\x03\x04" + noise(1, 100),
        fine=b"\x1f\x8b",
    )
    said = search([folder], TEMPLATE)
    assert not said.clean and said.found == ()
    assert {Path(one.place.split(" ")[0]).name for one in said.unread} == {"zst", "torn", "zip", "fine"}
    assert all(one.why for one in said.unread)


def test_a_bomb_is_not_unpacked_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secondlook.custody.streams.MOST_UNPACKED", 3 * PIECE)
    folder = write_in(tmp_path / "d", bomb=gzip.compress(bytes(8 * PIECE)))
    said = search([folder], TEMPLATE)
    assert "holds more" in said.unread[0].why and said.bytes < 4 * PIECE


def test_names_of_files_and_folders_count(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    write_in(folder, grace_hopper_DOT_jpg=b"")
    (folder / "Grace Hopper").mkdir()
    (folder / "Grace Hopper" / "1.jpg").write_bytes(b"")
    said = search([folder], name_needles("name", "Grace Hopper"))
    assert [one.offset for one in said.found] == [IN_ITS_NAME] * 2 and said.files == 2


def test_each_file_is_looked_at_once_and_links_are_not_followed(tmp_path: Path) -> None:
    folder = write_in(tmp_path / "d", a=unit(1).tobytes())
    (folder / "b").hardlink_to(folder / "a")
    (folder / "loop").symlink_to(folder)
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    said = search([folder, folder / "a", tmp_path / "nowhere"], TEMPLATE)
    assert (said.files, len(said.found), said.unread) == (1, 1, ())


def test_deleted_rows_of_a_database_are_found(tmp_path: Path) -> None:
    """Bytes are looked at and not rows: free pages and the write-ahead log, too."""
    file = tmp_path / "d" / "rows.db"
    file.parent.mkdir()
    rows = sqlite3.connect(file)
    rows.execute("PRAGMA secure_delete=OFF")
    rows.execute("PRAGMA journal_mode=WAL")
    rows.execute("CREATE TABLE t (name TEXT, city TEXT, template BLOB)")
    rows.execute("INSERT INTO t VALUES ('Grace Hopper', 'London', ?)", (unit(1).tobytes(),))
    rows.commit()
    rows.execute("DELETE FROM t")
    rows.commit()
    needles = TEMPLATE + name_needles("name", "Grace Hopper")
    assert whats(search([file.parent], needles)) == {"name, UTF-8", "template, float32 little-endian"}
    rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    rows.close()
    assert len(search([file.parent], needles).found) == 2, "in a page that is free"
    rows = sqlite3.connect(file)
    rows.execute("PRAGMA secure_delete=ON")
    rows.execute("VACUUM")
    rows.close()
    assert search([file.parent], needles).clean


# Short names among random bytes


def test_a_short_name_among_random_bytes_is_chance(tmp_path: Path) -> None:
    content = bytearray(noise(1, 100_000) + bytes(64))
    content[5000:5000] = b"\x01Bo\x02"
    folder = write_in(tmp_path / "d", sealed=bytes(content))
    said = search([folder], name_needles("name", "Bo"))
    assert said.clean and said.by_chance
    assert said.by_chance[0].count >= 1 and said.by_chance[0].expected == pytest.approx(100_000 / 65536, rel=0.01)


def test_more_of_them_than_chance_is_no_chance(tmp_path: Path) -> None:
    rows = b"".join(b"\x03\x05Bo" + noise(n, 40) for n in range(100))
    folder = write_in(tmp_path / "d", rows=rows + bytes(64))
    said = search([folder], name_needles("name", "Bo"))
    assert not said.clean and said.found[0].count >= 100 and said.by_chance == ()


def test_a_short_name_in_a_text_is_found(tmp_path: Path) -> None:
    folder = write_in(tmp_path / "d", text=b'{"name": "Bo", "about": "Bob and Borne"}')
    said = search([folder], name_needles("name", "Bo"))
    assert [(one.what, one.count) for one in said.found] == [("name, UTF-8", 1)]


@given(count=st.integers(0, 12), expected=st.floats(0.001, 30))
def test_the_chance_is_poissons(count: int, expected: float) -> None:
    from scipy.stats import poisson

    assert searching._at_least(count, expected) == pytest.approx(poisson.sf(count - 1, expected), abs=1e-9)
