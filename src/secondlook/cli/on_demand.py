"""Each command is loaded when it is called: what one needs is nothing that another has to wait for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, Final, TypeAlias, cast

import typer
from typer.core import TyperGroup

Made: TypeAlias = Callable[..., Any] | typer.Typer

NAMES: Final = (
    "demo", "enrol", "find", "watch", "audit", "calibrate", "redact", "exposure", "erase", "backup", "restore", "serve",
    "plan", "gallery", "log", "packs",
)  # fmt: skip
"""In the order in which --help shows them."""


def _loaded(name: str) -> Made:
    # imports stand where they are needed: all together take a second of the processor, most commands need a part
    match name:
        case "demo":
            from secondlook.cli.demo import demo

            return demo
        case "enrol":
            from secondlook.cli.enrol import enrol

            return enrol
        case "find":
            from secondlook.cli.find import find

            return find
        case "watch":
            from secondlook.cli.watch import watch

            return watch
        case "audit":
            from secondlook.cli.audit import audit

            return audit
        case "calibrate":
            from secondlook.cli.calibrate import calibrate

            return calibrate
        case "redact":
            from secondlook.cli.redact import redact

            return redact
        case "exposure":
            from secondlook.cli.exposure import exposure

            return exposure
        case "erase":
            from secondlook.cli.erase import erase

            return erase
        case "backup":
            from secondlook.cli.backup import backup

            return backup
        case "restore":
            from secondlook.cli.backup import restore

            return restore
        case "serve":
            from secondlook.cli.serve import serve

            return serve
        case "plan":
            from secondlook.cli.plan import plan

            return plan
        case "gallery":
            from secondlook.cli.gallery import app

            return app
        case "log":
            from secondlook.cli.log import app

            return app
        case "packs":
            from secondlook.cli.packs import app

            return app
        case _:
            raise KeyError(name)


class _Commands(Mapping[str, Any]):
    """Name -> command, loaded when it is first asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
            made = _loaded(name)
            if isinstance(made, typer.Typer):
                app.add_typer(made, name=name)
                command = typer.main.get_group(app).commands[name]
            else:
                app.command(name)(made)
                command = typer.main.get_command(app)
            self._loaded[name] = command
        return self._loaded[name]


class OnDemand(TyperGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = cast(MutableMapping[str, Any], _Commands())
