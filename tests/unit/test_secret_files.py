"""Settings from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lrtune.secret_files import SecretFileError, read
from service.settings import load as load_server
from workers.settings import load as load_worker

URL = "postgresql://ada:secret@db/lrtune"


def test_a_file_stands_for_the_variable(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"{URL}\n")
    environ = {"LRTUNE_DATABASE_URL_FILE": str(tmp_path / "url")}
    assert load_server(environ).database_url == URL
    assert load_worker(environ).database_url == URL
    assert read({"A": "1", "B_FILE": ""}, ("A", "B")) == {"A": "1", "B_FILE": ""}


def test_what_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for file in ("empty", "binary", "missing"):
        with pytest.raises(SecretFileError, match="A_FILE"):
            read({"A_FILE": str(tmp_path / file)}, ("A",))
    with pytest.raises(SecretFileError, match="set too"):
        read({"A": "x", "A_FILE": str(tmp_path / "url")}, ("A",))
