"""What is asked for, what it costs in round figures, and pictures to say it for; all made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from made_up_calibration import GOOD, PACK, POOR
from secondlook.plan import Asked, Desk, Footage, Node, Prices, Question, Recogniser, UnitCosts
from secondlook.plan.amounts import Amount, exactly
from secondlook.plan.pictures import Band, Kind

BANDS = (
    Band(Kind.CLEAR, 30, 60, 4, (GOOD, replace(GOOD, inter_eye_px=40), replace(GOOD, inter_eye_px=30))),
    Band(Kind.CAMERA, 30, 60, 2, (replace(GOOD, sharpness=0.2, contrast=0.1), replace(GOOD, yaw_deg=60))),
    Band(Kind.CLEAR, 8, 14, 1, (POOR,)),
    Band(Kind.CAMERA, 8, 14, 3, ()),
)


def asked(people: int = 500, fpir: float = 0.01, prior: float | None = None, **footage: Any) -> Asked:
    return Asked(
        Question(people, fpir, prior),
        Footage(**{"cameras": 10, **footage}),
        Node(),
        Desk(),
        Prices(),
        Recogniser(PACK, 128, 258),
    )


def costs(**changed: Any) -> UnitCosts:
    """Each ms of its own size, so that no two can be mistaken for each other."""
    return replace(
        UnitCosts(
            machine="a made-up machine",
            measured="2026-01-01",
            load=0.0,
            pack=PACK,
            template=128,
            searched=258,
            in_view_s=8.0,
            decode_ms=((1000, Amount(4.0, 3.0, 6.0)), (2000, Amount(16.0, 12.0, 24.0))),
            convert_ms=((1000, exactly(2.0)), (2000, exactly(8.0))),
            look_ms=((500, exactly(50.0)), (1000, exactly(100.0))),
            follow_ms=exactly(0.5),
            assess_ms=exactly(1.0),
            shot_ms=exactly(0.25),
            template_ms=exactly(10.0),
            templates=exactly(8.0),
            searches=exactly(4.0),
            search_ms=Amount(100.0, 90.0, 120.0),
            search_batch_ms=exactly(40.0),
            search_fixed_ms=exactly(0.2),
            enrol_ms=exactly(80.0),
            open_ms=exactly(0.1),
            memory_bytes=exactly(2000.0),
            disk_bytes=exactly(20_000.0),
            camera_bytes=exactly(4e8),
            sighting_bytes=exactly(5000.0),
        ),
        **changed,
    )
