"""Recogniser packs: aligned chips to templates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx

from secondlook.errors import PackCorrupt
from secondlook.faces.packs.cards import Card, Mirror, RecogniserCard
from secondlook.faces.packs.preprocess import to_network
from secondlook.faces.packs.runtime import RunOptions, Session, free_shapes, open_session
from secondlook.ports import ChipLayout
from secondlook.types import Floats, Pixels

BATCH = 32


@dataclass(frozen=True, eq=False, slots=True)
class PackEmbedder:
    """A recogniser pack, ready to run (ports.Embedder)."""

    pack: str
    provider: str
    card: RecogniserCard
    _session: Session

    @property
    def layout(self) -> ChipLayout:
        return self.card.layout

    @property
    def dimension(self) -> int:
        return self.card.dimension

    def embed(self, chips: Pixels) -> Floats:
        """(n, size, size, 3) uint8 RGB -> (n, D) float32 of unit length.

        Where the card says so, the mirrored chip's output is added before the length is made one. A chip whose output
        is no finite direction (a broken model) raises PackCorrupt.
        """
        templates = np.zeros((len(chips), self.dimension), np.float32)
        mirror = self.card.mirror is Mirror.ADD
        step = BATCH // 2 if mirror else BATCH
        for start in range(0, len(chips), step):
            part = chips[start : start + step]
            # both in one run: the fewer chips, the more each run costs a chip
            outputs = self.raw(np.concatenate([part, part[:, :, ::-1]]) if mirror else part)
            templates[start : start + step] = outputs[: len(part)] + outputs[len(part) :] if mirror else outputs
        return unit(templates, self.pack)

    def raw(self, chips: Pixels) -> Floats:
        """The network's own output, not normalised."""
        (outputs, *_) = self._session.run(to_network(chips, self.card))
        if outputs.size != len(chips) * self.dimension:
            raise PackCorrupt(
                f"pack {self.pack} gave {outputs.shape} for {len(chips)} chips, not {self.dimension} numbers each as its "
                "card says: correct the card."
            )
        flat: Floats = outputs.reshape(len(chips), self.dimension)
        return flat


def unit(templates: Floats, pack: str) -> Floats:
    """Rows scaled to length one; raises PackCorrupt for a row that is zero or not finite."""
    lengths = np.linalg.norm(templates.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths < 1e-9).any():
        raise PackCorrupt(f"pack {pack} gave a template of no direction: check it with 'secondlook packs check'.")
    return np.asarray(templates / lengths, np.float32)


def open_recogniser(card: Card, pack: str, model: bytes, options: RunOptions) -> PackEmbedder:
    """Raises PackCorrupt where the card is not a recogniser's or the model does not load."""
    if not isinstance(card, RecogniserCard):
        raise PackCorrupt(f"{card.name} is a {card.kind} pack: choose a recogniser.")
    try:
        free = free_shapes(onnx.load_from_string(model), axes=(0,))
    except Exception as error:
        raise PackCorrupt(f"the model of pack {card.name} is not ONNX: add it again.") from error
    session = open_session(free, options)
    return PackEmbedder(pack, session.provider, card, session)
