"""A 1080p video with few faces: ours at default settings against face_recognition on every frame, same clip, same cores.

pip install --no-deps face_recognition==1.3.0 "setuptools<81"    # make bench does the same at 720p without it
python -m bench.video --seconds 20
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.crowd import people
from bench.crowd_video import standard_video
from secondlook.assemble import Settings, assemble, new_gallery
from secondlook.enrolling import Enrolment, EnrolOptions
from secondlook.gallery import OnSuspicion
from secondlook.runs.find import Annotate, find_into
from secondlook.runs.journal import Start
from secondlook.sources import Problem, Source, VideoFrames, read_photo
from secondlook.types import Sighting

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


class Silent:
    """A watcher that says nothing."""

    def sources(self, count: int, already: int) -> None: ...
    def begin(self, source: Source, frames: int | None) -> None: ...
    def advance(self, frames: int) -> None: ...
    def found(self, sighting: Sighting) -> None: ...
    def drawing(self, source: Source) -> None: ...
    def drawn(self, frames: int) -> None: ...
    def end(self, source: Source) -> None: ...
    def problem(self, problem: Problem) -> None: ...


def ours(clip: Path, faces: int, annotate: Annotate, out: Path) -> tuple[float, int]:
    """Seconds for the whole of `find`, models already loaded, and how many of the shown people were candidates."""
    cast = [p for p in people(SHARED) if p.reference][:faces]
    settings = Settings(recogniser="dlib-resnet")
    with new_gallery(settings) as gallery:
        identifier = assemble(gallery, settings)
        persons = [Enrolment(p.subject, (p.reference,), (p.subject,)) for p in cast if p.reference]
        list(identifier.enrol(persons, EnrolOptions(on_suspicion=OnSuspicion.ENROL)))
        start = time.perf_counter()
        result = find_into([clip], out, identifier, Start.OVERWRITE, annotate, Silent())
        taken = time.perf_counter() - start
    return taken, len({r.subject for r in result.records if r.subject})


def theirs(clip: Path, faces: int, frames: int) -> float:
    """Seconds a frame of face_recognition (HOG, every frame, compared with everybody enrolled)."""
    import face_recognition  # of this environment, where it may be missing

    cast = [p for p in people(SHARED) if p.reference][:faces]
    known = [e for p in cast for e in face_recognition.face_encodings(read_photo(str(p.reference)).pixels)[:1]]
    start, seen = time.perf_counter(), 0
    for frame in VideoFrames(clip):
        places = face_recognition.face_locations(frame.pixels)
        for encoding in face_recognition.face_encodings(frame.pixels, places):
            face_recognition.compare_faces(known, encoding)
        seen += 1
        if seen == frames:
            break
    return (time.perf_counter() - start) / seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--faces", type=int, default=3)
    parser.add_argument("--their-frames", type=int, default=60)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        frames = len(standard_video(clip, SHARED, faces=asked.faces, seconds=asked.seconds))
        plain = [ours(clip, asked.faces, Annotate.NONE, Path(folder) / f"n{i}") for i in range(3)]
        drawn = ours(clip, asked.faces, Annotate.ALL, Path(folder) / "a")
        other = theirs(clip, asked.faces, asked.their_frames)
    taken = float(np.median([t for t, _ in plain]))
    result = {
        "clip": f"1920 x 1080, 30 frames a second, {asked.seconds:.0f} s, {asked.faces} faces 40 to 120 px wide",
        "ours_frames_per_second": round(frames / taken, 1),
        "ours_with_annotated_copy": round(frames / drawn[0], 1),
        "ours_candidates_of_shown": [c for _, c in plain],
        "face_recognition_frames_per_second": round(1 / other, 2),
        "times_faster": round(frames / taken * other, 1),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
