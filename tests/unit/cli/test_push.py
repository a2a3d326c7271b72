"""``lrtune push``: what is sent, and what is wrong on this disk."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from lrtune.cli import exits
from service import samples
from tests.unit.cli.conftest import Run
from tests.unit.client.fake import FakeServer, model, problem

SOURCE = b"import helpers\ndef task(): ...\n"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "helpers.py").write_bytes(b"")
    (tmp_path / "data.csv").write_bytes(b"1")
    (tmp_path / "needs.txt").write_bytes(b"einops")
    (tmp_path / "my_train.py").write_bytes(SOURCE)
    return tmp_path / "my_train.py"


def sent(server: FakeServer) -> tuple[dict[str, str], dict[str, bytes]]:
    """The text fields of the last form, and the files of its bundle."""
    body = server.requests[-1].content
    fields = re.findall(rb'name="(\w+)"\r\n\r\n(.*?)\r\n--', body, re.DOTALL)
    packed = body[body.index(b"PK") :]
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return {name.decode(): value.decode() for name, value in fields}, files


def test_the_script_and_what_it_imports(run: Run, server: FakeServer, script: Path) -> None:
    server.on("POST /v1/tasks", model(samples.PUSHED, 201))
    done = run("push", str(script))
    assert done.exit_code == exits.OK, done.stderr
    assert f"mnist-cnn@3  digest {samples.PUSHED.digest[:12]}" in done.stdout
    assert "lrtune submit mnist-cnn@3" in done.stdout
    fields, files = sent(server)
    assert fields == {"name": "my-train", "entry": "my_train:task", "requirements": ""}
    assert files == {"my_train.py": SOURCE, "helpers.py": b""}


def test_every_flag(run: Run, server: FakeServer, script: Path) -> None:
    server.on("POST /v1/tasks", model(samples.PUSHED))
    needs = str(script.with_name("needs.txt"))
    done = run(
        "push", f"{script}:task", "--name", "n", "--requirements", needs, "--include", "data.csv", "--json"
    )
    assert json.loads(done.stdout)["version"] == 3
    fields, files = sent(server)
    assert fields == {"name": "n", "entry": "my_train:task", "requirements": "einops"}
    assert set(files) == {"my_train.py", "helpers.py", "data.csv"}


def test_what_is_wrong_here_is_told_before_anything_is_sent(
    run: Run, server: FakeServer, script: Path
) -> None:
    script.write_bytes(b"def task(:\n")
    for arguments, words in (
        ([str(script)], "my_train.py, line 1"),
        ([str(script.with_name("no.py"))], "There is no Python file"),
        ([str(script.with_name("helpers.py"))], "defines no function"),
    ):
        done = run("push", *arguments)
        assert done.exit_code == exits.USAGE
        assert words in done.stderr
        assert "Usage" not in done.stderr
    assert server.requests == []


def test_what_the_server_refuses_is_told_by_the_flag(run: Run, server: FakeServer, script: Path) -> None:
    errors = [{"field": "/requirements", "detail": "Line 1 is an option.", "remedy": "Leave it out."}]
    server.on("POST /v1/tasks", problem(422, "invalid_request", "x", errors=errors))
    done = run("push", str(script))
    assert done.exit_code == exits.USAGE
    assert done.stderr == "Error: requirements (--requirements): Line 1 is an option. Leave it out.\n"
