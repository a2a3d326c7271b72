"""The thread of the server that empties the outbox."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event, Thread
from types import TracebackType
from typing import Self

from service.webhooks.sending import Outcome, send
from service.webhooks.target import Network
from store import Database, deliveries
from store.deliveries import Message
from store.errors import DatabaseUnavailable

POLL_S = 2.0
AT_ONCE = 8
"""Messages that are sent side by side, one a webhook."""

_LOG = logging.getLogger(__name__)


class Deliverer:
    """Sends what is due while it is entered. Several servers on one database share the work.

    Args:
        database: Whose outbox.
        allowed: Networks that may be called beside the Internet.
        poll_s: Seconds between two looks at an empty outbox.
        now: The clock of signatures.
    """

    def __init__(
        self,
        database: Database,
        allowed: Sequence[Network],
        *,
        poll_s: float = POLL_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._allowed, self._poll_s, self._now = database, allowed, poll_s, now
        self._stop = Event()
        self._thread = Thread(target=self._run, name="webhooks", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop, once the attempts under way have ended."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
            while not self._stop.is_set():
                if not self._round(pool):
                    self._stop.wait(self._poll_s)

    def _round(self, pool: ThreadPoolExecutor) -> int:
        """Send what is due; how much that was. What goes wrong is logged: the thread lives on."""
        try:
            with self._database.write() as tx:
                due = deliveries.claim(tx, AT_ONCE)
            list(pool.map(self._attempt, due))
        except DatabaseUnavailable as error:
            _LOG.warning("The outbox of webhooks cannot be read: %s", error)
            return 0
        except Exception:
            _LOG.exception("The outbox of webhooks")
            return 0
        return len(due)

    def _attempt(self, message: Message) -> None:
        attempt(self._database, message, self._allowed, self._now())


def attempt(database: Database, message: Message, allowed: Sequence[Network], at: datetime) -> Outcome:
    """Send a claimed message once, and write down how it went."""
    outcome = send(message, at=at, allowed=allowed)
    with database.write() as tx:
        if outcome.error is None and outcome.status is not None:
            deliveries.delivered(tx, message, outcome.status)
        else:
            deliveries.failed(tx, message, outcome.error or "", outcome.status)
    return outcome
