"""Where a task's data lie, for the task itself."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lrtune.data.declared import Data
from lrtune.task import TaskError


@dataclass(frozen=True)
class _Places:
    folder: Path
    data: Mapping[str, Path]


_places: _Places | None = None


def provide(folder: Path, data: Mapping[str, Path]) -> None:
    """From now on ``data_path`` finds these: what a trainer says before it imports a task.

    Args:
        folder: Of the bundle.
        data: Paths of the declared data, by name.
    """
    global _places
    _places = _Places(folder, dict(data))


def data_path(name: str) -> Path:
    """The path of a task's data: a name of the caller's ``DATA``, or a file of the bundle, relative to its
    folder.

    In a trainer the worker has put everything in place. Where the file is run by hand, a path of ``DATA`` is
    itself, a URL is fetched once into ``~/.cache/lrtune`` (its digest checked), and a file is looked for
    beside the caller's.

    Raises:
        TaskError: There is no such name, and no such file.
    """
    places = _places or _by_hand(name, sys._getframe(1).f_globals)
    if name in places.data:
        return places.data[name]
    path = (places.folder / name).resolve()
    if not path.is_relative_to(places.folder.resolve()) or not path.exists():
        known = ", ".join(sorted(places.data)) or "nothing"
        raise TaskError(
            "data_path",
            f"there is no data {name!r}: DATA declares {known}, and the bundle has no such file",
            "declare it in DATA, or push it with --include",
        )
    return path


def _by_hand(name: str, caller: Mapping[str, object]) -> _Places:
    folder = Path(str(caller.get("__file__", "."))).resolve().parent
    declared = caller.get("DATA")
    found = declared.get(name) if isinstance(declared, Mapping) else None
    if not isinstance(found, Data):
        return _Places(folder, {})
    if found.path is not None:
        return _Places(folder, {name: Path(found.path)})
    from lrtune.data.fetching import fetch_by_hand  # needs the network's library; most tasks never do

    return _Places(folder, {name: fetch_by_hand(found)})
