"""`secondlook plan`: error rates at the asked size first, then what it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from secondlook.assemble import best_recogniser, calibration_for, comparison_for
from secondlook.cli.console import out, print_json
from secondlook.cli.options import Json
from secondlook.errors import PackMismatch
from secondlook.faces.packs.cards import RecogniserCard
from secondlook.faces.packs.installed import load_pack
from secondlook.plan import (
    LARGEST_FPIR,
    Asked,
    Desk,
    Footage,
    Node,
    Prices,
    Question,
    Recogniser,
    load_costs,
    planned,
)
from secondlook.plan.costs_file import SHIPPED
from secondlook.plan.plan_json import to_fields
from secondlook.plan.said import said

_MOST_PEOPLE = 1e11


def plan(
    ctx: typer.Context,
    cameras: Annotated[int, typer.Option("--cameras", min=1, help="Cameras that are watched.", show_default=False)],
    people: Annotated[
        float,
        typer.Option("--people", min=1, max=_MOST_PEOPLE, help="People enrolled, as 800 or 40e6.", show_default=False),
    ],
    fpir: Annotated[
        float,
        typer.Option(
            "--fpir", min=1e-9, max=LARGEST_FPIR, help="Share of searches for strangers that may give a candidate."
        ),
    ] = 0.003,
    prior: Annotated[
        float | None,
        typer.Option(
            "--prior",
            min=1e-9,
            max=0.999,
            help="Chance that a passer-by is enrolled, as far as you know it. Default: not reckoned with.",
        ),
    ] = None,
    passers: Annotated[float, typer.Option("--passers", min=0, help="People who pass one camera in an hour.")] = 100,
    hours: Annotated[float, typer.Option("--hours", min=0, max=24, help="Hours a day in which they do.")] = 24,
    in_view: Annotated[float, typer.Option("--in-view", min=0, help="How long each stays in view, seconds.")] = 8,
    width: Annotated[int, typer.Option("--width", min=160, help="Width of the cameras' pictures, px.")] = 1920,
    rate: Annotated[float, typer.Option("--rate", min=0.1, help="Frames a second that a camera sends.")] = 25,
    looks: Annotated[float, typer.Option("--looks", min=0.01, help="Looks a second at each camera.")] = 5,
    side: Annotated[
        int, typer.Option("--side", min=160, help="Longest side at which pictures are looked at, px.")
    ] = 960,
    pack: Annotated[str | None, typer.Option("--pack", help="Recogniser pack. Default: the best.")] = None,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="File of `secondlook calibrate`, in place of the pack's own.")
    ] = None,
    costs: Annotated[
        Path | None,
        typer.Option("--costs", help="Unit costs of your own machine: python -m bench.unit_costs --out FILE."),
    ] = None,
    node_cores: Annotated[int, typer.Option("--node-cores", min=1, help="Cores of one node.")] = 16,
    node_memory: Annotated[float, typer.Option("--node-memory", min=2, help="Memory of one node, GB.")] = 64,
    keep_days: Annotated[float, typer.Option("--keep-days", min=0, help="Days for which sightings are kept.")] = 30,
    set_minutes: Annotated[
        float, typer.Option("--set-minutes", min=0.01, help="Minutes a reviewer takes for one blind set.")
    ] = 2,
    review_hours: Annotated[
        float, typer.Option("--review-hours", min=0.1, max=24, help="Hours a day that one reviewer reviews.")
    ] = 6,
    core_hour_price: Annotated[
        float | None, typer.Option("--core-hour-price", min=0, help="Price of one core for an hour, in any money.")
    ] = None,
    gb_month_price: Annotated[
        float | None, typer.Option("--gb-month-price", min=0, help="Price of 1 GB on disk for a month.")
    ] = None,
    review_hour_price: Annotated[
        float | None, typer.Option("--review-hour-price", min=0, help="Price of a reviewer for an hour.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say how often it would be wrong at that size, then what it takes: people, cores, memory, nodes, money.

    Example: [b]secondlook plan --cameras 5000 --people 40e6 --fpir 1e-3[/b]
    """
    recogniser = load_pack(pack or best_recogniser())
    if not isinstance(recogniser.card, RecogniserCard):
        raise PackMismatch(f"{recogniser.card.name} is a {recogniser.card.kind} pack: name a recogniser.")
    fitted = calibration_for(recogniser.id, calibration)
    length = recogniser.card.dimension
    asked = Asked(
        Question(round(people), fpir, prior),
        Footage(cameras, width, rate, looks, side, passers, hours, in_view),
        Node(node_cores, node_memory * 1e9),
        Desk(set_minutes, review_hours, keep_days),
        Prices(core_hour_price, gb_month_price, review_hour_price),
        Recogniser(recogniser.id, length, comparison_for(length, fitted).dimension),
    )
    found = planned(asked, fitted, load_costs(costs or SHIPPED))
    if as_json:
        print_json(to_fields(found))
        return
    for line in said(found, _given(ctx)):
        out().print(line, markup=False)


def _given(ctx: typer.Context) -> frozenset[str]:
    """Names of the parameters that were typed."""
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params}
    return frozenset(name for name, source in sources.items() if source is not None and source.name != "DEFAULT")
