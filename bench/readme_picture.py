"""The README's picture: the demo's first crowd, marked, with every face covered, since nobody asked these people.

python -m bench.readme_picture docs/picture.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from secondlook.assemble import Settings, assemble, new_gallery
from secondlook.demo_scene import demo_scene
from secondlook.enrolling import Enrolment, EnrolOptions
from secondlook.report.annotate import annotate_picture
from secondlook.report.marks import mark_of
from secondlook.report.record import record_of
from secondlook.types import Frame, Pixels


def covered(pixels: Pixels, boxes: list[tuple[float, float, float, float]]) -> Pixels:
    """Each box with a margin as one flat grey."""
    out = pixels.copy()
    for x0, y0, x1, y1 in boxes:
        dx, dy = (x1 - x0) * 0.12, (y1 - y0) * 0.12
        top, left = max(0, int(y0 - dy)), max(0, int(x0 - dx))
        out[top : int(y1 + dy) + 1, left : int(x1 + dx) + 1] = 128
    return out


def main() -> None:
    scene = demo_scene()
    crowd = scene.crowds[0]
    settings = Settings(recogniser="dlib-resnet")
    with new_gallery(settings) as gallery:
        identifier = assemble(gallery, settings)
        list(identifier.enrol([Enrolment(s, (p,), (s,)) for s, p in scene.enrol], EnrolOptions()))
        seen = identifier.in_photo(Frame(crowd.pixels, crowd.name))
    plain = covered(crowd.pixels, [s.box for s in seen] + [p.box for p in crowd.placed])
    marked = annotate_picture(plain, [mark_of(record_of(s)) for s in seen], largest=1200)
    image = Image.fromarray(np.ascontiguousarray(marked)).quantize(128, dither=Image.Dither.NONE)
    image.save(Path(sys.argv[1]), optimize=True)


if __name__ == "__main__":
    main()
