"""A run is proved with the fakes: a whole one survives what it can, a sabotaged one is caught."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from tests.proof_samples import BOX, EDGE, LANDMARKS, GreyEmbedder, face

from secondlook.fakes import FakeDetector
from secondlook.redact.attack.found_leftovers import Kind
from secondlook.redact.cover import Covering, Style, cover
from secondlook.redact.proof import Proof, ProofAsked, Verdict
from secondlook.redact.proof_json import proof_json
from secondlook.redact.proof_page import proof_page
from secondlook.redact.proof_words import headline, sentences
from secondlook.redact.record import RedactedArea, RedactedFrame, Why, to_line
from secondlook.redact.results import Redacted, redacted_line
from secondlook.redact.shapes import Area
from secondlook.runs.prove import METADATA_ASKED, Means, prove, prove_into
from secondlook.runs.prove_frames import Copy
from secondlook.types import Pixels

AREA = Area(BOX, LANDMARKS)
MEANS = Means(FakeDetector(), GreyEmbedder())
FRAMES = 8


def record(copy: Copy, frame: int = 0, *, kept: bool = False, subject: str | None = None) -> RedactedFrame:
    area = RedactedArea(1, BOX, LANDMARKS, Why.DETECTED, 0.9, kept, subject)
    return RedactedFrame(str(copy.source), copy.name, frame, (area,))


def photo(folder: Path, person: int, covering: Covering, **saved: object) -> tuple[Copy, RedactedFrame]:
    source, output = folder / f"{person}.png", folder / "out" / f"{person}.png"
    output.parent.mkdir(exist_ok=True)
    pixels = face(person, 0)
    Image.fromarray(pixels).save(source)
    Image.fromarray(cover(pixels, [AREA], covering)).save(output, **saved)
    copy = Copy(source, output.name, output)
    return copy, record(copy)


def film(path: Path, pictures: list[Pixels]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "12"})
        stream.width = stream.height = EDGE
        stream.pix_fmt = "yuv420p"
        for index, pixels in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def clip(folder: Path, uncovered: int | None = None, more: int = 0) -> tuple[Copy, list[RedactedFrame]]:
    """One person in a film whose every frame is covered, but for one."""
    copy = Copy(folder / "clip.mp4", "clip.mp4", folder / "copy.mp4")
    originals = [face(0, take) for take in range(FRAMES + more)]
    film(copy.source, originals[:FRAMES])
    film(copy.output, [p if i == uncovered else cover(p, [AREA], Covering()) for i, p in enumerate(originals)])
    return copy, [record(copy, frame) for frame in range(FRAMES)]


def proved(copy: Copy, records: list[RedactedFrame], **asked: object) -> Proof:
    return prove([copy], records, Covering(), MEANS, ProofAsked(**asked))


def test_a_covered_film_has_nothing_to_be_seen(tmp_path: Path) -> None:
    proof = proved(*clip(tmp_path))
    assert proof.detection.uncovered_count == proof.detection.elsewhere_count == 0
    assert (proof.detection.frames, proof.detection.places) == (FRAMES, FRAMES)
    assert not proof.leftovers and not proof.unread and not proof.failed
    assert proof.verdict is Verdict.NOT_ENOUGH, "one person is not enough to say anything"
    assert "not enough trials" in headline(proof)


def test_one_uncovered_frame_fails_the_proof(tmp_path: Path) -> None:
    proof = proved(*clip(tmp_path, uncovered=5))
    assert [(spot.file, spot.frame) for spot in proof.detection.uncovered] == [("clip.mp4", 5)]
    assert proof.failed and proof.verdict is Verdict.BROKEN
    assert any("1 face is listed as covered and still to be seen" in said for said in sentences(proof))


def test_a_face_that_is_listed_nowhere_fails_the_proof(tmp_path: Path) -> None:
    copy, line = photo(tmp_path, 0, Covering())
    with Image.open(copy.output) as held:
        pixels = np.array(held)
    pixels[4:40, 4:40] = (255, 0, 0)  # what the fake detector takes for a face
    Image.fromarray(pixels).save(copy.output)
    proof = proved(copy, [line])
    assert proof.detection.elsewhere_count == 1 and proof.failed


def test_who_is_kept_is_not_attacked(tmp_path: Path) -> None:
    copy, _ = photo(tmp_path, 0, Covering())
    Image.fromarray(face(0, 0)).save(copy.output)
    proof = proved(copy, [record(copy, kept=True, subject="Ada")])
    assert not proof.failed and proof.run.gallery == 0 and proof.detection.places == 0


def test_more_pictures_than_the_original_are_a_leftover(tmp_path: Path) -> None:
    proof = proved(*clip(tmp_path, more=2))
    assert [one.kind for one in proof.leftovers] == [Kind.FRAMES] and proof.failed


@pytest.mark.parametrize(("accepted", "failed"), [((), True), (METADATA_ASKED, False)])
def test_metadata_fail_unless_they_were_asked_to_stay(tmp_path: Path, accepted: tuple[Kind, ...], failed: bool) -> None:
    held = Image.Exif()
    held[0x010F] = "Kamera"
    copy, line = photo(tmp_path, 0, Covering(), exif=held.tobytes())
    proof = proved(copy, [line], accepted=accepted)
    assert [(one.kind, one.file) for one in proof.leftovers] == [(Kind.METADATA, "0.png")]
    assert proof.failed is failed


def test_a_copy_that_cannot_be_read_fails_the_proof(tmp_path: Path) -> None:
    copy, line = photo(tmp_path, 0, Covering())
    copy.output.write_bytes(copy.output.read_bytes()[:300])
    assert proved(copy, [line]).failed
    assert proved(replace(copy, output=tmp_path / "gone.png"), [line]).unread


def test_many_people_behind_a_weak_blur_are_named(tmp_path: Path) -> None:
    blur = Covering(Style.BLUR, blur=0.05)
    made = [photo(tmp_path, person, blur) for person in range(14)]
    proof = prove([copy for copy, _ in made], [line for _, line in made], blur, MEANS, ProofAsked())
    assert proof.failed and proof.run.verdict is Verdict.BROKEN
    assert any("came first" in said for said in sentences(proof))
    assert any("--style solid" in said for said in sentences(proof))


def labelled(folder: Path, people: int) -> Path:
    for person in range(people):
        for take in range(2):
            pixels = face(person, take)
            pixels[60:178, 75:165, 0] = np.clip(pixels[60:178, 75:165, 0].astype(int) + 150, 0, 255)
            pixels[60:178, 75:165, 1:] = pixels[60:178, 75:165, 1:] // 8
            (folder / f"{person:02d}").mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / f"{person:02d}" / f"{take}.png")
    return folder


@pytest.mark.parametrize(
    ("covering", "count", "verdict"),
    [(Covering(), 31, Verdict.SURVIVED), (Covering(Style.PIXELATE, blocks=12), 12, Verdict.BROKEN)],
)
def test_labelled_people_say_what_a_run_cannot(
    tmp_path: Path, covering: Covering, count: int, verdict: Verdict
) -> None:
    copy, line = photo(tmp_path, 0, covering)
    people = labelled(tmp_path / "people", count)
    proof = prove([copy], [line], covering, MEANS, ProofAsked(), people)
    assert proof.labelled is not None and proof.labelled.gallery == proof.labelled.probes == count
    assert proof.labelled.verdict is verdict
    assert proof.verdict is verdict and proof.failed is (verdict is Verdict.BROKEN)


def test_a_limit_must_be_shown_to_be_kept(tmp_path: Path) -> None:
    copy, line = photo(tmp_path, 0, Covering())
    assert not proved(copy, [line]).failed
    assert proved(copy, [line], limit=0.01).failed


def test_what_is_written(tmp_path: Path) -> None:
    copy, line = photo(tmp_path, 0, Covering())
    (tmp_path / "redaction.jsonl").write_text(to_line(replace(line, output="out/0.png")) + "\n")
    done = Redacted(str(copy.source), "out/0.png", 1, 1, 1, 0)
    (tmp_path / "redacted.jsonl").write_text(redacted_line(done) + "\n")
    told: list[str] = []
    proof = prove_into(tmp_path, Covering(), MEANS, ProofAsked(), None, told.append)
    held = json.loads((tmp_path / "proof.json").read_text())
    assert held == proof_json(proof) and held["schema"] == "secondlook.proof/1"
    assert (held["verdict"], held["failed"]) == ("not_enough", False)
    naive = held["run"]["attacks"][0]
    assert naive["covered"]["trials"] == 1 and {"hits", "low", "high", "observed"} <= naive["covered"].keys()
    page = (tmp_path / "proof.html").read_text()
    assert "".join(proof_page(proof)) == page
    assert "anonymous" not in page.lower() and "What was not tried" in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert any("out/0.png" in said for said in told)
