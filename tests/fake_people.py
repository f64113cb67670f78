"""A service whose models are the public fakes: people are squares of one colour each, good enough to be enrolled."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

from fake_stages import stages
from postgres_server import new_schema
from secondlook.assemble import Identifier, Settings
from secondlook.decide.rule import OperatingPoint
from secondlook.fakes import BLUE, CYAN, GREEN, RED, Colour, FakeEmbedder, FakeLog
from secondlook.gallery import Gallery, KeyFile
from secondlook.server.database import database_of
from secondlook.server.folder import DataFolder
from secondlook.server.service import Service
from secondlook.server.settings import Options
from secondlook.types import Pixels

YELLOW: Colour = (255, 255, 0)
MAGENTA: Colour = (255, 0, 255)
ORANGE: Colour = (255, 140, 0)
"""Looks somewhat like red and somewhat like yellow."""
__all__ = ["BLUE", "CYAN", "GREEN", "MAGENTA", "ORANGE", "RED", "YELLOW"]

EDGE = 96
POINT = OperatingPoint(0.95, 0.88, 0.5, "The threshold is the fakes' own.")


def crowd(*colours: Colour, shade: float = 1.0, blank: int = 40) -> Pixels:
    """One face beside the other, each of fine squares of its colour and of one much paler or darker, on grey."""
    height, width = EDGE + 2 * blank, blank + (EDGE + blank) * max(1, len(colours))
    pixels = np.full((height, width, 3), 128, np.uint8)
    rows, columns = np.indices((EDGE, EDGE)) // 4
    here = ((rows + columns) % 2 == 0)[..., None]
    for place, colour in enumerate(colours):
        left = blank + (EDGE + blank) * place
        bright = np.dot(colour, (0.3, 0.59, 0.11)) > 128
        face = np.where(here, np.multiply(colour, 0.62) if bright else np.maximum(colour, 100), colour) * shade
        pixels[blank : blank + EDGE, left : left + EDGE] = face.astype(np.uint8)
    return pixels


def png(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def portrait(colour: Colour, shade: float = 1.0) -> bytes:
    """A file with one face. Each shade is another picture of the same person."""
    return png(crowd(colour, shade=shade))


@contextmanager
def fake_service(folder: Path, log: FakeLog | None = None, point: OperatingPoint = POINT) -> Iterator[Service]:
    """Nobody is enrolled. Pictures are opened in real processes."""
    data = DataFolder(folder / "data")
    data.make()
    options = Options(data.root, database=new_schema())
    database = database_of(data, options.database)
    database.upgrade()
    embedder = FakeEmbedder()
    gallery = Gallery.create(
        data.gallery, pack=embedder.pack, dimension=embedder.dimension, key=KeyFile(folder / "keys" / "gallery.key")
    )
    service = Service(options, data, database, gallery, log or FakeLog(), None)
    parts = stages(point=point)
    fake = Identifier(gallery, parts, Settings(), cast("object", parts.detector), cast("object", embedder))  # type: ignore[arg-type]
    service.identifier = lambda: fake  # type: ignore[method-assign]
    try:
        yield service
    finally:
        service.close()


def files(*pictures: bytes, names: Sequence[str] = ()) -> list[tuple[str, tuple[str, bytes, str]]]:
    """For a form's ``pictures``."""
    called = [*names, *(f"{n}.png" for n in range(len(names), len(pictures)))]
    return [("pictures", (name, data, "image/png")) for name, data in zip(called, pictures, strict=True)]
