"""Sessions of browsers: a cookie that names a token, signed by this server.

It holds no secret, and gives what the token gives: when that is revoked or expires, so is the session.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import cached_property

from itsdangerous import BadSignature, TimestampSigner
from starlette.responses import Response

COOKIE = "lrtune_session"
LASTS_S = 7 * 24 * 3600
"""Seconds after which a browser signs in again, however long its token is good for."""


class Sessions:
    """Writes and reads session cookies.

    Args:
        key: Gives the key that they are signed with; asked once, when first needed.
        clock: Seconds since the epoch.
    """

    def __init__(self, key: Callable[[], bytes], clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._clock = clock

    def start(self, response: Response, token_id: str, *, secure: bool) -> None:
        """Sign a browser in: a fresh cookie, whatever it sent before."""
        response.set_cookie(
            COOKIE,
            self._signer.sign(token_id).decode(),
            max_age=LASTS_S,
            path="/",
            secure=secure,
            httponly=True,
            samesite="lax",
        )

    def end(self, response: Response) -> None:
        """Take the cookie from a browser."""
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")

    def token(self, cookie: str) -> str | None:
        """Id of the token in a cookie; None if it is not signed by this server, or too old."""
        try:
            return self._signer.unsign(cookie, max_age=LASTS_S).decode()
        except (BadSignature, UnicodeDecodeError):
            return None

    @cached_property
    def _signer(self) -> TimestampSigner:
        clock = self._clock

        class Signer(TimestampSigner):
            def get_timestamp(self) -> int:
                return int(clock())

        return Signer(self._key(), salt="lrtune session", digest_method=hashlib.sha256)
