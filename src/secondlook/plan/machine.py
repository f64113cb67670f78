"""Cores, memory, nodes and disk, from unit costs by multiplication; nothing here knows how good the answers are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from secondlook.decide.rule import WORTH_NAMING
from secondlook.plan.amounts import Amount, exactly, summed
from secondlook.plan.asked import Asked
from secondlook.plan.costs import UnitCosts, at

MILLION = 1e6
_FLOAT_BYTES = 4


class Layout(StrEnum):
    """Where the vectors of those who are enrolled lie."""

    BESIDE = "beside"
    """In each process that watches a camera, a copy of its own, as `secondlook watch` has it."""
    APART = "apart"
    """Once, on nodes that do nothing but search, as a Milvus cluster has it."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Cores busy, in the hours in which people pass.

    decode: every frame of every camera. convert: those that are looked at, to RGB. look: faces searched in them; follow: which
    is whose; assess: how good each is. pictures: aligned and cut out; templates: made of these. search: among all who are
    enrolled, one probe after another; batched: the same where 64 come together.
    """

    decode: Amount
    convert: Amount
    look: Amount
    follow: Amount
    assess: Amount
    pictures: Amount
    templates: Amount
    search: Amount
    batched: Amount

    @property
    def cameras(self) -> Amount:
        """All but the search."""
        return summed(self.decode, self.convert, self.look, self.follow, self.assess, self.pictures, self.templates)

    @property
    def whole(self) -> Amount:
        return self.cameras + self.search


@dataclass(frozen=True, slots=True)
class Nodes:
    """for_cameras, for_search: how many of either, the latter 0 where the vectors lie beside. shards: over how many nodes the
    vectors are spread."""

    layout: Layout
    for_cameras: Amount
    for_search: Amount
    shards: int

    @property
    def whole(self) -> Amount:
        return self.for_cameras + self.for_search


@dataclass(frozen=True, slots=True)
class Machine:
    """gallery_memory: bytes of one copy of everybody's vectors; camera_memory: of all processes without it. search_s: that one
    core takes for one search of a node's share. gallery_disk, sightings_disk: bytes; the latter at most, at the end of the time
    for which they are kept. enrol_s: of one core, once. open_s: of one core, when a process opens the gallery from its rows.
    beyond: costs that were not measured at the asked width or side, but scaled from the nearest.
    other_pack: the unit costs are another pack's; only lengths of vectors were brought to this one's.
    """

    cores: Cores
    nodes: Nodes
    gallery_memory: Amount
    camera_memory: Amount
    search_s: Amount
    gallery_disk: Amount
    sightings_disk: Amount
    enrol_s: Amount
    open_s: Amount
    beyond: tuple[str, ...]
    other_pack: bool


def machine(asked: Asked, costs: UnitCosts, kept_share: float = WORTH_NAMING) -> Machine:
    """kept_share: of those who pass, whose sightings are kept at most, 0 to 1."""
    footage, people = asked.footage, asked.question.people
    cores = _cores(asked, costs)
    person = _longer(costs.memory_bytes, _FLOAT_BYTES * (asked.recogniser.searched - costs.searched))
    gallery, processes = person.times(people), costs.camera_bytes.times(footage.cameras)
    nodes = _nodes(asked, cores, gallery, costs.camera_bytes)
    search_s = _search_ms(asked, costs, costs.search_ms).times(1e-3 / nodes.shards)
    kept = footage.passers_a_day * kept_share * asked.desk.keep_days
    return Machine(
        cores=cores,
        nodes=nodes,
        gallery_memory=gallery,
        camera_memory=processes,
        search_s=search_s,
        gallery_disk=_longer(costs.disk_bytes, _FLOAT_BYTES * (asked.recogniser.template - costs.template)).times(
            people
        ),
        sightings_disk=costs.sighting_bytes.times(kept),
        enrol_s=costs.enrol_ms.times(people * 1e-3),
        open_s=costs.open_ms.times(people * 1e-3),
        beyond=_beyond(asked, costs),
        other_pack=costs.pack != asked.recogniser.pack,
    )


def _cores(asked: Asked, costs: UnitCosts) -> Cores:
    footage = asked.footage
    looks, passing = footage.cameras * footage.looks, footage.passers_a_second
    faces = passing * footage.in_view_s * footage.looks  # seen in a second, over all cameras

    def busy(ms: Amount, a_second: float) -> Amount:
        return ms.times(a_second / 1e3)

    def searching(a_million: Amount) -> Amount:
        each = costs.search_fixed_ms + _search_ms(asked, costs, a_million)
        return busy(each.by(costs.searches), passing)

    return Cores(
        decode=busy(at(costs.decode_ms, footage.width).amount, footage.cameras * footage.rate),
        convert=busy(at(costs.convert_ms, footage.width).amount, looks),
        look=busy(at(costs.look_ms, footage.side).amount, looks),
        follow=busy(costs.follow_ms, looks),
        assess=busy(costs.assess_ms, faces),
        pictures=busy(costs.shot_ms.by(costs.templates), passing),
        templates=busy(costs.template_ms.by(costs.templates), passing),
        search=searching(costs.search_ms),
        batched=searching(costs.search_batch_ms),
    )


def _search_ms(asked: Asked, costs: UnitCosts, a_million: Amount) -> Amount:
    """Of one probe among all. Search reads every number that is held, so it takes as long as they are many."""
    return a_million.times(asked.question.people / MILLION * asked.recogniser.searched / costs.searched)


def _nodes(asked: Asked, cores: Cores, gallery: Amount, process: Amount) -> Nodes:
    """The layout that takes fewer nodes; of two alike that without a part more."""
    beside, apart = _beside(asked, cores, gallery, process), _apart(asked, cores, gallery, process)
    return apart if beside is None or apart.whole.value < beside.whole.value else beside


def _beside(asked: Asked, cores: Cores, gallery: Amount, process: Amount) -> Nodes | None:
    """None where one process would not find room on a node."""
    held = process + gallery
    if held.value > asked.node.memory * asked.node.filled:
        return None
    return Nodes(Layout.BESIDE, _camera_nodes(asked, cores.whole, held), exactly(0), 1)


def _apart(asked: Asked, cores: Cores, gallery: Amount, process: Amount) -> Nodes:
    node = asked.node
    shards = math.ceil(gallery.value / (node.memory * node.filled))
    copies = [
        math.ceil(_least_one(v / (shards * node.cores * node.busy)))
        for v in (cores.search.value, cores.search.low, cores.search.high)
    ]
    return Nodes(
        Layout.APART,
        _camera_nodes(asked, cores.cameras, process),
        Amount(*(float(shards * count) for count in copies)),
        shards,
    )


def _least_one(value: float) -> float:
    return max(value, 1e-9)


def _camera_nodes(asked: Asked, cores: Amount, process: Amount) -> Amount:
    """As many as the cores or the memory of the cameras' processes take. process: bytes of one."""
    node = asked.node

    def count(busy: float, held: float) -> float:
        by_cores = math.ceil(busy / (node.cores * node.busy))
        on_a_node = math.floor(node.memory * node.filled / held)
        return float(max(1, by_cores, math.ceil(asked.footage.cameras / max(1, on_a_node))))

    return Amount(count(cores.value, process.value), count(cores.low, process.low), count(cores.high, process.high))


def _longer(bytes_: Amount, more: float) -> Amount:
    return Amount(*(max(0.0, v + more) for v in (bytes_.value, bytes_.low, bytes_.high)))


def _beyond(asked: Asked, costs: UnitCosts) -> tuple[str, ...]:
    places = (
        (costs.decode_ms, asked.footage.width, "decoding"),
        (costs.look_ms, asked.footage.side, "looking"),
    )
    return tuple(f"{what} at {px:,} px" for curve, px, what in places if at(curve, px).beyond)
