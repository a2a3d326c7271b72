"""Database URLs: which are known, and that a password never shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import Database
from store.address import parse
from store.errors import DatabaseUnavailable


def test_a_relative_file_is_that_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    address = parse("sqlite:///sub/a.db")
    monkeypatch.chdir("/")
    assert address.path == tmp_path / "sub" / "a.db"
    assert str(address) == str(tmp_path / "sub" / "a.db")


@pytest.mark.parametrize("name", ["a b.db", "a%20b.db", "ä.db", "a?b.db"])
def test_odd_file_names(tmp_path: Path, name: str) -> None:
    with Database(f"sqlite:///{tmp_path}/{name.replace('?', '%3F')}").read():
        pass
    assert [path.suffix for path in tmp_path.iterdir()] == [".db"]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql(scheme: str) -> None:
    address = parse(f"{scheme}://ada:secret@db.example:5433/lrtune?sslmode=require")
    assert address.path is None
    assert address.url.drivername == "postgresql+psycopg"
    assert address.url.password == "secret"
    assert str(address) == "postgresql://ada:***@db.example:5433/lrtune?sslmode=require"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lrtune.db",
        "/lrtune.db",
        "sqlite:lrtune.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://lrtune.db",
        "sqlite:///file:lrtune.db?uri=true",
        "mysql://ada:secret@db/lrtune",
        "postgresql+asyncpg://ada:secret@db/lrtune",
        "postgresql://ada:secret@db:port/lrtune",
        "postgresql//ada:secret@db/lrtune",
    ],
)
def test_what_is_no_database(url: str) -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        Database(url)
    assert caught.value.remedy
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
