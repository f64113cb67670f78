"""Whether anything but the face itself tells one item of a set from the others: a classifier on all that travels."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from secondlook.review.pictures import detail
from secondlook.review.sets import BlindItem, BlindSet, Made

Doubles = NDArray[np.float64]


def chunks(png: bytes) -> list[tuple[str, int]]:
    """Name and length of each chunk of a PNG file."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = [], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        found.append((png[at + 4 : at + 8].decode("ascii"), length))
        at += 12 + length
    return found


def form(made: BlindSet) -> Doubles:
    """(items, features): everything about an item but who it shows: place, token, file, and how its pixels are."""
    return np.stack([_of_item(item, place) for place, item in enumerate(made.items)])


def _of_item(item: BlindItem, place: int) -> Doubles:
    pixels = np.asarray(Image.open(io.BytesIO(item.picture)).convert("RGB"))
    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float64)
    token = bytes.fromhex(item.token)
    parts = chunks(item.picture)
    spectrum = np.abs(np.fft.rfft2(luma - luma.mean()))
    bands = [float(np.log(spectrum[low:high, low:high].mean() + 1e-9)) for low, high in ((4, 12), (12, 36), (36, 100))]
    steps = np.abs(np.diff(luma, axis=1)).mean(0)
    return np.array(
        [
            place, len(item.picture), len(token), *token[:4], len(parts), max(length for _, length in parts),
            *pixels.shape, len(zlib.compress(pixels.tobytes(), 1)),
            np.log(detail(pixels)), np.log(cv2.Laplacian(luma, cv2.CV_64F).var()), *bands,
            steps[7::8].mean() / steps.mean(), luma[:, :8].std(), (pixels == 128).all(2).mean(),
        ],
        np.float64,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """How well the classifier finds the item. auc: area under its ROC, 0.5 = not at all, on sets it was not fitted to.
    p: share of random choices of the item that it finds as well."""

    auc: float
    p: float


def told(sets: Sequence[Doubles], which: Sequence[int], rounds: int = 100) -> Told:
    """sets: (items, features) each. which: the item to find in each."""
    rng = np.random.default_rng(0)
    rows = [one - one.mean(0) for one in sets]
    spread = np.concatenate(rows).std(0)
    rows = [one[:, spread > 1e-9] / spread[spread > 1e-9] for one in rows]
    auc = _auc(rows, which)
    by_chance = [_auc(rows, [int(rng.integers(len(one))) for one in rows]) for _ in range(rounds)]
    return Told(auc, (1 + sum(other >= auc for other in by_chance)) / (1 + rounds))


def _auc(rows: Sequence[Doubles], which: Sequence[int], folds: int = 5) -> float:
    """Ridge regression, fitted on the other folds; the AUC of its scores within each set, averaged."""
    wins = []
    for fold in range(folds):
        inside = [i for i in range(len(rows)) if i % folds != fold]
        x = np.concatenate([rows[i] for i in inside])
        y = np.concatenate([np.arange(len(rows[i])) == which[i] for i in inside]).astype(np.float64)
        weights = np.linalg.solve(x.T @ x + 3 * np.eye(x.shape[1]), x.T @ (y - y.mean()))
        for i in range(fold, len(rows), folds):
            scores = rows[i] @ weights
            others = np.delete(scores, which[i])
            wins.append(((scores[which[i]] > others) + 0.5 * (scores[which[i]] == others)).mean())
    return float(np.mean(wins))


def place_of_subject(made: Made) -> int | None:
    """Where the candidate stands, None where it does not."""
    tokens = [item.token for item in made.set.items]
    return None if made.truth.token is None else tokens.index(made.truth.token)
