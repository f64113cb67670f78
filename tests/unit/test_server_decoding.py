"""What strangers send is decoded elsewhere, within limits; whatever happens there, the service goes on."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from secondlook.errors import OutputError, SourceError, SourceTooLarge, UnsupportedSource
from secondlook.server.work import picture_pipe
from secondlook.server.work.confine import MACHINES
from secondlook.server.work.decoding import DecodeLimits, Decoders
from secondlook.server.work.picture_pipe import Answer, Moment, What, answer_of
from secondlook.sources import VideoFrames, picture_from
from service_samples import picture
from video_kinds import KINDS, Kind, written

# generous: a test is not about how fast this machine is
LIMITS = DecodeLimits(pixels=50_000_000, seconds=60, memory_mb=1024)
SHORT = replace(LIMITS, seconds=3, memory_mb=256)

HOSTILE = """
import ctypes, os, socket, sys, time
import numpy as np
from secondlook.server.work import decoder

def hostile(data, pixels):
    if not data.startswith(b"EVIL"):
        return decoder.decode(data, pixels)
    exec(data[4:].decode(), globals())
    return np.full((2, 3, 3), 7, np.uint8)

decoder.serve(int(sys.argv[-1]), hostile)
"""


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    made = Decoders(lambda: LIMITS, at_once=1)
    yield made
    made.close()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """A decoder that does whatever is written behind EVIL: one that was taken over."""
    file = tmp_path_factory.mktemp("hostile") / "hostile.py"
    file.write_text(HOSTILE)
    return (sys.executable, "-B", str(file))


@pytest.fixture(scope="module")
def hostile(program: tuple[str, ...]) -> Iterator[Decoders]:
    made = Decoders(lambda: SHORT, at_once=1, command=program)
    yield made
    made.close()


def saved(image: Image.Image, format_: str, **how: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **how)
    return file.getvalue()


def huge_png(edge: int) -> bytes:
    """A picture of one colour with ``edge`` x ``edge`` px in a few kilobytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", edge, edge, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + (edge + 7) // 8)
    rows = b"".join(packer.compress(row) for _ in range(edge)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def many_pages(count: int, endless: bool = False) -> bytes:
    """A TIFF of ``count`` pages of 1 x 1 px; endless: the last names the second as its next."""
    entries = [(256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    entries += [(277, 3, 1, 1), (278, 3, 1, 1), (279, 4, 1, 1)]
    page = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    size, first = len(page) + 4, 10
    parts = [b"II*\0", struct.pack("<I", first), b"\x7f\0"]
    for number in range(count):
        after = first + (number + 1) * size if number + 1 < count else (first + size if endless else 0)
        parts += [page, struct.pack("<I", after)]
    return b"".join(parts)


def test_every_format_comes_out_as_it_would_here(decoders: Decoders) -> None:
    plain = Image.fromarray(np.random.default_rng(5).integers(0, 256, (40, 60, 3), np.uint8))
    for format_ in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM"):
        file = saved(plain, format_)
        assert np.array_equal(decoders.decode(file), picture_from(file).pixels), format_
    for image, how in (
        (plain.convert("CMYK"), {"format_": "JPEG"}),
        (plain.convert("LAB"), {"format_": "TIFF"}),
        (plain.convert("RGBA"), {"format_": "PNG"}),
        (plain.convert("P"), {"format_": "PNG", "transparency": 3}),
        (plain.convert("I;16"), {"format_": "PNG"}),
        (plain, {"format_": "TIFF", "compression": "tiff_lzw"}),
        (plain, {"format_": "WEBP", "save_all": True, "append_images": [plain.rotate(180)]}),
        (plain, {"format_": "AVIF", "save_all": True, "append_images": [plain.rotate(180)]}),
        (plain, {"format_": "JPEG", "progressive": True, "exif": Image.Exif()}),
    ):
        file = saved(image, **how)
        assert np.array_equal(decoders.decode(file), picture_from(file).pixels), how


def test_one_process_serves_several_pictures_and_is_replaced(tmp_path: Path) -> None:
    made = Decoders(lambda: LIMITS, at_once=1, uses=2)
    try:
        seen = []
        for seed in range(5):
            decoded = made.decode(picture(seed))
            assert np.array_equal(decoded, picture_from(picture(seed)).pixels)
            seen.append(made._idle[0]._process.pid)
        assert seen[0] != seen[1] and len(set(seen)) >= 3, seen
    finally:
        made.close()


def test_several_threads_share_them() -> None:
    made = Decoders(lambda: LIMITS, at_once=2)
    made.warm()
    try:
        with ThreadPoolExecutor(6) as threads:
            found = list(threads.map(lambda seed: made.decode(picture(seed)), range(12)))
        for seed, pixels in enumerate(found):
            assert np.array_equal(pixels, picture_from(picture(seed)).pixels)
        assert len(made._idle) <= 2
    finally:
        made.close()
    assert made._idle == []


@pytest.mark.parametrize(
    ("file", "kind", "words"),
    [
        (b"", SourceError, "empty"),
        (b"no picture at all", UnsupportedSource, "The picture is not JPEG"),
        (huge_png(20_000), SourceTooLarge, "400 megapixels"),
        (picture(1)[:900], SourceError, "cut off"),
        (many_pages(1)[:-60], SourceError, "cut off"),
    ],
)
def test_a_bad_picture_is_one_sentence(decoders: Decoders, file: bytes, kind: type[SourceError], words: str) -> None:
    with pytest.raises(kind, match=words) as refused:
        decoders.decode(file)
    assert str(refused.value).count("\n") == 0
    assert decoders.decode(picture(2)).shape == (64, 64, 3)


def test_a_picture_that_needs_more_memory_than_it_may_have_is_refused() -> None:
    small = replace(LIMITS, pixels=400_000_000, memory_mb=256)
    made = Decoders(lambda: small, at_once=1)
    try:
        with pytest.raises(SourceError):
            made.decode(huge_png(20_000))  # 1.6 GB as Pillow holds it
        assert made.decode(picture(2)).shape == (64, 64, 3)
    finally:
        made.close()


def test_of_millions_of_pages_only_the_first_is_decoded(decoders: Decoders) -> None:
    assert decoders.decode(many_pages(200_000)).shape == (1, 1, 3)
    assert decoders.decode(many_pages(2, endless=True)).shape == (1, 1, 3)


@pytest.mark.parametrize(
    ("deed", "kind", "words"),
    [
        ("time.sleep(3600)", SourceTooLarge, "longer than 3 s"),
        ("while True: pass", SourceTooLarge, "longer than 3 s"),
        ("os._exit(3)", SourceError, "fail"),
        ("ctypes.string_at(0)", SourceError, "fail"),
        ("os.write(1, b'x' * 4096); time.sleep(3600)", SourceError, "fail"),
        ("raise ValueError('unforeseen')", SourceError, "fail"),
        ("b = [bytearray(1 << 26) for _ in range(1000)]", SourceTooLarge, "memory"),
    ],
)
def test_a_decoder_that_goes_wrong_ends_alone(
    hostile: Decoders, deed: str, kind: type[SourceError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        hostile.decode(b"EVIL" + deed.encode())
    assert hostile.decode(picture(2)).shape == (64, 64, 3)


OPENING = (
    "open({file!r}, 'w')",
    "open('/etc/passwd')",
    "socket.socket()",
    "socket.socket(socket.AF_UNIX)",
    "os.pipe()",
)
REACHING = (
    "os.fork()",
    "os.unlink({file!r})",
    "os.rename({file!r}, {file!r} + '.moved')",
    "os.chmod({file!r}, 0)",
    "os.kill(os.getppid(), 0)",
    "os.kill(os.getpid(), 9)",
    "os.execv(sys.executable, [sys.executable, '-c', ''])",
    "__import__('resource').prlimit(os.getppid(), 7, (9, 9))",
)


def test_a_decoder_reaches_nothing(hostile: Decoders, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("untouched")
    for deed in (*OPENING, *(REACHING if filtered() else ())):
        asked = deed.format(file=str(kept))
        tried = f"try:\n  {asked}\nexcept OSError:\n  raise decoder.SourceError('refused by the system')"
        with pytest.raises(SourceError, match="refused by the system"):
            hostile.decode(b"EVIL" + tried.encode())
    assert kept.read_text() == "untouched" and kept.stat().st_mode & 0o600


def filtered() -> bool:
    facts = Path("/proc/self/status")
    return os.uname().machine in MACHINES and facts.exists() and "Seccomp_filters" in facts.read_text()


def test_it_is_confined_before_it_reads(decoders: Decoders) -> None:
    if not filtered():
        pytest.skip("filtering system calls cannot be tried here: this kernel has none of it for us")
    decoders.decode(picture(1))
    status = Path(f"/proc/{decoders._idle[0]._process.pid}/status").read_text()
    assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status and "Threads:\t1" in status


def test_the_gallerys_key_is_not_given_on(program: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_GALLERY_KEY", "a secret")
    made = Decoders(lambda: LIMITS, at_once=1, command=program)
    seen = made.decode(b"EVILif any('secret' in value for value in os.environ.values()): os._exit(1)")
    assert seen.shape == (2, 3, 3)
    made.close()


def test_where_none_can_be_started_that_is_said() -> None:
    for command in ((sys.executable, "-c", "raise SystemExit(1)"), ("/no/such/program",)):
        made = Decoders(lambda: LIMITS, command=command)
        with pytest.raises(OutputError, match=r"start"):
            made.decode(picture(1))
        made.close()


def test_an_answer_that_none_of_ours_would_give_is_none() -> None:
    assert answer_of(Answer(What.PICTURE, 4, 2, 24).packed(), 8).width == 4
    for wrong in (
        Answer(What.PICTURE, 4, 2, 23),
        Answer(What.PICTURE, 4, 3, 36),
        Answer(What.PICTURE, 0, 3, 0),
        Answer(What.UNREADABLE, 0, 0, picture_pipe.LONGEST_SENTENCE + 1),
    ):
        with pytest.raises(ValueError, match="no answer"):
            answer_of(wrong.packed(), 8)


def test_a_closed_pool_leaves_no_process_behind() -> None:
    made = Decoders(lambda: LIMITS, at_once=1)
    made.warm()
    process = made._idle[0]._process
    made.close()
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    assert process.poll() is not None


def test_where_the_service_is_killed_its_decoders_end(tmp_path: Path) -> None:
    program = """
import os, signal, sys
from secondlook.server.work.decoding import DecodeLimits, Decoders

decoders = Decoders(lambda: DecodeLimits(1000000, 60, 512), at_once=1)
decoders.warm()
print(decoders._idle[0]._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    decoder = int(done.stdout)
    end = time.monotonic() + 60
    while Path(f"/proc/{decoder}").exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not Path(f"/proc/{decoder}").exists()


# One frame of a video

HOSTILE_FRAMES = """
import os, sys
import numpy as np
from secondlook.server.work import decoder

def hostile(asked, pixels):
    exec(handed.read().decode(), globals())
    return np.full((2, 3, 3), 7, np.uint8)

handed = open(int(sys.argv[-1]), "rb")
decoder.serve(int(sys.argv[-2]), hostile, lambda decode: None)
"""


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_frame_of_a_video_comes_out_as_it_would_here(tmp_path: Path, kind: Kind) -> None:
    (tmp_path / "clip").write_bytes(written(kind))
    made = Decoders(lambda: LIMITS)
    try:
        for index, frame in enumerate(VideoFrames(tmp_path / "clip")):
            if index in (0, 13, 29):
                with (tmp_path / "clip").open("rb") as video:
                    found = made.frame(video, Moment(index, round(frame.time_s or 0.0, 3)))
                assert np.array_equal(found, frame.pixels), index
    finally:
        made.close()
    assert made._idle == []


def test_a_video_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    made = Decoders(lambda: replace(LIMITS, pixels=1000))
    (tmp_path / "torn").write_bytes(b"\x1a\x45\xdf\xa3" + b"0" * 900)
    (tmp_path / "large").write_bytes(written(KINDS[3]))
    for name, kind, words in (
        ("torn", SourceError, "The video cannot be opened"),
        ("large", SourceTooLarge, "megapixels"),
    ):
        with (tmp_path / name).open("rb") as video, pytest.raises(kind, match=words) as refused:
            made.frame(video, Moment(1, None))
        assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize(
    ("deed", "kind", "words"),
    [
        ("while True: pass", SourceTooLarge, "The video takes longer than 3 s"),
        ("os._exit(3)", SourceError, "The video made the program"),
        ("open('/etc/passwd')", SourceError, "The video made the program"),
        ("b = [bytearray(1 << 26) for _ in range(1000)]", SourceTooLarge, "memory"),
    ],
)
def test_a_decoder_of_videos_that_goes_wrong_ends_alone(
    tmp_path: Path, deed: str, kind: type[SourceError], words: str
) -> None:
    program, video = tmp_path / "hostile.py", tmp_path / "video"
    program.write_text(HOSTILE_FRAMES)
    made = Decoders(lambda: SHORT, frame_command=(sys.executable, "-B", str(program)))
    video.write_text("pass")
    with video.open("rb") as handed:
        assert made.frame(handed, Moment(0, None)).shape == (2, 3, 3)
    video.write_text(deed)
    with video.open("rb") as handed, pytest.raises(kind, match=words):
        made.frame(handed, Moment(0, None))
