"""data_path, in a trainer and where a file is run by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TASK = """
import lrtune
from lrtune.data.places import provide
DATA = {"big": lrtune.Data(path="%s")}
"""


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    (folder / "big.csv").write_text("big")
    (folder / "beside.csv").write_text("beside")
    (folder / "t.py").write_text(TASK % (folder / "big.csv") + code)
    return subprocess.run([sys.executable, str(folder / "t.py")], capture_output=True, text=True, cwd="/")


@pytest.mark.parametrize("provided", [False, True])
def test_found(tmp_path: Path, provided: bool) -> None:
    big = f"{{'big': Path({str(tmp_path / 'big.csv')!r})}}"
    told = f"from pathlib import Path\nprovide(Path({str(tmp_path)!r}), {big})\n" if provided else ""
    code = "print(lrtune.data_path('big').read_text(), lrtune.data_path('beside.csv').read_text())"
    assert run(tmp_path, told + code).stdout == "big beside\n"


@pytest.mark.parametrize("name", ["nothing", "../x", "/etc/passwd"])
def test_not_found(tmp_path: Path, name: str) -> None:
    done = run(tmp_path, f"lrtune.data_path({name!r})")
    assert "there is no data" in done.stderr
