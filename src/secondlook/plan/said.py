"""A plan in words: what will be said of people first, then the machine, then what was taken for granted."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from secondlook.plan.desk import Passing
from secondlook.plan.figures import figure, whole, wrapped
from secondlook.plan.planning import Plan
from secondlook.plan.said_machine import said_machine, said_money
from secondlook.plan.said_rates import said_rates
from secondlook.plan.support import Support
from secondlook.report.words import asked as in_people


def said(plan: Plan, given: Collection[str]) -> list[str]:
    """Lines. given: names of what was asked for and not left at its default, as in ``TAKEN``."""
    question, footage = plan.asked.question, plan.asked.footage
    head = f"{footage.cameras:,} cameras, {question.people:,} enrolled people, --fpir {question.fpir:g}."
    lines = [
        head,
        "",
        "HOW OFTEN IT IS WRONG",
        *said_rates(plan),
        "",
        "A DAY, FOR PEOPLE",
        *_days(plan),
        "",
        "THE MACHINE",
        *said_machine(plan),
        "",
        "MONEY",
        *said_money(plan),
        "",
        "TAKEN FOR GRANTED",
        *(f"  {sentence}" for name, sentence in _taken(plan) if name not in given),
        "",
        "Where one grows next: docs/scale.md.",
    ]
    return wrapped(lines)


def _days(plan: Plan) -> Iterator[str]:
    days, footage, desk = plan.days, plan.asked.footage, plan.asked.desk
    one, rate = days.reviewing, in_people(plan.asked.question.fpir)
    whose = (
        ", all taken for strangers (--prior says how many are enrolled)" if plan.asked.question.prior is None else ""
    )
    yield (
        f"{footage.cameras:,} cameras x {footage.passers:g} people an hour x {footage.hours:g} hours: {whole(days.passers)} "
        f"people a day{whose}."
    )
    promised = plan.support in (Support.MEASURED, Support.BOUNDED)
    others = "all others " if one.candidates > one.false else ""
    yield (
        f"{'Of' if promised else 'Were it kept: of'} strangers {rate} wrongly proposed are {whole(one.false)} false candidates a "
        f"day, to be reviewed by people: with {others}{whole(one.sets)} blind sets, {whole(one.hours)} hours of reviewers at "
        f"{desk.set_minutes:g} minutes a set, which is {one.reviewers:,} people at {desk.hours:g} hours a day."
    )
    if days.allowed is not None:
        low, high = days.allowed
        yield f"What can be shown allows from {whole(low)} to {whole(high)} false candidates a day."
    yield (
        "Cameras tell early, too: about as many false candidates again are told and taken back when the person has gone "
        "(docs/watch.md)."
    )
    if days.passing is not None:
        yield _passing(days.passing)


def _passing(found: Passing) -> str:
    low, high = found.missed
    least, most = found.right
    return (
        f"Of {whole(found.enrolled)} enrolled people who pass a day, {whole(low)} to {whole(high)} are missed, by how large and "
        f"clear they are seen (14 px and more); of 100 candidates, {figure(least, 2)} to {figure(most, 2)} are the person."
    )


def _taken(plan: Plan) -> Iterator[tuple[str, str]]:
    """What nobody said, by the option that would have."""
    footage, node, desk, costs = plan.asked.footage, plan.asked.node, plan.asked.desk, plan.costs
    yield "passers", f"{footage.passers:g} people pass each camera in an hour (--passers)."
    yield "hours", f"They pass in {footage.hours:g} hours a day, evenly (--hours)."
    yield "in_view", f"Each stays in view for {footage.in_view_s:g} s (--in-view)."
    yield "width", f"The cameras' pictures are {footage.width:,} px wide, H.264 (--width)."
    yield "rate", f"They send {footage.rate:g} frames a second, and all are decoded (--rate)."
    yield (
        "looks",
        f"{footage.looks:g} of them are looked at, also where nothing moves, which `watch` leaves out (--looks).",
    )
    yield "side", f"Faces are searched at {footage.side:,} px (--side)."
    yield (
        "set_minutes",
        f"A reviewer takes {desk.set_minutes:g} minutes for a blind set; nobody measured it (--set-minutes).",
    )
    yield "review_hours", f"A reviewer reviews for {desk.hours:g} hours a day (--review-hours)."
    yield "keep_days", f"Sightings are kept for {desk.keep_days:g} days (--keep-days)."
    yield "node_cores", f"A node has {node.cores} cores (--node-cores), as fast as those that were measured."
    yield "node_memory", f"A node has {node.memory / 1e9:g} GB (--node-memory)."
    often = f"{figure(costs.searches.value, 2)} times and has {figure(costs.templates.value, 2)} templates"
    yield "", f"Who passes is searched {often}, as people in view of composed clips for {costs.in_view_s:g} s."
    yield "", "Strangers resemble those who are enrolled as the people of the calibration resemble each other."
