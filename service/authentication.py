"""From what a request shows to the account behind it."""

from __future__ import annotations

import logging
import threading

from starlette.datastructures import Headers

from service.caller import LOCAL, Caller
from service.problems import ProblemError
from service.settings import Settings
from store import Database, accounts, tokens
from store.errors import DatabaseUnavailable
from store.tokens import Bearer

log = logging.getLogger("lrtune.service")

CHALLENGE = 'Bearer realm="lrtune"'
INVALID = f'{CHALLENGE}, error="invalid_token"'


class Authentication:
    """Knows callers by their bearer token; without any account in the database, everybody on this machine."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.database = database
        self.loopback = settings.loopback
        self._accounts = threading.Event()  # there are some: that never becomes untrue

    def caller(self, headers: Headers) -> Caller:
        """Whoever sent these headers.

        Raises:
            ProblemError: ``unauthenticated`` without a token, ``invalid_token`` with one that is good for
                nothing.
            DatabaseUnavailable: The database cannot be asked.
        """
        if not self._have_accounts():
            if not self.loopback:
                raise ProblemError(
                    "unauthenticated",
                    "This server has no accounts, and more than this machine can reach it.",
                    "Where the server runs: lrtune admin create-user NAME --role admin",
                    headers={"WWW-Authenticate": CHALLENGE},
                )
            return LOCAL
        return self._bearer(_secret(headers))

    def _have_accounts(self) -> bool:
        if not self._accounts.is_set():
            with self.database.read() as tx:
                if accounts.exist(tx):
                    self._accounts.set()
        return self._accounts.is_set()

    def _bearer(self, secret: str) -> Caller:
        with self.database.read() as tx:
            found = tokens.find(tx, secret)
        reason = _refused(found)
        if found is None or reason is not None:
            raise ProblemError(
                "invalid_token",
                reason or "There is no such token.",
                "Create another with `lrtune token create`, or ask an admin for one; then `lrtune login`.",
                headers={"WWW-Authenticate": INVALID},
            )
        if not found.used:
            self._note_use(found)
        return Caller(found.account, found.role, found.scopes & found.role.scopes, found.token)

    def _note_use(self, bearer: Bearer) -> None:
        try:
            with self.database.write() as tx:
                tokens.use(tx, bearer.token)
        except DatabaseUnavailable as error:
            # Reading goes on where writing cannot: the note is a convenience.
            log.warning("the use of token %s could not be noted: %s", bearer.token, error)


def _secret(headers: Headers) -> str:
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise ProblemError(
            "unauthenticated",
            "This server has accounts, and the request has no token.",
            "Run `lrtune login`, or send the header Authorization: Bearer TOKEN.",
            headers={"WWW-Authenticate": CHALLENGE},
        )
    return secret.strip()


def _refused(found: Bearer | None) -> str | None:
    if found is None:
        return None
    if found.revoked:
        return f"The token {found.token} has been revoked."
    if found.expired:
        return f"The token {found.token} has expired."
    return f"The account {found.account} is disabled." if found.disabled else None
