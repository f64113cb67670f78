"""The face of a kept sighting, made ready to be compared again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from secondlook.faces.align import chips
from secondlook.review.probes import probe_of
from secondlook.review.sets import Probe
from secondlook.server.acts.keeping import opened_crop
from secondlook.server.rows import SightingRow
from secondlook.server.service import Service
from secondlook.sources import picture_from


def stored_probe(service: Service, row: SightingRow) -> Probe | None:
    """None where no picture was kept. Its template is made anew from the picture: none is kept of anybody who was only seen.

    Raises GalleryLocked, UnknownSubject where the subject was erased.
    """
    crop = opened_crop(service.gallery, row)
    if crop is None:
        return None
    stages = service.identifier().stages
    pixels = picture_from(crop).pixels
    blank = np.zeros(stages.embedder.dimension, np.float32)
    found = probe_of(pixels, blank, stages.embedder.pack, stages.detector)
    template = stages.embedder.embed(chips(pixels, found.landmarks[None], stages.embedder.layout))[0]
    return replace(found, template=template)
