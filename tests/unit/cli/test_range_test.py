"""``lrtune range-test``: files of curves, and what is said of broken ones."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import lrtune
from lrtune.cli import exits
from tests.unit.cli.conftest import Run

LR = [float(lr) for lr in np.geomspace(1e-6, 1.0, 61)]
LOSS = [[math.nan if lr > 0.3 else 2.3 - 1.8 / (1 + (2e-3 / lr) ** 1.3) for lr in LR]] * 3
TABLE = [",".join(map(str, row)) for row in zip(LR, *LOSS, strict=True)]
FILES = {
    "csv": "\n".join(TABLE),
    "csv with a header": "\n".join(["lr,a,b,c", *TABLE, ""]),
    "csv with empty cells": "\n".join(TABLE).replace("nan", ""),
    "json": json.dumps({"lr": LR, "loss": LOSS}),
    "json with nulls": json.dumps({"lr": LR, "loss": LOSS}).replace("NaN", "null"),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_files(content: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "curve").write_text(content)
    done = run("range-test", str(tmp_path / "curve"), "--json")
    assert done.exit_code == exits.OK, done.stderr
    expected = lrtune.analyse(LR, LOSS)
    assert lrtune.RangeTest.model_validate_json(done.stdout) == expected
    told = run("range-test", "-", input=content)
    assert expected.outcome is lrtune.Outcome.OK
    assert "LR " in told.stdout
    assert "medium" in told.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe", ["UTF-8"]),
        (b"", ["no row"]),
        (b"lr,loss\n", ["no row"]),
        (b"1e-3\n1e-2\n", ["line 1", "columns"]),
        (b"1e-3,2\n1e-2,2,2\n", ["line 2", "columns"]),
        (b"1e-3,2\n1e-2,two\n", ["line 2", "'two'"]),
        (b"1e-3,2\n1e-2,2\n", ["lr", "too few"]),
        (b"{", ["not JSON"]),
        (b"[" * 100_000, ["not JSON"]),
        (b"[1]", ["no lr and loss"]),
        (b'{"lr": {}, "loss": "x"}', ["no array of numbers"]),
        (b'{"lr": [1, 2], "loss": [[1], [1, 2]]}', ["row 1"]),
        (b'"' + b"1" * 200_000, ["not CSV"]),
    ],
)
def test_broken_files(content: bytes, words: list[str], run: Run, tmp_path: Path) -> None:
    (tmp_path / "curve").write_bytes(content)
    done = run("range-test", str(tmp_path / "curve"))
    assert (done.exit_code, done.stdout) == (exits.USAGE, "")
    assert done.stderr.startswith("Error: FILE: ")
    for word in words:
        assert word in done.stderr
