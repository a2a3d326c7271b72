"""Who asks."""

from __future__ import annotations

from fastapi import APIRouter

from lrtune.wire import Me, Scope
from service import samples
from service.caller import Who
from service.context import Store
from store import accounts, tokens

router = APIRouter(prefix="/v1/me", tags=["accounts"])


@router.get("", operation_id="get_me", summary="Who am I?", responses=samples.shown(samples.ME))
def get_me(who: Who, database: Store) -> Me:
    """The account behind the request, its token, and what that may do. Without accounts both are null."""
    scopes = [scope for scope in Scope if scope in who.scopes]
    if who.account is None or who.token is None:
        return Me(account=None, role=who.role, scopes=scopes)
    with database.read() as tx:
        return Me(
            account=accounts.get(tx, who.account),
            role=who.role,
            scopes=scopes,
            token=tokens.get(tx, who.token),
        )
