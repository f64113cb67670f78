"""A small gallery of made-up people, for the tests of custody."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from secondlook.custody.log import CustodyLog
from secondlook.custody.recording import gallery_log
from secondlook.custody.signing import KeyFolder
from secondlook.gallery import Gallery, KeyFile, NewReference
from secondlook.types import Floats, Quality

PACK = "test@0123456789ab"
D = 64
QUALITY = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)
GRACE, ADA, MARY = "Grace Hopper", "Ada Lovelace", "Mary Somerville"
PEOPLE: Mapping[str, Sequence[int]] = {GRACE: (1, 2), ADA: (3,), MARY: (4, 5)}


def unit(seed: int) -> Floats:
    vector = np.random.default_rng(seed).standard_normal(D).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def crop(seed: int) -> bytes:
    return np.random.default_rng(seed).bytes(6000)


def new(name: str, seed: int) -> NewReference:
    return NewReference(
        template=unit(seed),
        crop=crop(seed),
        landmarks=np.zeros((5, 2), np.float32),
        source=f"people/{name.lower().replace(' ', '_')}/picture{seed}.jpg",
        picture_sha256=hashlib.sha256(str(seed).encode()).hexdigest(),
        quality=QUALITY,
    )


def key(folder: Path) -> KeyFile:
    return KeyFile(folder / "keys" / "k.key")


def signing(folder: Path) -> KeyFolder:
    return KeyFolder(folder / "keys")


def create(folder: Path, place: str = "g") -> Gallery:
    gallery = Gallery.create(folder / place, pack=PACK, dimension=D, key=key(folder))
    for name, seeds in PEOPLE.items():
        gallery.enrol(name, [new(name, seed) for seed in seeds], PACK)
    return gallery


def log_of(gallery: Gallery, folder: Path) -> CustodyLog:
    return gallery_log(gallery, signing(folder))


def answers(gallery: Gallery) -> list[list[tuple[str, int, float]]]:
    """What searches give."""
    probes = np.stack([unit(seed) for seed in range(1, 12)])
    return [[(c.subject, c.reference, c.score) for c in found] for found in gallery.search_many(probes, PACK, 3)]
