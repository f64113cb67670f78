"""Reads the fields of one table of a card, strictly: what is wrong is said in one sentence, what is unknown refused."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from secondlook.errors import PackCorrupt
from secondlook.faces.packs.cards import PerChannel, Point

Choice = TypeVar("Choice", bound=StrEnum)

LONGEST_TEXT = 2000


class Fields:
    """One TOML table. Each field is taken out as it is read, so that ``finish`` can refuse what nobody asked for.

    where: what the sentences call the card, for example ``card face.toml``. prefix: the path to this table in it.
    """

    def __init__(self, table: Mapping[str, object], where: str, prefix: str = "") -> None:
        self._left = dict(table)
        self._known: list[str] = []
        self._where = where
        self._prefix = prefix

    def has(self, field: str) -> bool:
        self._known.append(field)
        return field in self._left

    def text(self, field: str, otherwise: str | None = None) -> str:
        """One line of printable text. Required where ``otherwise`` is None, and then not empty."""
        if otherwise is not None and not self.has(field):
            return otherwise
        value = self._take(field)
        sound = isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_TEXT
        if isinstance(value, str) and sound and (value.strip() or otherwise is not None):
            return value
        raise self.wrong(field, value, f"one line of text, at most {LONGEST_TEXT} characters, in quotes")

    def fitting(self, field: str, pattern: str, allowed: str) -> str:
        value = self._take(field)
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        raise self.wrong(field, value, allowed)

    def choice(self, field: str, kind: type[Choice], otherwise: Choice | None = None) -> Choice:
        if otherwise is not None and not self.has(field):
            return otherwise
        value = self._take(field)
        for choice in kind:
            if value == choice.value:
                return choice
        raise self.wrong(field, value, "one of " + ", ".join(f'"{choice.value}"' for choice in kind))

    def whole(self, field: str, low: int, high: int, otherwise: int | None = None) -> int:
        if otherwise is not None and not self.has(field):
            return otherwise
        value = self._take(field)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise self.wrong(field, value, f"a whole number from {low} to {high}")

    def number(self, field: str, low: float, high: float, otherwise: float | None = None) -> float:
        if otherwise is not None and not self.has(field):
            return otherwise
        value = self._take(field)
        number = _number(value, low, high)
        if number is None:
            raise self.wrong(field, value, f"a number from {low:g} to {high:g}")
        return number

    def per_channel(self, field: str, otherwise: float) -> PerChannel:
        """Three numbers, or one that stands for all three."""
        if not self.has(field):
            return (otherwise, otherwise, otherwise)
        value = self._take(field)
        parts = value if isinstance(value, list) else [value] * 3
        numbers = [_number(part, -1e6, 1e6) for part in parts]
        match numbers:
            case [float(first), float(second), float(third)]:
                return (first, second, third)
        raise self.wrong(field, value, "one number or three, from -1e6 to 1e6")

    def point(self, field: str, edge: int) -> Point:
        value = self._take(field)
        parts = value if isinstance(value, list) else []
        match [_number(part, 0, edge) for part in parts]:
            case [float(x), float(y)]:
                return (x, y)
        raise self.wrong(field, value, f"[x, y] in px, each from 0 to the chip's size {edge}")

    def table(self, field: str) -> Fields:
        value = self._take(field)
        if isinstance(value, dict):
            return Fields(value, self._where, f"{self._prefix}{field}.")
        raise self.wrong(field, value, f"a table [{field}]")

    def tables(self, field: str) -> tuple[Fields, ...]:
        """An array of tables, written ``[[field]]``; none where the field is not there."""
        if not self.has(field):
            return ()
        value = self._take(field)
        if isinstance(value, list) and all(isinstance(row, dict) for row in value):
            return tuple(Fields(row, self._where, f"{self._prefix}{field}[{i}].") for i, row in enumerate(value))
        raise self.wrong(field, value, f"tables, each under [[{field}]]")

    def finish(self) -> None:
        """Raises PackCorrupt where the table has a field that was never asked for, so that no typo is passed over."""
        for field in self._left:
            allowed = ", ".join(sorted(set(self._known)))
            raise PackCorrupt(
                f"{self._where}: there is no field '{self._prefix}{field}', allowed here are only {allowed}."
            )

    def wrong(self, field: str, value: object, allowed: str) -> PackCorrupt:
        said = repr(value)
        said = said if len(said) <= 60 else said[:57] + "..."
        return PackCorrupt(f"{self._where}: '{self._prefix}{field}' is {said}, but must be {allowed}.")

    def _take(self, field: str) -> object:
        self._known.append(field)
        if field not in self._left:
            raise PackCorrupt(f"{self._where}: the field '{self._prefix}{field}' is missing and must be added.")
        return self._left.pop(field)


def _number(value: object, low: float, high: float) -> float | None:
    """``value`` as a finite float in the range, None where it is none. TOML's true and false are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and low <= value <= high else None
