"""What goes wrong in a trainer child, and how it is told to a user: their file, their line, a remedy."""

from __future__ import annotations

import traceback
from pathlib import Path

import torch

from lrtune.optimizers import OptimizerError
from lrtune.schedules import ScheduleError
from lrtune.task import TaskError
from lrtune.wire import JobError
from workers.protocol import TEXT_MAX, TRACEBACK_MAX
from workers.trainer.place import Place

CUT = " […] "

_REMEDIES = {
    "entry": "mend the file and push the task again",
    "train": "mend the data set and push the task again",
    "valid": "mend the data set and push the task again",
    "model": "mend the model: it is called as model(inputs) with a batch of the training data",
    "loss": "mend the loss: it is called as loss(outputs, targets) and returns the mean over the batch",
    "optimizer": "choose another optimizer or other options",
}


class UserError(Exception):
    """The user's code raised: ``stage`` is the part of the task that ran, ``cause`` what it raised."""

    def __init__(self, stage: str, cause: BaseException) -> None:
        super().__init__(f"{stage}: {cause}")
        self.stage = stage
        self.cause = cause


class blame:  # noqa: N801 - read as a word of the language: ``with blame("model"):``
    """Run user code: whatever it raises becomes a ``UserError`` of this stage.

    Running out of device memory passes through, since the engine answers it with fewer lanes. A class,
    because a generator costs a small model's step two per cent.
    """

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, cause: BaseException | None, trace: object) -> None:
        if isinstance(cause, UserError | TaskError | torch.OutOfMemoryError):
            return
        if isinstance(cause, Exception | SystemExit):
            raise UserError(self._stage, cause) from cause


def job_error(error: Exception, folder: Path, place: Place | None = None) -> JobError:
    """The wire form of an error, its texts cut to what a worker takes.

    With the user's file and line where their code is on the stack; else with ``place``, where the field at
    fault is defined.
    """
    found = _job_error(error, folder, place)
    return found.model_copy(
        update={
            "detail": _cut(found.detail, TEXT_MAX),
            "remedy": None if found.remedy is None else _cut(found.remedy, TEXT_MAX),
            "traceback": None if found.traceback is None else _cut(found.traceback, TRACEBACK_MAX),
        }
    )


def _cut(text: str, most: int) -> str:
    """The beginning and the end of a text that is too long."""
    if len(text) <= most:
        return text
    half = most // 2 - len(CUT)
    return text[:half] + CUT + text[-half:]


def _job_error(error: Exception, folder: Path, place: Place | None) -> JobError:
    if isinstance(error, TaskError):
        return JobError(
            code="task_invalid",
            detail=f"{error.field}: {error.detail}",
            remedy=error.remedy,
            file=_relative(place.file, folder) if place else None,
            line=place.line if place else None,
        )
    if isinstance(error, ScheduleError):
        return JobError(code="task_invalid", detail=f"{error.field}: {error.detail}", remedy=error.remedy)
    if isinstance(error, OptimizerError):
        field = f"optimizer.{error.field}"
        return JobError(code="optimizer_invalid", detail=f"{field}: {error.detail}", remedy=error.remedy)
    if isinstance(error, torch.OutOfMemoryError):
        return JobError(
            code="out_of_memory",
            detail="one lane alone does not fit the device's memory",
            remedy="make the batch or the model smaller, or accumulate gradients (Task.accumulate)",
        )
    if isinstance(error, UserError):
        return _user_error(error, folder, place)
    return JobError(
        code="internal_error",
        detail=f"the trainer failed: {_sentence(error)}",
        remedy="please report this with the job's id",
        traceback="".join(traceback.format_exception(error)),
    )


def _user_error(error: UserError, folder: Path, place: Place | None) -> JobError:
    cause = error.cause
    stage = error.stage.partition("[")[0]
    remedy = _remedy(stage, cause)
    if isinstance(cause, SyntaxError) and cause.filename is not None:
        at = _relative(cause.filename, folder)
        cause.filename = at
        return JobError(
            code="user_error",
            detail=f"{type(cause).__name__}: {cause.msg}",
            remedy=remedy,
            file=at,
            line=cause.lineno,
            traceback="".join(traceback.format_exception_only(cause)),
        )
    frames = [frame for frame in traceback.extract_tb(cause.__traceback__) if _inside(frame.filename, folder)]
    detail = f"{_sentence(cause)} (in {error.stage})"
    if not frames:
        return JobError(
            code="task_invalid",
            detail=detail,
            remedy=remedy,
            file=_relative(place.file, folder) if place else None,
            line=place.line if place else None,
            traceback="".join(traceback.format_exception_only(cause)),
        )
    for frame in frames:
        frame.filename = _relative(frame.filename, folder)
    return JobError(
        code="user_error",
        detail=detail,
        remedy=remedy,
        file=frames[-1].filename,
        line=frames[-1].lineno,
        traceback="".join(
            [
                "Traceback (most recent call last):\n",
                *traceback.format_list(frames),
                *traceback.format_exception_only(cause),
            ]
        ),
    )


def _remedy(stage: str, cause: BaseException) -> str:
    if isinstance(cause, ModuleNotFoundError) and cause.name:
        package = cause.name.partition(".")[0]
        return (
            f"name the package that brings {package} in a requirements file (lrtune push --requirements), "
            f"or put {package}.py into the bundle (--include)"
        )
    return _REMEDIES.get(stage, "mend the file and push the task again")


def _sentence(cause: BaseException) -> str:
    if isinstance(cause, SystemExit):
        return "the task called sys.exit()"
    first = next((line for line in str(cause).splitlines() if line.strip()), "")
    return f"{type(cause).__name__}: {first}" if first else type(cause).__name__


def _inside(filename: str, folder: Path) -> bool:
    return Path(filename).resolve().is_relative_to(folder.resolve())


def _relative(filename: str, folder: Path) -> str:
    return (
        str(Path(filename).resolve().relative_to(folder.resolve())) if _inside(filename, folder) else filename
    )
