"""A plan as JSON, for machines. Schema 1 is described in docs/scale.md."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from secondlook.plan.planning import Plan
from secondlook.plan.rates import BandRates

SCHEMA = "secondlook.plan/1"


def to_fields(plan: Plan) -> dict[str, Any]:
    rates = plan.rates
    return {
        "schema": SCHEMA,
        "asked": asdict(plan.asked),
        "support": plan.support.value,
        "calibration": None
        if plan.card is None
        else {"id": plan.calibration, "subjects": plan.card.subjects, "data": plan.card.data},
        "rates": None
        if rates is None
        else {
            "fpir": asdict(rates.false),
            "names": None if rates.names is None else asdict(rates.names),
            "reach": asdict(rates.reach),
            "bands": [_band(one) for one in rates.bands],
        },
        "days": asdict(plan.days),
        "machine": asdict(plan.machine),
        "money": None if plan.money is None else asdict(plan.money),
        "costs": {name: getattr(plan.costs, name) for name in ("machine", "measured", "load", "pack")},
    }


def _band(one: BandRates) -> dict[str, Any]:
    band = one.band
    return {
        "kind": band.kind.value,
        "low_px": band.low_px,
        "high_px": band.high_px,
        "tried": band.tried,
        "not_found": one.not_found,
        "inconclusive": one.inconclusive,
        "threshold": one.threshold,
        "fnir": asdict(one.missed),
    }
