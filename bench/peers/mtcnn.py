"""facenet-pytorch's MTCNN with its defaults, every face kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from facenet_pytorch import MTCNN
from facenet_pytorch.models.utils.detect_face import extract_face
from PIL import Image

from bench.peers.cases import Case, Outcome


def opened(case: Case) -> Callable[[], Outcome]:
    torch.set_num_threads(case.cores)
    path = Path(case.material) / f"{case.subject}.jpg"

    def decode() -> Image.Image:
        with Image.open(path) as file:
            return file.convert("RGB")

    if case.stage == "decode":

        def decoded() -> Outcome:
            np.asarray(decode())
            return Outcome()

        return decoded
    detector, picture = MTCNN(keep_all=True), decode()
    if case.stage == "align":
        boxes, _ = detector.detect(picture)

        def align() -> Outcome:
            for box in boxes:
                extract_face(picture, box, 160, 0, None)
            return Outcome(items=len(boxes))

        return align

    def detect() -> Outcome:
        found, _ = detector.detect(picture)
        return Outcome(boxes=[] if found is None else np.asarray(found, float).tolist())

    return detect
