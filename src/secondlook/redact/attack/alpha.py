"""The alpha channel under covers: where it is not one value, it may show the outline, or all, of what was covered."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from secondlook.redact.attack.found_leftovers import Kind, Leftover
from secondlook.redact.cover import Covering, covered_mask
from secondlook.redact.shapes import Area
from secondlook.sources.opening import shown


def alpha_leftovers(path: Path, areas: Sequence[Sequence[Area]], covering: Covering) -> Iterator[Leftover]:
    """areas: of each page or picture of the file, in order. Raises OSError for a file that Pillow cannot read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path) as image:
            for page in range(min(len(areas), getattr(image, "n_frames", 1))):
                image.seek(page)
                if not image.has_transparency_data:
                    continue
                alpha = np.asarray(image.convert("RGBA"))[..., 3]
                for number, area in enumerate(areas[page], 1):
                    inside = alpha[covered_mask([area], covering, *alpha.shape)]
                    if len(inside) and inside.min() != inside.max():
                        yield Leftover(Kind.ALPHA, shown(path), f"alpha under cover {number} of picture {page + 1}")
