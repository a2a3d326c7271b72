"""docs/security.md names tests that exist, and the levels there are."""

from __future__ import annotations

import re
from pathlib import Path

from lrtune.wire import Isolation

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "security.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| ---")
]
ATTEMPTS = ROWS[[row[0] for row in ROWS].index("attempt") + 1 :]


def test_every_attempt_names_tests_that_exist() -> None:
    source = "".join(path.read_text() for path in ROOT.glob("tests/**/test_*.py"))
    there = set(re.findall(r"def (test_\w+)\(", source))
    assert len(ATTEMPTS) > 20
    for attempt, _, level, tests in ATTEMPTS:
        named = re.findall(r"`(test_\w+)`", tests)
        assert named, attempt
        assert not set(named) - there, attempt
        assert level.strip("`") in [*Isolation, "all"], attempt


def test_every_level_is_described() -> None:
    described = [row[0].strip("`") for row in ROWS[1 : 1 + len(Isolation)]]
    assert described == list(Isolation)
