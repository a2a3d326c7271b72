"""Tokens: list, create, revoke."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from lrtune.wire import FieldError, NewToken, Page, Scope, Token, TokenRequest
from service import samples
from service.bodies import JsonRoute
from service.caller import Caller, Who
from service.context import NO_NUL, Cursor, Limit, Store, TokenId
from service.issuing import issue
from service.problems import ProblemError, field_problem, responses
from store import Tx, accounts, tokens

router = APIRouter(prefix="/v1/tokens", tags=["accounts"], route_class=JsonRoute)

REQUESTS = {
    "least": {"summary": "Everything by default", "value": {}},
    "full": {
        "summary": "Everything said",
        "value": {"label": "laptop", "scopes": ["read", "submit"], "expires_at": "2027-03-01T00:00:00Z"},
    },
}


@router.get(
    "",
    operation_id="list_tokens",
    summary="List tokens",
    responses={
        **samples.shown(samples.page(samples.TOKEN)),
        **responses("not_owner", "invalid_request", "not_found"),
    },
)
def list_tokens(
    who: Who,
    database: Store,
    account: Annotated[
        str | None,
        Query(max_length=100, pattern=NO_NUL, description="Whose; your own by default. Others' for admins."),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Token]:
    """An account's tokens, oldest first, revoked and expired ones included; never their secrets."""
    if account is not None:
        check_own(who, account)
    name = account or who.account
    if name is None:
        return Page[Token](items=[])
    with database.read() as tx:
        accounts.get(tx, name)
        return tokens.page(tx, account=name, cursor=cursor, limit=limit)


@router.post(
    "",
    status_code=201,
    operation_id="create_token",
    summary="Create a token",
    responses={
        **samples.shown(samples.NEW_TOKEN, 201, description="The token, with its secret."),
        **responses(
            "malformed_json",
            "cross_origin",
            "not_owner",
            "not_found",
            "request_timeout",
            "no_accounts",
            "body_too_large",
            "unsupported_media_type",
            "invalid_request",
        ),
    },
)
def create_token(
    request: Annotated[TokenRequest, Body(openapi_examples=REQUESTS)],
    who: Who,
    database: Store,
    response: Response,
) -> NewToken:
    """Create a token. Its secret is shown this once, and kept nowhere. It can do no more than the token that
    made it, and lives no longer."""
    if who.account is None:
        raise ProblemError(
            "no_accounts",
            "This server has no accounts, so it needs no token.",
            "Create an account first: lrtune admin create-user NAME --role admin",
        )
    name = request.account or who.account
    check_own(who, name)
    with database.write() as tx:
        account = accounts.get(tx, name)
        allowed = account.role.scopes & who.scopes
        scopes = [scope for scope in Scope if scope in allowed] if request.scopes is None else request.scopes
        _check_scopes(who, scopes)
        expires_at = request.expires_at
        if name == who.account:
            expires_at = _no_longer(tx, who, request)
        made = issue(tx, account, scopes=scopes, label=request.label, expires_at=expires_at)
    response.headers.update({"Cache-Control": "no-store", "Location": f"/v1/tokens/{made.id}"})
    return made


@router.get(
    "/{id}",
    operation_id="get_token",
    summary="Read a token",
    responses={**samples.shown(samples.TOKEN), **responses("not_found")},
)
def get_token(token_id: TokenId, database: Store) -> Token:
    """A token, without its secret."""
    with database.read() as tx:
        return tokens.get(tx, token_id)


@router.post(
    "/{id}/revoke",
    operation_id="revoke_token",
    summary="Revoke a token",
    responses={
        **samples.shown(samples.REVOKED_TOKEN),
        **responses(
            "malformed_json",
            "cross_origin",
            "not_found",
            "request_timeout",
            "body_too_large",
            "unsupported_media_type",
            "invalid_request",
        ),
    },
)
def revoke_token(token_id: TokenId, database: Store) -> Token:
    """Make a token good for nothing, at once and for ever; also sessions that began with it. Revoking again
    changes nothing."""
    with database.write() as tx:
        return tokens.revoke(tx, token_id)


def check_own(who: Caller, account: str) -> None:
    """Refuse whoever asks for another's, unless he administers.

    Raises:
        ProblemError: ``not_owner``.
    """
    if account != who.account and not who.administers:
        raise ProblemError(
            "not_owner", f"These are {account}'s; you are {who.account}.", "Ask its owner or an admin."
        )


def _check_scopes(who: Caller, scopes: list[Scope] | tuple[Scope, ...]) -> None:
    beyond = [scope for scope in scopes if scope not in who.scopes]
    if beyond:
        raise field_problem(
            [
                FieldError(
                    field="/scopes",
                    detail=f"The token that asks has no scope {beyond[0]} itself.",
                    remedy="Ask with a token that has it, or ask for less.",
                )
            ]
        )


def _no_longer(tx: Tx, who: Caller, request: TokenRequest) -> datetime | None:
    """When a token ends that another one made: no later than that one does."""
    assert who.token is not None
    own = tokens.get(tx, who.token).expires_at
    if own is None or request.expires_at is None:
        return own or request.expires_at
    if request.expires_at > own:
        raise field_problem(
            [
                FieldError(
                    field="/expires_at",
                    detail=f"The token that asks ends before that, at {own.isoformat()}.",
                    remedy="Ask with a token that lives longer, or for an earlier end.",
                )
            ]
        )
    return request.expires_at
