"""The one table of who may do what: every route, the scope it needs, and whose thing it touches.

The gate (``service.gate``) enforces it before a route runs, and refuses a route that is not in it. A test
makes the matrix of route, role and ownership from it and from the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lrtune.wire import Scope

Owned = Literal["job", "token", "webhook"]
"""Kinds of things that belong to somebody."""


@dataclass(frozen=True)
class Rule:
    """What a route asks of its caller.

    Attributes:
        scope: The scope needed, None for a route that is open to everybody. A role gives the scopes that
            ``Role.scopes`` lists: a viewer reads, a member submits too, an admin administers too.
        owner: What the ``id`` in the path names, if only its owner and admins may use the route.
        audited: Whether writes go to the audit log; reads never do.
    """

    scope: Scope | None
    owner: Owned | None = None
    audited: bool = True


OPEN = Rule(None)
READ = Rule(Scope.READ)
COMPUTE = Rule(Scope.READ, audited=False)  # a POST for the size of its body alone
SUBMIT = Rule(Scope.SUBMIT)
OWN_JOB = Rule(Scope.SUBMIT, owner="job")
MEASURE = Rule(Scope.SUBMIT, owner="job", audited=False)  # a training's own words, too many for the log
OWN_TOKEN = Rule(Scope.READ, owner="token")
OWN_WEBHOOK = Rule(Scope.SUBMIT, owner="webhook")
ADMIN = Rule(Scope.ADMIN)

RULES: Mapping[str, Rule] = {
    # jobs
    "POST /v1/jobs": SUBMIT,
    "GET /v1/jobs": READ,
    "GET /v1/jobs/{id}": READ,
    "POST /v1/jobs/{id}/cancel": OWN_JOB,
    "GET /v1/jobs/{id}/events": READ,
    # results
    "GET /v1/jobs/{id}/range-test": READ,
    "GET /v1/jobs/{id}/range-test.png": READ,
    "GET /v1/jobs/{id}/scaling.png": READ,
    "GET /v1/jobs/{id}/trials": READ,
    "GET /v1/jobs/{id}/answer": READ,
    "GET /v1/jobs/{id}/schedules.png": READ,
    "GET /v1/jobs/{id}/code": READ,
    "POST /v1/range-tests": COMPUTE,
    # trials of external jobs
    "POST /v1/jobs/{id}/trials": MEASURE,
    "POST /v1/jobs/{id}/trials/{n}/reports": MEASURE,
    "POST /v1/jobs/{id}/trials/{n}/finish": MEASURE,
    "GET /v1/jobs/{id}/export": READ,
    # memory
    "GET /v1/best": READ,
    "POST /v1/tasks": SUBMIT,
    "POST /v1/webhooks": SUBMIT,
    "GET /v1/webhooks": SUBMIT,
    "GET /v1/webhooks/{id}": OWN_WEBHOOK,
    "DELETE /v1/webhooks/{id}": OWN_WEBHOOK,
    "POST /v1/webhooks/{id}/test": OWN_WEBHOOK,
    "GET /v1/webhooks/{id}/deliveries": OWN_WEBHOOK,
    "GET /v1/compare": READ,
    "PUT /v1/jobs/{id}/tags/{tag}": SUBMIT,
    "DELETE /v1/jobs/{id}/tags/{tag}": SUBMIT,
    "PUT /v1/jobs/{id}/note": SUBMIT,
    "DELETE /v1/jobs/{id}/note": SUBMIT,
    "PUT /v1/jobs/{id}/archive": OWN_JOB,
    "DELETE /v1/jobs/{id}/archive": OWN_JOB,
    "GET /v1/tasks": READ,
    "GET /v1/tasks/{ref}": READ,
    "GET /v1/tasks/{ref}/bundle": READ,
    # server
    "GET /v1/workers": READ,
    "GET /metrics": READ,
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    # accounts
    "GET /v1/me": READ,
    "GET /v1/tokens": READ,
    "POST /v1/tokens": READ,
    "GET /v1/tokens/{id}": OWN_TOKEN,
    "POST /v1/tokens/{id}/revoke": OWN_TOKEN,
    "GET /v1/audit": ADMIN,
    "GET /v1/accounts": ADMIN,
    "POST /v1/accounts": ADMIN,
    "GET /v1/accounts/{name}": ADMIN,
    "PATCH /v1/accounts/{name}": ADMIN,
    # pages
    "GET /": READ,
    "GET /jobs/{id}": READ,
    "GET /jobs/{id}/live": READ,
    "GET /jobs/{id}/data/range-test": READ,
    "GET /jobs/{id}/data/search": READ,
    "GET /jobs/{id}/data/parallel": READ,
    "GET /jobs/{id}/data/schedules": READ,
    "GET /jobs/{id}/data/curves": READ,
    "GET /changes": READ,
    "GET /submit": READ,
    "POST /submit/estimate": COMPUTE,
    "GET /tasks": READ,
    "GET /best": READ,
    "GET /workers": READ,
    "GET /compare": READ,
    "GET /compare/data": READ,
    "GET /webhooks": SUBMIT,
    "GET /account": READ,
    "GET /admin": ADMIN,
    "GET /login": OPEN,
    "POST /login": OPEN,
    "POST /logout": OPEN,
    "GET /static/{name:path}": OPEN,
}
"""By method and path, as the routes spell it."""
