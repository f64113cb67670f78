"""Subjects in memory under numbers: the id of each in 16 bytes, and what it is called."""

from __future__ import annotations

import itertools
import re
from array import array
from bisect import bisect_left, bisect_right, insort_right
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from secondlook.gallery.finding import NOWHERE, Finder, Numbers
from secondlook.gallery.names import Place, folded_name, place_of

ID_BYTES = 16
_UUID = re.compile("[0-9a-f]{32}")
_ROOM = 1024
_FEW = 1024
"""So many are put in their places one by one; for more, all are sorted anew."""


class Roster:
    """A subject keeps its number until it is removed; then another may have it. Not for several threads at once."""

    def __init__(self) -> None:
        self._ids = np.zeros((_ROOM, ID_BYTES), np.uint8)
        self._names: list[str | None] = []  # by number; None: nobody has it
        self._free: list[int] = []
        self._finder = Finder()  # by the latter half of the id, 62 random bits
        self._odd: dict[str, int] = {}  # ids that are no uuid in hex, or whose latter half another one has
        self._odd_ids: dict[int, str] = {}
        self._order: array[int] | None = None  # numbers by their names' places; None: to be sorted anew

    @classmethod
    def of(cls, ids: NDArray[np.uint8], names: Sequence[str]) -> Roster:
        """Subjects 0 to n - 1. ids: (n, 16), whose latter halves are all different."""
        made = cls()
        made._ids = np.concatenate([ids, made._ids])
        made._names = list(names)
        made._finder.put(_latter(ids), np.arange(len(ids)))
        return made

    def __len__(self) -> int:
        return len(self._names) - len(self._free)

    def number(self, id_: str) -> int:
        """NOWHERE where nobody has that id."""
        return int(self.numbers([id_])[0])

    def numbers(self, ids: Sequence[str]) -> Numbers:
        """(n,), NOWHERE among them."""
        wanted = _packed(ids)
        found = self._finder.find_all(_latter(wanted))
        found[~((self._ids[found] == wanted).all(axis=1) & _plain(ids))] = NOWHERE
        if self._odd:
            for row in np.flatnonzero(found == NOWHERE).tolist():
                found[row] = self._odd.get(ids[row], NOWHERE)
        return found

    def id(self, number: int) -> str:
        return self._odd_ids.get(number) or self._ids[number].tobytes().hex()

    def name(self, number: int) -> str:
        name = self._names[number]
        if name is None:
            raise LookupError(f"no subject has the number {number}")
        return name

    def call(self, names: Mapping[str, str]) -> Numbers:
        """Give subjects their names, by id, and a number to each that has none; the numbers (n,)."""
        ids = list(names)
        numbers = self.numbers(ids)
        new = numbers == NOWHERE
        numbers[new] = self._new([id_ for id_, is_new in zip(ids, new.tolist(), strict=True) if is_new])
        if self._order is not None and len(ids) > _FEW:
            self._order = None
        for number, is_new, name in zip(numbers.tolist(), new.tolist(), names.values(), strict=True):
            if self._order is not None and not is_new:
                del self._order[self._at(number)]
            self._names[number] = name
            if self._order is not None:
                insort_right(self._order, number, key=self._place)
        return numbers

    def remove(self, number: int) -> None:
        if self._order is not None:
            del self._order[self._at(number)]
        id_ = self._odd_ids.pop(number, None)
        if id_ is None:
            self._finder.drop(_latter(self._ids[number : number + 1]))
            self._ids[number] = 0
        else:
            del self._odd[id_]
        self._names[number] = None
        self._free.append(number)

    def named(self, after: Place | None, most: int, containing: str = "") -> list[str]:
        """Ids by name. after: where the list was left. containing: only names with this in them, folded."""
        if self._order is None:
            there = (number for number, name in enumerate(self._names) if name is not None)
            self._order = array("q", sorted(there, key=self._place))
        start = 0 if after is None else bisect_right(self._order, after, key=self._place)
        numbers = itertools.islice(self._order, start, None)
        chosen = (n for n in numbers if not containing or containing in folded_name(self.name(n)))
        return [self.id(number) for number in itertools.islice(chosen, most)]

    def there(self) -> Numbers:
        """The numbers that somebody has."""
        if not self._free:
            return np.arange(len(self._names))
        return np.array([number for number, name in enumerate(self._names) if name is not None], np.int64)

    def packed(self, numbers: Numbers) -> NDArray[np.uint8] | None:
        """(n, 16) ids, a copy; None where some cannot be written so."""
        return None if self._odd else self._ids[numbers]

    def _new(self, ids: Sequence[str]) -> Numbers:
        """Numbers for ids that have none."""
        free = [self._free.pop() for _ in range(min(len(ids), len(self._free)))]
        first = len(self._names)
        self._names += [None] * (len(ids) - len(free))
        numbers = np.array([*free, *range(first, len(self._names))], np.int64)
        if len(self._names) > len(self._ids):
            more = np.zeros((max(_ROOM, len(self._names) // 4, len(ids)), ID_BYTES), np.uint8)
            self._ids = np.concatenate([self._ids, more])
        plain, packed = _plain(ids), _packed(ids)
        _, once = np.unique(_latter(packed), return_index=True)
        plain &= np.isin(np.arange(len(ids)), once) & (self._finder.find_all(_latter(packed)) == NOWHERE)
        self._ids[numbers[plain]] = packed[plain]
        self._finder.put(_latter(packed[plain]), numbers[plain])
        for row in np.flatnonzero(~plain).tolist():
            self._odd[ids[row]], self._odd_ids[int(numbers[row])] = int(numbers[row]), ids[row]
        return numbers

    def _place(self, number: int) -> Place:
        return place_of(self.name(number), self.id(number))

    def _at(self, number: int) -> int:
        """Where it is in the order."""
        assert self._order is not None
        return bisect_left(self._order, self._place(number), key=self._place)


def _plain(ids: Sequence[str]) -> NDArray[np.bool_]:
    """(n,) which are written as a uuid in hex."""
    return np.array([_UUID.fullmatch(id_) is not None for id_ in ids], bool)


def _packed(ids: Sequence[str]) -> NDArray[np.uint8]:
    """(n, 16); zeros for those that are not plain."""
    text = "".join(id_ if _UUID.fullmatch(id_) else "0" * 2 * ID_BYTES for id_ in ids)
    return np.frombuffer(bytes.fromhex(text), np.uint8).reshape(-1, ID_BYTES)


def _latter(ids: NDArray[np.uint8]) -> Numbers:
    """(n,) the latter half of each."""
    return np.ascontiguousarray(ids[:, ID_BYTES // 2 :]).view(np.int64).reshape(-1)
