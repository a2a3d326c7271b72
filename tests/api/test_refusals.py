"""What keeps ``lrtune serve`` from starting; and ``lrtune migrate``."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from service.commands import migrate, serve
from tests.api.command_line import refused, run


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.org"])
def test_only_loopback_without_accounts(tmp_path: Path, host: str) -> None:
    refused(run(serve, "--port", "0", "--host", host, home=tmp_path), host, "--host 127.0.0.1")


def test_a_wrong_setting(tmp_path: Path) -> None:
    refused(run(serve, home=tmp_path, LRTUNE_PORT="many"), "LRTUNE_PORT", "many")


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    refused(run(serve, "--port", "0", home=tmp_path / "home"), str(tmp_path / "home"), "LRTUNE_HOME")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "lrtune.db").write_bytes(b"not a database, but long enough to be read as one" * 100)
    refused(run(serve, "--port", "0", home=tmp_path), "database")


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    url = "postgresql://ada:secret@127.0.0.1:1/lrtune"
    done = run(serve, "--port", "0", home=tmp_path, LRTUNE_DATABASE_URL=url)
    refused(done, "database")
    assert "secret" not in done.stderr


def test_a_database_url_that_is_none(tmp_path: Path) -> None:
    refused(run(serve, "--port", "0", "--database-url", "lrtune.db", home=tmp_path), "atabase")


def test_a_start_imports_nothing_heavy() -> None:
    heavy = ("torch", "optuna", "scipy", "sklearn", "matplotlib")
    script = f"import service.commands, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_migrate_again_and_again(tmp_path: Path) -> None:
    for _ in range(2):
        done = run(migrate, home=tmp_path)
        assert (done.exit_code, done.stderr) == (0, "")
    with sqlite3.connect(tmp_path / "lrtune.db") as connection:
        [[jobs]] = connection.execute("select count(*) from jobs").fetchall()
    assert jobs == 0
