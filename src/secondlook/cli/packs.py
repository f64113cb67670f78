"""`secondlook packs`: where models come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from secondlook.assemble import add_tried_pack, check_running, recognisers
from secondlook.cli.console import complain, err, out, print_json, progress
from secondlook.cli.options import Json, Quiet
from secondlook.errors import PackError
from secondlook.faces.packs.card_file import card_text
from secondlook.faces.packs.cards import AnyCard, PackKind, RecogniserCard
from secondlook.faces.packs.check import Verdict, check_pack
from secondlook.faces.packs.installed import Existing, Pack, broken_packs, list_packs, load_pack, remove_pack
from secondlook.faces.packs.known import KNOWN, KnownPack, known_named
from secondlook.faces.packs.pull import pull as pull_pack

app = typer.Typer(no_args_is_help=True, help="Models that find and compare faces: list, add, pull and check them.")

Name = Annotated[str, typer.Argument(help="A pack's name.", show_default=False)]
Replace = Annotated[bool, typer.Option("--replace", help="Replace another pack of that name.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the packs on this machine, and those that can be pulled.

    Example: [b]secondlook packs list[/b]
    """
    packs = list_packs()
    best = recognisers()
    if as_json:
        print_json(
            {
                "installed": [_row(pack) for pack in packs],
                "broken": [{"name": b.name, "reason": str(b.error)} for b in broken_packs()],
                "can_be_pulled": [k.name for k in KNOWN if k.name not in {p.card.name for p in packs}],
            }
        )
        return
    console = out()
    for pack in packs:
        note = ", used for new galleries" if best and pack.card.name == best[0].card.name else ""
        console.print(f"{pack.card.name} ({pack.card.kind}, {pack.origin}{note}): {_told(pack.card)}", markup=False)
    for broken in broken_packs():
        console.print(f"{broken.name} cannot be used: {broken.error}", markup=False)
    for known in KNOWN:
        if known.name not in {pack.card.name for pack in packs}:
            console.print(
                f"{known.name} ({known.card.kind}, not installed, {known.size / 1e6:.0f} MB): {_told(known.card)} "
                f"Get it: secondlook packs pull {known.name}",
                markup=False,
            )


@app.command()
def show(name: Name) -> None:
    """Show a pack's card.

    Example: [b]secondlook packs show dlib-resnet[/b]
    """
    known = known_named(name)
    try:
        card = load_pack(name).card
    except PackError:
        if known is None:
            raise
        card = known.card
    out().print(card_text(card), markup=False, end="")


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="An ONNX file.", show_default=False)],
    card: Annotated[Path, typer.Option("--card", help="Its card, a TOML file (docs/packs.md).", show_default=False)],
    replace: Replace = False,
) -> None:
    """Install an ONNX recogniser or detector, checked against its card.

    Example: [b]secondlook packs add model.onnx --card model.toml[/b]
    """
    pack = add_tried_pack(file, card, Existing.REPLACE if replace else Existing.KEEP)
    out().print(f"Added {pack.id}: {_told(pack.card)}", markup=False)


@app.command()
def pull(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; the licence is shown all the same.")] = False,
    mirror: Annotated[str | None, typer.Option("--mirror", help="Address of a folder that holds the file.")] = None,
    replace: Replace = False,
    quiet: Quiet = False,
) -> None:
    """Download a known pack: shows its licence, resumes, verifies its checksum, installs it whole or not at all.

    Example: [b]secondlook packs pull auraface[/b]
    """
    known = known_named(name)
    if known is None:
        raise PackError(f"no pack called {name} is known: `secondlook packs list` shows those that can be pulled.")
    err().print(f"{known.card.title}, {known.size / 1e6:.0f} MB, from {known.card.source}.", markup=False)
    err().print(f"Licence: {known.card.licence}. {known.card.licence_note}", markup=False)
    if not yes and not typer.confirm("Download it?", default=True, err=True):
        raise typer.Exit(1)
    pull_shown(known, quiet, mirror, Existing.REPLACE if replace else Existing.KEEP)


def pull_shown(known: KnownPack, quiet: bool, mirror: str | None = None, existing: Existing = Existing.KEEP) -> None:
    """Pulls with a progress bar."""
    with progress(quiet) as bar:
        task = bar.add_task(f"Pulling {known.name}", total=known.size, unit="bytes")
        pack = pull_pack(
            known,
            base=mirror,
            existing=existing,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    out().print(f"Installed {pack.id}.", markup=False)


@app.command()
def check(name: Name) -> None:
    """Check a pack: its file, its card, its graph, and a run.

    Example: [b]secondlook packs check centerface[/b]
    """
    pack = load_pack(name)
    report = check_pack(pack)
    for finding in report.findings:
        mark = "ok " if finding.verdict is Verdict.PASSED else "BAD"
        out().print(f"{mark} {finding.subject}: {finding.sentence}", markup=False)
    if report.verdict is Verdict.FAILED:
        raise typer.Exit(1)
    try:
        out().print(f"ok  run: {check_running(pack)}", markup=False)
    except PackError as error:
        complain(str(error))
        raise typer.Exit(1) from error


@app.command()
def remove(name: Name) -> None:
    """Remove an installed pack.

    Example: [b]secondlook packs remove my-pack[/b]
    """
    remove_pack(name)
    out().print(f"Removed {name}.", markup=False)


def _told(card: AnyCard) -> str:
    parts = [f"{card.title}; licence {card.licence} (commercial use: {card.commercial_use})"]
    if isinstance(card, RecogniserCard):
        rates = [r for r in card.rates if r.measure == "FNIR" and r.at == "FPIR 0.01"]
        parts += [f"misses {100 * r.value:.0f} of 100 at FPIR 0.01 ({card.rates_source})" for r in rates[:1]]
        parts += [] if rates else ["error rates not measured"]
    return "; ".join(parts) + "."


def _row(pack: Pack) -> dict[str, object]:
    card = pack.card
    return {
        "id": pack.id,
        "kind": str(PackKind(card.kind)),
        "origin": str(pack.origin),
        "licence": card.licence,
        "commercial_use": str(card.commercial_use),
    }
