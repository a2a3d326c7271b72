"""SQLAlchemy engines for the two databases, with the few settings on which the store's promises rest."""

from __future__ import annotations

import select
import sqlite3
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import PoolProxiedConnection

from store.address import Address
from store.columns import to_json

BUSY_TIMEOUT_S = 20.0
"""How long a write waits for others' locks before the database counts as unavailable."""

POOL_SIZE = 10
POOL_OVERFLOW = 40
WRITES = "lrtune_writes"
"""Execution option of a connection that is going to write."""


def create(address: Address) -> Engine:
    """An engine that has not connected yet."""
    return _sqlite(address) if address.path else _postgresql(address)


def _postgresql(address: Address) -> Engine:
    engine = sa.create_engine(
        address.url,
        json_serializer=to_json,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        connect_args={
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            # A process that stops inside a transaction must not hold a job's lock for ever.
            "options": f"-c timezone=UTC -c lock_timeout={BUSY_TIMEOUT_S:g}s "
            "-c idle_in_transaction_session_timeout=60s",
            "application_name": "lrtune",
        },
    )

    # The pool's own pre-ping would ask the server before each use: a round trip more for every claim.
    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, record: Any, proxy: PoolProxiedConnection) -> None:
        if _cut(connection):
            raise DisconnectionError  # the pool makes a new one

    return engine


def _cut(connection: Any) -> bool:
    """Whether an idle connection has ended: then, and only then, its socket has something to be read.

    A server that ends says so; one whose machine is gone is found out by keepalive.
    """
    if connection.closed:
        return True
    readable = select.poll()
    readable.register(connection.fileno(), select.POLLIN)
    return bool(readable.poll(0))


def _sqlite(address: Address) -> Engine:
    engine = sa.create_engine(
        address.url,
        json_serializer=to_json,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # the begin below is ours, not the driver's
        connection.execute("PRAGMA foreign_keys = ON")
        # With WAL, NORMAL survives a crash of the process; a power cut may cost the last commits.
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
