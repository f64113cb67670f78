"""Error rates in sentences and one table, as natural frequencies: the part of a plan that comes first."""

from __future__ import annotations

from collections.abc import Iterator

from secondlook.plan.figures import columns, figure, whole
from secondlook.plan.pictures import Kind
from secondlook.plan.planning import Plan
from secondlook.plan.rates import BandRates, Rates
from secondlook.plan.support import Support
from secondlook.report.words import asked as in_people
from secondlook.types import Estimate

_KINDS = {Kind.CLEAR: "clear pictures", Kind.CAMERA: "as cameras take them"}


def said_rates(plan: Plan) -> list[str]:
    if plan.rates is None or plan.card is None:
        pack = plan.asked.recogniser.pack
        return [
            f"Unknown. The pack {pack} has no calibration, so nothing can be said of how often it is wrong, at any size: run "
            f"`secondlook calibrate LABELLED --pack {pack.partition('@')[0]}` first."
        ]
    return [*_verdict(plan, plan.rates), *_carried(plan, plan.rates), "", *_missed(plan, plan.rates)]


def _verdict(plan: Plan, found: Rates) -> Iterator[str]:
    people, fpir = f"{plan.asked.question.people:,}", in_people(plan.asked.question.fpir)
    pack, measured = plan.asked.recogniser.pack, f"{found.reach.measured:,}"
    match found.support:
        case Support.MEASURED:
            yield (
                f"Measured. Of strangers {fpir} may be wrongly proposed among {people} people; galleries of up to {measured} "
                f"were searched when {pack} was calibrated. Resampled people put it at {_thousand(found.false)} of 1,000."
            )
        case Support.BOUNDED:
            yield (
                f"Bounded, not measured. Of strangers {fpir} at most would be wrongly proposed among {people} people (union "
                f"bound); the largest gallery that was searched when {pack} was calibrated had {measured}."
            )
        case Support.REFUSED:
            yield (
                f"Not supported. That of strangers no more than {fpir} would be wrongly proposed among {people} people cannot be "
                f"promised with the calibration of {pack}: the largest gallery it saw had {measured} people, and there it can "
                f"show no rate rarer than {figure(1000 * found.reach.shown)} of 1,000. `secondlook find` refuses it, too."
            )
        case Support.UNCALIBRATED:
            raise ValueError("an uncalibrated pack has no rates")


def _carried(plan: Plan, found: Rates) -> Iterator[str]:
    """Where it stops, and what would carry it on."""
    reach, people = found.reach, f"{plan.asked.question.people:,}"
    if plan.card is not None:
        yield f"Fitted to {plan.card.subjects:,} people: {plan.card.data}."
    if found.names is not None:
        low, high = figure(1000 * found.false.low), figure(1000 * found.false.high)
        where = "that threshold" if found.support is Support.BOUNDED else "the strictest threshold that it can state"
        yield (
            f"At {where} a stranger reaches about {_estimate(found.names)} of {people} people on average; "
            f"of 1,000 strangers, from {low} (never fewer than among {reach.measured:,}) to {high} reach somebody."
        )
    most = f"up to {reach.most_people:,} people" if reach.most_people else "in no gallery, however small"
    least_rate = (
        f"the rarest that may be asked for among {people} is --fpir {reach.least_fpir:g}"
        if reach.least_fpir is not None
        else f"among {people} no rate that is worth asking for can be"
    )
    yield f"Where it stops: the asked rate can be stated {most}; {least_rate}."
    if found.support is not Support.MEASURED:
        yield _needed(found)


def _needed(found: Rates) -> str:
    """What would make it possible, or measured."""
    reach = found.reach
    kind = "labelled people, of the kind that will pass, and with a pack that misses few of them"
    if found.support is Support.BOUNDED:
        return f"What would make it measured: `secondlook calibrate` with {reach.people_measured:,} {kind}."
    if reach.people_bounded == reach.people_measured:
        return f"What would make it possible: `secondlook calibrate` with {reach.people_measured:,} {kind}."
    return (
        f"What would make it possible: `secondlook calibrate` with {reach.people_bounded:,} (then by the union bound) or "
        f"{reach.people_measured:,} (then measured) {kind}."
    )


def _missed(plan: Plan, found: Rates) -> Iterator[str]:
    if found.support is Support.REFUSED:
        yield "At any threshold that keeps the asked rate there, of 100 enrolled people who pass at least so many are missed:"
    else:
        yield "Of 100 enrolled people who pass, so many are missed at the threshold that follows (95 % interval):"
    width = plan.asked.footage.width
    head = [
        "px between the eyes",
        f"{width:,} px show",
        *(_KINDS[kind] for kind in Kind),
        "of these no face, no decision",
    ]
    yield from columns([head, *(_row(bands, width) for bands in _by_size(found))])
    yield (
        "Enrolled with one picture each. Widths of the scene are of adults who face the camera; clear pictures are press "
        "photographs sent farther away, the others went through the poor cameras of `secondlook calibrate` "
        "(python -m bench.picture_bands)."
    )


def _by_size(found: Rates) -> list[dict[Kind, BandRates]]:
    sizes: dict[float, dict[Kind, BandRates]] = {}
    for rates in found.bands:
        sizes.setdefault(rates.band.low_px, {})[rates.band.kind] = rates
    return [sizes[low] for low in sorted(sizes)]


def _row(bands: dict[Kind, BandRates], width: int) -> list[str]:
    band = bands[Kind.CAMERA].band
    near, far = band.view_m(width)
    camera = bands[Kind.CAMERA]
    lost = f"{100 * camera.not_found:.0f}, {100 * camera.inconclusive:.0f} of 100"
    cells = [_hundred(bands[kind].missed) for kind in Kind]
    return [f"{band.low_px:.0f} to {band.high_px:.0f}", f"{figure(near, 2)} to {figure(far, 2)} m", *cells, lost]


def _hundred(share: Estimate) -> str:
    value, low, high = (whole(100 * v) for v in (share.value, share.low, share.high))
    return f"{value} ({low} to {high})"


def _thousand(share: Estimate) -> str:
    value, low, high = (figure(1000 * v, 2) for v in (share.value, share.low, share.high))
    return f"{value} ({low} to {high})"


def _estimate(count: Estimate) -> str:
    value, low, high = (figure(v, 2) for v in (count.value, count.low, count.high))
    return f"{value} ({low} to {high})"
