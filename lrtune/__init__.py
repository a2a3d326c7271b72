"""What learning rate, and how should it decay? The science, the wire models, the client and the command line.

Everything in ``__all__`` is loaded when it is first used (PEP 562), so ``import lrtune`` is quick and needs
neither torch nor a server.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrtune.client import (
        ApiError,
        ArgumentError,
        Client,
        ClientError,
        JobCancelled,
        JobFailed,
        JobHandle,
        NothingMeasured,
        NotUnderstood,
        Result,
        Unreachable,
        WaitTimeout,
    )
    from lrtune.data import Data, data_path
    from lrtune.loops import Loop, LoopError, LoopTrial
    from lrtune.memory import Best, MeasuredOtherwise, best
    from lrtune.rangetest import analyse
    from lrtune.task import Task, TaskError
    from lrtune.wire import (
        Answer,
        BestAnswer,
        ConfirmSpec,
        Job,
        JobRequest,
        JobState,
        MetricSpec,
        OptimizerSpec,
        Outcome,
        RangeTest,
        RangeTestSpec,
        SearchSpec,
        Setting,
        Trial,
    )

__version__ = version("lrtune")

__all__ = [
    "Answer",
    "ApiError",
    "ArgumentError",
    "Best",
    "BestAnswer",
    "Client",
    "ClientError",
    "ConfirmSpec",
    "Data",
    "Job",
    "JobCancelled",
    "JobFailed",
    "JobHandle",
    "JobRequest",
    "JobState",
    "Loop",
    "LoopError",
    "LoopTrial",
    "MeasuredOtherwise",
    "MetricSpec",
    "NotUnderstood",
    "NothingMeasured",
    "OptimizerSpec",
    "Outcome",
    "RangeTest",
    "RangeTestSpec",
    "Result",
    "SearchSpec",
    "Setting",
    "Task",
    "TaskError",
    "Trial",
    "Unreachable",
    "WaitTimeout",
    "__version__",
    "analyse",
    "best",
    "data_path",
]

_ROOMS = {
    "lrtune.client": (
        "ApiError",
        "ArgumentError",
        "Client",
        "ClientError",
        "JobCancelled",
        "JobFailed",
        "JobHandle",
        "NotUnderstood",
        "NothingMeasured",
        "Result",
        "Unreachable",
        "WaitTimeout",
    ),
    "lrtune.data": ("Data", "data_path"),
    "lrtune.loops": ("Loop", "LoopError", "LoopTrial"),
    "lrtune.memory": ("Best", "MeasuredOtherwise", "best"),
    "lrtune.rangetest": ("analyse",),
    "lrtune.task": ("Task", "TaskError"),
    "lrtune.wire": (
        "Answer",
        "BestAnswer",
        "ConfirmSpec",
        "Job",
        "JobRequest",
        "JobState",
        "MetricSpec",
        "OptimizerSpec",
        "Outcome",
        "RangeTest",
        "RangeTestSpec",
        "SearchSpec",
        "Setting",
        "Trial",
    ),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'lrtune' has no attribute {name!r}")
    found = getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
