"""Moments as text, UTC, of one length: so they sort as they read, in every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> str:
    return written(datetime.now(UTC))


def written(moment: datetime) -> str:
    """``2026-11-24T15:04:05.678Z``"""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def after(seconds: float) -> str:
    """The moment so many seconds from now; negative: before now."""
    return written(datetime.now(UTC) + timedelta(seconds=seconds))


def read(moment: str) -> datetime:
    return datetime.fromisoformat(moment)
