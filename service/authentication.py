"""From what a request shows to the account behind it."""

from __future__ import annotations

import logging
import threading
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

from service.caller import LOCAL, Caller
from service.guard import SAFE_METHODS
from service.problems import ProblemError
from service.sessions import COOKIE, Sessions
from service.settings import Settings
from store import Database, accounts, tokens
from store.errors import DatabaseUnavailable
from store.tokens import Bearer

log = logging.getLogger("lrtune.service")

CHALLENGE = 'Bearer realm="lrtune"'
INVALID = f'{CHALLENGE}, error="invalid_token"'


class Authentication:
    """Knows callers by bearer token or session cookie; without any account, everybody on this machine."""

    def __init__(self, settings: Settings, database: Database, sessions: Sessions) -> None:
        self.database = database
        self.sessions = sessions
        self.loopback = settings.loopback
        self._accounts = threading.Event()  # there are some: that never becomes untrue

    def caller(self, method: str, headers: Headers) -> Caller:
        """Whoever sent a request with these headers.

        Raises:
            ProblemError: ``unauthenticated`` without a token or a session, ``invalid_token`` with one that is
                good for nothing, ``cross_origin`` for a write that another site may have made a browser send.
            DatabaseUnavailable: The database cannot be asked.
        """
        if not self.have_accounts():
            if not self.loopback:
                raise ProblemError(
                    "unauthenticated",
                    "This server has no accounts, and more than this machine can reach it.",
                    "Where the server runs: lrtune admin create-user NAME --role admin",
                    headers={"WWW-Authenticate": CHALLENGE},
                )
            return LOCAL
        secret = _secret(headers)
        if secret is not None:
            return self.bearer(secret)
        cookie = _cookie(headers)
        if cookie is None:
            raise _unauthenticated("This server has accounts, and the request has no token.")
        return self._session(cookie, method, headers)

    def have_accounts(self) -> bool:
        """Whether there is any account.

        Raises:
            DatabaseUnavailable: The database cannot be asked.
        """
        if not self._accounts.is_set():
            with self.database.look() as tx:
                if accounts.exist(tx):
                    self._accounts.set()
        return self._accounts.is_set()

    def bearer(self, secret: str) -> Caller:
        """Whose token this is.

        Raises:
            ProblemError: ``invalid_token``.
            DatabaseUnavailable: The database cannot be asked.
        """
        with self.database.look() as tx:
            found = tokens.find(tx, secret)
        reason = "There is no such token." if found is None else _refusal(found)
        if found is None or reason is not None:
            raise ProblemError(
                "invalid_token", reason or "", _remedy(found), headers={"WWW-Authenticate": INVALID}
            )
        return self._known(found)

    def _session(self, cookie: str, method: str, headers: Headers) -> Caller:
        token_id = self.sessions.token(cookie)
        if token_id is None:
            raise _unauthenticated("The session has ended.")
        with self.database.look() as tx:
            found = tokens.recall(tx, token_id)
        if found is None or _refusal(found):
            raise _unauthenticated("The session has ended with its token.")
        if method not in SAFE_METHODS and not _same_origin(headers):
            raise ProblemError(
                "cross_origin",
                "A browser's session writes only from the server's own pages.",
                "Use the pages, or send a token in the header Authorization.",
            )
        return self._known(found)

    def _known(self, bearer: Bearer) -> Caller:
        if not bearer.used:
            try:
                with self.database.write() as tx:
                    tokens.use(tx, bearer.token)
            except DatabaseUnavailable as error:
                # Reading goes on where writing cannot: the note is a convenience.
                log.warning("the use of token %s could not be noted: %s", bearer.token, error)
        return Caller(bearer.account, bearer.role, bearer.scopes & bearer.role.scopes, bearer.token)


def _secret(headers: Headers) -> str | None:
    text = headers.get("authorization")
    if text is None:
        return None
    scheme, _, secret = text.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise _unauthenticated("The header Authorization holds no bearer token.")
    return secret.strip()


def _cookie(headers: Headers) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value


def _same_origin(headers: Headers) -> bool:
    """Whether a browser vouches that its own page of this server wrote.

    An ``Origin`` has been compared with the host by ``service.guard`` already; browsers send it, or
    ``Sec-Fetch-Site``, with every write.
    """
    return "origin" in headers or headers.get("sec-fetch-site") == "same-origin"


def _unauthenticated(detail: str) -> ProblemError:
    return ProblemError(
        "unauthenticated",
        detail,
        "Run `lrtune login`, or send the header Authorization: Bearer TOKEN. In a browser: /login.",
        headers={"WWW-Authenticate": CHALLENGE},
    )


def _refusal(found: Bearer) -> str | None:
    if found.revoked:
        return f"The token {found.token} has been revoked."
    if found.expired:
        return f"The token {found.token} has expired."
    return f"The account {found.account} is disabled." if found.disabled else None


def _remedy(found: Bearer | None) -> str:
    if found is not None and found.disabled:
        return "Ask an admin to enable the account."
    return "Create another with `lrtune token create`, or ask an admin for one; then `lrtune login`."
