"""A bundle from a user's disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from lrtune.bundle import BundleError, collect

TRAIN = b"""
import json, numpy
import helpers
from pkg.inner import thing
from pkg import other
def task() -> "lrtune.Task":
    import late
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "my_train.py": TRAIN,
        "helpers.py": b"import deeper",
        "deeper.py": b"import helpers",
        "late.py": b"",
        "unrelated.py": b"def (",
        "pkg/__init__.py": b"from . import base",
        "pkg/base.py": b"",
        "pkg/inner.py": b"from .cousin import x\nfrom ..nowhere import y",
        "pkg/cousin.py": b"x = 1",
        "pkg/other.py": b"",
        "pkg/unused.py": b"",
        "data/a.csv": b"1,2",
        "data/sub/b.csv": b"3",
        "data/__pycache__/c.pyc": b"",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def test_modules_beside_the_script_come_along(project: Path) -> None:
    found = collect(str(project / "my_train.py"))
    assert sorted(found.files) == [
        "deeper.py",
        "helpers.py",
        "late.py",
        "my_train.py",
        "pkg/__init__.py",
        "pkg/base.py",
        "pkg/cousin.py",
        "pkg/inner.py",
        "pkg/other.py",
    ]
    assert found.entry == "my_train:task"
    assert found.name == "my-train"


def test_includes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = {"data/a.csv", "data/sub/b.csv"}
    assert data <= set(collect(str(project / "my_train.py:task"), include=["data"]).files)
    monkeypatch.chdir(project / "data")
    assert "data/a.csv" in collect(str(project / "my_train.py"), include=["a.csv"]).files


def test_a_syntax_error_in_a_sibling_is_told_with_its_line(project: Path) -> None:
    (project / "deeper.py").write_bytes(b"x = 1\ndef (")
    with pytest.raises(BundleError, match=r"deeper\.py, line 2"):
        collect(str(project / "my_train.py"))


def test_refused(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.csv"
    outside.touch()
    (project / "link.csv").symlink_to(outside)
    (project / "inner.csv").symlink_to(project / "data" / "a.csv")
    for script, include, says in (
        ("no.py", [], "There is no Python file"),
        ("data", [], "does not end with .py"),
        ("my_train.py", ["nothing"], "There is no 'nothing'"),
        ("my_train.py", [str(outside)], "lies outside"),
        ("my_train.py", ["link.csv"], "lies outside"),
        ("my_train.py", ["inner.csv"], "is a link"),
        ("helpers.py", [], "defines no function"),
    ):
        with pytest.raises(BundleError, match=says):
            collect(str(project / script), include=include)
