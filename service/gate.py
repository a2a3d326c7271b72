"""The gate before every route: who asks, and whether the rules let them.

It works in two steps that must agree. The middleware finds the rule of the request's method and path, and the
caller, before any of the body is read. Each route then depends on ``admitted``, which refuses to run a route
that the middleware has not admitted: one without a rule, or one that the two of them spell differently.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import anyio.to_thread
from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from lrtune.wire import Role
from lrtune.wire import Scope as TokenScope
from service import store_errors
from service.auditing import audited, origin
from service.authentication import CHALLENGE, Authentication
from service.caller import Caller
from service.problems import ProblemError, not_owner
from service.rate_limits import RateLimits
from service.rules import RULES, Owned, Rule
from store import Database, Tx, jobs, tokens, webhooks
from store.errors import NotFound, StoreError

Refuse = Callable[[Request, Exception], Response]

OWNERS: Mapping[Owned, Callable[[Tx, str], str | None]] = {
    "job": jobs.author,
    "token": tokens.owner,
    "webhook": webhooks.account_of,
}
"""How the owner of a thing is found by its id."""

_PATTERNS = {
    method: [
        (f"{method} {path}", compile_path(path)[0])
        for path in (key.partition(" ")[2] for key in RULES if key.startswith(f"{method} "))
    ]
    for method in {key.partition(" ")[0] for key in RULES}
}


class Gate:
    """Lets a request through with its caller and the rule it was admitted by, or refuses it.

    Args:
        rates: Requests of an account.
        guesses: Tokens that are good for nothing, from an address.
        refuse: Makes an answer of a problem.
    """

    def __init__(
        self,
        app: ASGIApp,
        database: Database,
        authentication: Authentication,
        rates: RateLimits,
        guesses: RateLimits,
        refuse: Refuse,
    ) -> None:
        self.app = app
        self.rates = rates
        self.guesses = guesses
        self.database = database
        self.authentication = authentication
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = match(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        key, params = found
        rule = RULES[key]
        state = scope.setdefault("state", {})
        state["caller"] = None
        send = audited(send, self.database, scope, key, rule)
        try:
            if rule.scope is not None:
                await anyio.to_thread.run_sync(self._admit, scope, rule, params)
        except (ProblemError, StoreError) as error:
            problem = store_errors.problem(error) if isinstance(error, StoreError) else error
            await self.refuse(Request(scope), problem)(scope, receive, send)
        else:
            state["admitted"] = key
            await self.app(scope, receive, send)

    def _admit(self, scope: Scope, rule: Rule, params: Mapping[str, Any]) -> None:
        caller = self._caller(scope)
        scope["state"]["caller"] = caller
        check_scope(caller, rule)
        if rule.owner is not None and not caller.administers:
            self._check_owner(caller, rule.owner, params["id"])

    def _caller(self, scope: Scope) -> Caller:
        try:
            caller = self.authentication.caller(scope["method"], Headers(scope=scope))
        except ProblemError as error:
            if error.code == "invalid_token":
                check_rate(self.guesses, f"Address {origin(scope)}", origin(scope))
            raise
        if caller.account is not None:
            check_rate(self.rates, caller.account, caller.account)
        return caller

    def _check_owner(self, caller: Caller, kind: Owned, thing: str) -> None:
        try:
            with self.database.look() as tx:
                owner = OWNERS[kind](tx, thing)
        except NotFound:
            return  # the route says so, in its own words
        if owner != caller.account:
            raise not_owner(f"The {kind} {thing}", owner, caller.account)


def match(method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The key of the rule for a request, and the parameters in its path; None if no rule speaks of it."""
    for key, pattern in _PATTERNS.get(method, ()):
        found = pattern.match(path)
        if found:
            return key, found.groupdict()
    return None


def check_rate(limits: RateLimits, who: str, key: str) -> None:
    """Take a request of an allowance.

    Raises:
        ProblemError: ``rate_limited``, with ``Retry-After``.
    """
    wait_s = limits.take(key)
    if wait_s is not None:
        raise ProblemError(
            "rate_limited",
            f"{who} sends more than {limits.rate * 60:.0f} requests a minute.",
            "Wait as long as Retry-After says; the server's administrator can raise LRTUNE_RATE_LIMIT.",
            headers={"Retry-After": str(math.ceil(wait_s))},
        )


def check_scope(caller: Caller, rule: Rule) -> None:
    """Refuse a caller whose token or role does not give the rule's scope.

    Raises:
        ProblemError: ``insufficient_role`` or ``insufficient_scope``.
    """
    needed = rule.scope
    if needed is None or needed in caller.scopes:
        return
    if needed not in caller.role.scopes:
        least = next(role for role in Role if needed in role.scopes)
        raise ProblemError(
            "insufficient_role",
            f"The role of {caller.account} is {caller.role}; this needs {least}.",
            "Ask an admin to do it, or for another role (`lrtune admin set-role`).",
        )
    raise ProblemError(
        "insufficient_scope",
        f"The token {caller.token} has no scope {needed}.",
        f"Use a token with it: lrtune token create {' '.join(f'--scope {s}' for s in _with(needed))}",
        headers={"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{needed}"'},
    )


def _with(needed: TokenScope) -> list[TokenScope]:
    """The scopes up to the one that is needed."""
    return list(TokenScope)[: list(TokenScope).index(needed) + 1]


async def admitted(request: Request) -> None:
    """Dependency of every route: it runs only if the gate admitted this very route.

    Raises:
        RuntimeError: It did not: the route is missing in ``service.rules``. An incident, never an open door.
    """
    key = f"{request.method} {request.scope['route'].path}"
    if getattr(request.state, "admitted", None) != key:
        raise RuntimeError(f"{key} has no rule in service/rules.py")
