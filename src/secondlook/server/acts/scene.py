"""The picture in which somebody was seen, for whoever sent it and as long as it is kept."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Final

from PIL import Image
from sqlalchemy.orm import Session

from secondlook.errors import NotFound
from secondlook.ports import Action
from secondlook.server.actors import Actor, May
from secondlook.server.acts.keeping import opened_record
from secondlook.server.acts.sightings import row_of
from secondlook.server.acts.uploads import UploadKind, upload_file
from secondlook.server.rows import SightingRow, UploadRow
from secondlook.server.service import Service
from secondlook.server.work.picture_pipe import Moment

_LARGEST_PX: Final = 1600
_LARGEST_FILE: Final = 64 << 20
"""Bytes that are read into memory for one look."""
_QUALITY: Final = 85
_GONE: Final = "The footage is gone: it was deleted, or its time is over."


@dataclass(frozen=True, slots=True)
class Scene:
    """jpeg: the whole upright picture, smaller where it is large. width, height: of the picture itself, px; box: in it."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    box: tuple[float, float, float, float]


def scene(service: Service, actor: Actor, sighting: str) -> Scene:
    """Of a video the frame at its time. Written down as viewed.

    Raises NotFound where there is none, also where the footage is somebody else's or its time is over; SourceError,
    SourceTooLarge, UnknownSubject, GalleryLocked.
    """
    actor.need(May.SEE_SIGHTINGS)
    with service.database.reading() as session:
        row = row_of(session, sighting)
        upload = _upload(session, actor, row)
    record = opened_record(service.gallery, row)
    try:
        with upload_file(service, upload.id).open("rb") as file:
            if upload.kind == UploadKind.VIDEO:
                pixels = service.decoders.frame(file, Moment(record.frame, record.time_s))
            else:
                pixels = service.decoders.decode(file.read())
    except OSError as error:
        raise NotFound(_GONE) from error
    service.record(actor, Action.VIEW, f"sighting:{sighting}", f"upload:{upload.id}", f"subject:{row.subject_id}")
    height, width = pixels.shape[:2]
    return Scene(_jpeg(Image.fromarray(pixels)), width, height, record.box)


def _upload(session: Session, actor: Actor, row: SightingRow) -> UploadRow:
    if row.upload_id is None:
        raise NotFound(
            f"Of sighting {row.id} no whole picture is kept: a camera's and a search's are gone once they are looked at."
        )
    found = session.get(UploadRow, row.upload_id)
    if found is None:
        raise NotFound(_GONE)
    if found.owner_id != actor.id:
        raise NotFound("The whole picture is shown to whoever sent the footage alone: ask that person.")
    if found.kind != UploadKind.VIDEO and found.size > _LARGEST_FILE:
        raise NotFound("The picture is too large to be shown whole: its record says where somebody was seen.")
    return found


def _jpeg(image: Image.Image) -> bytes:
    image.thumbnail((_LARGEST_PX, _LARGEST_PX))
    held = io.BytesIO()
    image.save(held, "JPEG", quality=_QUALITY)
    return held.getvalue()
