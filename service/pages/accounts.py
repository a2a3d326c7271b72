"""The pages of one's own account and tokens, and of everybody's for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from lrtune.wire import AccountKind, Page, Role, Scope, Token
from service.caller import Who
from service.context import NO_NUL, Cursor, Store
from service.pages.render import page
from store import accounts, audit, tokens

PAGE = 100

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/account")
def show_account(who: Who, database: Store, cursor: Cursor = None) -> HTMLResponse:
    account, found = None, Page[Token](items=[])
    if who.account is not None:
        with database.read() as tx:
            account = accounts.get(tx, who.account)
            found = tokens.page(tx, account=who.account, cursor=cursor, limit=PAGE)
    scopes = [scope for scope in Scope if scope in who.scopes]
    return page("account.html", who=who, account=account, found=found, scopes=scopes)


@router.get("/admin")
def show_admin(
    who: Who,
    database: Store,
    account: Annotated[str | None, Query(max_length=100, pattern=NO_NUL)] = None,
    before: Cursor = None,
    cursor: Cursor = None,
) -> HTMLResponse:
    """Accounts from ``cursor`` on, and of the audit log what ``account`` did, older than ``before``."""
    with database.read() as tx:
        found = accounts.page(tx, cursor=cursor, limit=PAGE)
        noted = audit.page(tx, account=account or None, cursor=before, limit=PAGE)
    return page(
        "admin.html",
        who=who,
        found=found,
        audit=noted,
        account=account,
        roles=list(Role),
        kinds=list(AccountKind),
    )
