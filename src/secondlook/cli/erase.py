"""`secondlook erase`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secondlook.cli.console import out, print_json, progress
from secondlook.cli.options import GalleryAt, Json, KeyFilePath, KeyFrom, Quiet, key_source
from secondlook.custody import gallery_log, os_actor, refuse_names
from secondlook.custody.backup_erasing import BackupRemover
from secondlook.custody.erasing import Erased, Reason
from secondlook.custody.erasing import erase as erase_subject
from secondlook.custody.restore import Clean
from secondlook.custody.searching import IN_ITS_NAME
from secondlook.errors import ExtraMissing
from secondlook.gallery import Gallery

if TYPE_CHECKING:
    from secondlook.server.offline import FolderRemover


def erase(
    subject: Annotated[
        str, typer.Argument(help="The subject's name, or its id as the log has it.", show_default=False)
    ],
    gallery: GalleryAt,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="Another folder to look through, as a service's data; may be repeated."),
    ] = None,
    backups: Annotated[
        list[Path] | None,
        typer.Option(
            "--backups", help="A folder, or a file, with backups to take the subject out of; may be repeated."
        ),
    ] = None,
    purpose: Annotated[str, typer.Option("--purpose", help="Why, for the log and the receipt; no names.")] = "",
    case: Annotated[str, typer.Option("--case", help="The case, for the log and the receipt; no names.")] = "",
    key_file: KeyFilePath = None,
    key_from: KeyFrom = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Erase a subject: rows, templates, pictures, key, also from backups; then look through every file for what is left.

    Exit status 1 where something was found or could not be looked at. The receipt is signed, names nobody, and lies in
    the gallery's log.

    Example: [b]secondlook erase "Grace Hopper" --gallery staff.gallery --backups /mnt/backups[/b]
    """
    with Gallery.open(gallery, key=key_source(key_file, key_from)) as opened:
        refuse_names(opened, purpose, case)
        places = [*opened.files, *(data or ()), *(backups or ())]
        removers, cleaners = _service(data or ())
        with progress(quiet or as_json) as bar:
            task = bar.add_task("Looking for what is left", total=None, unit="MB")
            erased = erase_subject(
                subject,
                opened,
                gallery_log(opened),
                Reason(os_actor(), purpose, case),
                (*removers, BackupRemover(tuple(backups or ()), cleaners)),
                places,
                lambda done: bar.update(task, completed=done // 1_000_000),
                [sentence for remover in removers for sentence in remover.out_of_sight],
            )
    if as_json:
        print_json(json.loads(erased.file.read_bytes()))
    else:
        _tell(erased, subject)
    if not erased.receipt.complete:
        raise typer.Exit(1)


def _service(folders: Sequence[Path]) -> tuple[tuple[FolderRemover, ...], tuple[Clean, ...]]:
    """Who takes a subject out of services' folders among these, and out of their databases in backups."""
    try:
        from secondlook.server.offline import FolderRemover, clean_service, is_service
    except ModuleNotFoundError as error:
        if any((folder / name).is_file() for folder in folders for name in ("service.db", "service.address")):
            raise ExtraMissing(
                f"A service's folder needs an optional part ({error.name}): install `pip install 'secondlook[server]'`."
            ) from error
        return (), ()
    return tuple(FolderRemover(folder) for folder in folders if is_service(folder)), (clean_service,)


def _tell(erased: Erased, subject: str) -> None:
    console, receipt = out(), erased.receipt
    for removed in receipt.removed:
        if removed.count:
            console.print(f"Removed: {removed.count} {removed.what}.", markup=False)
    searched = receipt.searched
    console.print(f"Looked through {searched.files} files, {searched.bytes / 1e6:.1f} MB.", markup=False)
    for found in searched.found:
        where = "in its own name" if found.offset == IN_ITS_NAME else f"from byte {found.offset}"
        console.print(f"FOUND: {found.what} in {found.place} {where} ({found.count} times).", markup=False)
    for unread in searched.unread:
        console.print(f"NOT LOOKED AT: {unread.place}, which {unread.why}.", markup=False)
    for chance in searched.by_chance:
        console.print(
            f"{chance.what} stands {chance.count} times among sealed bytes, where chance puts it {chance.expected:.1f} times.",
            markup=False,
        )
    for note in receipt.notes:
        console.print(note, markup=False)
    if receipt.complete:
        console.print(f"{subject} is erased, and nothing of it was found any more.", markup=False)
    elif searched.clean:
        console.print("Nothing was found any more, as far as could be looked for.", markup=False)
    else:
        console.print("Remove by hand what is listed, then look again by erasing once more.", markup=False)
    console.print(f"Receipt: {erased.file}", markup=False)
