"""The face of each sighting as a picture file of its own, and inside a page."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

from secondlook.report.record import SightingRecord, crop_name, record_of
from secondlook.report.writing import replacing
from secondlook.types import Pixels, Sighting

_LARGEST_PX = 224
_QUALITY = 88
_PLAIN_BYTES = 64 * 1024


def save_crop(out_dir: Path, sighting: Sighting, record: SightingRecord | None = None) -> str | None:
    """Writes ``crops/<id>.jpg``, at most 224 px a side; gives that name, or None where no crop was kept.

    record: where it is not what ``record_of`` makes of the sighting alone. Raises OutputError.
    """
    if sighting.crop is None:
        return None
    name = crop_name((record or record_of(sighting)).id)
    with replacing(out_dir / name) as file:
        file.write(crop_jpeg(sighting.crop))
    return name


def crop_jpeg(crop: Pixels) -> bytes:
    """A JPEG, at most 224 px a side."""
    return _jpeg(Image.fromarray(crop))


def as_data(out_dir: Path, record: SightingRecord) -> str | None:
    """The crop as a data URI, at most 224 px a side; None where its file is missing or is no JPEG."""
    if record.crop is None:
        return None
    try:
        data = (out_dir / record.crop).read_bytes()
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            if max(image.size) > _LARGEST_PX or len(data) > _PLAIN_BYTES:
                data = _jpeg(image.convert("RGB"))
    except (OSError, Image.DecompressionBombError):  # the page says that there is no picture
        return None
    return "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")


def _jpeg(image: Image.Image) -> bytes:
    small = image.copy()
    small.thumbnail((_LARGEST_PX, _LARGEST_PX))
    held = io.BytesIO()
    small.save(held, "JPEG", quality=_QUALITY)
    return held.getvalue()
