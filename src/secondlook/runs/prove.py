"""``--prove``: attacks the copies of a redaction with the engine that could have found the people in them.

OUT/proof.json   every figure with its interval, its counts, chance, and the same attack on the originals
OUT/proof.html   the page for people
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import UnidentifiedImageError

from secondlook import __version__
from secondlook.assemble import Identifier, Settings, best_recogniser
from secondlook.errors import SourceError
from secondlook.faces.packs import opening
from secondlook.faces.packs.detectors import PackDetector
from secondlook.faces.packs.runtime import RunOptions
from secondlook.ports import Detector, Embedder
from secondlook.redact.attack.alpha import alpha_leftovers
from secondlook.redact.attack.detecting import ANYTHING
from secondlook.redact.attack.film_leftovers import film_leftovers
from secondlook.redact.attack.found_leftovers import Kind, Leftover
from secondlook.redact.attack.looking import View, attacker_of, look
from secondlook.redact.attack.picture_leftovers import picture_leftovers
from secondlook.redact.attack.world import Terms, attacks_on, world_of_run
from secondlook.redact.cover import Covering
from secondlook.redact.proof import Proof, ProofAsked, Unread, World
from secondlook.redact.proof_json import FILE_NAME as JSON_NAME
from secondlook.redact.proof_json import write_proof_json
from secondlook.redact.proof_page import FILE_NAME as PAGE_NAME
from secondlook.redact.proof_page import write_proof_page
from secondlook.redact.record import FILE_NAME as REDACTION
from secondlook.redact.record import RedactedFrame, read_redaction
from secondlook.redact.results import SOURCES, read_redacted
from secondlook.runs.prove_frames import Copy, Watch
from secondlook.runs.prove_labelled import attack_labelled
from secondlook.sources import MAX_PIXELS, SourceKind
from secondlook.sources.opening import kind_of_file, shown

Told = Callable[[str], None]
"""Is told in a few words what is being done."""


@dataclass(frozen=True, slots=True)
class Means:
    """What attacks. max_pixels: largest picture to decode."""

    detector: Detector
    embedder: Embedder
    max_pixels: int = MAX_PIXELS


def means_of(identifier: Identifier) -> Means:
    """The identifier's own models; the detector says also what is faint."""
    return Means(_faint(identifier.detector), identifier.embedder, identifier.settings.max_pixels)


def means(settings: Settings) -> Means:
    """The asked models, or the best recogniser that is installed. Raises PackMissing, PackCorrupt."""
    options = RunOptions(settings.provider, settings.threads)
    detector = opening.detector(settings.detector, options)
    embedder = opening.recogniser(settings.recogniser or best_recogniser(), options)
    return Means(_faint(detector), embedder, settings.max_pixels)


def _faint(detector: PackDetector) -> PackDetector:
    return replace(detector, card=replace(detector.card, threshold=ANYTHING))


def prove_into(
    out: Path, covering: Covering, attacker: Means, asked: ProofAsked, against: Path | None, told: Told
) -> Proof:
    """Attacks the finished run in ``out`` and writes both files there. ``proof.failed`` says how a command should end.

    against: a folder of labelled people. Raises SourceError where the run's records cannot be read, OutputError.
    """
    copies = tuple(Copy(Path(one.source), one.output, out / one.output) for one in read_redacted(out / SOURCES))
    proof = prove(copies, read_redaction(out / REDACTION), covering, attacker, asked, against, told)
    write_proof_json(out / JSON_NAME, proof)
    write_proof_page(out / PAGE_NAME, proof)
    return proof


def prove(
    copies: Sequence[Copy],
    records: Iterable[RedactedFrame],
    covering: Covering,
    attacker: Means,
    asked: ProofAsked,
    against: Path | None = None,
    told: Told = lambda _: None,
) -> Proof:
    """Attacks copies and says what survived; nothing is written, and no template is kept.

    A copy that cannot be read is listed in ``unread``, which fails the proof.
    """
    areas = _by_output(records)
    watch = Watch(attacker.detector, attacker.max_pixels, asked, told)
    inner = attacker_of(attacker.detector, attacker.embedder, View.INNER, covering)
    looks = look((shot for copy in copies for shot in watch.shots(copy, areas.get(copy.name, ()))), inner)
    told("Searching the covered faces")
    restorations = [restorer.how for restorer in inner.restorers]
    views = (View.INNER,) if against is None else (View.INNER, View.WHOLE)
    tried = sum(attacks_on(view, restorations) for view in views)
    terms = Terms(asked.seed, asked.limit, tried)
    run = world_of_run(looks, restorations, terms)
    labelled: World | None = None
    if against is not None:
        whole = replace(inner, view=View.WHOLE)
        labelled = attack_labelled(against, covering, whole, attacker.max_pixels, terms, told)
    told("Reading the files")
    leftovers, unread = _leftovers(copies, areas, covering, attacker.max_pixels)
    return Proof(
        covering=covering,
        asked=asked,
        detector=attacker.detector.pack,
        pack=attacker.embedder.pack,
        version=__version__,
        files=len(copies),
        tried=tried,
        detection=watch.detection,
        run=run,
        labelled=labelled,
        leftovers=(*leftovers, *watch.leftovers),
        unread=(*watch.unread, *unread),
    )


def _by_output(records: Iterable[RedactedFrame]) -> dict[str, tuple[RedactedFrame, ...]]:
    found: dict[str, list[RedactedFrame]] = {}
    for record in records:
        found.setdefault(record.output, []).append(record)
    return {name: tuple(frames) for name, frames in found.items()}


def _leftovers(
    copies: Sequence[Copy], areas: dict[str, tuple[RedactedFrame, ...]], covering: Covering, limit: int
) -> tuple[list[Leftover], list[Unread]]:
    found: list[Leftover] = []
    unread: list[Unread] = []
    for copy in copies:
        try:
            found.extend(_in_file(copy, areas.get(copy.name, ()), covering, limit))
        except SourceError as error:
            unread.append(Unread(copy.name, str(error)))
        except (OSError, UnidentifiedImageError, ValueError) as error:
            unread.append(Unread(copy.name, f"{shown(copy.output)} cannot be read ({error}): redact it anew."))
    return [replace(one, file=_named(one, copies)) for one in found], unread


def _named(one: Leftover, copies: Sequence[Copy]) -> str:
    return next((copy.name for copy in copies if shown(copy.output) == one.file), one.file)


def _in_file(copy: Copy, records: Sequence[RedactedFrame], covering: Covering, limit: int) -> Iterator[Leftover]:
    if kind_of_file(copy.output) is SourceKind.VIDEO:
        yield from film_leftovers(copy.output, limit)
        return
    yield from picture_leftovers(copy.output)
    by_page = {record.frame: record.covered for record in records}
    pages = [by_page.get(page, ()) for page in range(max(by_page, default=-1) + 1)]
    yield from alpha_leftovers(copy.output, pages, covering)


METADATA_ASKED = (Kind.METADATA, Kind.PLACE)
"""What may stay where metadata were asked to."""
