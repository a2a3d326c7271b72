"""Accounts and their tokens: who may do what."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from lrtune.wire.base import Request, Resource


class Role(StrEnum):
    """What an account may do, each more than the one before."""

    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"

    @property
    def scopes(self) -> frozenset[Scope]:
        """Scopes that a token of such an account can have."""
        return frozenset(tuple(Scope)[: tuple(Role).index(self) + 1])


class Scope(StrEnum):
    """What a token is good for; it never gives more than the role of its account."""

    READ = "read"
    SUBMIT = "submit"
    ADMIN = "admin"


class AccountKind(StrEnum):
    """Who is behind an account."""

    PERSON = "person"
    MACHINE = "machine"


AccountName = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9._@-]{0,99}$",
        description="Lower-case letters, digits and any of . _ @ - after the first; at most 100.",
        examples=["ada"],
    ),
]
Label = Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


LIMIT_MOST = 1_000_000

Limit = Annotated[int, Field(ge=0, le=LIMIT_MOST)]


class Account(Resource):
    """A person or a machine of the team; ``disabled_at`` is null while it can be used.

    Its quota: ``running_units`` that workers hold at a time, ``queued_jobs`` that wait, ``minutes_a_day`` of
    workers' time since midnight UTC. Null is no limit.
    """

    name: str
    kind: AccountKind
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None
    running_units: int | None = None
    queued_jobs: int | None = None
    minutes_a_day: int | None = None


class Token(Resource):
    """A token without its secret, which is shown once, at its creation, and kept nowhere.

    ``last_used_at`` moves at most once a minute.
    """

    id: str
    account: str
    label: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class NewToken(Token):
    """A token with its secret: the one time that it is shown."""

    secret: str


class Me(Resource):
    """Who asks: ``account`` and ``token`` are null on a server without accounts.

    ``scopes`` is what this token may do, as far as the role allows it.
    """

    account: Account | None
    role: Role
    scopes: list[Scope]
    token: Token | None = None


class TokenRequest(Request):
    """Body of ``POST /v1/tokens``. Nothing is required.

    Attributes:
        account: Whose token; the caller's own by default, another's only for admins.
        scopes: All that the account's role and the caller's own token allow, by default.
        expires_at: When the caller's own token does, by default; never, if that never does.
    """

    account: AccountName | None = None
    label: Label = ""
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=10)] | None = None
    expires_at: AwareDatetime | None = None


class AccountRequest(Request):
    """Body of ``POST /v1/accounts``. Only ``name`` is required."""

    name: AccountName
    role: Role = Role.MEMBER
    kind: AccountKind = AccountKind.PERSON


class NewAccount(Resource):
    """An account with its first token, whose secret is shown this once."""

    account: Account
    token: NewToken


class AccountChange(Request):
    """Body of ``PATCH /v1/accounts/{name}``: what is missing stays as it is; a null limit is lifted."""

    role: Role | None = None
    disabled: bool | None = None
    running_units: Limit | None = None
    queued_jobs: Limit | None = None
    minutes_a_day: Limit | None = None


class AuditEntry(Resource):
    """Something that somebody did: ``account`` is null for the local administrator of a server without
    accounts, ``status`` the HTTP status of the answer."""

    id: int
    at: datetime
    account: str | None
    token: str | None
    action: str
    target: str
    status: int
    origin: str
