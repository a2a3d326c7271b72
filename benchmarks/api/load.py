"""A server in a process of its own, and clients that ask as fast as it answers."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from benchmarks.api import bare
from service.app import create_app
from service.settings import load
from store import Database


@dataclass(frozen=True)
class Measured:
    """Requests a second, and the time that 99 of 100 took at most, in milliseconds."""

    rate: float
    p99_ms: float


def ours(url: str, home: str, listener: socket.socket) -> None:
    """Serve lrtune on a socket until killed."""
    settings = load({"LRTUNE_HOME": home, "LRTUNE_DATABASE_URL": url})
    Path(home).mkdir(exist_ok=True)
    _run(create_app(settings, Database(url)), listener)


def theirs(url: str, home: str, listener: socket.socket) -> None:
    """Serve the bare app, likewise."""
    _run(bare.create(url), listener)


def _run(app: FastAPI, listener: socket.socket) -> None:
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
    uvicorn.Server(config).run([listener])


@contextmanager
def serving(target: Callable[[str, str, socket.socket], None], url: str, home: str) -> Iterator[str]:
    """The address of a server that runs ``target``."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = multiprocessing.get_context("fork").Process(target=target, args=(url, home, listener))
        process.start()
        try:
            yield address
        finally:
            process.kill()
            process.join()


def measure(address: str, ask: Callable[[httpx.Client, int], httpx.Response], *, seconds: float,
            clients: int) -> Measured:  # fmt: skip
    """Let ``clients`` ask for ``seconds``, after a tenth of it as warm-up.

    Raises:
        httpx.HTTPStatusError: An answer was no success.
    """
    took: list[float] = []
    errors: list[Exception] = []
    start = time.monotonic()

    def client(number: int) -> None:
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
            asked = 0
            try:
                while (now := time.monotonic()) - start < 1.1 * seconds:
                    ask(http, number + clients * asked).raise_for_status()
                    asked += 1
                    if now - start > 0.1 * seconds:
                        took.append(time.monotonic() - now)
            except httpx.HTTPError as error:
                errors.append(error)

    crowd = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    if errors:
        raise errors[0]
    took.sort()
    return Measured(len(took) / seconds, 1000 * took[min(int(0.99 * len(took)), len(took) - 1)])
