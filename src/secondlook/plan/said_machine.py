"""Cores, memory, nodes, disk and money in lines that each say what they were multiplied from."""

from __future__ import annotations

from secondlook.plan.amounts import Amount
from secondlook.plan.costs import UnitCosts, at
from secondlook.plan.figures import columns, counted_range, figure, ranged, sized, spent
from secondlook.plan.machine import Layout
from secondlook.plan.planning import Plan


def said_machine(plan: Plan) -> list[str]:
    return [_measured(plan.costs, plan), "", *_cores(plan), "", *_sizes(plan), "", *_nodes(plan)]


def _measured(costs: UnitCosts, plan: Plan) -> str:
    said = (
        f"Unit costs: {costs.machine}, measured {costs.measured}, one thread; from the least to the most of several runs. "
        "Yours: python -m bench.unit_costs --out FILE, then --costs FILE."
    )
    if plan.machine.beyond:
        said += f" Not measured but scaled by pixels: {' and '.join(plan.machine.beyond)}."
    if plan.machine.other_pack:
        said += (
            f" They were measured with {costs.pack}: what a template of {plan.asked.recogniser.pack} takes to make is not "
            "known, and stands as that one's."
        )
    return said


def _cores(plan: Plan) -> list[str]:
    footage, costs, cores = plan.asked.footage, plan.costs, plan.machine.cores
    frames = f"{footage.cameras:,} cameras x {footage.rate:g} frames/s"
    looks = f"{footage.cameras:,} cameras x {footage.looks:g} looks/s"
    passing = f"{figure(footage.passers_a_second)} people/s"
    seen = f"{passing} x {footage.in_view_s:g} s in view x {footage.looks:g} looks/s"
    templates = figure(costs.templates.value)
    searches = f"{passing} x {figure(costs.searches.value)} searches"
    millions = f"{plan.asked.question.people / 1e6:,.4g} million"
    decode, convert = at(costs.decode_ms, footage.width).amount, at(costs.convert_ms, footage.width).amount
    look = at(costs.look_ms, footage.side).amount
    rows = (
        ("decoding", cores.decode, f"{frames} x {_ms(decode)} at {footage.width:,} px"),
        ("to RGB", cores.convert, f"{looks} x {_ms(convert)}"),
        ("looking for faces", cores.look, f"{looks} x {_ms(look)} at {footage.side:,} px"),
        ("following", cores.follow, f"{looks} x {_ms(costs.follow_ms)}"),
        ("quality", cores.assess, f"{seen} x {_ms(costs.assess_ms)}"),
        ("cutting out", cores.pictures, f"{passing} x {templates} pictures x {_ms(costs.shot_ms)}"),
        ("templates", cores.templates, f"{passing} x {templates} templates x {_ms(costs.template_ms)}"),
        ("searching", cores.search, f"{searches} x {millions} x {_ms(costs.search_ms)}"),
    )
    batched = f"searched 64 at a time, {figure(cores.batched.value)} in place of {figure(cores.search.value)}"
    lines = [[name, ranged(amount, "cores"), source] for name, amount, source in rows]
    return columns([*lines, ["together", ranged(cores.whole, "cores"), batched]])


def _sizes(plan: Plan) -> list[str]:
    asked, costs, need = plan.asked, plan.costs, plan.machine
    people = f"{asked.question.people:,} people"
    one = figure(need.gallery_memory.value / asked.question.people)
    processes = f"{asked.footage.cameras:,} processes x {sized(costs.camera_bytes)}"
    kept = f"{asked.desk.keep_days:g} days x {sized(costs.sighting_bytes)} each"
    enrol = f"one core: {people} x {_ms(costs.enrol_ms)} a picture of 250 px"
    opening = f"one core: {people} x {_ms(costs.open_ms)}; then from a sealed file (docs/search.md)"
    return columns(
        [
            ["gallery in memory", sized(need.gallery_memory), f"{people} x {one} bytes, one copy"],
            ["cameras in memory", sized(need.camera_memory), processes],
            [
                "gallery on disk",
                sized(need.gallery_disk),
                f"{people} x {sized(costs.disk_bytes)}, one picture each, sealed",
            ],
            ["sightings on disk", f"at most {sized(need.sightings_disk)}", kept],
            ["one search", spent(need.search_s), _share(plan)],
            ["enrolling, once", spent(need.enrol_s), enrol],
            ["opening it first", spent(need.open_s), opening],
        ]
    )


def _share(plan: Plan) -> str:
    shards = plan.machine.nodes.shards
    where = "among everybody" if shards == 1 else f"among the share of one of {shards:,} nodes"
    return f"one core {where}; memory is read from end to end, so cores of one machine share its bandwidth"


def _nodes(plan: Plan) -> list[str]:
    node, nodes = plan.asked.node, plan.machine.nodes
    size = f"{node.cores} cores and {figure(node.memory / 1e9)} GB each"
    planned = f"{100 * node.busy:.0f} % busy, {100 * node.filled:.0f} % filled"
    count = f"Nodes: {counted_range(nodes.whole)} ({size}, {planned})"
    if nodes.layout is Layout.BESIDE:
        return [f"{count}; each process that watches a camera holds a copy of the gallery of its own."]
    spread = f"the gallery spread over {nodes.shards:,} of them at a time"
    if nodes.shards == 1:
        spread = "each with the whole gallery"
    return [
        f"{count}: {counted_range(nodes.for_cameras)} for cameras and {counted_range(nodes.for_search)} for search, {spread}. "
        "A search in a cluster is reckoned as one in our own process; its network, and what it adds by itself, are not in it."
    ]


def said_money(plan: Plan) -> list[str]:
    found = plan.money
    if found is None:
        return [
            "Not reckoned: give --core-hour-price, --gb-month-price or --review-hour-price, for no price is taken for granted."
        ]
    parts = (
        ("nodes", found.nodes, "--core-hour-price"),
        ("disk", found.disk, "--gb-month-price"),
        ("reviewers", found.review, "--review-hour-price"),
    )
    return [
        *columns([[name, f"{ranged(amount)} a month"] for name, amount, _ in parts if amount is not None]),
        *(f"Without {option} nothing is reckoned of {name}." for name, amount, option in parts if amount is None),
    ]


def _ms(amount: Amount) -> str:
    return ranged(amount, "ms")
