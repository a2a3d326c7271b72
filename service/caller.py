"""Who asks: the account behind a request, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from lrtune.wire import Role, Scope


@dataclass(frozen=True)
class Caller:
    """The account behind a request.

    Attributes:
        account: Its name; None for the local administrator of a server without accounts.
        role: Its role.
        scopes: What this request may do: the token's scopes, so far as the role allows them.
        token: Id of the token; None without accounts.
    """

    account: str | None
    role: Role
    scopes: frozenset[Scope]
    token: str | None = None

    @property
    def administers(self) -> bool:
        """Whether what belongs to others is open to this request too."""
        return Scope.ADMIN in self.scopes


LOCAL = Caller(None, Role.ADMIN, Role.ADMIN.scopes)
"""Whoever reaches a server without accounts: it listens on a loopback address alone."""


async def caller(request: Request) -> Caller:  # async: one that is not would run in a thread
    found: Caller = request.state.caller
    return found


Who = Annotated[Caller, Depends(caller)]
"""Parameter of a route that needs to know who asks."""
