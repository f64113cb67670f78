"""What the way through the house needs from its parts. ``secondlook.fakes`` has one of each, for tests and docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class Hinting(Detector, Protocol):
    """A detector of which it was measured how little it must see in a small face to see it well from nearer."""

    def hints(self, pixels: Pixels) -> Detections:
        """As ``detect``, and every place besides that might turn out a face from nearer; most of them do not."""
        ...

    def closer(self, pixels: Pixels) -> Detections:
        """As ``detect``, of places that were hinted at, brought to where it sees them well."""
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


@runtime_checkable
class SearchableAtOnce(Searchable, Protocol):
    """A gallery that is quicker when asked about everybody in a picture at once."""

    def search_many(self, templates: Floats, pack: str, k: int = 5) -> tuple[tuple[Candidate, ...], ...]:
        """(n, D), n may be 0 -> as ``search`` for each."""
        ...


class Action(StrEnum):
    """What was done. The last two are the log's own: it writes them about itself."""

    SEARCH = "search"
    ENROL = "enrol"
    RENAME = "rename"
    MERGE = "merge"
    REMOVE = "remove"
    ERASE = "erase"
    RE_EMBED = "re_embed"
    CALIBRATE = "calibrate"
    VIEW = "view"
    EXPORT = "export"
    REVIEW = "review"
    SETTING = "setting"
    ACCOUNT = "account"
    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_OUT = "sign_out"
    JOB = "job"
    CAMERA = "camera"
    ALERT = "alert"
    BACKUP = "backup"
    RESTORE = "restore"
    TORN = "torn"
    """A last line which was never finished was cut off."""
    CUT = "cut"
    """The log's end is not the one it had: entries were cut off or rewritten."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done, for the log. It can never be taken back, so nothing personal may be in it: subjects by
    their ids, never a name, a template, a picture, or a file name that might say one.

    actor: who did it, as an id (``os:ann`` for a user of the system). object: ids of what it was done to.
    purpose, case: why, as the actor states it. details: numbers and short words.
    """

    actor: str
    action: Action
    object: tuple[str, ...] = ()
    purpose: str = ""
    case: str = ""
    details: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where an entry is in its log. seq: 1 upwards. hash: SHA-256 of it, in hex."""

    seq: int
    hash: str


class Log(Protocol):
    def record(self, entry: Entry, /) -> Recorded:
        """On the disk when it returns. Raises CustodyError, OutputError; what was to be recorded must then not be done."""
        ...
