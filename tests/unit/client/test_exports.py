"""What ``import lrtune`` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import lrtune


@pytest.mark.parametrize("name", lrtune.__all__)
def test_every_exported_name_resolves(name: str) -> None:
    assert getattr(lrtune, name) is not None


def test_exported_names_are_sorted_and_listed() -> None:
    assert sorted(lrtune.__all__) == lrtune.__all__
    assert dir(lrtune) == lrtune.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Tusk'"):
        _ = lrtune.Tusk  # type: ignore[attr-defined]


@pytest.mark.parametrize("use", ["", "lrtune.Client", "lrtune.Task, lrtune.JobRequest", "lrtune.analyse"])
def test_it_costs_no_torch_and_no_server(use: str) -> None:
    code = f"import sys, lrtune; {use or '0'}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"torch", "fastapi", "sqlalchemy", "optuna", "matplotlib", "store", "service"}
    if not use:
        assert not loaded & {"httpx", "numpy", "pydantic", "rich"}
