"""Accounts of tests, and clients that speak as them."""

from __future__ import annotations

from lrtune.wire import AccountKind, NewToken, Role
from service.issuing import issue
from store import Database, accounts
from tests.api.conftest import Client


def enrol(database: Database, name: str, role: Role) -> NewToken:
    """A new account's first token."""
    with database.write() as tx:
        account = accounts.create(tx, name, kind=AccountKind.PERSON, role=role)
        return issue(tx, account)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def speaking(client: Client, secret: str) -> Client:
    """The same app, asked with a token."""
    spoken = Client(client.app, client._portal, "http://localhost:8765")
    spoken._client.headers.update(bearer(secret))
    return spoken
