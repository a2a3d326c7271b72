"""``lrtune export``."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from lrtune.cli import exits
from service import samples
from tests.unit.cli.conftest import Run
from tests.unit.client.fake import FakeServer, problem

ID = samples.JOB.id


@pytest.fixture
def exporting(server: FakeServer) -> FakeServer:
    return server.on(f"GET /v1/jobs/{ID}/export", httpx.Response(200, content=b"a,b\r\n1,2\r\n"))


def test_to_a_file(run: Run, exporting: FakeServer, tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    path.write_text("old")
    done = run("export", ID, "--format", "csv", "-o", str(path))
    assert done.stdout == f"{path}\n"
    assert path.read_bytes() == b"a,b\r\n1,2\r\n"
    assert list(tmp_path.iterdir()) == [path]
    assert exporting.requests[0].url.params["format"] == "csv"
    told = json.loads(run("export", ID, "-o", str(path), "--json").stdout)
    assert told == {"job": ID, "format": "json", "file": str(path)}


def test_to_standard_output(run: Run, exporting: FakeServer) -> None:
    assert run("export", ID, "-o", "-").stdout_bytes == b"a,b\r\n1,2\r\n"


def test_by_default_the_file_is_named_by_the_job(
    run: Run, exporting: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("export", ID, "--format", "optuna").stdout == f"lrtune-{ID}.db\n"
    assert (tmp_path / f"lrtune-{ID}.db").is_file()


def test_what_cannot_be_written_or_read_leaves_the_file(run: Run, server: FakeServer, tmp_path: Path) -> None:
    server.on(f"GET /v1/jobs/{ID}/export", problem(404, "not_found", "There is no such job."))
    path = tmp_path / "old.json"
    path.write_text("old")
    assert run("export", ID, "-o", str(path)).exit_code == exits.ERROR
    assert path.read_text() == "old"
    server.on(f"GET /v1/jobs/{ID}/export", httpx.Response(200, content=b"{}"))
    done = run("export", ID, "-o", str(tmp_path / "nowhere" / "x"))
    assert (done.exit_code, "cannot be written" in done.stderr) == (exits.ERROR, True)
