"""What a machine needs to look as this one would: names of packs and settings. No gallery, no key, nobody's name."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

import cv2

from secondlook import __version__
from secondlook.assemble import Identifier
from secondlook.decide.rule import OperatingPoint
from secondlook.errors import ClusterError, PackError, PackMismatch
from secondlook.faces.detect import Search
from secondlook.faces.packs import opening
from secondlook.faces.packs.runtime import Provider, RunOptions
from secondlook.identify import Stages
from secondlook.ports import Detector, Embedder
from secondlook.track.shots import Keep


@dataclass(frozen=True, slots=True)
class Kit:
    """version: of Second Look. detector, recogniser: ids of packs. opened: makes them ready. threads: of one task. looks:
    frames that are looked at in one part of a video. max_pixels: largest picture to decode. The rest as in ``Stages``."""

    version: str
    detector: str
    recogniser: str
    opened: Opener = field(repr=False)
    provider: Provider
    threads: int
    looks: int
    max_pixels: int
    photo_search: Search
    video_search: Search
    keep: Keep
    every_s: float
    patience_s: float
    start_score: float
    single_score: float


Opener: TypeAlias = Callable[[Kit], tuple[Detector, Embedder]]


def installed(kit: Kit) -> tuple[Detector, Embedder]:
    """The packs as they are installed here. Raises PackMissing, PackCorrupt."""
    options = RunOptions(kit.provider, kit.threads)
    detector = opening.detector(kit.detector.partition("@")[0], options)
    return detector, opening.recogniser(kit.recogniser.partition("@")[0], options)


LOOKS: Final = 40
"""About half a minute of one core's work at 1080p."""


def kit_of(identifier: Identifier, opened: Opener = installed, looks: int = LOOKS) -> Kit:
    """As this identifier looks; one thread a task where its settings leave that open."""
    stages, settings = identifier.stages, identifier.settings
    return Kit(
        version=__version__,
        detector=stages.detector.pack,
        recogniser=stages.embedder.pack,
        opened=opened,
        provider=settings.provider,
        threads=settings.threads or 1,
        looks=looks,
        max_pixels=settings.max_pixels,
        photo_search=stages.photo_search,
        video_search=stages.video_search,
        keep=stages.keep,
        every_s=stages.every_s,
        patience_s=stages.patience_s,
        start_score=stages.start_score,
        single_score=stages.single_score,
    )


@cache
def stages_of(kit: Kit) -> Stages:
    """Ready to look, but not to decide. Opened once a process: the machines keep theirs from task to task.

    Raises PackMismatch where this machine's version or packs are others, PackMissing, PackCorrupt.
    """
    here = socket.gethostname()
    if kit.version != __version__:
        raise PackMismatch(
            f"{here} has Second Look {__version__} and not {kit.version}: install the same version on every node."
        )
    cv2.setNumThreads(kit.threads)
    try:
        detector, embedder = kit.opened(kit)
    except PackError as error:
        raise type(error)(f"{here}: {error}") from error
    for wanted, found in ((kit.detector, detector.pack), (kit.recogniser, embedder.pack)):
        if wanted != found:
            raise PackMismatch(f"{here} has pack {found} and not {wanted}: install the same packs on every node.")
    return Stages(
        detector=detector,
        embedder=embedder,
        point=OperatingPoint(None, None, -1.0, "Nothing is decided here."),
        photo_search=kit.photo_search,
        video_search=kit.video_search,
        keep=kit.keep,
        every_s=kit.every_s,
        patience_s=kit.patience_s,
        start_score=kit.start_score,
        single_score=kit.single_score,
    )


@dataclass(frozen=True, slots=True)
class File:
    """A source, on every machine. named: as the user named it. path: absolute. size: bytes."""

    named: str
    path: str
    size: int

    @classmethod
    def at(cls, path: Path) -> File:
        """Raises OSError where it is gone."""
        return cls(str(path), str(path.absolute()), path.stat().st_size)

    def check(self) -> None:
        """Raises ClusterError where this machine does not have it."""
        try:
            size = Path(self.path).stat().st_size
        except OSError:
            size = None
        if size != self.size:
            state = "no such file" if size is None else f"another one, of {size:,} bytes"
            raise ClusterError(
                f"{socket.gethostname()} has {state} at {self.path}: put the footage where every node reaches it under "
                "the same path, or take that node out of the cluster."
            )

    def told(self, sentence: str) -> str:
        """What a machine says of it, with the name that the user knows."""
        return sentence.replace(self.path, self.named)
