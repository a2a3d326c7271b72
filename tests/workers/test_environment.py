"""The trainer child's environment."""

from __future__ import annotations

from pathlib import Path

from workers.environment import child_environment

OURS = {
    "PATH": "/usr/bin",
    "HOME": "/home/somebody",
    "LRTUNE_DATABASE_URL": "postgresql://u:secret@h/d",
    "LRTUNE_TOKEN": "secret",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "CUDA_VISIBLE_DEVICES": "3",
    "LC_ALL": "C.UTF-8",
}


def test_secrets_stay_behind_and_numerics_go_along() -> None:
    environ = child_environment(OURS, home=Path("/scratch"), temporary=Path("/scratch/tmp"), threads=2)
    assert "secret" not in str(environ)
    assert environ["PATH"] == "/usr/bin"
    assert environ["CUDA_VISIBLE_DEVICES"] == "3"
    assert environ["HOME"] == "/scratch"
    assert environ["OMP_NUM_THREADS"] == "2"
