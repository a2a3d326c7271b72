"""Settings of a worker: environment variables ``LRTUNE_*``, and the flags of ``lrtune worker`` over them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrtune import logs, secret_files
from lrtune.bundle.requirements import POLICIES, Policy
from lrtune.wire import Isolation
from workers.sandbox.plan import MB, Limits

CONTAINER_MEMORY = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""What a container sees of its own limit, in versions 2 and 1 of control groups."""


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
        log_format: ``text`` or ``json``.
        stall_s: Seconds without a word of the trainer child after which it counts as hung.
        unit_s: Seconds that one unit of work may take.
        memory_mb: MiB of memory of a trainer child and all it starts, shared memory included.
        processes: Processes of theirs at a time.
        task_threads: Threads of all these processes at a time.
        cpu_s: Seconds of CPU time of theirs together; 0 is no limit.
        disk_mb: MiB they may write into their folders.
        files: Files they may keep there.
        log_mb: MiB of text they may print.
        isolation_min: The level that the worker must reach to start.
        cache: Folder of fetched data and of virtual environments, shared by the workers of a machine.
        data_paths: Folders whose files tasks may name as data.
        data_hosts: Hosts that tasks may fetch data from although their addresses are private.
        data_limit_gb: GiB of fetched data to keep; a larger data set is refused.
        environments_limit_gb: GiB of virtual environments to keep.
        checkpoints: Folder of checkpoints, shared by the workers that may go on from each other's.
        checkpoint_s: Seconds between two checkpoints of a training.
        save_s: Seconds that a training gets to end its epoch and be saved once its worker is told to stop.
        checkpoints_limit_gb: GiB of checkpoints to keep; 0 keeps none.
        requirements: Which requirements of tasks are installed; a policy of ``lrtune.bundle.requirements``.
    """

    database_url: str
    device: str = "auto"
    threads: int = 1
    lease_s: float = 20.0
    stall_s: float = 900.0
    unit_s: float = 86_400.0
    memory_mb: int = 4096
    processes: int = 128
    task_threads: int = 512
    cpu_s: int = 0
    disk_mb: int = 10_240
    files: int = 100_000
    log_mb: float = 100.0
    isolation_min: Isolation = Isolation.PROCESS
    cache: Path = Path("~/.cache/lrtune")
    data_paths: tuple[Path, ...] = ()
    data_hosts: tuple[str, ...] = ()
    data_limit_gb: float = 50.0
    environments_limit_gb: float = 20.0
    requirements: Policy = "wheels"
    checkpoints: Path = Path("~/.lrtune/checkpoints")
    checkpoint_s: float = 300.0
    save_s: float = 8.0
    checkpoints_limit_gb: float = 20.0

    @property
    def limits(self) -> Limits:
        """What the supervisor of a trainer child watches."""
        return Limits(
            memory_mb=self.memory_mb,
            processes=self.processes,
            threads=self.task_threads,
            cpu_s=self.cpu_s,
            disk_mb=self.disk_mb,
            files=self.files,
        )

    log_format: str = "text"


VARIABLES: Mapping[str, str] = {
    "database_url": "LRTUNE_DATABASE_URL",
    "device": "LRTUNE_DEVICE",
    "threads": "LRTUNE_THREADS",
    "lease_s": "LRTUNE_LEASE_S",
    "stall_s": "LRTUNE_STALL_S",
    "unit_s": "LRTUNE_UNIT_S",
    "memory_mb": "LRTUNE_MEMORY_MB",
    "processes": "LRTUNE_PROCESSES",
    "task_threads": "LRTUNE_TASK_THREADS",
    "cpu_s": "LRTUNE_CPU_S",
    "disk_mb": "LRTUNE_DISK_MB",
    "files": "LRTUNE_FILES",
    "log_mb": "LRTUNE_LOG_MB",
    "isolation_min": "LRTUNE_ISOLATION_MIN",
    "log_format": "LRTUNE_LOG_FORMAT",
    "cache": "LRTUNE_CACHE",
    "data_paths": "LRTUNE_DATA_PATHS",
    "data_hosts": "LRTUNE_DATA_HOSTS",
    "data_limit_gb": "LRTUNE_DATA_LIMIT_GB",
    "environments_limit_gb": "LRTUNE_ENVIRONMENTS_LIMIT_GB",
    "requirements": "LRTUNE_REQUIREMENTS",
    "checkpoints": "LRTUNE_CHECKPOINTS",
    "checkpoint_s": "LRTUNE_CHECKPOINT_S",
    "save_s": "LRTUNE_SAVE_S",
    "checkpoints_limit_gb": "LRTUNE_CHECKPOINTS_LIMIT_GB",
}
"""The environment variable of each field."""


SECRETS = ("LRTUNE_DATABASE_URL",)
"""Variables that may come from a file: ``LRTUNE_DATABASE_URL_FILE``."""


def load(environ: Mapping[str, str], **flags: Any) -> Settings:
    """Settings from flags, else the environment, else defaults; a flag that is ``None`` was not given.

    Without a database URL a worker works for the embedded database of this machine's server, under
    ``LRTUNE_HOME``.

    Raises:
        SettingsError: A value cannot be read or lies out of its bounds.
    """
    try:
        environ = secret_files.read(environ, SECRETS)
    except secret_files.SecretFileError as error:
        raise SettingsError(str(error)) from None
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
        unit_s=_number(given, "unit_s", Settings.unit_s, 10, 31_536_000),
        memory_mb=_count(given, "memory_mb", _most_of_the_memory(), 256, 16_777_216),
        processes=_count(given, "processes", Settings.processes, 1, 100_000),
        task_threads=_count(given, "task_threads", Settings.task_threads, 8, 1_000_000),
        cpu_s=_count(given, "cpu_s", Settings.cpu_s, 0, 31_536_000),
        disk_mb=_count(given, "disk_mb", Settings.disk_mb, 1, 16_777_216),
        files=_count(given, "files", Settings.files, 10, 10_000_000),
        log_mb=_number(given, "log_mb", Settings.log_mb, 1, 100_000),
        isolation_min=_level(str(given.get("isolation_min", Settings.isolation_min))),
        log_format=_format(str(given.get("log_format", Settings.log_format))),
        cache=Path(given.get("cache") or _cache(environ)).expanduser().absolute(),
        data_paths=_folders(str(given.get("data_paths", ""))),
        data_hosts=tuple(
            host.strip().lower() for host in str(given.get("data_hosts", "")).split(",") if host.strip()
        ),
        data_limit_gb=_number(given, "data_limit_gb", Settings.data_limit_gb, 0.001, 1_000_000),
        environments_limit_gb=_number(
            given, "environments_limit_gb", Settings.environments_limit_gb, 0.001, 1_000_000
        ),
        requirements=_policy(str(given.get("requirements", Settings.requirements))),
        checkpoints=Path(given.get("checkpoints") or home / "checkpoints").expanduser().absolute(),
        checkpoint_s=_number(given, "checkpoint_s", Settings.checkpoint_s, 0, 86_400),
        save_s=_number(given, "save_s", Settings.save_s, 0, 3600),
        checkpoints_limit_gb=_number(
            given, "checkpoints_limit_gb", Settings.checkpoints_limit_gb, 0, 1_000_000
        ),
    )


def _cache(environ: Mapping[str, str]) -> str:
    """Not in a home that only its owner may enter: root's trainers run under another account."""
    if os.geteuid() == 0:
        return "/var/cache/lrtune"
    return f"{environ.get('XDG_CACHE_HOME') or '~/.cache'}/lrtune"


