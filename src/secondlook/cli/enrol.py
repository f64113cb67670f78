from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from secondlook.assemble import Identifier, Settings, assemble, open_or_create
from secondlook.cli.console import err, out, print_json, progress
from secondlook.cli.offer import offer_recommended
from secondlook.cli.options import (
    GalleryAt,
    Json,
    KeyFilePath,
    KeyFrom,
    PackName,
    ProviderName,
    Quiet,
    Threads,
    key_source,
)
from secondlook.custody import CustodyLog, gallery_log, os_actor
from secondlook.enrolling import Enrolment, EnrolOptions, enrolments
from secondlook.faces.packs.runtime import Provider
from secondlook.gallery import EnrolResult, EnrolStatus, OnSuspicion
from secondlook.gallery.founding import is_there
from secondlook.ports import Action, Entry

MARKS = {
    EnrolStatus.ENROLLED: "+",
    EnrolStatus.ALREADY_ENROLLED: "=",
    EnrolStatus.REFUSED: "-",
    EnrolStatus.SUSPICIOUS: "?",
}


def enrol(
    people: Annotated[Path, typer.Argument(help="A folder with a folder, or a picture, for each person.")],
    gallery: GalleryAt,
    pack: PackName = None,
    on_suspicion: Annotated[
        OnSuspicion,
        typer.Option("--on-suspicion", help="Pictures that seem to show somebody else: hold them back, or enrol them."),
    ] = OnSuspicion.HOLD,
    key_file: KeyFilePath = None,
    key_from: KeyFrom = None,
    provider: ProviderName = Provider.AUTO,
    threads: Threads = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Enrol people from a folder into a gallery, which is made where there is none.

    Example: [b]secondlook enrol people/ --gallery staff.gallery[/b]
    """
    persons = enrolments(people)
    settings = Settings(recogniser=pack, provider=provider, threads=threads)
    if pack is None and not is_there(gallery):
        offer_recommended(quiet or as_json)
    with open_or_create(gallery, settings, key_source(key_file, key_from)) as opened:
        identifier = assemble(opened, settings)
        if not (quiet or as_json):
            err().print(f"Pack {identifier.embedder.pack} ({identifier.card.licence}).", markup=False)
            for provider_line in identifier.providers:
                err().print(provider_line, markup=False)
        log = gallery_log(opened)
        results = _enrol_all(identifier, persons, EnrolOptions(on_suspicion=on_suspicion), log, quiet or as_json)
        if as_json:
            print_json([asdict(result) for result in results])
        else:
            _show(results, opened.subjects, len(opened), quiet)
    good = (EnrolStatus.ENROLLED, EnrolStatus.ALREADY_ENROLLED)
    if not any(result.status in good for result in results):
        raise typer.Exit(1)


def _enrol_all(
    identifier: Identifier, persons: tuple[Enrolment, ...], options: EnrolOptions, log: CustodyLog, quiet: bool
) -> list[EnrolResult]:
    results: list[EnrolResult] = []
    with progress(quiet) as bar:
        task = bar.add_task("Enrolling", total=sum(len(p.pictures) for p in persons), unit="pictures")
        for done in identifier.enrol(persons, options):
            _record(done, identifier, log)
            results.extend(done)
            bar.advance(task, len(done))
    return results


def _record(results: tuple[EnrolResult, ...], identifier: Identifier, log: CustodyLog) -> None:
    """One entry for a person of whom something was enrolled."""
    counts = {status.value: sum(result.status is status for result in results) for status in EnrolStatus}
    if counts[EnrolStatus.ENROLLED.value]:
        subject = identifier.gallery.subject_id(results[0].subject)
        log.record(Entry(os_actor(), Action.ENROL, (subject,), details=counts))


def _show(results: list[EnrolResult], subjects: int, references: int, quiet: bool) -> None:
    console = out()
    for result in results:
        if quiet and result.status in (EnrolStatus.ENROLLED, EnrolStatus.ALREADY_ENROLLED):
            continue
        fix = f" {escape(result.fix)}" if result.fix else ""
        console.print(f"{MARKS[result.status]} {escape(result.picture)}: {escape(result.reason)}{fix}")
    counts = ", ".join(
        f"{sum(r.status is status for r in results)} {status.value.replace('_', ' ')}" for status in EnrolStatus
    )
    console.print(f"{len(results)} pictures: {counts}. The gallery holds {subjects} people, {references} references.")
