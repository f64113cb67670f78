"""The commands, put together."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from secondlook import __version__
from secondlook.cli.console import complain
from secondlook.cli.on_demand import OnDemand
from secondlook.errors import SecondLookError

app = typer.Typer(
    name="secondlook",
    cls=OnDemand,
    help="Find an enrolled person in a crowd, and say how sure that is before anybody acts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


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
