"""What tests share: where the real pictures are, and the door that skips with the reason when they are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parent.parent

# How long an example takes is the machine's business: no test is about time.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def _shared(part: str) -> Path:
    folder = REPOSITORY.parent / "shared" / part
    if not folder.is_dir():
        pytest.skip(f"needs ../shared/{part} beside the checkout")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real pictures and a video; never part of the project."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_packs() -> Path:
    """Two ONNX files to test packs with; never part of the project."""
    return _shared("packs")
