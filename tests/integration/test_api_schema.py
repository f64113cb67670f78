"""The whole API asked what its own schema allows, and what it does not: never an answer that nobody foresaw."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from fake_people import fake_service
from secondlook.server.actors import Role
from secondlook.server.acts import signing_in
from service_samples import Door, account, door

CALM = [
    HealthCheck.too_slow,
    HealthCheck.filter_too_much,
    HealthCheck.function_scoped_fixture,
    HealthCheck.data_too_large,
]
"""A shared machine is slow at times, and that is no finding."""


@pytest.fixture(scope="module")
def opened() -> Iterator[Door]:
    """With fakes for models, so that what looks at pictures is gone through as well."""
    with tempfile.TemporaryDirectory() as folder, fake_service(Path(folder)) as service:
        yield door(service)


@pytest.fixture(scope="module")
def keys(opened: Door) -> dict[Role, str]:
    return {role: signing_in.new_key(opened.service, account(opened.service, role), "schema").secret for role in Role}


@pytest.fixture(scope="module")
def api_schema(opened: Door) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", opened.app)


EVENTS = ("/events", "/live")
"""These go on until whoever listens leaves."""


def ask_all(
    schema: schemathesis.BaseSchema, keys: dict[Role, str], roles: tuple[Role, ...], examples: int
) -> list[str]:
    """Each operation with so many made-up requests; what went wrong."""
    wrong, asked = [], 0
    for result in schema.get_all_operations():
        operation = result.ok()
        asked += 1
        if operation.path.endswith(EVENTS):
            continue

        @settings(max_examples=examples, deadline=None, suppress_health_check=CALM, derandomize=True, database=None)
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            for role in roles:
                case.call_and_validate(
                    headers={"authorization": f"Bearer {keys[role]}"},
                    checks=[not_a_server_error, status_code_conformance, content_type_conformance],
                )

        try:
            ask()
        except (FailureGroup, Failure) as error:
            wrong.append(f"{operation.label}: {error}")
    assert asked > 20, "the schema says next to nothing"
    return wrong


@pytest.mark.timeout(1200)
def test_no_answer_that_nobody_foresaw(api_schema: schemathesis.BaseSchema, keys: dict[Role, str]) -> None:
    assert ask_all(api_schema, keys, (Role.ADMIN, Role.OPERATOR), 5) == []


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_no_answer_that_nobody_foresaw_at_length(api_schema: schemathesis.BaseSchema, keys: dict[Role, str]) -> None:
    assert ask_all(api_schema, keys, tuple(Role), 150) == []
