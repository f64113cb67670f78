"""The command as it would be typed again, for results that say how they were made."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any

import typer

NOT_THE_RESULT = ("as_json", "quiet", "help")
"""Options that change what is printed and nothing else."""


def typed_again(ctx: typer.Context) -> str:
    """Name, arguments, and every option that is not at its default."""
    parts = ["secondlook", ctx.command.name or ""]
    for parameter in sorted(ctx.command.params, key=lambda p: p.param_type_name != "argument"):
        value = ctx.params.get(parameter.name or "")
        if parameter.name in NOT_THE_RESULT or value is None or value == parameter.get_default(ctx):
            continue
        if parameter.param_type_name == "argument":
            parts += _texts(value)
        else:
            parts += _option(value, parameter.opts, parameter.secondary_opts)
    return shlex.join(parts)


def _option(value: Any, names: Sequence[str], off: Sequence[str]) -> Iterator[str]:
    if isinstance(value, bool):
        yield (names if value else off)[0]
        return
    for text in _texts(value):
        yield from (names[0], text)


def _texts(value: Any) -> list[str]:
    several = value if isinstance(value, (list, tuple)) else [value]
    return [str(one.value if isinstance(one, Enum) else one) for one in several]
