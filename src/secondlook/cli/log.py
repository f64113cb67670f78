"""`secondlook log`: what was done with a gallery, by whom and why, and whether the record of it is whole."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from secondlook.cli.console import err, out, print_json, progress
from secondlook.cli.options import GALLERY_HELP, Json, KeyFilePath, KeyFrom, Quiet, key_source
from secondlook.custody.entries import Line
from secondlook.custody.heads import Head, read_heads
from secondlook.custody.log import CustodyLog
from secondlook.custody.policy import Demand, Policy, read_policy, write_policy
from secondlook.custody.reading import Wanted, read_log
from secondlook.custody.recording import gallery_log, log_folder, os_actor
from secondlook.custody.signing import KeyFolder, fingerprint
from secondlook.custody.verifying import Broken, Verified
from secondlook.custody.verifying import verify as verify_log
from secondlook.gallery import Gallery
from secondlook.gallery.founding import folder_of
from secondlook.gallery.sites import site
from secondlook.ports import Action, Entry

app = typer.Typer(no_args_is_help=True, help="Read and verify the record of what was done with a gallery.")

Place = Annotated[
    str,
    typer.Argument(
        help="A gallery's folder or its postgresql://USER@HOST/DATABASE, or a service's data folder.",
        metavar="PLACE",
        show_default=False,
    ),
]


@app.command()
def verify(
    place: Place,
    witness: Annotated[
        list[Path] | None, typer.Option("--witness", help="A head of the log that was kept elsewhere; may be repeated.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find any entry that was changed, removed, moved or put in, and an end that was cut off. Exit status 1 if so.

    Example: [b]secondlook log verify staff.gallery --witness head.json[/b]
    """
    heads = [head for file in witness or [] for head in read_heads(file)]
    said = _verified(place, heads, quiet or as_json)
    if as_json:
        print_json({"whole": isinstance(said, Verified), **asdict(said)})
    else:
        _tell(said)
    if isinstance(said, Broken):
        raise typer.Exit(1)


@app.command()
def head(place: Place) -> None:
    """Print where the log ends now, signed: keep it elsewhere, as a witness for `verify`.

    Example: [b]secondlook log head staff.gallery > head.json[/b]
    """
    stated = CustodyLog.open(log_folder(folder_of(place))).head()
    typer.echo(stated.text())
    err().print(f"Entry {stated.seq}; key {fingerprint(stated.public_key)}.", markup=False)


@app.command()
def show(
    place: Place,
    since: Annotated[
        datetime | None,
        typer.Option("--since", help="Only from this time on (UTC).", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    ] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Only what this one did, as os:ann.")] = None,
    action: Annotated[Action | None, typer.Option("--action", help="Only this.")] = None,
    case: Annotated[str | None, typer.Option("--case", help="Only of this case.")] = None,
    subject: Annotated[str | None, typer.Option("--object", help="Only what was done to this id.")] = None,
    as_json: Json = False,
) -> None:
    """Show the entries, oldest first. Subjects are told by their ids: no name is in a log.

    Example: [b]secondlook log show staff.gallery --action search --since 2026-11-01[/b]
    """
    wanted = Wanted(
        since=None if since is None else since.replace(tzinfo=UTC),
        actor=actor,
        action=action,
        object=subject,
        case=case,
    )
    lines = read_log(log_folder(folder_of(place)), wanted)
    if as_json:
        print_json([{"seq": line.seq, "at": line.at, **asdict(line.entry), "hash": line.hash} for line in lines])
        return
    for line in lines:
        out().print(_line(line), markup=False)


@app.command()
def require(
    gallery: Annotated[str, typer.Argument(help=GALLERY_HELP, show_default=False)],
    purpose: Annotated[
        bool | None, typer.Option("--purpose/--no-purpose", help="Whether each search has to state a purpose.")
    ] = None,
    case: Annotated[
        bool | None, typer.Option("--case/--no-case", help="Whether each search has to state a case number.")
    ] = None,
    key_file: KeyFilePath = None,
    key_from: KeyFrom = None,
) -> None:
    """Say what whoever searches a gallery has to state; without options, show it.

    Example: [b]secondlook log require staff.gallery --purpose --case[/b]
    """
    folder = folder_of(gallery)
    policy = read_policy(folder)
    if purpose is not None or case is not None:
        policy = Policy(_demand(purpose, policy.purpose), _demand(case, policy.case))
        with Gallery.open(gallery, key=key_source(key_file, key_from)) as opened:
            details = {"purpose": policy.purpose.value, "case": policy.case.value}
            gallery_log(opened).record(Entry(os_actor(), Action.SETTING, (opened.id,), details=details))
            write_policy(folder, policy)
    out().print(
        f"A search in {site(gallery).place}: purpose {policy.purpose.value}, case number {policy.case.value}.",
        markup=False,
    )


def _demand(asked: bool | None, before: Demand) -> Demand:
    return before if asked is None else Demand.REQUIRED if asked else Demand.OPTIONAL


def _verified(place: str, heads: list[Head], quiet: bool) -> Verified | Broken:
    with progress(quiet) as bar:
        task = bar.add_task("Verifying", total=None, unit="entries")
        return verify_log(
            log_folder(folder_of(place)),
            heads,
            KeyFolder.default(),
            progress=lambda count: bar.update(task, completed=count),
        )


def _tell(said: Verified | Broken) -> None:
    console = out()
    for note in said.notes:
        console.print(note, markup=False)
    if isinstance(said, Broken):
        console.print(f"The log is not whole. {len(said.findings)} findings, the first place first:", markup=False)
        for finding in said.findings:
            console.print(f"- {finding.sentence}", markup=False)
        return
    span = f", {said.first_at} to {said.last_at}" if said.entries else ""
    console.print(f"{said.entries} entries{span}: each in its place and signed.", markup=False)
    console.print(f"Key {said.fingerprint}.", markup=False)
    if said.compared:
        console.print(f"The end was compared with {' and '.join(said.compared)}.", markup=False)
    else:
        console.print(
            "The end was compared with nothing, so entries cut off it would not be missed: keep a head elsewhere "
            "(`secondlook log head`) and give it with --witness.",
            markup=False,
        )


def _line(line: Line) -> str:
    entry = line.entry
    parts = [f"{line.seq}", line.at, entry.actor, entry.action.value, *entry.object]
    parts += [f"{name}={value}" for name, value in entry.details.items()]
    reasons = [f"purpose: {entry.purpose}"] * bool(entry.purpose) + [f"case: {entry.case}"] * bool(entry.case)
    return "  ".join([*parts, *reasons])
