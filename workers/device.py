"""Which device ``auto`` is, found out without importing torch into the worker."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable

from workers.settings import Settings

ASK_S = 20.0


def resolve(settings: Settings, which: Callable[[str], str | None]) -> Settings:
    """``settings`` with ``auto`` replaced: ``cuda`` where NVIDIA's driver lists a GPU, else ``cpu``.

    Args:
        settings: As loaded.
        which: Finds a program on the path (``shutil.which``).
    """
    if settings.device != "auto":
        return settings
    return dataclasses.replace(settings, device="cuda" if _gpu(which) else "cpu")


def _gpu(which: Callable[[str], str | None]) -> bool:
    program = which("nvidia-smi")
    if program is None:
        return False
    try:
        listed = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=ASK_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listed.returncode == 0 and "GPU 0" in listed.stdout
