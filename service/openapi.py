"""The OpenAPI document: FastAPI's, with our problem documents in place of its validation errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from lrtune.wire import Problem, Role
from service.problems import responses
from service.routes import ROUTERS
from service.rules import RULES, Rule

TAGS = [
    {"name": "jobs", "description": "Submit, follow, list and cancel tuning jobs."},
    {"name": "results", "description": "What a job measured: range test, trials, answer, pictures, code."},
    {"name": "external", "description": "Trials that clients train themselves."},
    {"name": "memory", "description": "The team's shared memory of tasks and answers."},
    {"name": "accounts", "description": "Who may do what: accounts and their tokens."},
    {"name": "server", "description": "Workers and health."},
]

DESCRIPTION = """
Finds a network's initial learning rate and how it should decay, and says how it knows.

Errors are RFC 9457 problem documents (`application/problem+json`) with a stable `code`, the fields at fault
and a remedy. Lists are pages: pass `next_cursor` as `cursor` for the next one.
"""


_FASTAPI_SCHEMAS = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI, version: str) -> Callable[[], dict[str, Any]]:
    """A replacement for ``app.openapi``; made once, when first asked for."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, version)
        return app.openapi_schema

    return document


def _document(app: FastAPI, version: str) -> dict[str, Any]:
    found = get_openapi(
        title="lrtune", version=version, description=DESCRIPTION, routes=app.routes, tags=TAGS
    )
    always = responses("misdirected_request", "internal_error", "database_unavailable")
    for path, item in found["paths"].items():
        for method, operation in item.items():
            rule = RULES[f"{method.upper()} {path}"]
            declared = {
                status: body
                for status, body in operation["responses"].items()
                if not _is_fastapi_validation(body)
            }
            operation["responses"] = _merged(always, _refusals(rule), declared)
            operation["security"] = [] if rule.scope is None else [{"token": []}]
    _restore_examples(found["paths"])
    found["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token of `lrtune token create`."}
    }
    schemas: dict[str, Any] = found["components"]["schemas"]
    for theirs in _FASTAPI_SCHEMAS:
        schemas.pop(theirs, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    return found


def _refusals(rule: Rule) -> dict[int | str, dict[str, Any]]:
    """What the gate can answer on a route with this rule."""
    if rule.scope is None:
        return {}
    owner = [] if rule.owner is None else ["not_owner"]
    role = [] if rule.scope in Role.VIEWER.scopes else ["insufficient_role"]
    return responses("unauthenticated", "invalid_token", *role, "insufficient_scope", *owner, "rate_limited")


def _merged(*parts: Mapping[int | str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Responses by status; where two parts declare one, its description names the problems of both."""
    merged: dict[str, dict[str, Any]] = {}
    for part in parts:
        for key, body in part.items():
            status = str(key)
            if status in merged:
                said = f"{merged[status]['description']}; {body['description']}"
                merged[status] = {**body, "description": said}
            else:
                merged[status] = body
    return merged


def _restore_examples(paths: dict[str, Any]) -> None:
    """Put back the examples as routes declare them: FastAPI drops every null from its document."""
    routes = (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute))
    for route in routes:
        for status, declared in route.responses.items():
            for media_type, media in declared.get("content", {}).items():
                if "example" in media:
                    for method in route.methods or ():
                        shown = paths[route.path][method.lower()]["responses"]
                        shown[str(status)]["content"][media_type]["example"] = media["example"]


def _is_fastapi_validation(body: dict[str, Any]) -> bool:
    """Whether FastAPI declared this response by itself; what can be invalid is declared by its route."""
    schema = body.get("content", {}).get("application/json", {}).get("schema", {})
    return bool(schema.get("$ref", "").endswith("/HTTPValidationError"))
