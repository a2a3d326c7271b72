"""``lrtune serve`` and ``lrtune migrate`` as real processes."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from service.commands import serve
from service.server import bind
from tests.api.command_line import environ, refused, run

LISTENING = "lrtune is listening on "


@contextmanager
def serving(home: Path, *arguments: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server on a free port that is ready, and its URL; killed at the end if it still runs."""
    arguments = ("--port", "0", "--workers", "0", *arguments)
    with subprocess.Popen(
        [sys.executable, "-c", "from service.commands import serve; serve()", *arguments],
        env=environ(home, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(LISTENING), line + (process.stderr.read() if process.stderr else "")
            yield process, line.removeprefix(LISTENING).strip()
        finally:
            process.kill()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_drains(tmp_path: Path, stop: signal.Signals) -> None:
    with serving(tmp_path) as (process, url):
        tasks = httpx.get(f"{url}/v1/tasks").json()["items"]
        assert {task["name"] for task in tasks} >= {"digits-mlp", "digits-cnn"}
        assert httpx.get(f"{url}/readyz").status_code == 200
        process.send_signal(stop)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_an_open_event_stream_ends_when_the_server_stops(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url):
        job = httpx.post(f"{url}/v1/jobs", json={"task": "digits-mlp"}).json()["id"]
        with httpx.stream("GET", f"{url}/v1/jobs/{job}/events", timeout=60) as response:
            lines = response.iter_lines()
            assert next(lines) == "retry: 1000"
            process.send_signal(signal.SIGTERM)
            list(lines)
        assert process.wait(60) == 0


def test_jobs_outlive_a_killed_server(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url):
        job = httpx.post(f"{url}/v1/jobs", json={"task": "digits-mlp"}).json()
        process.kill()
        process.wait()
    with serving(tmp_path) as (process, url):
        assert httpx.get(f"{url}/v1/jobs/{job['id']}").json() == job


def test_a_second_server(tmp_path: Path) -> None:
    with serving(tmp_path / "one") as (process, url):
        port = url.rpartition(":")[2]
        refused(run(serve, "--port", port, home=tmp_path / "two"), f"port {port}", "--port")
        done = run(serve, "--port", "0", home=tmp_path / "one")
        refused(done, str(process.pid), str(tmp_path / "one"), "LRTUNE_HOME")
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_answers_do_not_wait_for_acknowledgements() -> None:
    with bind("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_ipv6(tmp_path: Path) -> None:
    with serving(tmp_path, "--host", "::1") as (_, url):
        assert url.startswith("http://[::1]:")
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_a_database_deleted_under_a_running_server(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, url):
        for file in tmp_path.glob("lrtune.db*"):
            file.unlink()
        response = httpx.get(f"{url}/readyz")
        assert response.status_code == 503
        assert response.json()["code"] in {"database_unavailable", "not_serving"}
        response = httpx.post(f"{url}/v1/jobs", json={"task": "digits-mlp"})
        assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
        assert response.headers["retry-after"]


def test_local_workers_are_started_with_the_database(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "1") as (process, url):
        workers: list[dict[str, object]] = []
        while not workers:
            workers = httpx.get(f"{url}/v1/workers").json()["items"]
        assert workers[0]["alive"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
