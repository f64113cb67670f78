"""A job in a worker's hands: what was asked for, where it works, what it may use, and what all kinds do alike.

The process is in the folder of the uploads, so that a source is called by its upload's id and nothing else: no path of this
machine reaches a report.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from secondlook import assemble
from secondlook.assemble import Identifier
from secondlook.errors import OutputError, SourceError
from secondlook.gallery import Gallery
from secondlook.runs import exposure_kit, prove, redact_kit
from secondlook.runs.journal import Start
from secondlook.server.acts.job_kinds import AnyResult, Flaw, Order
from secondlook.server.acts.job_states import RESULTS
from secondlook.server.service import Service, Why
from secondlook.server.work.course import Say
from secondlook.sources import Problem

IN: Final = "in"
"""Within a job's folder: what it is handed under another name."""
_MOST_FLAWS: Final = 100

T = TypeVar("T")
Keep = Callable[[Session], AnyResult]
"""Puts what came of a job into the database, in the transaction that ends it."""


@dataclass(frozen=True, slots=True)
class Makers:
    """Where models come from. Tests put fakes in their place."""

    identifier: Callable[[Gallery, assemble.Settings], Identifier] = assemble.assemble
    redaction: Callable[[redact_kit.Ask, assemble.Settings, Gallery | None], redact_kit.Kit] = redact_kit.kit
    exposure: Callable[[assemble.Settings, int, float | None, str], exposure_kit.Kit] = exposure_kit.kit
    attacker: Callable[[assemble.Settings], prove.Means] = prove.means


@dataclass(frozen=True, slots=True)
class Work:
    """A job that is being done. folder: the job's own. say: told how far it is."""

    service: Service
    makers: Makers
    id: str
    owner: str
    why: Why
    order: Order
    folder: Path
    say: Say

    @property
    def out(self) -> Path:
        return self.folder / RESULTS

    @property
    def paths(self) -> list[Path]:
        return [Path(upload) for upload in self.order.uploads]

    def settings(self) -> assemble.Settings:
        """Rates as they were when it was asked for, limits as they are."""
        limit = self.service.settings().picture_megapixels * 1_000_000
        return assemble.Settings(
            fpir=self.order.fpir, prior=self.order.prior, threads=self.service.options.threads, max_pixels=limit
        )


def resumed(out: Path, run: Callable[[Start], T]) -> T:
    """Goes on with what is in ``out``; where that was made by other models or for another gallery, begins anew."""
    try:
        return run(Start.RESUME)
    except OutputError:
        shutil.rmtree(out, ignore_errors=True)
        return run(Start.OVERWRITE)


def need_some(count: int, problems: Iterable[Problem]) -> None:
    """Raises SourceError where nothing could be read."""
    if count == 0:
        raise SourceError(next((one.sentence for one in problems), "Nothing could be read: send the files again."))


def flaws(problems: Iterable[Problem]) -> tuple[Flaw, ...]:
    return tuple(Flaw(upload=str(one.path), sentence=one.sentence) for one in problems)[:_MOST_FLAWS]
