"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter

from lrtune.wire import Resource
from service import samples
from service.context import Here
from service.problems import ProblemError, responses
from store import schema_state

router = APIRouter(tags=["server"])


class Health(Resource):
    """The server's own word on itself."""

    status: Literal["ok"] = "ok"
    version: str


OK = samples.shown(Health(version="0.1.0"))


@router.get("/healthz", operation_id="get_health", summary="Does the server live?", responses=OK)
async def get_health() -> Health:
    """Answers as long as the process does; asks nothing of the database."""
    # Async: it waits for no thread, so it answers even while a stuck database holds them all.
    return Health(version=version("lrtune"))


@router.get(
    "/readyz",
    operation_id="get_readiness",
    summary="Can the server serve?",
    responses={**OK, **responses("not_serving", "database_unavailable")},
)
def get_readiness(here: Here) -> Health:
    """Answers 200 once the database answers with the schema this version needs, until the server stops."""
    if here.draining.is_set():
        raise ProblemError("not_serving", "The server is stopping.", "Ask another server.")
    here.database.ping()
    state = schema_state(here.database)
    if state != "current":
        raise ProblemError(
            "not_serving",
            f"The database's schema is {state}.",
            "Run `lrtune migrate`." if state != "ahead" else "Upgrade lrtune on this server.",
        )
    return Health(version=version("lrtune"))
