"""The store's contract suite runs on both databases, with a clock of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from store import Database
from tests.databases import *  # noqa: F403 - fixtures
from tests.store.rows import Clock, register


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    """A migrated database with the task ``digits`` in it, whose clock is the test's."""
    database = Database(database_url, now=clock)
    register(database, "digits")
    yield database
    database.dispose()
