"""Settings of a worker, and that docs/worker.md tells all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workers.settings import VARIABLES, SettingsError, load

DOCS = Path(__file__).parents[2] / "docs" / "worker.md"


def test_a_flag_wins_over_the_environment() -> None:
    assert load({"LRTUNE_LEASE_S": "30"}, lease_s=10).lease_s == 10
    assert load({"LRTUNE_LEASE_S": "30"}, lease_s=None).lease_s == 30


def test_the_embedded_database_is_the_default(tmp_path: Path) -> None:
    assert load({"LRTUNE_HOME": str(tmp_path)}).database_url == f"sqlite:///{tmp_path}/lrtune.db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LRTUNE_LEASE_S", "soon"),
        ("LRTUNE_LEASE_S", "nan"),
        ("LRTUNE_LEASE_S", "0"),
        ("LRTUNE_THREADS", "0"),
        ("LRTUNE_DEVICE", "tpu"),
        ("LRTUNE_DEVICE", "cuda:x"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load({name: value})


def test_every_setting_is_documented() -> None:
    told = set(re.findall(r"^\| `(LRTUNE_\w+)`", DOCS.read_text(), re.MULTILINE))
    assert told == set(VARIABLES.values())
