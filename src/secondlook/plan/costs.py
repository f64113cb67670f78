"""What one of each thing costs one core, in memory and on disk, as measured on one machine."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from secondlook.plan.amounts import Amount

Curve = tuple[tuple[int, Amount], ...]
"""By width or side in px, rising."""


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """Times are of one core busy, ms; sizes are bytes.

    machine: in words. measured: the day. load: how busy the machine was otherwise (load average before). pack: id of the
    recogniser. template: numbers in its templates; searched: numbers in what is compared.

    decode_ms: of a frame of the stream, by its width, each one whether looked at or not. convert_ms: of one that is
    looked at, by its width, to RGB. look_ms: the search for faces in it, by the side it is searched at. follow_ms: of a
    look, which face is whose. assess_ms: of a face in a look. shot_ms: of a face's picture that is kept, aligned and cut
    out, as often as a template is made of one. template_ms: of one template.
    templates, searches: of one person who passes, ``in_view_s`` seconds in view.
    search_ms: of one probe among a million, alone; search_batch_ms: one of 64 that come together. search_fixed_ms: of any
    search, however few are enrolled.
    enrol_ms: of one picture of one person. open_ms: of one person, when a gallery is opened from its rows and first searched.
    memory_bytes: of one enrolled person; disk_bytes: the same, with one picture. camera_bytes: of a process that watches
    one camera, without the gallery. sighting_bytes: of a sighting that is kept, with its crop.
    """

    machine: str
    measured: str
    load: float
    pack: str
    template: int
    searched: int
    in_view_s: float
    decode_ms: Curve
    convert_ms: Curve
    look_ms: Curve
    follow_ms: Amount
    assess_ms: Amount
    shot_ms: Amount
    template_ms: Amount
    templates: Amount
    searches: Amount
    search_ms: Amount
    search_batch_ms: Amount
    search_fixed_ms: Amount
    enrol_ms: Amount
    open_ms: Amount
    memory_bytes: Amount
    disk_bytes: Amount
    camera_bytes: Amount
    sighting_bytes: Amount


@dataclass(frozen=True, slots=True)
class Read:
    """A cost at a place of a curve. beyond: none was measured at or around it, so the nearest is scaled by pixels."""

    amount: Amount
    beyond: bool


def at(curve: Curve, px: int) -> Read:
    """In between, along a straight line over the number of pixels, which grows with the square of ``px``."""
    first, last = curve[0], curve[-1]
    if px <= first[0] or px >= last[0]:
        nearest = first if px <= first[0] else last
        return Read(nearest[1].times((px / nearest[0]) ** 2), px != nearest[0])
    (low_px, low), (high_px, high) = next(pair for pair in pairwise(curve) if px <= pair[1][0])
    share = (px**2 - low_px**2) / (high_px**2 - low_px**2)
    return Read(low.times(1 - share) + high.times(share), False)
