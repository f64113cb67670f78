"""Covering the faces of many sources, into one folder.

OUT/redacted/         the covered copies, and nothing else: this is what may go out
OUT/redaction.jsonl   what was covered in each frame
OUT/redacted.jsonl    one line a source; OUT/review.jsonl one line a doubtful spot; OUT/review/ their thumbnails
OUT/report.html       the page for people
OUT/.run/             what is needed to go on
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from secondlook.errors import SourceError
from secondlook.redact.record import FILE_NAME as REDACTION
from secondlook.redact.record import to_line
from secondlook.redact.results import (
    REVIEW,
    SOURCES,
    THUMBNAILS,
    Redacted,
    ReviewSpot,
    read_redacted,
    read_review,
    redacted_line,
    review_line,
)
from secondlook.report.page import FILE_NAME as REPORT
from secondlook.runs.journal import Journal, Start, writing
from secondlook.runs.redact_kit import Kit
from secondlook.runs.redact_photo import redact_photo
from secondlook.runs.redact_video import Told, redact_video
from secondlook.sources import Problem, Source, SourceKind, expand

COPIES = "redacted"
PROOF = ("proof.json", "proof.html")
WRITTEN = frozenset({COPIES, REDACTION, SOURCES, REVIEW, THUMBNAILS, REPORT, *PROOF})
"""What a run writes into its folder, beside ``.run``."""


class Watcher(Protocol):
    """Told how a run goes on; every call is quick."""

    def sources(self, count: int, already: int) -> None: ...

    def begin(self, source: Source, frames: int | None) -> None: ...

    def looked(self, frames: int) -> None: ...

    def covering(self, source: Source) -> None: ...

    def covered(self, frames: int) -> None: ...

    def end(self, source: Source) -> None: ...

    def problem(self, problem: Problem) -> None: ...


@dataclass(frozen=True, slots=True)
class RedactResult:
    """redacted: every source that is covered, also by parts of the run done before it was stopped."""

    redacted: tuple[Redacted, ...]
    review: tuple[ReviewSpot, ...]
    problems: tuple[Problem, ...]


def redact_into(paths: Iterable[Path], out: Path, kit: Kit, start: Start, watcher: Watcher) -> RedactResult:
    """Covers every source. Bad sources become problems, nothing is written of them, and the rest goes on.

    Raises OutputError where results cannot be written, or the folder holds another run.
    """
    named = tuple(paths)
    sources, problems = expand(named)
    sources = tuple(s for s in sources if not _written_by_run(s.path, out))
    problems = tuple(p for p in problems if not _written_by_run(p.path, out))
    journal = Journal(out, kit.settings, (REDACTION, SOURCES, REVIEW), start)
    _remove_parts(out)
    if any(str(source.path) not in journal.done for source in sources):
        remove_proof(out)
    watcher.sources(len(sources), len(journal.done & {str(s.path) for s in sources}))
    known = tuple(Problem(Path(one.source), one.warning) for one in journal.finished if one.warning)
    for problem in (*problems, *known):
        watcher.problem(problem)
    try:
        stems = _stems(named, sources, read_redacted(out / SOURCES))
        found = [*problems, *known, *_redact_all(sources, stems, journal, kit, watcher)]
    finally:
        journal.close()
    return RedactResult(read_redacted(out / SOURCES), read_review(out / REVIEW), tuple(found))


def _remove_parts(out: Path) -> None:
    """What was half written when a run was killed."""
    with writing(out):
        for folder in (COPIES, THUMBNAILS, ".run"):
            for part in (out / folder).rglob(".*.part"):
                part.unlink()


def remove_proof(out: Path) -> None:
    """A proof of other copies."""
    with writing(out):
        for name in PROOF:
            (out / name).unlink(missing_ok=True)


def _redact_all(
    sources: Iterable[Source], stems: dict[str, Path], journal: Journal, kit: Kit, watcher: Watcher
) -> Iterator[Problem]:
    for source in sources:
        name = str(source.path)
        if name in journal.done:
            continue
        try:
            with writing(journal.out):
                done = _redact(source, stems[name], journal, kit, watcher)
        except SourceError as error:
            journal.drop_unfinished()
            sentence = str(error)
        else:
            sentence = done.warning
            journal.write(SOURCES, redacted_line(done))
            journal.finish(name, sentence)
        if sentence:
            problem = Problem(source.path, sentence)
            watcher.problem(problem)
            yield problem
        watcher.end(source)


def _redact(source: Source, stem: Path, journal: Journal, kit: Kit, watcher: Watcher) -> Redacted:
    told = Told(
        frame=lambda frame: journal.write(REDACTION, to_line(frame)),
        spot=lambda spot: journal.write(REVIEW, review_line(spot)),
    )
    if source.kind is SourceKind.VIDEO:
        return redact_video(source, journal.out, stem, kit, watcher, told)
    watcher.begin(source, None)
    return redact_photo(source, journal.out, stem, kit, told.frame)


def _stems(named: Iterable[Path], sources: Iterable[Source], done: Iterable[Redacted]) -> dict[str, Path]:
    """Where the copy of each source goes, relative to OUT and without its ending: each its own, as far as possible its
    name. What was written before the run was stopped keeps its place."""
    roots = [path for path in named if path.is_dir()]
    stems = {one.source: Path(one.output).with_suffix("") for one in done}
    taken = {str(stem).casefold() for stem in stems.values()}
    for source in sources:
        if str(source.path) in stems:
            continue
        wanted = Path(COPIES) / _below(source.path, roots).with_suffix("")
        stem, number = wanted, 1
        while str(stem).casefold() in taken:
            number += 1
            stem = wanted.with_name(f"{wanted.name}-{number}")
        taken.add(str(stem).casefold())
        stems[str(source.path)] = stem
    return stems


def _below(path: Path, roots: Iterable[Path]) -> Path:
    for root in roots:
        if path.is_relative_to(root):
            top = root.name if root.name not in ("", "..") else ""
            return Path(top) / path.relative_to(root)
    return Path(path.name)


def _written_by_run(path: Path, out: Path) -> bool:
    path, out = path.absolute(), out.absolute()
    return path.is_relative_to(out) and not WRITTEN.isdisjoint(path.relative_to(out).parts[:1])
