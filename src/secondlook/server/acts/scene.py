"""The picture in which somebody was seen, for whoever sent it and as long as it is kept."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from secondlook.errors import NotFound
from secondlook.ports import Action
from secondlook.server.actors import Actor, May
from secondlook.server.acts.keeping import opened_record
from secondlook.server.acts.sightings import row_of
from secondlook.server.acts.uploads import UploadKind, owned, upload_file
from secondlook.server.service import Service

_LARGEST_PX: Final = 1600
_LARGEST_FILE: Final = 64 << 20
"""Bytes that are read into memory for one look."""
_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class Scene:
    """jpeg: the whole upright picture, smaller where it is large. width, height: of the picture itself, px; box: in it."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    box: tuple[float, float, float, float]


def scene(service: Service, actor: Actor, sighting: str) -> Scene:
    """Written down as viewed. Of a video there is none: its moments are opened by jobs alone, in processes of their own.

    Raises NotFound where there is none, also where the picture is somebody else's or its time is over; SourceError,
    UnknownSubject, GalleryLocked.
    """
    actor.need(May.SEE_SIGHTINGS)
    with service.database.reading() as session:
        row = row_of(session, sighting)
        upload = None if row.upload_id is None else owned(session, actor, row.upload_id)
    if upload is None or upload.kind != UploadKind.PHOTO or upload.size > _LARGEST_FILE:
        raise NotFound(f"Of sighting {sighting} no whole picture can be shown: its record says where it was seen.")
    record = opened_record(service.gallery, row)
    try:
        data = upload_file(service, upload.id).read_bytes()
    except OSError as error:
        raise NotFound("The picture is gone: its time is over.") from error
    pixels = service.decoders.decode(data)
    service.record(actor, Action.VIEW, f"sighting:{sighting}", f"upload:{upload.id}", f"subject:{row.subject_id}")
    height, width = pixels.shape[:2]
    return Scene(_jpeg(Image.fromarray(pixels)), width, height, record.box)


def _jpeg(image: Image.Image) -> bytes:
    image.thumbnail((_LARGEST_PX, _LARGEST_PX))
    held = io.BytesIO()
    image.save(held, "JPEG", quality=_QUALITY)
    return held.getvalue()
