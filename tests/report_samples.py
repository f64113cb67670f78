"""Made-up sightings and runs for the tests of the report; the faces are drawn circles."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from secondlook.decide.calibration import Stated
from secondlook.decide.sentence import calibrated_sentence
from secondlook.report.summary import CalibrationLine, Drawn, PackLine, RateLine, RunSummary
from secondlook.sources.folders import Problem
from secondlook.types import Candidate, Decision, Estimate, Grounds, Outcome, Pixels, Quality, Sighting

MEASURED = "Its FPIR was 0.01 on LFW with 854 people enrolled; elsewhere it is unknown."
PACK = "dlib-resnet@55533b28a958"
THRESHOLD = 0.93
DOUBTFUL = 0.9
QUALITY = Quality(31.4, 0.82, -12.3, 4.0, 1.5, 0.46, 0.17, 0.03, 1.0, 0.71)
BOX = (812.04, 240.0, 868.0, 312.0)


def portrait(seed: int = 0, height: int = 160, width: int = 130) -> Pixels:
    """A drawing that nobody takes for a person."""
    rng = np.random.default_rng(seed)
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = rng.integers(90, 200, 3)
    y, x = np.mgrid[:height, :width]
    away = ((x - width / 2) / (0.3 * width)) ** 2 + ((y - height / 2) / (0.36 * height)) ** 2
    pixels[away < 1] = rng.integers(120, 250, 3)
    for eye in (0.4, 0.6):
        pixels[((x - eye * width) ** 2 + (y - 0.42 * height) ** 2) < (0.035 * width) ** 2] = 20
    return pixels


def grounds(outcome: Outcome, score: float | None, subject: str = "", against: tuple[str, ...] = ()) -> Grounds:
    caution = f" Uncalibrated: no probability can be given. {MEASURED}"
    if score is None:
        return Grounds("No usable face was kept of this person, so nothing could be searched.", against=against)
    scale = f"(score {score:.3f}, threshold {THRESHOLD:.3f}; searched among 12 enrolled people)"
    said = {
        Outcome.CANDIDATE: f"{subject} is a candidate {scale}: a lead to check, no identification.",
        Outcome.INCONCLUSIVE: f"Too alike to rule out and too little alike to propose {scale}.",
        Outcome.NO_CANDIDATE: f"Nobody enrolled looks alike enough {scale}.",
        Outcome.NOT_SEARCHABLE: "",
    }[outcome]
    if against:
        said = f"The picture cannot carry a decision either way: {'; '.join(against)} {scale}."
    return Grounds(said + caution, score, THRESHOLD, 12, 0.0412, False, against)


def sighting(
    outcome: Outcome = Outcome.NO_CANDIDATE,
    score: float | None = 0.71,
    subject: str | None = None,
    *,
    source: str = "crowd/group_25.jpg",
    track: int = 1,
    start_s: float | None = None,
    against: tuple[str, ...] = (),
    crop: bool = True,
    quality: Quality = QUALITY,
) -> Sighting:
    """A sighting. subject: who is named, if anybody. start_s: where it begins in a video; None in a photograph."""
    named = () if subject is None or score is None else (Candidate(subject, 3, score, 1), Candidate("Bo Li", 7, 0.9, 2))
    frame = 0 if start_s is None else round(start_s * 25)
    path = () if start_s is None else tuple((frame + 5 * i, *(v + i for v in BOX)) for i in range(4))
    return Sighting(
        source=source,
        frame=frame,
        time_s=start_s,
        box=BOX,
        track=track,
        first_s=start_s,
        last_s=None if start_s is None else start_s + 0.6,
        frames=1 if start_s is None else 4,
        detector_score=0.987654,
        quality=quality,
        decision=Decision(outcome, grounds(outcome, score, subject or "", against), named),
        pack=PACK,
        crop=portrait(track) if crop else None,
        path=path,
    )


def run(**changed: Any) -> RunSummary:
    facts: dict[str, Any] = {
        "title": "Who was seen in 3 pictures and 1 video",
        "started": datetime(2026, 11, 23, 14, 3, tzinfo=UTC),
        "seconds": 83.4,
        "version": "0.1.0",
        "pictures": 3,
        "videos": 1,
        "problems": (),
        "recogniser": PackLine(
            id=PACK,
            title="dlib ResNet v1",
            licence="CC0-1.0",
            rates=(
                RateLine(measure="FNIR", at="FPIR 0.1", value=0.154, low=0.137, high=0.173, trials=1615),
                RateLine(measure="FNIR", at="FPIR 0.01", value=0.397, low=0.373, high=0.421, trials=1615),
                RateLine(measure="FNIR", at="FPIR 0.003", value=0.529, trials=1615),
            ),
            rates_source="LFW (deep-funneled, CenterFace landmarks), cosine: one reference each of 854 people",
        ),
        "detector": PackLine(id="centerface@77e394b51108", title="CenterFace", licence="MIT"),
        "providers": ("CenterFace: OpenVINO, CPU", "dlib ResNet v1: ONNX Runtime, CPU"),
        "gallery": "staff.gallery",
        "gallery_size": 12,
        "rule_note": MEASURED,
        "threshold": THRESHOLD,
        "doubtful": DOUBTFUL,
        "calibration": None,
        "drawn": (),
    } | changed
    return RunSummary(**facts)


def mixture() -> list[Sighting]:
    """A bit of everything that a page must show well."""
    clip = "footage/2026-11-20 gate camera 3/a_file_name_of_a_recorder_20261120T101500_20261120T111500_channel_03.mp4"
    blurred = ("only 11 px between the eyes (wanted: 14)", "blurred (sharpness 0.02, wanted: 0.03)")
    return [
        *(sighting(track=20 + i, score=0.5 + i / 50) for i in range(7)),
        sighting(Outcome.NOT_SEARCHABLE, None, track=3, crop=False),
        sighting(
            Outcome.INCONCLUSIVE, 0.912, "Katharina von Hohenstein-Schönbrunn", track=4, source=clip, start_s=3723.44
        ),
        sighting(Outcome.INCONCLUSIVE, 0.61, track=5, against=blurred),
        sighting(Outcome.CANDIDATE, 0.941, "Ann Lee", track=6),
        sighting(Outcome.CANDIDATE, 0.967, "Владимир <b>Ж</b>", track=7, source=clip, start_s=3.2),
    ]


FITTED = (
    "Thresholds follow from each picture and from the 826 people enrolled, so that 3 of 1,000 searches for strangers give "
    "a candidate; fitted on 2,848 people, measured up to galleries of 2,279."
)
FIT = CalibrationLine(
    fpir=0.003,
    prior=0.01,
    data="LFW, half of its people, each picture also small, blurred, dark and pressed as cameras do",
    limits=("children", "faces turned more than 60 degrees away", "heat and infrared cameras"),
    figures=("Of 1,000 strangers 3.4 (2.6 to 4.4) were given a candidate where 3 were asked for.",),
    largest=2279,
    low_log10_lr=-2.1,
    high_log10_lr=2.9,
)


def calibrated_run(**changed: Any) -> RunSummary:
    facts = {"rule_note": FITTED, "threshold": None, "doubtful": None, "calibration": FIT, "gallery_size": 826}
    return run(**(facts | changed))


def calibrated(
    outcome: Outcome, said: Stated, score: float, subject: str = "", against: tuple[str, ...] = (), **changed: Any
) -> Sighting:
    """A sighting that was decided by a calibration. changed: as for ``sighting``."""
    best = Candidate(subject or "nobody named", 3, score, 1)
    grounds = Grounds(
        sentence=calibrated_sentence(outcome, best, 826, said, 0.01, against),
        score=score,
        threshold=said.threshold,
        gallery_size=826,
        margin=1.3126,
        calibrated=True,
        against=against,
        fpir=0.003,
        alike_rate=said.alike_rate,
        miss_rate=said.miss_rate,
        log10_lr=said.log10_lr,
        prior=0.01,
        posterior=said.posterior,
    )
    return replace(sighting(**changed), decision=Decision(outcome, grounds, (best,) if subject else ()))


def stated(threshold: float, log10_lr: float, alike: Estimate, missed: Estimate, posterior: Estimate) -> Stated:
    return Stated(threshold, alike, missed, log10_lr, log10_lr, posterior, beyond=False)


SURE = stated(
    4.02, 2.9, Estimate(0.00105, 0.00105, 0.0021), Estimate(0.081, 0.06, 0.113), Estimate(0.9994, 0.9981, 0.9998)
)
"""At the end of what the data support."""
LIKELY = stated(
    4.02, 2.362, Estimate(0.0021, 0.0012, 0.0043), Estimate(0.081, 0.06, 0.113), Estimate(0.907, 0.85, 0.95)
)
DOUBTED = stated(4.75, 1.1, Estimate(0.021, 0.016, 0.027), Estimate(0.31, 0.26, 0.38), Estimate(0.113, 0.08, 0.15))
UNLIKE = stated(3.8, -1.08, Estimate(0.43, 0.4, 0.46), Estimate(0.061, 0.04, 0.09), Estimate(0.0008, 0.0005, 0.0012))


def calibrated_mixture() -> list[Sighting]:
    clip = "footage/2026-11-20 gate camera 3/a_file_name_of_a_recorder_20261120T101500_20261120T111500_channel_03.mp4"
    blurred = ("only 11 px between the eyes (wanted: 14)", "blurred (sharpness 0.02, wanted: 0.03)")
    return [
        *(calibrated(Outcome.NO_CANDIDATE, UNLIKE, 2 + i / 9, track=20 + i) for i in range(5)),
        sighting(Outcome.NOT_SEARCHABLE, None, track=3, crop=False),
        calibrated(
            Outcome.INCONCLUSIVE, DOUBTED, 4.31, "Katharina von Hohenstein-Schönbrunn", track=4, start_s=3723.44
        ),
        calibrated(Outcome.INCONCLUSIVE, DOUBTED, 3.11, "", blurred, track=5),
        calibrated(Outcome.CANDIDATE, LIKELY, 5.1234, "Ann Lee", track=6),
        calibrated(Outcome.CANDIDATE, SURE, 7.4, "Владимир <b>Ж</b>", track=7, source=clip, start_s=3.2),
    ]


def problems() -> tuple[Problem, ...]:
    return (
        Problem(Path("crowd/broken.jpg"), "crowd/broken.jpg is damaged or cut off and cannot be read: copy it again."),
        Problem(Path("crowd/notes.docx"), "crowd/notes.docx is not JPEG or a common video format: leave it out."),
    )


def drawn() -> tuple[Drawn, ...]:
    return (Drawn("crowd/group_25.jpg", "annotated/group_25-0011aabb.jpg"),)
