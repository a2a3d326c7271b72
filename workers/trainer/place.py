"""Where in the user's files a part of a task is defined."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

from lrtune.task import Task


@dataclass(frozen=True)
class Place:
    """A file and a line in it."""

    file: str
    line: int


def place_of(field: str, task: Task | None, folder: Path, entry: str) -> Place | None:
    """Where what ``field`` names is defined, if that is in the folder; else the entry function; else None.

    Args:
        field: A field of the task, ``metrics['accuracy']`` for an entry of a mapping.
        task: The task, None if there is none yet.
        entry: ``module:function``.
    """
    name, _, key = field.partition("[")
    candidates: list[Any] = []
    if task is not None:
        value = getattr(task, name, None)
        candidates.append(task.metrics.get(key.rstrip("]").strip("'\"")) if name == "metrics" else value)
        candidates.append(type(value))
    module, _, function = entry.partition(":")
    candidates.append(getattr(sys.modules.get(module), function, None))
    for candidate in candidates:
        place = _defined(candidate)
        if place is not None and Path(place.file).resolve().is_relative_to(folder.resolve()):
            return place
    return None


def _defined(thing: Any) -> Place | None:
    code = getattr(inspect.unwrap(thing), "__code__", None) if callable(thing) else None
    if isinstance(code, CodeType):
        return Place(code.co_filename, code.co_firstlineno)
    try:
        return Place(inspect.getfile(thing), inspect.getsourcelines(thing)[1])
    except (TypeError, OSError):
        return None
