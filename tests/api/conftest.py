"""A client that speaks to the app in process, over a real migrated database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio.from_thread
import httpx
import pytest
from fastapi import FastAPI

from service import examples
from service.app import create_app
from service.settings import Settings, load
from store import Database, migrate


class Client:
    """httpx over ASGI, for tests that are plain functions."""

    def __init__(self, app: FastAPI, portal: anyio.from_thread.BlockingPortal, base_url: str) -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url=base_url)
        self._portal = portal
        self.app = app

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self._portal.call(partial(self._client.request, method, url, **options))

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)


@pytest.fixture(scope="session")
def portal() -> Iterator[anyio.from_thread.BlockingPortal]:
    with anyio.from_thread.start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file with the examples registered; copied for each test."""
    path = tmp_path_factory.mktemp("migrated") / "lrtune.db"
    migrate(f"sqlite:///{path}")
    database = Database(f"sqlite:///{path}")
    examples.register(database)
    database.dispose()
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"LRTUNE_HOME": str(tmp_path)}, workers=0)


@pytest.fixture
def database(settings: Settings, migrated: Path) -> Iterator[Database]:
    shutil.copy(migrated, settings.home / "lrtune.db")
    database = Database(settings.database_url)
    yield database
    database.dispose()


@pytest.fixture
def client(settings: Settings, database: Database, portal: anyio.from_thread.BlockingPortal) -> Client:
    return Client(create_app(settings, database), portal, "http://localhost:8765")
