"""Many processes enrol and search at once: nobody lost, nobody doubled, no state that was not whole."""

from __future__ import annotations

import pytest
from bench.postgres_enrol import Measured, measure

from postgres_server import Server


def check(found: Measured) -> None:
    assert found.wrong == []
    assert (found.lost, found.doubled, found.told_twice) == (0, 0, 0)
    assert found.searches > 0 and found.revisions_seen > 1, "nobody searched meanwhile, so nothing was tested"


def test_four_processes_enrol_while_others_search(gallery_place: str) -> None:
    found = measure(gallery_place, 198, 4)
    assert (found.templates, found.processes) == (198, 4)
    check(found)


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_eight_processes_enrol_three_thousand_templates(postgres: Server) -> None:
    found = measure(postgres.address(), 3000, 8)
    assert (found.templates, found.processes) == (3000, 8)
    check(found)
