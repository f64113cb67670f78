"""`secondlook gallery`: who is enrolled."""

from __future__ import annotations

from typing import Annotated

import typer

from secondlook import assemble
from secondlook.assemble import Settings
from secondlook.cli.console import out, print_json, progress
from secondlook.cli.options import GALLERY_HELP, Json, KeyFilePath, KeyFrom, ProviderName, Quiet, Threads, key_source
from secondlook.custody import gallery_log, os_actor
from secondlook.faces.packs.runtime import Provider
from secondlook.gallery import Gallery
from secondlook.ports import Action, Entry

app = typer.Typer(no_args_is_help=True, help="Show and change who is enrolled.")

Place = Annotated[str, typer.Argument(help=GALLERY_HELP, show_default=False)]
Name = Annotated[str, typer.Argument(help="A subject's name.", show_default=False)]


@app.command("list")
def list_(gallery: Place, key_file: KeyFilePath = None, key_from: KeyFrom = None, as_json: Json = False) -> None:
    """List everybody enrolled.

    Example: [b]secondlook gallery list staff.gallery[/b]
    """
    with Gallery.open(gallery, key=key_source(key_file, key_from)) as opened:
        people = opened.subject_list()
        if as_json:
            rows = [
                {"subject": p.name, "references": p.references, "enrolled_at": p.enrolled_at.isoformat()}
                for p in people
            ]
            print_json({"pack": opened.pack, "subjects": rows, "blinded": opened.blinded})
            return
        console = out()
        for person in people:
            console.print(f"{person.name}: {_counted(person.references, 'reference')}", markup=False)
        console.print(f"{_counted(len(people), 'subject')}, {_counted(len(opened), 'reference')}, pack {opened.pack}.")
        if opened.blinded:
            console.print(f"{_counted(opened.blinded, 'more subject')} cannot be read: their keys were dropped.")


@app.command()
def show(
    gallery: Place, subject: Name, key_file: KeyFilePath = None, key_from: KeyFrom = None, as_json: Json = False
) -> None:
    """Show a subject's references and their quality.

    Example: [b]secondlook gallery show staff.gallery "Ada Lovelace"[/b]
    """
    with Gallery.open(gallery, key=key_source(key_file, key_from)) as opened:
        references = opened.references(subject)
    if as_json:
        print_json(
            [
                {
                    "reference": r.id,
                    "source": r.source,
                    "enrolled_at": r.enrolled_at.isoformat(),
                    "inter_eye_px": round(r.quality.inter_eye_px, 1),
                    "quality": round(r.quality.score, 3),
                }
                for r in references
            ]
        )
        return
    for r in references:
        out().print(
            f"{r.id}: {r.source}, {r.quality.inter_eye_px:.0f} px between the eyes, quality {r.quality.score:.2f} of 1, "
            f"enrolled {r.enrolled_at:%Y-%m-%d %H:%M} UTC",
            markup=False,
        )


@app.command()
def rename(gallery: Place, old: Name, new: Name, key_file: KeyFilePath = None, key_from: KeyFrom = None) -> None:
    """Give a subject another name.

    Example: [b]secondlook gallery rename staff.gallery ada "Ada Lovelace"[/b]
    """
    with Gallery.open(gallery, key=key_source(key_file, key_from)) as opened:
        log, subject = gallery_log(opened), opened.subject_id(old)
        opened.rename(old, new)
        log.record(Entry(os_actor(), Action.RENAME, (subject,)))
    out().print(f"{old} is now called {new}.", markup=False)


@app.command()
def merge(gallery: Place, into: Name, from_: Name, key_file: KeyFilePath = None, key_from: KeyFrom = None) -> None:
    """Make one subject of two: the second's references go to the first.

    Example: [b]secondlook gallery merge staff.gallery "Ada Lovelace" ada[/b]
    """
    with Gallery.open(gallery, key=key_source(key_file, key_from)) as opened:
        # what cannot be undone is recorded before it is done
        both = (opened.subject_id(into), opened.subject_id(from_))
        gallery_log(opened).record(Entry(os_actor(), Action.MERGE, both))
        opened.merge(into, from_)
        count = len(opened.references(into))
    out().print(f"{into} now has {_counted(count, 'reference')}, those of {from_} among them.", markup=False)


@app.command()
def remove(gallery: Place, subject: Name, key_file: KeyFilePath = None, key_from: KeyFrom = None) -> None:
    """Remove a subject and drop its key, which blinds every copy of its rows.

    Example: [b]secondlook gallery remove staff.gallery "Ada Lovelace"[/b]
    """
    with Gallery.open(gallery, key=key_source(key_file, key_from)) as opened:
        gallery_log(opened).record(Entry(os_actor(), Action.REMOVE, (opened.subject_id(subject),)))
        opened.remove(subject)
    out().print(
        f"{subject} is removed, and the key to every copy of its templates and pictures is dropped.", markup=False
    )


@app.command("re-embed")
def re_embed(
    gallery: Place,
    pack: Annotated[str, typer.Option("--pack", help="The recogniser pack to change to.", show_default=False)],
    key_file: KeyFilePath = None,
    key_from: KeyFrom = None,
    provider: ProviderName = Provider.AUTO,
    threads: Threads = 0,
    quiet: Quiet = False,
) -> None:
    """Make every template anew with another pack, from the sealed pictures.

    Example: [b]secondlook gallery re-embed staff.gallery --pack auraface[/b]
    """
    settings = Settings(recogniser=pack, provider=provider, threads=threads)
    with Gallery.open(gallery, key=key_source(key_file, key_from)) as opened, progress(quiet) as bar:
        task = bar.add_task("Re-embedding", total=len(opened), unit="references")
        log = gallery_log(opened)
        used = assemble.reembed(opened, pack, settings, lambda done, total: bar.update(task, completed=done))
        log.record(Entry(os_actor(), Action.RE_EMBED, (opened.id,), details={"pack": used, "references": len(opened)}))
    out().print(f"{opened.place} now holds templates of pack {used}.", markup=False)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
