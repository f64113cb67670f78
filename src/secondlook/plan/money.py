"""What it costs a month, from prices that were given; no price is taken for granted."""

from __future__ import annotations

from dataclasses import dataclass

from secondlook.plan.amounts import Amount
from secondlook.plan.asked import Asked
from secondlook.plan.desk import Days
from secondlook.plan.machine import Machine

MONTH_HOURS = 730.5
MONTH_DAYS = MONTH_HOURS / 24
GB = 1e9


@dataclass(frozen=True, slots=True)
class Money:
    """A month, each in the money its price was given in; None: without a price. nodes: all cores of all nodes, all hours.
    disk: what is enrolled and what is kept. review: reviewers' hours."""

    nodes: Amount | None
    disk: Amount | None
    review: Amount | None


def money(asked: Asked, machine: Machine, days: Days) -> Money | None:
    """None where no price was given."""
    prices = asked.prices
    if not prices.given:
        return None
    cores = machine.nodes.whole.times(asked.node.cores * MONTH_HOURS)
    disk = (machine.gallery_disk + machine.sightings_disk).times(1 / GB)
    hours = days.reviewing.hours * MONTH_DAYS
    return Money(
        nodes=None if prices.core_hour is None else cores.times(prices.core_hour),
        disk=None if prices.gb_month is None else disk.times(prices.gb_month),
        review=None if prices.review_hour is None else Amount(hours, hours, hours).times(prices.review_hour),
    )
