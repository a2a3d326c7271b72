"""The event stream: whole, resumable, and ended by the job, the server or the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag

import anyio
import pytest

from lrtune.wire import Event
from service import event_stream
from store import Database, events, jobs
from tests.api.conftest import Client
from tests.api.measured import running, succeeded
from tests.api.problem import problem


def received(text: str) -> list[Event]:
    """The events of a stream's text; each is checked to say its id and kind twice alike."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            event = Event.model_validate_json(fields["data"])
            assert (fields["id"], fields["event"]) == (str(event.id), event.kind)
            found.append(event)
    return found


def test_a_finished_job_tells_all_and_ends(client: Client, database: Database) -> None:
    job = succeeded(database, "a")
    response = client.get(f"/v1/jobs/{job}/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    told = received(response.text)
    assert [event.kind for event in told] == ["state", "state", "range_test", "answer", "state"]
    assert [event.data["state"] for event in told if event.kind == "state"] == [
        "queued",
        "running",
        "succeeded",
    ]


def test_a_stream_resumes_after_the_event_it_names(client: Client, database: Database) -> None:
    job = succeeded(database, "a")
    whole = received(client.get(f"/v1/jobs/{job}/events").text)
    for seen in range(len(whole) + 1):
        last = {"Last-Event-ID": str(whole[seen - 1].id)} if seen else {}
        assert received(client.get(f"/v1/jobs/{job}/events", headers=last).text) == whole[seen:]


def test_jobs_do_not_see_each_other(client: Client, database: Database) -> None:
    succeeded(database, "a")
    succeeded(database, "b")
    assert {event.job for event in received(client.get("/v1/jobs/a/events").text)} == {"a"}


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9223372036854775808", ""])
def test_a_wrong_last_event_id(client: Client, database: Database, last: str) -> None:
    job = succeeded(database, "a")
    response = client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": last})
    problem(response, "invalid_request", "Last-Event-ID")


def streamed(database: Database, job: str, draining: Flag, act: Callable[[float], None]) -> str:
    """The text of a stream that calls ``act`` with the pause each time it would sleep."""

    async def main() -> str:
        async def sleep(delay: float) -> None:
            await anyio.to_thread.run_sync(act, delay)

        chunks = event_stream.stream(
            database, job, 0, draining=draining, limiter=anyio.CapacityLimiter(1), sleep=sleep
        )
        return "".join([chunk async for chunk in chunks])

    return anyio.run(main)


def test_events_come_as_they_happen(database: Database) -> None:
    running(database, "a")

    def act(delay: float) -> None:
        with database.write() as tx:
            events.add(tx, "a", "log", {"text": "late"})
            jobs.cancel(tx, "a")

    told = received(streamed(database, "a", Flag(), act))
    assert [event.kind for event in told][-2:] == ["log", "state"]


def test_a_silent_stream_looks_less_often_and_shows_that_it_lives(database: Database) -> None:
    running(database, "a")
    pauses: list[float] = []
    draining = Flag()

    def act(delay: float) -> None:
        pauses.append(delay)
        if sum(pauses) > 3 * event_stream.HEARTBEAT_S:
            draining.set()

    text = streamed(database, "a", draining, act)
    assert pauses == sorted(pauses)
    assert pauses[-1] == event_stream.POLL_MAX_S
    assert 2 <= text.count(": heartbeat\n\n") <= 3


def test_many_events_come_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "BATCH", 2)
    succeeded(database, "a")
    told = received(streamed(database, "a", Flag(), lambda _: pytest.fail("it waits")))
    assert len(told) == 5


def test_a_database_that_goes_ends_the_stream(database: Database, tmp_path: Path) -> None:
    running(database, "a")

    def act(delay: float) -> None:
        (tmp_path / "lrtune.db").unlink()

    told = received(streamed(database, "a", Flag(), act))
    assert [event.kind for event in told] == ["state", "state", "range_test"]
