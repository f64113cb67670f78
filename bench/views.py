"""Views of ../shared/data/lfw, as they are and degraded, made as `secondlook calibrate` makes them and kept outside of the
repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from bench.lfw import LFW
from secondlook.assemble import Settings, assemble, new_gallery
from secondlook.calibrate.searches import Samples
from secondlook.runs.calibrate import samples_of, seen_in
from secondlook.runs.labelled import labelled
from secondlook.runs.view_making import view_shelf


@dataclass(frozen=True, eq=False, slots=True)
class Views:
    """samples: one row a view; ``Samples.subject`` numbers ``people``. plain: (n,) not degraded. failed: views without a
    face."""

    samples: Samples
    people: tuple[str, ...]
    plain: NDArray[np.bool_]
    failed: int
    pack: str

    def of(self, rows: NDArray[np.bool_]) -> Views:
        return Views(self.samples.of(rows), self.people, self.plain[rows], self.failed, self.pack)


def views(pack: str, cache: Path, threads: int = 0) -> Views:
    """Made once and kept in ``cache``."""
    settings = Settings(recogniser=pack, threads=threads)
    with new_gallery(settings) as gallery:
        identifier = assemble(gallery, settings)
    folder = cache / identifier.embedder.pack.replace("@", "-")
    folder.mkdir(parents=True, exist_ok=True)
    pictures = labelled(LFW)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(f"Views for {pack}", total=len(pictures))
        seen, _ = seen_in(pictures, identifier, view_shelf(folder, identifier), lambda n: bar.advance(task, n))
    plain = np.array([place == 0 for one in seen for place in range(len(one.views.made))])
    people = tuple(dict.fromkeys(one.picture.subject for one in seen))
    return Views(samples_of(seen), people, plain, sum(one.views.failed for one in seen), identifier.embedder.pack)
