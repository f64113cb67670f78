"""What the gallery keeps of people: as its users see it, and as it lies sealed in a row."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from secondlook.errors import GalleryError
from secondlook.gallery.records import ReferenceRow
from secondlook.gallery.sealing import Kind
from secondlook.gallery.vault import SubjectSeal
from secondlook.types import Floats, Quality

_UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False, slots=True)
class NewReference:
    """One face of one picture, to be enrolled.

    template: (D,) float32 of unit length. crop: the face with a margin, as the bytes of a JPEG or PNG file.
    landmarks: (5, 2) float32 px in the crop. source: what the picture is called. picture_sha256: of its file, in hex.
    """

    template: Floats
    crop: bytes = field(repr=False)
    landmarks: Floats
    source: str
    picture_sha256: str
    quality: Quality


@dataclass(frozen=True, eq=False, slots=True)
class Reference:
    """One enrolled face: as ``NewReference``, with its id (never used twice), its subject's name and its time (UTC)."""

    id: int
    subject: str
    template: Floats
    crop: bytes = field(repr=False)
    landmarks: Floats
    source: str
    picture_sha256: str
    quality: Quality
    enrolled_at: datetime


@dataclass(frozen=True, slots=True)
class Subject:
    """references: how many it has, 0 upwards. enrolled_at: when the first was enrolled (UTC)."""

    id: str
    name: str
    references: int
    enrolled_at: datetime


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def checked_templates(templates: Floats, dimension: int) -> Floats:
    """(n, D) float32. Raises GalleryError where the shape, the numbers or the norms are not those of templates."""
    plain = np.ascontiguousarray(templates, np.float32)
    if plain.ndim != 2 or plain.shape[1] != dimension:
        raise GalleryError(
            f"Templates of the shape {plain.shape} do not fit a gallery of (n, {dimension}): make them with its pack."
        )
    norms = np.linalg.norm(plain, axis=1)
    if not (np.abs(norms - 1.0) <= _UNIT_TOLERANCE).all():  # so written, it refuses nan too
        raise GalleryError(
            f"A template is not of unit length (norms {norms.min():.3g} to {norms.max():.3g}): divide it."
        )
    return plain


def sealed_row(seal: SubjectSeal, new: NewReference | Reference, pack: str, enrolled_at: str) -> ReferenceRow:
    picture = seal.picture_lookup(new.picture_sha256)
    return ReferenceRow(
        subject_id=seal.subject,
        pack=pack,
        picture_lookup=picture,
        sealed_template=sealed_template(seal, new.template, pack, picture),
        sealed_details=seal.close(_details(new, enrolled_at), Kind.DETAILS, picture=picture),
        sealed_crop=seal.close(new.crop, Kind.CROP, picture=picture),
    )


def sealed_template(seal: SubjectSeal, template: Floats, pack: str, picture: bytes) -> bytes:
    return seal.close(np.asarray(template, "<f4").tobytes(), Kind.TEMPLATE, pack, picture)


def opened_template(seal: SubjectSeal, sealed: bytes, pack: str, picture: bytes, reference: int) -> Floats:
    plain = seal.open(sealed, Kind.TEMPLATE, pack, picture, f"reference {reference}")
    return np.frombuffer(plain, "<f4").astype(np.float32)


def opened_weight(seal: SubjectSeal, sealed: bytes, picture: bytes, reference: int) -> float:
    """What a reference weighs among its subject's: its quality score, 0 to 1."""
    return float(opened_quality(seal, sealed, picture, reference).score)


def opened_quality(seal: SubjectSeal, sealed: bytes, picture: bytes, reference: int) -> Quality:
    return Quality(**_opened_details(seal, sealed, picture, reference)["quality"])


def opened_row(seal: SubjectSeal, row: ReferenceRow, name: str) -> Reference:
    """Raises GalleryError where something in the row does not belong there."""
    what = f"reference {row.id}"
    details = _opened_details(seal, row.sealed_details, row.picture_lookup, row.id)
    return Reference(
        id=row.id,
        subject=name,
        template=opened_template(seal, row.sealed_template, row.pack, row.picture_lookup, row.id),
        crop=seal.open(row.sealed_crop, Kind.CROP, picture=row.picture_lookup, row=what),
        landmarks=np.asarray(details["landmarks"], np.float32),
        source=details["source"],
        picture_sha256=details["picture_sha256"],
        quality=Quality(**details["quality"]),
        enrolled_at=datetime.fromisoformat(details["enrolled_at"]),
    )


def _opened_details(seal: SubjectSeal, sealed: bytes, picture: bytes, reference: int) -> dict[str, Any]:
    details: dict[str, Any] = json.loads(seal.open(sealed, Kind.DETAILS, picture=picture, row=f"reference {reference}"))
    return details


def _details(new: NewReference | Reference, enrolled_at: str) -> bytes:
    return json.dumps(
        {
            "source": new.source,
            "picture_sha256": new.picture_sha256,
            "landmarks": np.asarray(new.landmarks, np.float32).tolist(),
            "quality": asdict(new.quality),
            "enrolled_at": enrolled_at,
        }
    ).encode()
