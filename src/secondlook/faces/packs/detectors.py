"""Detector packs: pixels to the network's input, and its outputs to faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import onnx

from secondlook.errors import PackCorrupt
from secondlook.faces.overlaps import suppress
from secondlook.faces.packs.cards import Card, Decoder, DetectorCard
from secondlook.faces.packs.preprocess import to_network
from secondlook.faces.packs.runtime import Later, RunOptions, Session, free_shapes, open_session
from secondlook.types import Detections, Floats, Pixels

YUNET_STRIDES = (8, 16, 32)

Decode: TypeAlias = Callable[[list[Floats], tuple[int, int], float], Detections]
"""Outputs, the input's height and width in px, and the least score -> faces in input pixels."""


@dataclass(frozen=True, slots=True)
class PackDetector:
    """A detector pack, ready to run (ports.Detector)."""

    pack: str
    provider: str
    card: DetectorCard
    _session: Session
    _decode: Decode

    def detect(self, pixels: Pixels) -> Detections:
        return self._found(self._session, pixels, self.card.threshold)

    def _found(self, session: Session, pixels: Pixels, threshold: float) -> Detections:
        if min(pixels.shape[:2]) < 2:
            return Detections.none()
        padded = _padded(pixels, self.card.stride_multiple)
        outputs = session.run(to_network(padded[None], self.card))
        try:
            faces = self._decode(outputs, padded.shape[:2], threshold)
        except (IndexError, ValueError) as error:
            raise PackCorrupt(
                f"the outputs of pack {self.pack} are not those of the decoder {self.card.decoder}: correct its card."
            ) from error
        faces = faces[np.asarray(np.isfinite(faces.boxes).all(1) & np.isfinite(faces.landmarks).all((1, 2)))]
        faces = faces[suppress(faces.boxes, faces.scores, self.card.nms_iou)]
        return _inside(faces, pixels.shape[0], pixels.shape[1])


@dataclass(frozen=True, slots=True)
class HintingDetector(PackDetector):
    """A detector pack that gives hints (ports.Hinting). hint: least score of one. quick: for them and for the closer look,
    in less time; None: there is none."""

    hint: float = 0.0
    quick: Session | None = None

    def hints(self, pixels: Pixels) -> Detections:
        return self._found(self.quick or self._session, pixels, self.hint)

    def closer(self, pixels: Pixels) -> Detections:
        return self._found(self.quick or self._session, pixels, self.card.threshold)


HINTS = {"09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc": 0.03}
"""By the weights' SHA-256. CenterFace: on 15 composed crowds (60 faces a width) that nothing was tuned on, 56 of 60 faces of
12 px and all of 16 px and more score above this at half the scale at which they are looked at closely, and 74 other
places a picture; in integers 58 of 60, all, and 94."""


def open_detector(
    card: Card, pack: str, model: bytes, options: RunOptions, quick: Callable[[], bytes] | None = None
) -> PackDetector:
    """quick: the model for hints and closer looks, asked for when the first is wanted; None: the same.

    Raises PackCorrupt where the card is not a detector's or the model does not load.
    """
    if not isinstance(card, DetectorCard):
        raise PackCorrupt(f"{card.name} is a {card.kind} pack: choose a detector.")
    session = _opened(card, model, options)
    decode, hint = DECODERS[card.decoder], HINTS.get(card.sha256 or "")
    if hint is None:
        return PackDetector(pack, session.provider, card, session, decode)
    later = Later(lambda: _opened(card, quick(), options)) if quick else None
    return HintingDetector(pack, session.provider, card, session, decode, hint, later)


def _opened(card: DetectorCard, model: bytes, options: RunOptions) -> Session:
    try:
        free = free_shapes(onnx.load_from_string(model), axes=(0, 2, 3))
    except Exception as error:
        raise PackCorrupt(f"the model of pack {card.name} is not ONNX: add it again.") from error
    return open_session(free, options)


def _padded(pixels: Pixels, multiple: int) -> Pixels:
    """Zero rows and columns at the bottom and right, so that nothing is stretched."""
    height, width = pixels.shape[:2]
    below, right = -height % multiple, -width % multiple
    if not below and not right:
        return pixels
    return np.pad(pixels, ((0, below), (0, right), (0, 0)))


def _inside(faces: Detections, height: int, width: int) -> Detections:
    """Boxes cut at the picture's edge; faces centred in the padding are dropped."""
    centres = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
    faces = faces[np.asarray((centres >= 0).all(1) & (centres < [width, height]).all(1))]
    limit = np.array([width, height, width, height], np.float32)
    return Detections(np.clip(faces.boxes, 0, limit).astype(np.float32), faces.landmarks, faces.scores)


def decode_centerface(outputs: list[Floats], shape: tuple[int, int], threshold: float) -> Detections:
    """CenterFace (Xu et al., arXiv:1911.03599): heat map, log size / 4, offset, landmarks relative to the box; stride 4."""
    heat, size, offset, points = (o[0] for o in outputs)
    rows, columns = np.nonzero(heat[0] > threshold)
    tall, wide = (np.exp(np.minimum(size[k, rows, columns], 8)) * 4 for k in (0, 1))
    x = (columns + offset[1, rows, columns] + 0.5) * 4
    y = (rows + offset[0, rows, columns] + 0.5) * 4
    boxes = np.stack([x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2], axis=1)
    across = points[1::2, rows, columns].T * wide[:, None] + boxes[:, :1]
    down = points[0::2, rows, columns].T * tall[:, None] + boxes[:, 1:2]
    scores = heat[0, rows, columns]
    return Detections(
        boxes.astype(np.float32), np.stack([across, down], axis=2).astype(np.float32), scores.astype(np.float32)
    )


def decode_yunet(outputs: list[Floats], shape: tuple[int, int], threshold: float) -> Detections:
    """YuNet (Wu, Peng and Yu, Machine Intelligence Research 20, 2023): class, object, box, points at strides 8, 16, 32.

    A cell's score is the geometric mean of its class and object scores.
    """
    boxes, points, scores = [], [], []
    for level, stride in enumerate(YUNET_STRIDES):
        kind, thing, box, key = (outputs[level + 3 * part][0] for part in range(4))
        score = np.sqrt(np.clip(kind, 0, 1) * np.clip(thing, 0, 1))[:, 0]
        kept = np.nonzero(score > threshold)[0]
        columns = shape[1] // stride
        cells = np.stack([kept % columns, kept // columns], axis=1)
        centre = (cells + box[kept, :2]) * stride
        half = np.exp(np.minimum(box[kept, 2:], 8)) * stride / 2
        boxes.append(np.concatenate([centre - half, centre + half], axis=1))
        points.append((key[kept].reshape(-1, 5, 2) + cells[:, None]) * stride)
        scores.append(score[kept])
    return Detections(
        np.concatenate(boxes).astype(np.float32),
        np.concatenate(points).astype(np.float32),
        np.concatenate(scores).astype(np.float32),
    )


DECODERS: dict[Decoder, Decode] = {
    Decoder.CENTERFACE: decode_centerface,
    Decoder.YUNET: decode_yunet,
}
