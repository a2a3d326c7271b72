"""What a task needs beside its bundle, put in place before its trainer starts: an interpreter with its
requirements, its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lrtune.bundle import Bundle, BundleError
from lrtune.bundle import requirements as rules
from lrtune.data.fetching import FetchError, fetch, file_of
from lrtune.data.shelf import Held, Shelf
from lrtune.wire import DataSource, JobError, Task
from workers.background import Errand, attend
from workers.settings import Settings
from workers.virtual_environment import Unresolvable, environment, python_of

GB = 1024**3
TOLD_EVERY_BYTES = 256 * 1024**2


class Unprovided(Exception):  # noqa: N818 - says what the task is
    """The task cannot have what it needs on this worker; the job fails with ``error``."""

    def __init__(self, error: JobError) -> None:
        super().__init__(error.detail)
        self.error = error


@dataclass
class Provision:
    """What was put in place. Nothing of it is thrown away until ``release``.

    Attributes:
        python: The interpreter to run the trainer with, None for the worker's own.
        data: Paths of the declared data, by name.
    """

    python: Path | None = None
    data: dict[str, Path] = field(default_factory=dict)
    _held: list[Held] = field(default_factory=list)

    @property
    def readable(self) -> list[Path]:
        """What the trainer must be able to read."""
        return [*(held.path for held in self._held), *self.data.values()]

    def keep(self, held: Held) -> Held:
        self._held.append(held)
        return held

    def release(self) -> None:
        for held in self._held:
            held.release()
        self._held.clear()


def provision(
    task: Task | Bundle,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    tick: Callable[[], None],
    log: Callable[[str], None],
) -> Provision:
    """Put everything in place that ``task`` needs.

    Args:
        environ: The worker's; pip gets a part of it.
        tick: Called several times a second; what it raises gives up and passes through.
        log: Given each line of the build and of the fetching.

    Raises:
        Unprovided: It cannot be had here.
    """
    made = Provision()
    if not task.requirements and not task.data:
        return made

    def work(errand: Errand) -> None:
        for name, source in task.data.items():
            made.data[name] = _data(made, name, source, settings, errand)
        if task.requirements:
            made.python = _python(made, task.requirements, settings, environ, errand)

    try:
        attend(work, tick=tick, log=log)
    except BaseException:
        made.release()
        raise
    return made


def _python(
    made: Provision, text: str, settings: Settings, environ: Mapping[str, str], errand: Errand
) -> Path:
    shelf = Shelf(settings.cache / "environments", round(settings.environments_limit_gb * GB))
    try:
        asked = rules.read(text, settings.requirements)
        held = environment(shelf, asked, settings.requirements, environ=environ, errand=errand)
    except BundleError as error:
        raise _failure(
            "requirements_refused", f"This worker refuses them. {error.detail}", error.remedy
        ) from None
    except Unresolvable as error:
        raise _failure(
            "requirements_unresolvable",
            f"The requirements cannot be installed: {error}",
            "Correct the names and versions and push again; the whole log of pip is in the job's events. "
            "torch and what lrtune needs stay as the worker has them.",
        ) from None
    except OSError as error:
        raise _failure(
            "requirements_unresolvable",
            f"The worker cannot write its environments: {error}.",
            "Ask whoever runs it to make room in LRTUNE_CACHE.",
        ) from None
    return python_of(made.keep(held))


def _data(made: Provision, name: str, source: DataSource, settings: Settings, errand: Errand) -> Path:
    if source.path is not None:
        return _mounted(name, Path(source.path), settings.data_paths)
    assert source.url is not None
    assert source.sha256 is not None
    told = 0

    def progress(size: int) -> None:
        nonlocal told
        errand.check()
        if size // TOLD_EVERY_BYTES > told:
            told = size // TOLD_EVERY_BYTES
            errand.say(f"Fetching {name}: {size // 1024**2} MiB")

    limit = round(settings.data_limit_gb * GB)
    try:
        held = fetch(
            Shelf(settings.cache / "data", limit),
            source.url,
            source.sha256,
            limit_bytes=limit,
            hosts=settings.data_hosts,
            progress=progress,
            wait=errand.pause,
        )
    except FetchError as error:
        raise _failure(error.code, f"DATA[{name!r}]: {error.detail}", error.remedy) from None
    return file_of(made.keep(held))


def _mounted(name: str, path: Path, allowed: tuple[Path, ...]) -> Path:
    """A path of the operator's, links resolved.

    Raises:
        Unprovided: It lies elsewhere, or is not there.
    """
    real = path.resolve()
    if not any(real.is_relative_to(folder.resolve()) for folder in allowed):
        listed = ", ".join(map(str, allowed)) or "none"
        raise _failure(
            "data_not_allowed",
            f"DATA[{name!r}] is {path}, which is not among the data paths of this worker ({listed}).",
            "Ask whoever runs the workers to add it to LRTUNE_DATA_PATHS, or name the data by URL "
            "and digest.",
        )
    if not real.exists():
        raise _failure(
            "data_unavailable",
            f"DATA[{name!r}]: there is no {path} on this worker.",
            "Check the path, or ask whoever runs the workers to mount it on all of them.",
        )
    return real


def _failure(code: str, detail: str, remedy: str) -> Unprovided:
    return Unprovided(JobError(code=code, detail=detail, remedy=remedy))
