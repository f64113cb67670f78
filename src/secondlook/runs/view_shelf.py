"""Views of labelled pictures while a calibration is made (``runs.shelf``): templates with everything of their quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from secondlook.runs.quality_columns import MEASURES, as_quality, as_row
from secondlook.runs.shelf import Columns, Shelf
from secondlook.types import Floats, Quality


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """A face as it is, or as a worse camera would have seen it. template: (D,) float32 of unit length."""

    template: Floats
    quality: Quality


@dataclass(frozen=True, eq=False, slots=True)
class Views:
    """What came of one picture.

    asked: views tried, 1 where no face was found in the picture as it is, so that there was nothing to degrade. made: those
    in which the face was found; the first is the picture as it is.
    """

    asked: int
    made: tuple[View, ...]

    @property
    def failed(self) -> int:
        return self.asked - len(self.made)


class ViewShelf(Shelf[Views]):
    """Views by the SHA-256 of the picture's file. dimension: length of a template. most: views of one picture."""

    def __init__(self, folder: Path, maker: str, dimension: int, most: int) -> None:
        super().__init__(folder, maker, _Layout(dimension, most))


@dataclass(frozen=True, slots=True)
class _Layout:
    dimension: int
    most: int
    kind: str = "views"

    def columns(self, held: Sequence[Views]) -> Columns:
        values = np.zeros((len(held), self.most, self.dimension), np.float32)
        qualities = np.zeros((len(held), self.most, len(MEASURES)), np.float64)
        for row, views in enumerate(held):
            for place, view in enumerate(views.made):
                values[row, place] = view.template
                qualities[row, place] = as_row(view.quality)
        return {
            "values": values,
            "qualities": qualities,
            "made": np.array([len(views.made) for views in held], np.int32),
            "asked": np.array([views.asked for views in held], np.int32),
        }

    def rows(self, columns: Columns) -> Sequence[Views]:
        names = ("values", "qualities", "made", "asked")
        return [
            Views(int(asked), _made(values[:made], qualities[:made]))
            for values, qualities, made, asked in zip(*(columns[name] for name in names), strict=True)
        ]


def _made(values: Floats, qualities: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[View, ...]:
    return tuple(
        View(template, quality)
        for template, measured in zip(values, qualities, strict=True)
        if (quality := as_quality(measured)) is not None
    )