def _folders(text: str) -> tuple[Path, ...]:
    found = tuple(Path(part) for part in text.split(os.pathsep) if part)
    for path in found:
        if not path.is_absolute():
            raise SettingsError(f"LRTUNE_DATA_PATHS: {str(path)!r} is not absolute. Give absolute folders.")
    return found


def _policy(name: str) -> Policy:
    for policy in POLICIES:
        if policy == name:
            return policy
    raise SettingsError(f"LRTUNE_REQUIREMENTS: {name!r} is none. Give one of {', '.join(POLICIES)}.")


def _most_of_the_memory() -> int:
    """Four fifths of the machine's memory, or of what its container may use, in MiB."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in CONTAINER_MEMORY:
        with contextlib.suppress(OSError, ValueError):
            found.append(int(path.read_text()))
    return max(256, min(found) * 4 // 5 // MB)


def _level(name: str) -> Isolation:
    try:
        return Isolation(name)
    except ValueError:
        known = ", ".join(Isolation)
        raise SettingsError(f"LRTUNE_ISOLATION_MIN: {name!r} is no level. Give one of: {known}.") from None


def _count(given: Mapping[str, Any], field: str, default: int, low: int, high: int) -> int:
    return round(_number(given, field, default, low, high))


def _device(name: str) -> str:
    kind, _, index = name.partition(":")
    if name in ("auto", "cpu", "cuda") or (kind == "cuda" and index.isdecimal()):
        return name
    raise SettingsError(f"LRTUNE_DEVICE: {name!r} is no device. Give auto, cpu, cuda or cuda:N.")


def _format(name: str) -> str:
    if name in logs.FORMATS:
        return name
    raise SettingsError(f"LRTUNE_LOG_FORMAT: {name!r} is none. Give {' or '.join(logs.FORMATS)}.")


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
