"""What the way through the house needs from its parts. ``secondlook.fakes`` has one of each, for tests and docs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from secondlook.types import Candidate, Detections, Floats, Pixels


@dataclass(frozen=True, eq=False, slots=True)
class ChipLayout:
    """How a recogniser wants its faces. size: chip edge in px. points: (5, 2) float32, where the landmarks go."""

    size: int
    points: Floats


class Detector(Protocol):
    @property
    def pack(self) -> str:
        """Id of the pack: ``name@`` and 12 hexadecimal digits of all that decides what comes out of it."""
        ...

    def detect(self, pixels: Pixels) -> Detections:
        """Every face in one RGB picture, best first, in its pixels."""
        ...


class Embedder(Protocol):
    @property
    def pack(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def layout(self) -> ChipLayout: ...

    def embed(self, chips: Pixels) -> Floats:
        """(n, size, size, 3) uint8 RGB chips -> (n, dimension) float32 of unit length; n may be 0."""
        ...


class Comparison(Protocol):
    """How a probe and a reference are compared: by the inner product of what is made of each, so search stays exact.

    The larger the product, the more alike. Both sides may be made differently.
    """

    @property
    def id(self) -> str:
        """Names whatever decides the score; two comparisons of one id give the same scores."""
        ...

    @property
    def dimension(self) -> int:
        """Length of what is made of a template."""
        ...

    def probes(self, templates: Floats) -> Floats:
        """(n, D) of unit length, n may be 0 -> (n, dimension) float32."""
        ...

    def references(self, templates: Floats) -> Floats:
        """(n, D) of unit length, n may be 0 -> (n, dimension) float32."""
        ...


class Index(Protocol):
    """Exact search by inner product over vectors, each under a 64-bit id."""

    def __len__(self) -> int: ...

    def add(self, ids: NDArray[np.int64], templates: Floats) -> None: ...

    def remove(self, ids: NDArray[np.int64]) -> None: ...

    def search(self, probes: Floats, k: int) -> tuple[Floats, NDArray[np.int64]]:
        """(n, D) -> scores (n, k) descending and ids (n, k); id -1 and score -inf where fewer than k are held."""
        ...


class Searchable(Protocol):
    """What ``identify`` needs of a gallery."""

    @property
    def pack(self) -> str: ...

    @property
    def subjects(self) -> int:
        """How many subjects have at least one reference."""
        ...

    def search(self, template: Floats, pack: str, k: int = 5) -> tuple[Candidate, ...]:
        """The k nearest subjects, best first, each once. Raises PackMismatch where ``pack`` is another."""
        ...


class Log(Protocol):
    def record(self, event: str, /, **details: str | int | float) -> None: ...
