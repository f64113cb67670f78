"""Cores, memory, nodes and money are unit costs times what was asked for, and say where unit costs end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_up_calibration import calibration
from plan_samples import asked, costs
from secondlook.errors import SourceError
from secondlook.plan import Node, Prices, Recogniser, load_costs, planned
from secondlook.plan.amounts import NOTHING, Amount, exactly, summed
from secondlook.plan.costs import at
from secondlook.plan.costs_file import to_json
from secondlook.plan.figures import columns, counted_range, figure, ranged, sized, spent, whole, wrapped
from secondlook.plan.machine import Layout, machine


def test_cores_are_work_a_second() -> None:
    cores = machine(asked(people=2_000_000, cameras=36, passers=100, width=2000, side=1000), costs()).cores
    assert cores.decode == Amount(36 * 25 * 0.016, 36 * 25 * 0.012, 36 * 25 * 0.024)
    assert cores.convert.value == pytest.approx(36 * 5 * 0.008)
    assert cores.look.value == pytest.approx(36 * 5 * 0.1)
    assert cores.follow.value == pytest.approx(36 * 5 * 0.0005)
    # one person a second, over all cameras
    assert cores.assess.value == pytest.approx(8 * 5 * 0.001)
    assert cores.pictures.value == pytest.approx(8 * 0.00025)
    assert cores.templates.value == pytest.approx(8 * 0.010)
    assert cores.search.value == pytest.approx(4 * (0.0002 + 2 * 0.1))
    assert cores.search.high == pytest.approx(4 * (0.0002 + 2 * 0.12))
    assert cores.batched.value == pytest.approx(4 * (0.0002 + 2 * 0.04))
    assert cores.whole == summed(cores.cameras, cores.search)


def test_memory_and_disk() -> None:
    need = machine(asked(people=3000, cameras=10, passers=10, hours=10), costs(), kept_share=0.1)
    assert need.gallery_memory.value == 3000 * 2000 and need.camera_memory.value == 10 * 4e8
    assert need.gallery_disk.value == 3000 * 20_000
    assert need.sightings_disk.value == pytest.approx(1000 * 0.1 * 30 * 5000)
    assert need.enrol_s.value == pytest.approx(240) and need.open_s.value == pytest.approx(0.3)


def test_a_longer_template_takes_longer_and_more_room() -> None:
    usual = asked(people=1_000_000)
    longer = replace(usual, recogniser=Recogniser("other@0123456789ab", 512, 1026))
    one, other = machine(usual, costs()), machine(longer, costs())
    assert not one.other_pack and other.other_pack
    assert other.search_s.value == pytest.approx(one.search_s.value * 1026 / 258)
    assert other.gallery_memory.value - one.gallery_memory.value == pytest.approx(1e6 * 4 * (1026 - 258))
    assert other.gallery_disk.value - one.gallery_disk.value == pytest.approx(1e6 * 4 * (512 - 128))


def test_few_people_are_searched_beside_the_cameras() -> None:
    nodes = machine(asked(people=500, cameras=30), costs()).nodes
    assert nodes.layout is Layout.BESIDE and nodes.for_search == NOTHING and nodes.shards == 1
    busy = machine(asked(people=500, cameras=30), costs()).cores.whole.value
    assert (nodes.whole.value - 1) * 16 * 0.7 < busy <= nodes.whole.value * 16 * 0.7


def test_more_than_a_node_holds_are_spread_over_several() -> None:
    nodes = machine(asked(people=100_000_000), costs()).nodes
    assert nodes.layout is Layout.APART and nodes.shards == 4  # 200 GB over 54.4 of each
    assert nodes.for_search.value % nodes.shards == 0 and nodes.for_search.value >= 4


def test_memory_alone_can_take_more_nodes() -> None:
    small = replace(asked(people=10, cameras=100, looks=0.1, rate=1), node=Node(cores=64, memory=1e9))
    nodes = machine(small, costs()).nodes
    assert nodes.for_cameras.value == 50  # two processes of 0.4 GB each in 0.85


@given(st.integers(1, 10**8), st.integers(1, 5000), st.floats(0, 2000))
def test_more_of_anything_never_takes_less(people: int, cameras: int, passers: float) -> None:
    def need(n: int, m: int, k: float) -> float:
        return machine(asked(people=n, cameras=m, passers=k), costs()).nodes.whole.value

    base = need(people, cameras, passers)
    assert base >= 1
    assert need(people, cameras + 100, passers) >= base
    assert need(people, cameras, passers + 500) >= base


def test_between_sizes_a_cost_follows_the_pixels() -> None:
    curve = costs().decode_ms
    assert at(curve, 1000).amount.value == 4 and not at(curve, 2000).beyond
    halfway = round((2.5e6) ** 0.5)
    assert at(curve, halfway).amount.value == pytest.approx(10, rel=1e-3) and not at(curve, halfway).beyond
    assert at(curve, 4000).amount.value == pytest.approx(64) and at(curve, 4000).beyond
    assert at(curve, 500).amount.value == pytest.approx(1) and at(curve, 500).beyond
    assert machine(asked(width=4000, side=800), costs()).beyond == ("decoding at 4,000 px",)


def test_money_is_reckoned_where_a_price_was_given() -> None:
    plan = planned(asked(), calibration(), costs())
    assert plan.money is None
    priced = planned(replace(asked(), prices=Prices(core_hour=0.05)), calibration(), costs())
    assert priced.money is not None and priced.money.disk is None and priced.money.review is None
    nodes = priced.machine.nodes.whole.value
    assert priced.money.nodes is not None and priced.money.nodes.value == pytest.approx(nodes * 16 * 730.5 * 0.05)
    others = planned(replace(asked(), prices=Prices(gb_month=0.1, review_hour=20)), calibration(), costs())
    assert others.money is not None and others.money.disk is not None and others.money.review is not None
    disk = others.machine.gallery_disk + others.machine.sightings_disk
    assert others.money.disk.value == pytest.approx(disk.value * 1e-9 * 0.1)
    assert others.money.review.value == pytest.approx(others.days.reviewing.hours * 730.5 / 24 * 20)


def test_costs_survive_their_file(tmp_path: Path) -> None:
    file = tmp_path / "costs.json"
    file.write_text(to_json(costs()), encoding="utf-8")
    assert load_costs(file) == costs()


def test_the_shipped_costs_are_whole() -> None:
    shipped = load_costs()
    assert shipped.pack.startswith("dlib-resnet@") and shipped.searched == 258
    assert [px for px, _ in shipped.look_ms] == [640, 960, 1280, 1920]
    assert [amount.value for _, amount in shipped.look_ms] == sorted(amount.value for _, amount in shipped.look_ms)
    assert shipped.search_batch_ms.value < shipped.search_ms.value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "other/1"),
        ("look_ms", []),
        ("look_ms", [[960, 1, 1, 1], [640, 1, 1, 1]]),
        ("template_ms", [1, 2, 3]),
        ("template_ms", [float("nan")] * 3),
        ("template_ms", "much"),
        ("template", 0),
    ],
)
def test_a_file_that_is_no_table_of_costs_is_refused(tmp_path: Path, key: str, value: object) -> None:
    file = tmp_path / "costs.json"
    file.write_text(json.dumps({**json.loads(to_json(costs())), key: value}), encoding="utf-8")
    with pytest.raises(SourceError, match=r"no whole table.*bench\.unit_costs"):
        load_costs(file)
    with pytest.raises(SourceError, match="cannot be read"):
        load_costs(tmp_path / "nowhere.json")


def test_amounts_keep_their_order() -> None:
    assert Amount(2, 1, 3) + exactly(1) == Amount(3, 2, 4) and Amount(2, 1, 3).by(Amount(2, 1, 3)) == Amount(4, 1, 9)
    with pytest.raises(ValueError, match="does not lie between"):
        Amount(1, 2, 3)


def test_figures() -> None:
    assert [figure(v) for v in (0, 0.0237, 12.5, 1234.5, 2.5e6)] == ["0", "0.0237", "12.5", "1,230", "2,500,000"]
    assert whole(412.4) == "412" and whole(12_345) == "12,300"
    assert ranged(Amount(2, 1, 3), "s") == "2.00 (1.00 to 3.00) s" and ranged(exactly(2), "s") == "2.00 s"
    assert counted_range(Amount(2, 2, 3)) == "2 (2 to 3)"
    assert sized(exactly(1.5e12)) == "1.50 TB" and sized(exactly(12)) == "12.0 bytes"
    assert spent(exactly(90_000)) == "1.04 days" and spent(exactly(0.002)) == "2.00 ms"
    assert columns([["a", "b"], ["long", "c"]], "") == ["a     b", "long  c"] and columns([]) == []
    assert [len(line) < 119 for line in wrapped(["word " * 60, "  " + "x" * 200, ""])] == [True] * 3 + [False, True]
