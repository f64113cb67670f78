"""Templates of labelled pictures while an audit runs (``runs.shelf``): ``OUT/.run/templates-*.npz``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from secondlook.runs.quality_columns import as_quality, as_row
from secondlook.runs.shelf import Columns, Shelf
from secondlook.types import Floats, Quality


@dataclass(frozen=True, eq=False, slots=True)
class Made:
    """What came of one picture.

    template: (D,) float32, None where acquisition failed. quality: of the face, None where there is none.
    faces: how many were found. reason: why acquisition failed, or empty.
    """

    template: Floats | None
    quality: Quality | None
    faces: int
    reason: str = ""


class TemplateShelf(Shelf[Made]):
    """Made templates by the SHA-256 of the picture's file. dimension: length of a template."""

    def __init__(self, folder: Path, maker: str, dimension: int) -> None:
        super().__init__(folder, maker, _Layout(dimension))


@dataclass(frozen=True, slots=True)
class _Layout:
    dimension: int
    kind: str = "templates"

    def columns(self, held: Sequence[Made]) -> Columns:
        nothing = np.full(self.dimension, np.nan, np.float32)
        return {
            "values": np.stack([nothing if made.template is None else made.template for made in held]),
            "qualities": np.array([as_row(made.quality) for made in held], np.float64),
            "faces": np.array([made.faces for made in held], np.int32),
            "reason": np.array([made.reason for made in held]),
        }

    def rows(self, columns: Columns) -> Sequence[Made]:
        return [
            Made(None if np.isnan(values).any() else values, as_quality(quality), int(faces), str(reason))
            for values, quality, faces, reason in zip(
                *(columns[name] for name in ("values", "qualities", "faces", "reason")), strict=True
            )
        ]
