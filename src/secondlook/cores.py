"""How many things can be done at once here."""

from __future__ import annotations

import os


def cores(threads: int = 0) -> int:
    """As many as asked for; 0: as many as this thread may use now."""
    if threads > 0:
        return threads
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
