"""Exposure in words: natural frequencies, and what to do about it."""

from __future__ import annotations

import math

from secondlook.exposure.publishing import Advice, Change, Cover, Crop, Scale
from secondlook.exposure.record import ExposedFace
from secondlook.exposure.stated import Exposure
from secondlook.report import words
from secondlook.types import Estimate

THREAT = (
    "Somebody holds one good picture of each of {n} people, the person among them, and asks a computer whom the face "
    "resembles most."
)


def threat(population: int) -> str:
    return THREAT.format(n=f"{population:,}")


def picked_out(e: Exposure) -> str:
    """``Of 1,000 faces shown like this, about 410 (380 to 440) would be traced to the right person ...``"""
    if e.beyond:
        low, high = round(1000 * e.picked_out.low), round(1000 * e.picked_out.high)
        often = f"at most {high:,} and at least {low:,}" if low else f"at most {high:,}"
    else:
        often = words.estimated(e.picked_out, 1000)
    return (
        f"Of 1,000 faces shown like this, {often} would be traced to the right person by whoever holds a good picture of "
        f"each of {e.population:,} people."
    )


def look_alikes(e: Exposure) -> str:
    others = f"the other {e.population - 1:,}"
    return (
        f"Usually {people(e.look_alikes)} of {others} would look at least as alike as the person "
        f"({rounded(e.mean_look_alikes)} on average, good and bad luck together)."
    )


def people(count: Estimate) -> str:
    """``about 3 (2 to 5)``"""
    value, low, high = (rounded(v) for v in (count.value, count.low, count.high))
    lead = value if value == "fewer than 1" else f"about {value}"
    return lead if low == value == high else f"{lead} ({low} to {high})"


def rounded(count: float) -> str:
    if count < 0.5:
        return "fewer than 1"
    digits = max(0, math.floor(math.log10(count)) - 1)
    return f"{round(count, -digits):,.0f}"


def bits(e: Exposure) -> str:
    return (
        f"The face tells {e.bits:.1f} of the {math.log2(e.population):.1f} bits that tell one of "
        f"{e.population:,} people from the others."
    )


def recognisable(face: ExposedFace) -> str:
    often = words.out_of(face.level)
    now = f"{face.quality.inter_eye_px:.0f} px"
    if face.level_px is None:
        return f"At no size that was measured would it be picked out {often} times; it has {now} between the eyes."
    from_px = f"{math.ceil(face.level_px):,} px"
    if face.chance >= face.level:
        return (
            f"With fewer than {from_px} between the eyes it would be picked out less than {often} times; it has {now}."
        )
    return f"It would take {from_px} between the eyes to be picked out {often} times; it has {now}."


def advised(advice: Advice) -> tuple[str, ...]:
    """What brings everybody below the wanted exposure, the smallest change first; each a sentence."""
    want = words.out_of(advice.want)
    if not advice.exposed:
        return (f"Nothing need be done: nobody would be picked out {want} times or more.",)
    return tuple(_sentence(change, advice.frame is None) for change in advice.changes)


def summed(advice: Advice) -> str:
    of = words.counted(advice.faces, "face")
    return f"{advice.exposed:,} of {of} would be picked out {words.out_of(advice.want)} times or more."


def _sentence(change: Change, video: bool) -> str:
    lost = f"gives up {words.percent(change.lost)} of the picture"
    match change:
        case Cover(boxes):
            where = " from their first to their last frame" if video else ""
            return (
                f"Cover {words.counted(len(boxes), 'face')}{where} ({lost}); `secondlook redact SOURCE --out DIR` covers "
                "every face."
            )
        case Crop((x0, y0, x1, y1), kept):
            size = f"{x1 - x0:.0f} × {y1 - y0:.0f} px at x {x0:.0f}, y {y0:.0f}"
            return f"Crop to {size} ({lost}); {words.counted(kept, 'face')} stay in it."
        case Scale(factor, width, height):
            at = words.percent(factor)
            return f"Publish it at {width:,} × {height:,} px, {at} of its width and height ({lost})."
