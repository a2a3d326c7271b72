"""Unpacking a task's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.task_files import unpack


def test_files_land_in_their_folders(tmp_path: Path) -> None:
    unpack({"a.py": b"1", "pkg/b.py": b"2"}, tmp_path / "task")
    assert (tmp_path / "task/a.py").read_bytes() == b"1"
    assert (tmp_path / "task/pkg/b.py").read_bytes() == b"2"


@pytest.mark.parametrize("name", ["../x.py", "/etc/x.py", "a/../../x.py", "."])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="leaves the task's folder"):
        unpack({name: b""}, tmp_path / "task")
    assert not list(tmp_path.rglob("x.py"))
