"""A server in a process of its own, and clients that ask as fast as it answers."""

from __future__ import annotations

import http.client
import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from benchmarks.api import bare
from service.app import create_app
from service.server import bind
from service.settings import load
from store import Database


@dataclass(frozen=True)
class Asked:
    """A request."""

    path: str
    method: str = "GET"
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """Requests a second, the time that 99 of 100 took at most, and the server's CPU time of one, in ms."""

    rate: float
    p99_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Server:
    """A running server."""

    host: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """Seconds of CPU that its process has used so far."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def ours(url: str, home: str, listener: socket.socket) -> None:
    """Serve lrtune on a socket until killed."""
    settings = load({"LRTUNE_HOME": home, "LRTUNE_DATABASE_URL": url, "LRTUNE_RATE_LIMIT": "0"})
    Path(home).mkdir(exist_ok=True)
    _run(create_app(settings, Database(url)), listener)


def theirs(url: str, home: str, listener: socket.socket) -> None:
    """Serve the bare app, likewise."""
    _run(bare.create(url), listener)


def _run(app: FastAPI, listener: socket.socket) -> None:
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
    uvicorn.Server(config).run([listener])


@contextmanager
def serving(target: Callable[[str, str, socket.socket], None], url: str, home: str) -> Iterator[Server]:
    """A server that runs ``target`` in a process of its own."""
    with bind("127.0.0.1", 0) as listener:
        process = multiprocessing.get_context("fork").Process(target=target, args=(url, home, listener))
        process.start()
        assert process.pid is not None
        try:
            yield Server("127.0.0.1", listener.getsockname()[1], process.pid)
        finally:
            process.kill()
            process.join()


def measure(server: Server, ask: Callable[[int], Asked], *, seconds: float, clients: int) -> Measured:
    """Let ``clients`` ask for ``seconds``, after a tenth of it as warm-up, each on a connection of its own.

    Raises:
        RuntimeError: An answer was no success.
    """
    took: list[float] = []
    errors: list[Exception] = []
    # The first answer waits for the server to have started.
    ask_once(http.client.HTTPConnection(server.host, server.port, timeout=60), ask(0))
    start = time.monotonic()

    def client(number: int) -> None:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
        asked = 0
        try:
            while (now := time.monotonic()) - start < 1.1 * seconds:
                ask_once(connection, ask(number + clients * asked))
                asked += 1
                if now - start > 0.1 * seconds:
                    took.append(time.monotonic() - now)
        except (RuntimeError, OSError, http.client.HTTPException) as error:
            errors.append(error)
        finally:
            connection.close()

    crowd = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in crowd:
        thread.start()
    time.sleep(0.1 * seconds)
    cpu_s, counted = server.cpu_s(), len(took)
    for thread in crowd:
        thread.join()
    if errors:
        raise errors[0]
    cpu_s = server.cpu_s() - cpu_s
    counted = len(took) - counted
    took.sort()
    return Measured(
        rate=len(took) / seconds,
        p99_ms=1000 * took[min(int(0.99 * len(took)), len(took) - 1)],
        cpu_ms=1000 * cpu_s / counted,
    )


def ask_once(connection: http.client.HTTPConnection, asked: Asked) -> None:
    connection.request(asked.method, asked.path, asked.body, asked.headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{asked.method} {asked.path}: {answer.status} {body.decode()}")
