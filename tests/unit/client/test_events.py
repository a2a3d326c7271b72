"""Following events over connections that break; once over a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import httpx
import pytest

from lrtune import ApiError, Client, NotUnderstood, Unreachable, WaitTimeout
from lrtune.client.events import follow
from lrtune.wire import Event, JobState
from service import samples
from tests.unit.client.fake import FakeServer, event, model, problem, stream

JOB = f"/v1/jobs/{samples.JOB.id}"
LAST = event(9, "state", state="succeeded")


def ids(events: Iterator[Event]) -> list[int]:
    return [event.id for event in events]


def resumed(server: FakeServer) -> list[str]:
    return [r.headers["Last-Event-ID"] for r in server.requests if r.url.path.endswith("/events")]


def test_a_stream_that_ends_early_is_resumed() -> None:
    server = (
        FakeServer()
        .on(
            f"GET {JOB}/events", stream(event(1, "phase"), event(2, "trial")), stream(event(3, "trial"), LAST)
        )
        .on(f"GET {JOB}", model(samples.JOB))
    )
    assert ids(server.client().events(samples.JOB.id)) == [1, 2, 3, 9]
    assert resumed(server) == ["0", "2"]


def test_following_may_begin_in_the_middle_and_repeats_nothing() -> None:
    server = FakeServer().on(f"GET {JOB}/events", stream(event(4, "trial"), event(5, "trial"), LAST))
    assert ids(server.client().events(samples.JOB.id, after=4)) == [5, 9]
    assert resumed(server) == ["4"]


def test_a_broken_connection_is_made_again() -> None:
    server = FakeServer().on(
        f"GET {JOB}/events",
        stream(event(1, "trial")),
        httpx.ConnectError("refused"),
        httpx.Response(503),
        httpx.ReadTimeout("silent"),
        stream(event(2, "trial"), LAST),
    )
    server.on(f"GET {JOB}", model(samples.JOB))
    assert ids(server.client().events(samples.JOB.id)) == [1, 2, 9]
    assert resumed(server) == ["0", "1", "1", "1", "1"]


def test_a_job_that_ended_silently_ends_the_stream() -> None:
    ended = samples.JOB.model_copy(update={"state": JobState.FAILED})
    server = FakeServer().on(f"GET {JOB}/events", stream(event(1, "trial")), stream(event(2, "log")))
    server.on(f"GET {JOB}", model(ended))
    assert ids(server.client().events(samples.JOB.id)) == [1, 2]


def test_a_server_that_stays_away_is_given_up() -> None:
    server = FakeServer().on(f"GET {JOB}/events", httpx.ConnectError("refused"))
    with pytest.raises(Unreachable):
        list(server.client().events(samples.JOB.id))
    assert 100 < sum(server.slept) <= 120


def test_a_refusal_is_told_at_once() -> None:
    server = FakeServer().on(f"GET {JOB}/events", problem(404, "not_found", "There is no such job."))
    with pytest.raises(ApiError, match="no such job"):
        list(server.client().events(samples.JOB.id))
    assert server.slept == []


@pytest.mark.parametrize("data", ["not json", "{}", "[]"])
def test_an_event_of_another_form_is_not_understood(data: str) -> None:
    server = FakeServer().on(f"GET {JOB}/events", stream(f"data: {data}\n\n".encode()))
    with pytest.raises(NotUnderstood):
        list(server.client().events(samples.JOB.id))


def test_waiting_ends_at_the_deadline() -> None:
    server = FakeServer().on(f"GET {JOB}/events", stream(event(1, "trial")), httpx.ReadTimeout("silent"))
    clock = count(0.0, 1.0)
    found = follow(
        server.client()._connection,
        samples.JOB.id,
        after=0,
        state=lambda: JobState.RUNNING,
        timeout_s=20.0,
        clock=lambda: next(clock),
    )
    with pytest.raises(WaitTimeout, match="within 20 s"):
        list(found)


class Breaking(BaseHTTPRequestHandler):
    """Cuts the first stream in the middle of an event, and sends the rest to whoever resumes."""

    asked: list[str]

    def do_GET(self) -> None:
        after = self.headers["Last-Event-ID"]
        self.asked.append(after)
        whole = event(1, "trial") + event(2, "log", text="a\u2028b") + LAST
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(whole)))
        self.end_headers()
        self.wfile.write(whole[: len(event(1, "trial")) + 20] if after == "0" else whole)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_real_connection_that_breaks_loses_and_repeats_nothing() -> None:
    Breaking.asked = []
    slept: list[float] = []
    with listening(Breaking) as url, Client(url, sleep=slept.append, environ={}) as client:
        found = list(client.events(samples.JOB.id))
    assert [event.id for event in found] == [1, 2, 9]
    assert found[1].data == {"text": "a\u2028b"}
    assert Breaking.asked == ["0", "1"]
    assert len(slept) == 1
