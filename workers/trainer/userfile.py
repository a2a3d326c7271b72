"""Import the user's file and call its entry function."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

from lrtune.loops import Loop
from lrtune.task import Task, TaskError
from workers.trainer.arguments import arguments
from workers.trainer.errors import blame


def load_task(folder: Path, entry: str, params: dict[str, Any]) -> Task | Loop:
    """Import ``entry`` (``module:function``) from ``folder`` and call it with ``params``.

    The folder comes first on the import path; modules of an earlier folder are forgotten.

    Raises:
        TaskError: There is no such file or function, it does not take ``params``, or it returns neither a
            Task nor a Loop.
        UserError: The file or the function raised.
    """
    module_name, _, function_name = entry.partition(":")
    if not module_name or not function_name:
        raise TaskError("entry", f"{entry!r} is not module:function", "e.g. digits_mlp:digits_mlp")
    _forget(folder)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        found = importlib.util.find_spec(module_name)
    except (ImportError, ValueError):
        found = None
    if (
        found is None
        or found.origin is None
        or not Path(found.origin).resolve().is_relative_to(folder.resolve())
    ):
        raise TaskError(
            "entry", f"there is no module {module_name!r} in the task", f"upload {module_name}.py"
        )
    with blame("entry"):
        module = importlib.import_module(module_name)
    function = getattr(module, function_name, None)
    if not callable(function):
        raise TaskError(
            "entry",
            f"{module_name}.py has no function {function_name!r}",
            f"define {function_name}(...) -> lrtune.Task",
        )
    try:
        inspect.signature(function).bind(**params)
    except (TypeError, ValueError) as error:
        raise TaskError("params", f"{function_name}: {error}", f"it is {_signature(function)}") from error
    taken = arguments(function, params)
    with blame("entry"):
        task = function(**taken)
    if not isinstance(task, Task | Loop):
        raise TaskError(
            "entry",
            f"{function_name} returned {type(task).__name__}, not lrtune.Task",
            "return lrtune.Task(model=…, train=…, valid=…, loss=…), or a lrtune.Loop",
        )
    return task


def _signature(function: Any) -> str:
    try:
        return f"{function.__name__}{inspect.signature(function)}"
    except (AttributeError, TypeError, ValueError):
        return "not a Python function: define one"


def user_modules(folder: Path) -> list[Any]:
    """The imported modules whose files lie in the folder."""
    root = folder.resolve()
    return [
        module
        for module in list(sys.modules.values())
        if (file := getattr(module, "__file__", None)) and Path(file).resolve().is_relative_to(root)
    ]


_folders: list[Path] = []


def _forget(folder: Path) -> None:
    """Drop the modules and the path entries of every folder loaded before, and of this one."""
    for old in {*_folders, folder}:
        for module in user_modules(old):
            sys.modules.pop(module.__name__, None)
        while str(old) in sys.path:
            sys.path.remove(str(old))
    _folders[:] = [folder]
