"""Children of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.workers.sandboxes import Children, Start, sandbox


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a child that runs a script in place of the trainer."""
    children = Children(sandbox())
    yield children.start
    children.close()
