"""What routes get handed: the database, the settings, and whether the server is stopping."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Annotated

import anyio
from fastapi import Depends, Path, Query, Request
from prometheus_client import CollectorRegistry

from service.authentication import Authentication
from service.pictures import Pictures
from service.problems import ProblemError
from service.settings import Settings
from store import Database

MAX_ID = 64
MAX_REF = 200
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_job_id() -> str:
    """Twelve letters and digits without look-alikes: 60 random bits, easy to read out and to select."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


@dataclass(frozen=True)
class Context:
    """Lives in ``app.state``; ``draining`` is set once the server stops, so that event streams end.

    ``stream_threads`` are the threads that event streams share, ``upload_threads`` those that look at
    bundles; ``pictures`` keeps what was drawn.
    ``registry`` counts what this process alone knows, for ``/metrics``.
    """

    settings: Settings
    database: Database
    new_job_id: Callable[[], str]
    draining: Event
    stream_threads: anyio.CapacityLimiter
    authentication: Authentication
    pictures: Pictures = field(default_factory=Pictures)
    upload_threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(2))
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)


# The dependencies below wait for nothing. FastAPI would run each that is not async in a thread of its own.


async def context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


async def database(request: Request) -> Database:
    found: Database = request.app.state.context.database
    return found


Here = Annotated[Context, Depends(context)]
Store = Annotated[Database, Depends(database)]


async def job_id(
    id: Annotated[str, Path(description="The job's id.", examples=["4m7x2k9qh3tz"])],
) -> str:
    """The id in the path; what cannot be an id never reaches the database."""
    if not (id.isascii() and id.isalnum() and len(id) <= MAX_ID):
        raise ProblemError("not_found", f"There is no job {id[:MAX_ID]!r}.", "List jobs with GET /v1/jobs.")
    return id


async def token_id(
    id: Annotated[str, Path(description="The token's id.", examples=["5f0c2a9e1b"])],
) -> str:
    """The id in the path, likewise."""
    if not (id.isascii() and id.isalnum() and len(id) <= MAX_ID):
        raise ProblemError(
            "not_found", f"There is no token {id[:MAX_ID]!r}.", "List tokens with GET /v1/tokens."
        )
    return id


async def webhook_id(
    id: Annotated[str, Path(description="The webhook's id.", examples=["7h3k9d2m5xqe"])],
) -> str:
    """The id in the path, likewise."""
    if not (id.isascii() and id.isalnum() and len(id) <= MAX_ID):
        raise ProblemError(
            "not_found", f"There is no webhook {id[:MAX_ID]!r}.", "List webhooks with GET /v1/webhooks."
        )
    return id


async def account_name(
    name: Annotated[str, Path(description="The account's name.", examples=["ada"])],
) -> str:
    """The name in the path, likewise."""
    if not (name.isascii() and name.isprintable() and len(name) <= 100):
        raise ProblemError(
            "not_found", f"There is no account {name[:100]!r}.", "List accounts with GET /v1/accounts."
        )
    return name


NO_NUL = r"^[^\x00]*$"
"""Pattern of every text that goes to the database: PostgreSQL takes no NUL."""


async def task_ref(
    ref: Annotated[
        str, Path(description="`name` (its newest version), `name@3`, or `name@` and the start of a digest.")
    ],
) -> str:
    """The reference in the path; what cannot be one never reaches the database."""
    if not ref.isprintable() or len(ref) > MAX_REF:
        raise ProblemError("not_found", "There is no such task.", "List tasks with GET /v1/tasks.")
    return ref


JobId = Annotated[str, Depends(job_id)]
TokenId = Annotated[str, Depends(token_id)]
WebhookId = Annotated[str, Depends(webhook_id)]
AccountId = Annotated[str, Depends(account_name)]
TaskRef = Annotated[str, Depends(task_ref)]
Cursor = Annotated[
    str | None, Query(max_length=500, pattern=NO_NUL, description="`next_cursor` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=200, description="Items of a page.")]
