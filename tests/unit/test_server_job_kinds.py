"""What makes no sense is refused before it is asked of anybody."""

from __future__ import annotations

import pytest

from secondlook.server.acts.job_kinds import (
    FindAsked,
    RedactAsked,
)


@pytest.mark.parametrize("upload", ["../gallery", "/etc/passwd", "a" * 31, "", "A" * 32])
def test_nothing_but_an_id_names_an_upload(upload: str) -> None:
    with pytest.raises(ValueError, match="uploads"):
        FindAsked(uploads=(upload,))


@pytest.mark.parametrize(
    "wrong",
    [
        {"keep": ("0" * 32,), "only": ("1" * 32,)},
        {"margin": float("nan")},
        {"also": [{"x": 0, "y": 0, "w": 0, "h": 1}]},
        {"also": [{"x": 0, "y": 0, "w": 1, "h": 1, "from_s": 2, "to_s": 1}]},
        {"also": [{"x": 0, "y": 0, "w": 1, "h": 1, "from_s": 2}]},
        {"also": [{"x": float("inf"), "y": 0, "w": 1, "h": 1}]},
        {"style": "invisible"},
        {"nothing": 1},
    ],
)
def test_a_redaction_that_makes_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        RedactAsked(uploads=("0" * 32,), **wrong)
