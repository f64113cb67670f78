"""A pack's card: how a model wants its pixels, how good it was measured to be, and what its licence allows.

A pack is one ONNX file and one card. The card is a TOML file (read and written by ``card_file``); these are its
fields. They hold whatever was said; ``card_file`` is where it is checked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, NamedTuple, TypeAlias

import numpy as np

from secondlook.ports import ChipLayout

Point: TypeAlias = tuple[float, float]
"""x to the right, y down, in px from the chip's upper left corner."""

PerChannel: TypeAlias = tuple[float, float, float]
"""One number for each channel, in the order in which the model is fed (the card's ``colour``)."""


class PackKind(StrEnum):
    DETECTOR = "detector"
    RECOGNISER = "recogniser"


class CommercialUse(StrEnum):
    """Whether the licence of the *weights* allows commercial use. Not legal advice: ``licence_note`` says why."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Colour(StrEnum):
    RGB = "rgb"
    BGR = "bgr"


class Mirror(StrEnum):
    """What becomes of the chip flipped left to right: ``add`` sums both outputs before they are made unit length."""

    NONE = "none"
    ADD = "add"


class Decoder(StrEnum):
    """How a detector's outputs become faces: by the family of networks it belongs to."""

    CENTERFACE = "centerface"
    YUNET = "yunet"


class Landmarks(NamedTuple):
    """Where a recogniser wants the five landmarks in its chip, in the order of ``types.Detections.landmarks``.

    Sides are the *subject's own*: in an upright, unmirrored chip the right eye is to the left of the left eye.
    """

    right_eye: Point
    left_eye: Point
    nose: Point
    right_mouth: Point
    left_mouth: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRate:
    """One error rate that somebody measured for a pack, as ISO/IEC 19795-1 names it.

    measure: what was counted, for example ``FNIR``. at: the operating point, for example ``FPIR 0.01``.
    value: 0 to 1. low, high: 95 % interval where it is known. trials: the rate's denominator.
    """

    measure: str
    at: str
    value: float
    low: float | None = None
    high: float | None = None
    trials: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What every pack says of itself.

    The model is fed ``x = (pixel - mean) * scale``, pixel 0 to 255, float32, NCHW, channels in the order of ``colour``.
    name: the pack's name on the command line and of its folder. licence: SPDX identifier, or words where there is
    none. source: where the weights come from, for people. sha256: of the model file, 64 hexadecimal digits; None in
    a card that was not installed yet. input_name: of the graph's input, None where it has only one.
    """

    kind: ClassVar[PackKind]

    name: str
    title: str
    version: str = ""
    licence: str
    licence_note: str = ""
    commercial_use: CommercialUse
    intended_use: str
    source: str
    sha256: str | None = None
    input_name: str | None = None
    colour: Colour
    mean: PerChannel = (0.0, 0.0, 0.0)
    scale: PerChannel = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniserCard(Card):
    """A model that makes a template of an aligned chip.

    size: chip edge in px. dimension: numbers in a template. normalise_note: where mean and scale are applied, where
    that is not obvious. threshold: comparison score (cosine, -1 to 1) at and above which a subject is a candidate as
    long as nothing was calibrated; doubtful: from here to the threshold nothing can be said either way. unlike: below it
    two good pictures hardly ever show one person. threshold_note: on what all three were measured. rates_source: on what,
    and by whom the rates were.
    """

    kind: ClassVar[PackKind] = PackKind.RECOGNISER

    size: int
    landmarks: Landmarks
    dimension: int
    mirror: Mirror = Mirror.NONE
    normalise_note: str = ""
    threshold: float | None = None
    doubtful: float | None = None
    unlike: float | None = None
    threshold_note: str = ""
    rates: tuple[MeasuredRate, ...] = ()
    rates_source: str = ""

    @property
    def layout(self) -> ChipLayout:
        return ChipLayout(self.size, np.array(self.landmarks, np.float32))


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorCard(Card):
    """A model that finds faces and their five landmarks in a picture.

    stride_multiple: height and width must be multiples of it, in px. threshold: detector score, 0 to 1, below which
    a face is dropped. nms_iou: overlap, 0 to 1, from which two boxes are one face. min_face_px: width of the smallest
    face that it finds at full resolution.
    """

    kind: ClassVar[PackKind] = PackKind.DETECTOR

    decoder: Decoder
    stride_multiple: int = 32
    threshold: float
    nms_iou: float = 0.3
    min_face_px: int


AnyCard: TypeAlias = RecogniserCard | DetectorCard


def with_sha256(card: AnyCard, sha256: str) -> AnyCard:
    """The same card, bound to one model file."""
    return replace(card, sha256=sha256)
