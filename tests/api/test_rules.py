"""Every route has a rule, and every rule a route."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from service.pages import routes as pages_routes
from service.pages import static_files
from service.routes import ROUTERS
from service.rules import RULES
from tests.api.conftest import Client
from tests.api.problem import problem


def test_the_table_is_that_of_the_routes() -> None:
    routers = (*ROUTERS, *pages_routes.ROUTERS, static_files.router)
    routes = {
        f"{method} {route.path}"
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert routes == set(RULES)


def test_no_route_is_out_of_reach_of_the_rules(client: Client) -> None:
    plain = [getattr(route, "path", None) for route in client.app.routes if isinstance(route, Route)]
    assert [path for path in plain if path is not None] == ["/openapi.json"]


def test_a_route_without_a_rule_does_not_run(client: Client) -> None:
    ran = []
    client.app.get("/v1/new")(lambda: ran.append(1))
    problem(client.get("/v1/new"), "internal_error")
    assert ran == []


@pytest.mark.parametrize("path", ["/v1/jobs", "/", "/v1/workers"])
def test_without_accounts_a_server_for_all_admits_nobody(client: Client, path: str) -> None:
    client.app.state.context.authentication.loopback = False
    problem(client.get(path), "unauthenticated")
    assert client.get("/healthz").status_code == 200
