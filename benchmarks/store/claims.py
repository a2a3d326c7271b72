"""Claims a second, against what PostgreSQL itself can do (pgbench with the bare statement)."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from benchmarks.store import crowd
from benchmarks.store.filled import job_with_units
from store import Database, tables, units

PROCESSES, THREADS = 8, 8

PGBENCH = """
UPDATE queue SET state = 'leased', attempt = attempt + 1 WHERE id = (
    SELECT id FROM queue WHERE state = 'open' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id;
"""


def ours(url: str, *, seconds: float, available: int) -> tuple[float, int]:
    """Claims a second by 64 claimers, and how many units were claimed more than once."""
    job_with_units(url, available)
    rate = crowd.run(claim, url, processes=PROCESSES, threads=THREADS, seconds=seconds)
    database = Database(url)
    with database.read() as tx:
        twice = tx.conn.execute(sa.select(sa.func.count()).where(tables.units.c.attempt > 1)).scalar_one()
        left = tx.conn.execute(sa.select(sa.func.count()).where(tables.units.c.state == "open")).scalar_one()
    database.dispose()
    if not left:
        raise RuntimeError(f"{available} units were not enough for {seconds:g} s")
    return rate, twice


def claim(url: str, worker: int) -> Iterator[float]:
    database = _shared(url)
    units.claim(database, f"w{worker}", lease_s=3600)
    yield 0
    while True:
        yield units.claim(database, f"w{worker}", lease_s=3600) is not None


@cache
def _shared(url: str) -> Database:
    return Database(url)


def cpu_ms(url: str, *, claims: int = 1000) -> float:
    """CPU milliseconds that a claim costs the worker's process."""
    job_with_units(url, 2 * claims)
    database = _shared(url)
    for _ in range(claims // 10):
        units.claim(database, "w", lease_s=3600)
    began = time.process_time()
    for _ in range(claims):
        units.claim(database, "w", lease_s=3600)
    database.dispose()
    return (time.process_time() - began) / claims * 1000


def pgbench_ours(url: str, *, seconds: float, available: int) -> float:
    """Claims a second of the store's own statement on its own table, by as many pgbench clients."""
    job_with_units(url, available)
    found: list[tuple[str, Any]] = []

    def record(
        conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        if statement.startswith("UPDATE units"):
            found.append((statement, parameters))

    database = Database(url)
    sa.event.listen(database.engine, "before_cursor_execute", record)
    units.claim(database, "w", lease_s=3600)
    [*_, (statement, parameters)] = found
    with psycopg.connect(url) as connection:
        text = psycopg.ClientCursor(connection).mogrify(statement, parameters)
    database.dispose()
    return _pgbench(url, text, seconds)


def pgbench(url: str, *, seconds: float, available: int) -> float:
    """Claims a second of the bare statement on a bare table, by as many clients."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS queue")
        connection.execute(
            "CREATE TABLE queue (id bigint PRIMARY KEY, state text NOT NULL, attempt int NOT NULL)"
        )
        connection.execute(
            "INSERT INTO queue SELECT i, 'open', 0 FROM generate_series(1, %s) i", (available,)
        )
        connection.execute("CREATE INDEX ON queue (id) WHERE state = 'open'")
        # Or its ANALYZE may hold a snapshot, for which the entries of claimed rows stay in the index.
        connection.execute("ALTER TABLE queue SET (autovacuum_enabled = false)")
        connection.execute("ANALYZE queue")
    return _pgbench(url, PGBENCH, seconds)


def _pgbench(url: str, statement: str, seconds: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "claim.sql"
        script.write_text(f"{statement.strip().rstrip(';')};\n".replace("\n", " ") + "\n")
        clients = str(PROCESSES * THREADS)
        command = ["pgbench", "-n", "-M", "prepared", "-c", clients, "-j", "2", "-T", f"{seconds:.0f}"]
        said = subprocess.run(
            [*command, "-f", str(script), url], capture_output=True, text=True, check=True
        ).stdout
    found = re.search(r"tps = ([0-9.]+)", said)
    if found is None:
        raise RuntimeError(f"pgbench said no rate: {said}")
    return float(found[1])
