"""The commands, put together."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from secondlook import __version__
from secondlook.cli import gallery, log, packs
from secondlook.cli.audit import audit
from secondlook.cli.backup import backup, restore
from secondlook.cli.calibrate import calibrate
from secondlook.cli.console import complain
from secondlook.cli.demo import demo
from secondlook.cli.enrol import enrol
from secondlook.cli.erase import erase
from secondlook.cli.exposure import exposure
from secondlook.cli.find import find
from secondlook.cli.redact import redact
from secondlook.cli.serve import serve
from secondlook.cli.watch import watch
from secondlook.errors import SecondLookError

app = typer.Typer(
    name="secondlook",
    help="Find an enrolled person in a crowd, and say how sure that is before anybody acts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("demo")(demo)
app.command("enrol")(enrol)
app.command("find")(find)
app.command("watch")(watch)
app.command("audit")(audit)
app.command("calibrate")(calibrate)
app.command("redact")(redact)
app.command("exposure")(exposure)
app.command("erase")(erase)
app.command("backup")(backup)
app.command("restore")(restore)
app.command("serve")(serve)
app.add_typer(gallery.app, name="gallery")
app.add_typer(log.app, name="log")
app.add_typer(packs.app, name="packs")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"secondlook {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """The entry point: what is raised on purpose becomes one sentence and exit status 1."""
    try:
        app()
    except SecondLookError as error:
        complain(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        complain("stopped; what was written is whole, and --resume goes on.")
        sys.exit(130)
