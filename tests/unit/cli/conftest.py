"""The command over a server of canned answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lrtune.cli import lrtune
from lrtune.cli.session import Surroundings
from service import samples
from tests.unit.client.fake import FakeServer

Run = Callable[..., Result]


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def run(server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs ``lrtune`` with those arguments; what it prints is in ``stdout`` and ``stderr``."""
    monkeypatch.setenv("LRTUNE_URL", "http://lrtune.test")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("LRTUNE_TOKEN", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)

    def invoke(*arguments: str, input: str | None = None) -> Result:
        around = Surroundings(
            server.transport,
            now=lambda: samples.JOB.created_at + timedelta(minutes=5),
            sleep=server.slept.append,
        )
        return CliRunner().invoke(lrtune, arguments, obj=around, input=input)

    return invoke
