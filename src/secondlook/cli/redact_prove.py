"""``secondlook redact --prove``: the copies of a run, attacked and judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import Progress, TaskID

from secondlook.assemble import Settings
from secondlook.cli.console import out
from secondlook.runs.redact import RedactResult
from secondlook.runs.redact_kit import Kit

# what measures and draws takes seconds to import, so it is imported where it is used
if TYPE_CHECKING:
    from secondlook.redact.proof import Proof

_MOST_SEARCHED = 2000
"""Pictures of a run that are searched for faces; of longer videos every so manieth. Covers are compared in all."""


@dataclass(frozen=True, slots=True)
class Proving:
    """against: a folder of labelled people, None = none. limit: as in ``ProofAsked``."""

    against: Path | None = None
    limit: float | None = None


def prove_run(
    out_dir: Path, result: RedactResult, kit: Kit, settings: Settings, proving: Proving, bar: Progress
) -> Proof:
    """Attacks what the run has written. Raises SourceError, OutputError, PackError."""
    from secondlook.redact.proof import ProofAsked
    from secondlook.runs.prove import METADATA_ASKED, means, means_of, prove_into

    attacker = means(settings) if kit.identifier is None else means_of(kit.identifier)
    pictures = sum(one.frames for one in result.redacted)
    asked = ProofAsked(
        limit=proving.limit,
        accepted=METADATA_ASKED if kit.ask.keep_metadata else (),
        smallest_px=kit.ask.smallest_px,
        every=max(1, math.ceil(pictures / _MOST_SEARCHED)),
    )
    return prove_into(out_dir, kit.ask.covering, attacker, asked, proving.against, _Line(bar).say)


def conclude(proof: Proof, page: Path) -> None:
    """The verdict on the terminal."""
    from secondlook.redact.proof_words import headline, sentences

    console = out()
    console.print(f"{headline(proof)}.", markup=False)
    for sentence in sentences(proof):
        console.print(f"  {sentence}", markup=False)
    console.print(f"Proof: {page}", markup=False)


class _Line:
    """One line of progress, from the first time there is something to say."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def say(self, what: str) -> None:
        if self._task is None:
            self._task = self._bar.add_task(what, total=None, unit="steps")
        self._bar.update(self._task, description=what, advance=1)
