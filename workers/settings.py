"""Settings of a worker: environment variables ``LRTUNE_*``, and the flags of ``lrtune worker`` over them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class SettingsError(ValueError):
    """A setting has a value that cannot be; the message names it and the remedy."""


@dataclass(frozen=True)
class Settings:
    """What a worker runs with. Every field is described in docs/worker.md.

    Attributes:
        database_url: SQLAlchemy URL of the store.
        device: ``auto`` (CUDA where there is one), ``cpu``, ``cuda`` or ``cuda:N``.
        threads: CPU threads of the trainer child.
        lease_s: Seconds after which a unit of a worker that is not heard of goes to another.
        stall_s: Seconds without a word of the trainer child after which it counts as hung.
    """

    database_url: str
    device: str = "auto"
    threads: int = 1
    lease_s: float = 20.0
    stall_s: float = 900.0


VARIABLES: Mapping[str, str] = {
    "database_url": "LRTUNE_DATABASE_URL",
    "device": "LRTUNE_DEVICE",
    "threads": "LRTUNE_THREADS",
    "lease_s": "LRTUNE_LEASE_S",
    "stall_s": "LRTUNE_STALL_S",
}
"""The environment variable of each field."""


def load(environ: Mapping[str, str], **flags: Any) -> Settings:
    """Settings from flags, else the environment, else defaults; a flag that is ``None`` was not given.

    Without a database URL a worker works for the embedded database of this machine's server, under
    ``LRTUNE_HOME``.

    Raises:
        SettingsError: A value cannot be read or lies out of its bounds.
    """
    given: dict[str, Any] = {
        field: environ[variable] for field, variable in VARIABLES.items() if environ.get(variable)
    }
    given |= {field: value for field, value in flags.items() if value is not None}
    home = Path(environ.get("LRTUNE_HOME") or "~/.lrtune").expanduser().absolute()
    return Settings(
        database_url=str(given.get("database_url", f"sqlite:///{home / 'lrtune.db'}")),
        device=_device(str(given.get("device", Settings.device))),
        threads=round(_number(given, "threads", Settings.threads, 1, os.cpu_count() or 1)),
        lease_s=_number(given, "lease_s", Settings.lease_s, 3, 3600),
        stall_s=_number(given, "stall_s", Settings.stall_s, 10, 86_400),
    )


def _device(name: str) -> str:
    kind, _, index = name.partition(":")
    if name in ("auto", "cpu", "cuda") or (kind == "cuda" and index.isdecimal()):
        return name
    raise SettingsError(f"LRTUNE_DEVICE: {name!r} is no device. Give auto, cpu, cuda or cuda:N.")


def _number(given: Mapping[str, Any], field: str, default: float, low: float, high: float) -> float:
    text = given.get(field, default)
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise SettingsError(
            f"{VARIABLES[field]}: {text!r} is not acceptable. Give a number from {low:g} to {high:g}."
        )
    return value
