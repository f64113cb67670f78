"""Pixels to a network's input, as its card says."""

from __future__ import annotations

import numpy as np

from secondlook.faces.packs.cards import Card, Colour
from secondlook.types import Floats, Pixels


def to_network(pixels: Pixels, card: Card) -> Floats:
    """(n, H, W, 3) uint8 RGB -> (n, 3, H, W) float32: ``(pixel - mean) * scale``, BGR where the card says so."""
    ordered = pixels[..., ::-1] if card.colour is Colour.BGR else pixels
    values = np.empty((pixels.shape[0], 3, *pixels.shape[1:3]), np.float32)
    for channel in range(3):
        plane = values[:, channel]
        plane[...] = ordered[..., channel]
        if card.mean[channel]:
            plane -= np.float32(card.mean[channel])
        if card.scale[channel] != 1:
            plane *= np.float32(card.scale[channel])
    return values
