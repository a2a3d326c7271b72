"""Which device ``auto`` is."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.device import resolve
from workers.settings import Settings

AUTO = Settings("sqlite://", device="auto")


def test_a_named_device_stays() -> None:
    named = Settings("sqlite://", device="cuda:1")
    assert resolve(named, lambda name: None) == named


def test_no_driver_means_cpu() -> None:
    assert resolve(AUTO, lambda name: None).device == "cpu"


@pytest.mark.parametrize(
    ("script", "device"),
    [("echo 'GPU 0: Some GPU'", "cuda"), ("echo 'No devices were found'; exit 6", "cpu"), ("exit 9", "cpu")],
)
def test_the_driver_is_asked(tmp_path: Path, script: str, device: str) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    assert resolve(AUTO, lambda name: str(program)).device == device
