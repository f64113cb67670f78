"""Each role at each route: who may is let in, who may not is told so before anything is looked at, and nobody unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from secondlook.server.actors import ALLOWED, May, Role
from secondlook.server.api.asking import Allowed, Anybody
from secondlook.server.service import Service
from service_samples import Door, account, door, service_in

PUBLIC = {
    ("POST", "/api/v1/session"),
    ("POST", "/api/v1/password"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
}
"""What anybody may ask who is not signed in."""


@dataclass(frozen=True, slots=True)
class Way:
    """A route. what: any of these is enough; none: whoever is signed in."""

    method: str
    path: str
    what: tuple[May, ...]
    public: bool

    @property
    def address(self) -> str:
        """Nothing of the name is there."""
        return re.sub(r"\{[^}]*\}", "0" * 32, self.path)


def ways(app: FastAPI) -> list[Way]:
    found = []
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        asked = [d.call for d in route.dependant.dependencies]
        allowed = [call.what for call in asked if isinstance(call, Allowed)]
        known = any(isinstance(call, Anybody) for call in asked)
        for method in sorted(route.methods - {"HEAD"}):
            public = not allowed and not known
            found.append(Way(method, route.path, allowed[0] if allowed else (), public))
    return found


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service_in(tmp_path_factory.mktemp("roles")) as made:
        yield made


@pytest.fixture(scope="module")
def opened(service: Service) -> Door:
    return door(service)


@pytest.fixture(scope="module")
def clients(opened: Door, service: Service) -> dict[Role, TestClient]:
    return {role: opened.by_key(account(service, role)) for role in Role}


def test_what_is_open_to_anybody_is_written_down(opened: Door) -> None:
    found = ways(opened.app)
    assert len(found) > 20
    assert {(way.method, way.path) for way in found if way.public} == PUBLIC


def test_each_role_at_each_route(opened: Door, clients: dict[Role, TestClient]) -> None:
    nobody, wrong = opened.nobody(), []
    for way in ways(opened.app):
        if way.public:
            continue
        if nobody.request(way.method, way.address).status_code != 401:
            wrong.append(f"nobody: {way.method} {way.path}")
        if way.path == "/api/v1/session" or way.address.endswith("/events"):
            continue
        for role, client in clients.items():
            got = client.request(way.method, way.address).status_code
            may = not way.what or not ALLOWED[role].isdisjoint(way.what)
            if (got == 403) is may or got in (401, 500):
                wrong.append(f"{role}: {way.method} {way.path} answered {got}")
    assert wrong == []


def test_nothing_that_changes_anything_is_a_get(opened: Door) -> None:
    changing = {
        May.CHANGE_ACCOUNTS,
        May.CHANGE_SUBJECTS,
        May.CHANGE_CAMERAS,
        May.CHANGE_ALERTS,
        May.CHANGE_SETTINGS,
        May.ERASE,
    }
    listed = {"/api/v1/accounts"}
    assert [
        w.path for w in ways(opened.app) if w.method == "GET" and changing & {*w.what} and w.path not in listed
    ] == []
