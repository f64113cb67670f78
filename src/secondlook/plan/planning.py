"""The whole of a plan: what will be said of people first, then what it takes."""

from __future__ import annotations

from dataclasses import dataclass

from secondlook.decide.calibration import Calibration, FitCard
from secondlook.decide.rule import WORTH_NAMING
from secondlook.plan.asked import Asked
from secondlook.plan.costs import UnitCosts
from secondlook.plan.desk import Days, days
from secondlook.plan.machine import Machine, machine
from secondlook.plan.money import Money, money
from secondlook.plan.pictures import shipped_bands
from secondlook.plan.rates import Rates, rates
from secondlook.plan.support import Support


@dataclass(frozen=True, slots=True)
class Plan:
    """card, calibration: of the calibration, and its id; None without one, and then so are the rates."""

    asked: Asked
    calibration: str | None
    card: FitCard | None
    rates: Rates | None
    days: Days
    machine: Machine
    money: Money | None
    costs: UnitCosts

    @property
    def support(self) -> Support:
        return Support.UNCALIBRATED if self.rates is None else self.rates.support


def planned(asked: Asked, calibration: Calibration | None, costs: UnitCosts) -> Plan:
    question = asked.question
    expected = None if calibration is None else rates(calibration, question.people, question.fpir, shipped_bands())
    a_day = days(asked, expected)
    # of strangers whom nobody enrolled resembles enough nothing is kept; where that is not known, everybody counts
    known = expected is not None and expected.support is not Support.REFUSED
    kept = max(WORTH_NAMING, question.fpir) + (question.prior or 0.0) if known else 1.0
    needed = machine(asked, costs, min(1.0, kept))
    return Plan(
        asked=asked,
        calibration=None if calibration is None else calibration.id,
        card=None if calibration is None else calibration.card,
        rates=expected,
        days=a_day,
        machine=needed,
        money=money(asked, needed, a_day),
        costs=costs,
    )
