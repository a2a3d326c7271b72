"""Builds a world, and takes it down."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psycopg

from benchmarks.chaos import ledger
from benchmarks.chaos.faults import LEASE
from benchmarks.chaos.proxy import Proxy
from benchmarks.chaos.world import Slot, World, free_port
from store import Database, migrate
from tests import postgresql
from tests.acceptance.processes import end, environ, lrtune

DISK_MB = 400


@contextmanager
def world(
    home: Path, kind: str, *, workers: int, seed: int, lease_s: float | None = LEASE
) -> Iterator[World]:
    """A world with a server and workers that run.

    Args:
        home: An empty folder, where the logs stay.
        kind: ``sqlite`` or ``postgresql``.
        workers: How many.
        seed: Of its chance.
        lease_s: Length of the workers' leases; None for the default.
    """
    with contextlib.ExitStack() as stack:
        # A socket's path may have 107 characters.
        folder = Path(tempfile.mkdtemp(prefix="lrtune-chaos-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        disk = stack.enter_context(_mounted(folder))
        server = None
        if kind == "postgresql":
            binaries = postgresql.find_binaries()
            if binaries is None:
                raise RuntimeError(postgresql.MISSING)
            server = stack.enter_context(postgresql.started(folder, binaries))
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("CREATE DATABASE chaos")
            url = f"postgresql://postgres@/chaos?host={folder}"
        else:
            url = f"sqlite:///{folder / 'lrtune.db'}"
        migrate(url)
        database = Database(url)
        stack.callback(database.dispose)
        ledger.install(database)
        port = free_port()
        made = World(
            random=Random(seed),
            home=home,
            url=url,
            postgresql=server,
            disk=folder if disk else None,
            database=database,
            server=Slot(
                "server",
                lrtune("serve", "--port", str(port), "--workers", "0"),
                environ(home, LRTUNE_DATABASE_URL=url),
                home / "server.log",
            ),
            address=f"http://127.0.0.1:{port}",
            workers=[_worker(stack, home, url, server, number, lease_s) for number in range(1, workers + 1)],
        )
        try:
            yield made
        finally:
            stop(made)


def stop(world: World) -> None:
    """End server and workers as their keeper would, with the time to hand back what they hold."""
    slots = [slot for slot in (*world.workers, world.server) if slot.process is not None]
    for slot in slots:
        slot.tended = False
    for slot in slots:
        assert slot.process is not None
        end(slot.process)


def _worker(
    stack: contextlib.ExitStack,
    home: Path,
    url: str,
    server: postgresql.Server | None,
    number: int,
    lease_s: float | None,
) -> Slot:
    proxy = clock = None
    if server is not None:
        proxy = Proxy(server.socket)
        stack.callback(proxy.close)
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/chaos"
    # An empty variable is none.
    more = {"LRTUNE_DATABASE_URL": url, "LRTUNE_LEASE_S": "" if lease_s is None else f"{lease_s:g}"}
    # With SQLite the machine's clock is the database's.
    if number == 1 and server is not None and (library := _clock_library(home)) is not None:
        clock = home / "clock"
        clock.write_bytes(bytes(8))
        more |= {"LD_PRELOAD": str(library), "CHAOS_CLOCK": str(clock)}
    name = f"worker-{number}"
    return Slot(name, lrtune("worker"), environ(home, **more), home / f"{name}.log", proxy, clock)


def _clock_library(home: Path) -> Path | None:
    """The compiled ``clock.c``; None without a C compiler."""
    library, source = home / "clock.so", Path(__file__).with_name("clock.c")
    if shutil.which("cc") is None:
        return None
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library


@contextmanager
def _mounted(folder: Path) -> Iterator[bool]:
    """A small file system of its own at ``folder``, in memory, where one may be mounted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "lrtune-chaos", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
