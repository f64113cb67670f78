"""What holds millions in arrays says what a dict would say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondlook.gallery import finding as finding_module
from secondlook.gallery import rows as rows_module
from secondlook.gallery.finding import NOWHERE, Finder
from secondlook.gallery.names import place_of
from secondlook.gallery.roster import Roster
from secondlook.gallery.rows import Rows

KEYS = st.integers(-3, 12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sets(KEYS, max_size=6)), max_size=25), st.integers(0, 4))
def test_a_finder_is_a_dict(steps: list[tuple[bool, set[int]]], few: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding_module, "_FEW", few)
        finder, expected = Finder(), dict[int, int]()
        for number, (put, keys) in enumerate(steps):
            asked = np.array(sorted(keys), np.int64)
            if put:
                values = 100 * number + np.arange(len(asked))
                finder.put(asked, values)
                expected.update(zip(asked.tolist(), values.tolist(), strict=True))
            else:
                finder.drop(asked)
                for key in keys:
                    expected.pop(key, None)
            everything = np.arange(-4, 14)
            assert len(finder) == len(expected)
            assert finder.find_all(everything).tolist() == [expected.get(key, NOWHERE) for key in everything.tolist()]
            assert [finder.find(key) for key in range(-4, 14)] == [expected.get(key, NOWHERE) for key in range(-4, 14)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sets(st.integers(0, 20), max_size=9)), max_size=20), st.integers(1, 5))
def test_rows_come_and_go_without_a_gap(steps: list[tuple[bool, set[int]]], per_block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "BLOCK_BYTES", 4 * 3 * per_block)
        rows, expected, rng = Rows(3), dict[int, list[float]](), np.random.default_rng(0)
        for add, ids in steps:
            asked = np.array(sorted(ids - expected.keys() if add else ids), np.int64)
            if add:
                vectors = rng.random((len(asked), 3), np.float32) + 1
                rows.add(asked, vectors)
                expected.update(zip(asked.tolist(), vectors.tolist(), strict=True))
            else:
                rows.remove(asked)
                for id_ in ids:
                    expected.pop(id_, None)
            held = rows.ids()
            assert len(rows) == len(held) == len(expected) and set(held.tolist()) == expected.keys()
            assert rows.at(rows.find(held)).tolist() == [expected[id_] for id_ in held.tolist()]
            blocks = [rows.block(number) for number in range(rows.block_count)]
            assert [row for block in blocks for row in block.tolist()] == [expected[id_] for id_ in held.tolist()]
            beyond = [block[len(filled) :] for block, filled in zip(rows._blocks, blocks, strict=True)]
            assert not any(left.any() for left in beyond), "what was removed is overwritten"
            again = Rows.of(3, held, [block.copy() for block in rows._blocks])
            assert again.at(again.find(held)).tolist() == [expected[id_] for id_ in held.tolist()]


IDS = (
    [f"{number:032x}" for number in range(4)]
    + ["1" * 16 + f"{number:016x}" for number in range(3)]
    + ["odd", "ODD", "0"]
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(["Ann", "ann", "Bo", None])), max_size=25))
def test_a_roster_knows_everybody_by_id_and_by_name(steps: list[tuple[str, str | None]]) -> None:
    """Also ids that are no uuid, and two whose latter halves are the same."""
    roster, expected = Roster(), dict[str, str]()
    for step, (id_, name) in enumerate(steps):
        number = roster.number(id_)
        assert (number == NOWHERE) == (id_ not in expected)
        if name is not None:
            (number,) = roster.call({id_: name}).tolist()
            expected[id_] = name
            assert (roster.id(number), roster.name(number)) == (id_, name)
        elif number != NOWHERE:
            roster.remove(number)
            del expected[id_]
        assert len(roster) == len(expected)
        if step % 2:
            places = sorted(place_of(name, id_) for id_, name in expected.items())
            assert roster.named(None, 99) == [id_ for _, id_ in places]
            if places:
                assert roster.named(places[0], 2) == [id_ for _, id_ in places[1:3]]
            assert set(roster.named(None, 99, "an")) == {i for i, n in expected.items() if "an" in n.casefold()}
        numbers = roster.there()
        assert {roster.id(number) for number in numbers.tolist()} == expected.keys()


def test_a_roster_takes_many_at_once() -> None:
    names = {f"{number:032x}": f"Person {number}" for number in range(1, 5001)}
    roster = Roster()
    numbers = roster.call(names)
    assert [roster.id(number) for number in numbers.tolist()] == list(names)
    assert roster.numbers(list(names)).tolist() == numbers.tolist()
    packed = roster.packed(numbers)
    assert packed is not None
    again = Roster.of(packed, list(names.values()))
    assert again.named(None, 5000) == roster.named(None, 5000)
    again.call({"f" * 32: "Zoe"})
    assert again.number("f" * 32) == 5000 and again.named(None, 9999)[-1] == "f" * 32
