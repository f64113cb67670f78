"""A doubtful spot as a small picture: what is to be seen there in the covered copy, and nothing else."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from secondlook.redact.doubts import Spotted
from secondlook.redact.results import THUMBNAILS
from secondlook.report.writing import replacing
from secondlook.types import Pixels

_LONGEST = 260
_FRAME = (255, 176, 0)


def thumbnail_name(source: str, spotted: Spotted) -> str:
    """Relative to the run's folder."""
    told = f"{source} {spotted.doubt} {spotted.place} {spotted.track}"
    return f"{THUMBNAILS}/{hashlib.sha256(told.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}.jpg"


def save_thumbnail(path: Path, covered: Pixels, spotted: Spotted) -> None:
    """covered: the frame as it is in the copy. Raises OutputError."""
    held = io.BytesIO()
    Image.fromarray(_view(covered, spotted)).save(held, "JPEG", quality=85)
    with replacing(path) as file:
        file.write(held.getvalue())


def _view(covered: Pixels, spotted: Spotted) -> Pixels:
    """The place with its surroundings, framed."""
    height, width = covered.shape[:2]
    x0, y0, x1, y1 = spotted.box
    reach = max(80.0, 1.5 * max(x1 - x0, y1 - y0))
    x, y = min(max((x0 + x1) / 2, 0), width - 1), min(max((y0 + y1) / 2, 0), height - 1)
    left, top = max(0, int(x - reach)), max(0, int(y - reach))
    part = covered[top : min(height, int(y + reach) + 1), left : min(width, int(x + reach) + 1)].copy()
    corner, other = (round(x0 - left), round(y0 - top)), (round(x1 - left), round(y1 - top))
    cv2.rectangle(part, corner, other, _FRAME, max(1, round(reach / 80)))
    scale = min(2.0, _LONGEST / max(part.shape[:2]))
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), np.uint8)
