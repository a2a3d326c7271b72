"""The OpenAPI document: FastAPI's, with our problem documents in place of its validation errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from lrtune.wire import Problem
from service.problems import responses
from service.routes import ROUTERS

TAGS = [
    {"name": "jobs", "description": "Submit, follow, list and cancel tuning jobs."},
    {"name": "results", "description": "What a job measured: range test, trials, answer, pictures, code."},
    {"name": "memory", "description": "The team's shared memory of tasks and answers."},
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
    for item in found["paths"].values():
        for operation in item.values():
            declared = operation["responses"]
            operation["responses"] = {
                **{str(key): value for key, value in always.items()},
                **{status: body for status, body in declared.items() if not _is_fastapi_validation(body)},
            }
    _restore_examples(found["paths"])
    schemas: dict[str, Any] = found["components"]["schemas"]
    for theirs in _FASTAPI_SCHEMAS:
        schemas.pop(theirs, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    return found


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
