"""face_recognition 1.3 on dlib-bin, as its own examples use it: HOG or CNN, upsampled as its defaults say, distance 0.6."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import dlib
import face_recognition
import face_recognition.api
import numpy as np

from bench.peers.cases import Case, Outcome

Work = Callable[[], Outcome]


def opened(case: Case) -> Work:
    return _STAGES[case.stage](case)


def _path(case: Case) -> str:
    return str(Path(case.material) / f"{case.subject}.jpg")


def _known(case: Case) -> list[np.ndarray]:
    known = json.loads((Path(case.material) / "known.json").read_text(encoding="utf-8"))
    pictures = (face_recognition.load_image_file(path) for _, path in known)
    return [encoding for picture in pictures for encoding in face_recognition.face_encodings(picture)[:1]]


def _places(case: Case, pixels: np.ndarray) -> list[tuple[int, int, int, int]]:
    """CNN without upsampling: with it, a picture of 1080 lines takes minutes on a processor."""
    if "CNN" in case.variant:
        return face_recognition.face_locations(pixels, number_of_times_to_upsample=0, model="cnn")
    return face_recognition.face_locations(pixels)


def _boxes(places: list[tuple[int, int, int, int]]) -> list[list[float]]:
    return [[float(left), float(top), float(right), float(bottom)] for top, right, bottom, left in places]


def _decode(case: Case) -> Work:
    def work() -> Outcome:
        face_recognition.load_image_file(_path(case))
        return Outcome()

    return work


def _detect(case: Case) -> Work:
    pixels = face_recognition.load_image_file(_path(case))
    return lambda: Outcome(boxes=_boxes(_places(case, pixels)))


def _align(case: Case) -> Work:
    """Landmarks by its 68-point model, and dlib's own chip."""
    pixels = face_recognition.load_image_file(_path(case))
    rectangles = [face_recognition.api._css_to_rect(place) for place in _places(case, pixels)]

    def work() -> Outcome:
        for rectangle in rectangles:
            dlib.get_face_chip(pixels, face_recognition.api.pose_predictor_68_point(pixels, rectangle), 150, 0.25)
        return Outcome(items=len(rectangles))

    return work


def _embed(case: Case) -> Work:
    small = np.random.default_rng(0).integers(0, 256, (32, 150, 150, 3), np.uint8)
    encoder = face_recognition.api.face_encoder
    if "batch" in case.variant:
        whole = list(small)

        def batched() -> Outcome:
            encoder.compute_face_descriptor(whole)
            return Outcome(items=len(whole))

        return batched

    def work() -> Outcome:
        for chip in small:
            encoder.compute_face_descriptor(chip)
        return Outcome(items=len(small))

    return work


def _photo(case: Case) -> Work:
    known = _known(case)

    def work() -> Outcome:
        pixels = face_recognition.load_image_file(_path(case))
        places = _places(case, pixels)
        for encoding in face_recognition.face_encodings(pixels, places):
            face_recognition.compare_faces(known, encoding)
        return Outcome(boxes=_boxes(places))

    return work


def _video(case: Case) -> Work:
    """Every frame. subject: how many of them."""
    import av  # only here: the other stages do without

    known, clip, frames = _known(case), str(Path(case.material) / "clip.mp4"), int(case.subject)

    def work() -> Outcome:
        with av.open(clip) as container:
            for frame in islice(container.decode(video=0), frames):
                pixels = frame.to_ndarray(format="rgb24")
                for encoding in face_recognition.face_encodings(pixels, _places(case, pixels)):
                    face_recognition.compare_faces(known, encoding)
        return Outcome(items=frames)

    return work


def _encoded(path: str) -> int:
    return len(face_recognition.face_encodings(face_recognition.load_image_file(path)))


def _enrol(case: Case) -> Work:
    """subject: every how many pictures a round begins, and how many of them it takes. In two processes as its command does
    with --cpus 2."""
    step, take = (int(number) for number in case.subject.split(" "))
    pictures = [str(p) for p in sorted(Path(case.material).joinpath("lfw").glob("*/*.jpg"))]
    pool = get_context("forkserver").Pool(2) if "processes" in case.variant else None
    if pool is not None:
        pool.map(_encoded, pictures[:4])
    first = 0

    def work() -> Outcome:
        nonlocal first
        part = pictures[first : first + take]
        first += step
        done = pool.map(_encoded, part, chunksize=4) if pool else [_encoded(path) for path in part]
        return Outcome(len(part), found=[str(sum(n > 0 for n in done))])

    return work


_STAGES: dict[str, Callable[[Case], Work]] = {
    "decode": _decode,
    "detect": _detect,
    "align": _align,
    "embed": _embed,
    "photo": _photo,
    "video": _video,
    "enrol": _enrol,
}
