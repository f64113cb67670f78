"""`secondlook backup` and `secondlook restore`."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from secondlook import __version__
from secondlook.cli.console import out, print_json, progress
from secondlook.cli.options import Json, KeyFilePath, KeyFrom, Quiet, key_source
from secondlook.custody import os_actor
from secondlook.custody.backup import back_up
from secondlook.custody.identity import read_identity
from secondlook.custody.key_export import Keys, export_keys, import_keys
from secondlook.custody.key_import import keys_of
from secondlook.custody.log import CustodyLog
from secondlook.custody.places import Contents, contents
from secondlook.custody.recording import FOLDER
from secondlook.custody.restore import Wishes
from secondlook.custody.restore import restore as restore_place
from secondlook.custody.signing import KeyFolder
from secondlook.errors import BackupError
from secondlook.gallery import KeySource
from secondlook.gallery.addresses import address
from secondlook.ports import Action, Entry

PASSPHRASE = "SECONDLOOK_PASSPHRASE"

ArchivePath = Annotated[Path, typer.Argument(help="The backup's file, a tar.", metavar="ARCHIVE", show_default=False)]
Place = Annotated[
    str, typer.Argument(help="A gallery's folder, or a service's data folder.", metavar="PLACE", show_default=False)
]
KeysPath = Annotated[
    Path | None,
    typer.Option("--keys", help="A file for the keys, sealed with a passphrase (asked for, or SECONDLOOK_PASSPHRASE)."),
]


def backup(
    place: Place,
    archive: ArchivePath,
    keys: KeysPath = None,
    key_file: KeyFilePath = None,
    key_from: KeyFrom = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Back up a gallery or a service's data while it is in use. Keys are not in it: keep them apart, with --keys.

    Example: [b]secondlook backup staff.gallery staff-monday.tar --keys staff-monday.keys[/b]
    """
    folder = _folder(place)
    for file in (archive, keys):
        if file is not None and file.exists():
            raise BackupError(f"{file} is there already: name a file that is not there yet.")
    for database, facts in contents(folder).galleries:
        CustodyLog.open(database.parent / FOLDER, log=facts.id)  # a gallery that has none yet gets one
    held = contents(folder)
    passphrase = _passphrase(confirm=True) if keys is not None else ""
    logs = [CustodyLog.open(folder) for folder in held.logs]
    for log in logs:
        log.record(
            Entry(os_actor(), Action.BACKUP, (log.identity.log,), details={"keys": "no" if keys is None else "yes"})
        )
    with progress(quiet or as_json) as bar:
        task = bar.add_task("Copying", total=None, unit="files")
        done = back_up(
            folder,
            archive,
            __version__,
            logs[0].head().text() if logs else "",
            lambda count, total: bar.update(task, completed=count, total=total),
        )
    if keys is not None:  # after the copy: whoever is in it has a key by now
        _export(held, keys, key_source(key_file, key_from), passphrase)
    if as_json:
        print_json(asdict(done))
        return
    console = out()
    note = folder / "service.address"
    if note.is_file():
        console.print(
            f"The service's tables are not in it: they are in {note.read_text('utf-8').strip()}, back them up with pg_dump.",
            markup=False,
        )
    console.print(f"{archive}: {done.files} files, {done.bytes / 1e6:.1f} MB.", markup=False)
    if keys is None:
        console.print("No key is in it; without the keys nothing in it can be read (--keys).", markup=False)
    else:
        console.print(f"{keys}: the keys, sealed with the passphrase. Keep it apart from the archive.", markup=False)


def restore(
    archive: ArchivePath,
    place: Annotated[
        str, typer.Argument(help="A new or empty folder for what is restored.", metavar="PLACE", show_default=False)
    ],
    keys: KeysPath = None,
    key_file: KeyFilePath = None,
    key_from: KeyFrom = None,
    as_json: Json = False,
) -> None:
    """Restore a backup. Whoever was erased since is not in it, as long as the folder of keys is still there.

    Example: [b]secondlook restore staff-monday.tar staff.gallery --keys staff-monday.keys[/b]
    """
    imported = _import(keys) if keys is not None else None
    wishes = _for_services(Wishes(key=key_source(key_file, key_from), keys=imported))
    done = restore_place(archive, _folder(place), os_actor(), wishes)
    if as_json:
        print_json(asdict(done))
        return
    console = out()
    for note in done.notes:
        console.print(note, markup=False)
    console.print(f"{place}: {done.files} files of the backup of {done.made_at}.", markup=False)
    if done.erased:
        console.print(f"{done.erased} subjects that were erased since are not in it.", markup=False)


def _folder(place: str) -> Path:
    """Raises BackupError for a gallery in PostgreSQL, whose rows are not files of ours."""
    where = address(place)
    if where is not None:
        raise BackupError(
            f"{where} is in PostgreSQL: back it up and restore it with pg_dump, as docs/postgresql.md says."
        )
    return Path(place)


def _for_services(wishes: Wishes) -> Wishes:
    """Also for a service's database, where the service is installed."""
    try:
        from secondlook.server.offline import check_service, clean_service
    except ModuleNotFoundError:
        return wishes
    return replace(wishes, check=check_service, cleaners=(clean_service,))


def _export(held: Contents, file: Path, key: KeySource | None, passphrase: str) -> None:
    identities = [read_identity(folder) for folder in held.logs]
    logs = [identity.log for identity in identities if identity is not None]
    export_keys(file, keys_of(list(held.galleries), key, logs, KeyFolder.default()), passphrase)


def _import(file: Path) -> Keys:
    return import_keys(file, _passphrase(confirm=False))


def _passphrase(*, confirm: bool) -> str:
    return os.environ.get(PASSPHRASE) or str(
        typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    )
