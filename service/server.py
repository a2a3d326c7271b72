"""Runs the app: binds, migrates, starts workers, serves until told to stop, and drains."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from threading import Event
from types import FrameType

import uvicorn
from fastapi import FastAPI

from service import examples, signing_key
from service.app import create_app
from service.home import hold
from service.local_workers import LocalWorkers
from service.pruning import Pruning
from service.settings import Settings
from service.webhooks.deliverer import Deliverer
from store import Database, accounts, migrate

NO_ACCOUNTS = "No accounts: only this machine can reach it, and whoever uses this machine is its admin."


class ServeError(Exception):
    """The server cannot start; the message is one line and says what to do."""


def serve(settings: Settings, *, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then drain.

    Draining: no new connections; event streams end; open requests and local workers get
    ``settings.drain_s`` seconds each.

    Args:
        settings: What to serve, and where.
        say: Prints a line for whoever started the server.

    Raises:
        ServeError, HomeError: The server cannot start.
        store.errors.DatabaseUnavailable: The database cannot be reached or written.
    """
    with hold(settings.home):
        migrate(settings.database_url)
        database = Database(settings.database_url)
        draining = Event()
        workers = local_workers(settings)
        pruning = Pruning(database, settings.keep_days)
        try:
            have_accounts = check_reach(settings, database)
            with bind(settings.host, settings.port) as listener:
                examples.register(database)
                signing_key.load(settings)
                app = create_app(settings, database, draining=draining)
                workers.start()
                pruning.start()

                def ready() -> None:
                    announce(say, settings, listener, have_accounts=have_accounts)

                with Deliverer(database, settings.webhook_networks):
                    Listening(app, settings, draining, ready).run([listener])
        finally:
            workers.stop()
            pruning.stop()
            database.dispose()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ServeError: The address is taken or is not this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise ServeError(
            f"Cannot listen on {host} port {port}: {error.strerror or error}. "
            "Choose another with --port (0 takes a free one), or stop the server that is there."
        ) from None
    # Connections inherit it; asyncio sets it only where a socket's protocol is named, as this one's is not.
    # Without it an answer's body waits until the client has acknowledged the headers, which may take 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def check_reach(settings: Settings, database: Database) -> bool:
    """Whether there are accounts; without any, only this machine may reach the server.

    Raises:
        ServeError: There are none, and the address is not a loopback address.
    """
    with database.read() as tx:
        found = accounts.exist(tx)
    if not found and not settings.loopback:
        raise ServeError(
            f"Refusing to listen on {settings.host}: without accounts anybody who reaches this address could "
            "run code here. Create one with `lrtune admin create-user NAME --role admin`, "
            "or use --host 127.0.0.1."
        )
    return found


def url(listener: socket.socket) -> str:
    """The listener's address as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def announce(
    say: Callable[[str], None], settings: Settings, listener: socket.socket, *, have_accounts: bool
) -> None:
    reach = "Accounts: every request needs a token." if have_accounts else NO_ACCOUNTS
    say(f"lrtune is listening on {url(listener)}")
    say(f"{reach} Data: {settings.home}. Ctrl-C stops it.")


def local_workers(settings: Settings) -> LocalWorkers:
    """The workers that ``settings`` ask for.

    The database's URL may hold a password, so it goes by environment: arguments are for all to read.
    """
    command = [sys.executable, "-m", "lrtune.cli", "worker"]
    environ = {**os.environ, "LRTUNE_DATABASE_URL": settings.database_url, "LRTUNE_HOME": str(settings.home)}
    return LocalWorkers(command, environ, settings.workers, settings.home / "logs", drain_s=settings.drain_s)


class Listening(uvicorn.Server):
    """uvicorn, but it says when it is ready, ends event streams when told to stop, and then exits with 0."""

    def __init__(self, app: FastAPI, settings: Settings, draining: Event, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=max(1, round(settings.drain_s)),
                timeout_keep_alive=30,
            )
        )
        self.draining = draining
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.draining.set()
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # uvicorn raises the signal again at the end, which would end a drained server with an error status.
        stops: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM)
        before = {stop: signal.signal(stop, self.handle_exit) for stop in stops}
        try:
            yield
        finally:
            for stop, handler in before.items():
                signal.signal(stop, handler)
