"""The application factory: nothing happens at import."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from threading import Event

import anyio
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match

from service import event_stream, signing_key, store_errors, validation
from service.authentication import Authentication
from service.context import Context, new_job_id
from service.gate import Gate, admitted
from service.guard import SAFE_METHODS, Guard
from service.incidents import Incidents
from service.latency import Latency
from service.openapi import describe
from service.pages import login, static_files
from service.pages import routes as pages_routes
from service.pages.render import HEADERS, problem_page, wants_page
from service.problems import ProblemError, document, response
from service.rate_limits import RateLimits
from service.routes import ROUTERS
from service.sessions import Sessions
from service.settings import Settings
from service.traced import Traced
from store import Database

GUESSES_A_MINUTE = 60
"""Tokens good for nothing that an address may send: no secret can be guessed, but each costs a query."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def create_app(
    settings: Settings,
    database: Database,
    *,
    new_job_id: Callable[[], str] = new_job_id,
    draining: Event | None = None,
) -> FastAPI:
    """The HTTP service over ``database``, whose schema must be current.

    The caller owns the database and disposes of it, and sets ``draining`` before it stops the server, so
    that event streams end.
    """
    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False, dependencies=[Depends(admitted)])
    sessions = Sessions(lambda: signing_key.load(settings))
    authentication = Authentication(settings, database, sessions)
    app.state.context = Context(
        settings,
        database,
        new_job_id,
        draining or Event(),
        anyio.CapacityLimiter(event_stream.THREADS),
        authentication,
    )
    for router in (*ROUTERS, *pages_routes.ROUTERS, static_files.router):
        app.include_router(router)
    app.add_middleware(
        Gate,
        database=database,
        authentication=authentication,
        rates=RateLimits(settings.rate_limit),
        guesses=RateLimits(min(settings.rate_limit, GUESSES_A_MINUTE)),
        refuse=_problem,
    )
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(Incidents)
    app.add_middleware(Latency, registry=app.state.context.registry)
    app.add_middleware(Traced)
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for kind in store_errors.TABLE:
        app.add_exception_handler(kind, _store)
    app.openapi = describe(app, version("lrtune"))  # type: ignore[method-assign]  # FastAPI's documented hook
    return app


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    if wants_page(request):
        if error.code == "unauthenticated" and request.method in SAFE_METHODS:
            return RedirectResponse(login.login_url(request), 303, headers=HEADERS)
        return problem_page(document(error, instance=request.url.path), error.headers)
    return response(error, instance=request.url.path)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    taken = getattr(request.scope.get("route"), "body_field", None)
    body = None if taken is None else taken.field_info.annotation
    return _problem(request, validation.from_pydantic(error.errors(), body))


def _store(request: Request, error: Exception) -> Response:
    return _problem(request, store_errors.problem(error))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path, method = request.url.path, request.method
    headers = dict(error.headers or {})
    if error.status_code == 404:
        found = ProblemError(
            "not_found", f"There is nothing at {path}.", "See /openapi.json for what there is."
        )
    elif error.status_code == 405:
        headers["Allow"] = ", ".join(_methods(request))
        found = ProblemError(
            "method_not_allowed",
            f"{path} does not know {method}.",
            f"Use {headers['Allow']}.",
            headers=headers,
        )
    else:
        found = ProblemError("malformed_request", str(error.detail), "Correct the request.", headers=headers)
    return _problem(request, found)


def _methods(request: Request) -> list[str]:
    """Every method of the request's path; starlette names those of the first route alone."""
    return [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]
