"""One attempt to deliver a message."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

import httpx

from service.webhooks import signature
from service.webhooks.target import Network, Resolve, TargetError, Unresolved, check, resolve
from store.deliveries import Message

TIMEOUT_S = 10.0
"""Seconds for connecting, and for the reply's next byte."""

DEADLINE_S = 20.0
"""Seconds for the whole attempt."""


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: the reply's status if there was one, and why it counts as failed, or None."""

    status: int | None
    error: str | None


def send(
    message: Message, *, at: datetime, allowed: Sequence[Network], resolve: Resolve = resolve
) -> Outcome:
    """Send a message once: a POST of its JSON, signed. Any 2xx is an arrival.

    No redirect is followed, no proxy is used, and nothing of the reply is read but its status.
    """
    body = message.body.encode()
    try:
        target = check(message.url, allowed, resolve)
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False) as client:
            deadline = threading.Timer(DEADLINE_S, client.close)
            deadline.start()
            try:
                request = client.build_request(
                    "POST",
                    target.url,
                    content=body,
                    headers={
                        "Host": target.authority,
                        "Content-Type": "application/json",
                        "User-Agent": f"lrtune/{version('lrtune')}",
                        **signature.headers(message.secret, message.id, body, at),
                    },
                    # The certificate must be that of the name, not of the address.
                    extensions={"sni_hostname": target.host},
                )
                response = client.send(request, stream=True)
                response.close()
            finally:
                deadline.cancel()
    except (TargetError, Unresolved) as error:
        return Outcome(None, str(error))
    except (httpx.HTTPError, httpx.InvalidURL, RuntimeError, OSError) as error:
        return Outcome(None, f"{type(error).__name__}: {error}"[:500])
    status = response.status_code
    return Outcome(status, None if response.is_success else f"The receiver answered {status}, not 2xx.")
