"""``lrtune serve`` and ``lrtune migrate`` as real processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

LISTENING = "lrtune is listening on "


def environ(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LRTUNE_")}
    return kept | {"LRTUNE_HOME": str(home)} | more


def command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", f"from service.commands import {name}; {name}()", *arguments]


def run(name: str, *arguments: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(name, *arguments), env=environ(home, **more), capture_output=True, text=True, timeout=120
    )


@contextmanager
def serving(home: Path, *arguments: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server on a free port that is ready, and its URL; killed at the end if it still runs."""
    arguments = ("--port", "0", "--workers", "0", *arguments)
    with subprocess.Popen(
        command("serve", *arguments),
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


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit status 1 and one line on standard error that holds ``words``."""
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


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


def test_a_second_server_on_the_same_port(tmp_path: Path) -> None:
    with serving(tmp_path / "one") as (_, url):
        port = url.rpartition(":")[2]
        refused(run("serve", "--port", port, home=tmp_path / "two"), f"port {port}", "--port")
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_a_second_server_on_the_same_home(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, _):
        refused(run("serve", "--port", "0", home=tmp_path), str(process.pid), str(tmp_path), "LRTUNE_HOME")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.org"])
def test_only_loopback_without_accounts(tmp_path: Path, host: str) -> None:
    refused(run("serve", "--port", "0", "--host", host, home=tmp_path), host, "--host 127.0.0.1")
    assert list(tmp_path.iterdir()) == []


def test_ipv6(tmp_path: Path) -> None:
    with serving(tmp_path, "--host", "::1") as (_, url):
        assert url.startswith("http://[::1]:")
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_a_wrong_setting(tmp_path: Path) -> None:
    refused(run("serve", home=tmp_path, LRTUNE_PORT="many"), "LRTUNE_PORT", "many")


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    refused(run("serve", "--port", "0", home=tmp_path / "home"), str(tmp_path / "home"), "LRTUNE_HOME")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "lrtune.db").write_bytes(b"not a database, but long enough to be read as one" * 100)
    refused(run("serve", "--port", "0", home=tmp_path), "database")


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    url = "postgresql://ada:secret@127.0.0.1:1/lrtune"
    done = run("serve", "--port", "0", home=tmp_path, LRTUNE_DATABASE_URL=url)
    refused(done, "database")
    assert "secret" not in done.stderr


def test_a_database_url_that_is_none(tmp_path: Path) -> None:
    refused(run("serve", "--port", "0", "--database-url", "lrtune.db", home=tmp_path), "atabase")


def test_a_start_imports_nothing_heavy() -> None:
    heavy = ("torch", "optuna", "scipy", "sklearn", "matplotlib")
    script = f"import service.commands, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_migrate_again_and_again(tmp_path: Path) -> None:
    for _ in range(2):
        done = run("migrate", home=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    with sqlite3.connect(tmp_path / "lrtune.db") as connection:
        [[jobs]] = connection.execute("select count(*) from jobs").fetchall()
    assert jobs == 0


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
