"""Accounts: list, read, create, change."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from lrtune.wire import Account, AccountChange, AccountRequest, NewAccount, Page
from service import samples
from service.bodies import JsonRoute
from service.context import AccountId, Cursor, Here, Limit, Store
from service.issuing import issue
from service.problems import responses
from store import accounts

router = APIRouter(prefix="/v1/accounts", tags=["accounts"], route_class=JsonRoute)

BODY_PROBLEMS = (
    "malformed_json",
    "cross_origin",
    "request_timeout",
    "body_too_large",
    "unsupported_media_type",
    "invalid_request",
)


@router.get(
    "",
    operation_id="list_accounts",
    summary="List accounts",
    responses={**samples.shown(samples.page(samples.ACCOUNT)), **responses("invalid_request")},
)
def list_accounts(database: Store, cursor: Cursor = None, limit: Limit = 50) -> Page[Account]:
    """Accounts by name, disabled ones included."""
    with database.read() as tx:
        return accounts.page(tx, cursor=cursor, limit=limit)


@router.post(
    "",
    status_code=201,
    operation_id="create_account",
    summary="Create an account",
    responses={
        **samples.shown(samples.NEW_ACCOUNT, 201, description="The account, with its first token."),
        **responses(*BODY_PROBLEMS, "account_exists", "last_admin"),
    },
)
def create_account(
    request: Annotated[AccountRequest, Body(examples=[{"name": "ada", "role": "member"}])],
    here: Here,
    response: Response,
) -> NewAccount:
    """Create an account and its first token, whose secret is shown this once: hand it over safely. The first
    account must be an admin's; from then on every request needs a token."""
    with here.database.write() as tx:
        account = accounts.create(
            tx, request.name, kind=request.kind, role=request.role, quota=here.settings.quota
        )
        made = NewAccount(account=account, token=issue(tx, account, label="first"))
    response.headers.update({"Cache-Control": "no-store", "Location": f"/v1/accounts/{account.name}"})
    return made


@router.get(
    "/{name}",
    operation_id="get_account",
    summary="Read an account",
    responses={**samples.shown(samples.ACCOUNT), **responses("not_found")},
)
def get_account(name: AccountId, database: Store) -> Account:
    """An account."""
    with database.read() as tx:
        return accounts.get(tx, name)


@router.patch(
    "/{name}",
    operation_id="change_account",
    summary="Change an account",
    responses={**samples.shown(samples.ACCOUNT), **responses(*BODY_PROBLEMS, "not_found", "last_admin")},
)
def change_account(
    name: AccountId,
    request: Annotated[
        AccountChange, Body(examples=[{"role": "viewer"}, {"disabled": True}, {"running_units": 4}])
    ],
    database: Store,
) -> Account:
    """Give an account another role or other limits, or disable or enable it. A disabled account's tokens are
    good for nothing, at once. The last admin stays one."""
    with database.write() as tx:
        return accounts.change(tx, name, request)
