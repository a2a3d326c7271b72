"""Following a job's events over connections that may break."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx
from pydantic import ValidationError

from lrtune.client import sse
from lrtune.client.backoff import RETRIED, pause_s
from lrtune.client.connection import Connection, reason
from lrtune.client.errors import ApiError, NotUnderstood, Unreachable, WaitTimeout
from lrtune.wire import Event, JobState

READ_S = 45.0
"""A stream that is silent for so long is dead: a server's heartbeat comes every 15 s."""

PATIENCE_S = 120.0
"""Pauses in a row, without one event between them, after which a lost server is given up."""


def follow(
    connection: Connection,
    job_id: str,
    *,
    after: int,
    state: Callable[[], JobState],
    timeout_s: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Event]:
    """Every event of a job with an id above ``after``, each once, until the job's last one.

    A connection that ends before the job does is made again, with ``Last-Event-ID``: a server may stop and
    start while its jobs go on.

    Args:
        connection: To the server.
        job_id: Whose events.
        after: Id of the last event already known; 0 for all.
        state: Reads the job's state now.
        timeout_s: Seconds until ``WaitTimeout``; None to wait as long as it takes.
        clock: Monotonic seconds.

    Raises:
        ApiError, NotUnderstood, Unreachable, WaitTimeout: As in ``lrtune.client.errors``.
    """
    deadline = None if timeout_s is None else clock() + timeout_s
    attempt, paused_s, ended = 0, 0.0, False
    while True:
        failure: ApiError | Unreachable | None = None
        try:
            for event in _stream(connection, job_id, after, _left(deadline, clock)):
                if event.id <= after:
                    continue
                attempt, paused_s, after = 0, 0.0, event.id
                yield event
                if is_last(event):
                    return
                _check(job_id, deadline, timeout_s, clock)
            if ended:
                return
            # Whatever the job had written by the time it ended comes with the next connection.
            ended = state().final
            if ended:
                continue
        except httpx.TransportError as error:
            failure = Unreachable(connection.url, reason(error))
        except ApiError as error:
            if error.status not in RETRIED:
                raise
            failure = error
        _check(job_id, deadline, timeout_s, clock)
        delay = pause_s(attempt, connection.rng)
        if failure is not None and paused_s + delay > PATIENCE_S:
            raise failure
        attempt, paused_s = attempt + 1, paused_s + delay
        left = _left(deadline, clock)
        connection.sleep(delay if left is None else min(delay, left))


def is_last(event: Event) -> bool:
    """Whether the job ends with this event."""
    states = {state.value for state in JobState if state.final}
    return event.kind == "state" and event.data.get("state") in states


def _stream(connection: Connection, job_id: str, after: int, left_s: float | None) -> Iterator[Event]:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
    read_s = READ_S if left_s is None else max(min(READ_S, left_s), 0.01)
    with connection.stream(f"/v1/jobs/{job_id}/events", headers, read_s=read_s) as response:
        for message in sse.messages(response.iter_bytes()):
            try:
                yield Event.model_validate_json(message.data)
            except ValidationError:
                raise NotUnderstood(connection.url, f"an event of job {job_id} has no such form") from None


def _left(deadline: float | None, clock: Callable[[], float]) -> float | None:
    return None if deadline is None else max(0.0, deadline - clock())


def _check(job_id: str, deadline: float | None, timeout_s: float | None, clock: Callable[[], float]) -> None:
    if deadline is not None and timeout_s is not None and clock() >= deadline:
        raise WaitTimeout(job_id, timeout_s)
