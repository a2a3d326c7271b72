"""Exit statuses, and errors as a few lines on standard error."""

from __future__ import annotations

import click

from lrtune.cli.plain import plain
from lrtune.client import ApiError, ArgumentError, ClientError, InvalidRequest, JobCancelled, JobFailed
from lrtune.wire import FieldError, JobError

OK = 0
ERROR = 1
USAGE = 2
JOB_FAILED = 3
JOB_CANCELLED = 4
INTERRUPTED = 130

INSTALL = "Install what it needs: pip install 'lrtune[server,worker]'"
"""The remedy where only the client is installed."""

FLAGS = {
    "/task": "TASK",
    "/params": "--param",
    "/optimizer/name": "--optimizer",
    "/optimizer": "--option",
    "/epochs": "--epochs",
    "/batch_size": "--batch-size",
    "/metric/name": "--metric",
    "/metric/goal": "--goal",
    "/range_test/min_lr": "--min-lr",
    "/range_test/max_lr": "--max-lr",
    "/range_test/steps_per_decade": "--steps-per-decade",
    "/range_test/seeds": "--range-seeds",
    "/range_test/loss": "--range-loss",
    "/range_test/batch_sizes": "--batch-sizes",
    "/range_test/accumulate": "--accumulate",
    "/range_test": "--min-lr, --max-lr",
    "/search/trials": "--trials",
    "/search/schedules": "--schedules",
    "/search/sampler": "--sampler",
    "/search/prune": "--no-prune",
    "/search/seed": "--seed",
    "/confirm/finalists": "--finalists",
    "/confirm/seeds": "--confirm-seeds",
    "/max_parallel": "--max-parallel",
    "/bundle": "FILE",
    "/entry": "FILE:ENTRY",
    "/name": "--name",
    "/requirements": "--requirements",
    "/priority": "--priority",
    "/mode": "--external",
    "/external/steps_per_epoch": "--steps-per-epoch",
    "/external/default_lr": "--default-lr",
    "/external": "--steps-per-epoch",
    "/tags": "--tag",
}
"""The flag of ``lrtune submit`` or ``lrtune push`` that sets a field of the request, by JSON pointer."""


def tell(error: ClientError) -> None:
    """Print an error on standard error: what is wrong, then what to do, and never a traceback."""
    for number, line in enumerate(lines(error)):
        click.echo(("Error: " if number == 0 else "  ") + plain(line), err=True)


def status(error: ClientError) -> int:
    """The exit status of an error."""
    if isinstance(error, JobFailed):
        return JOB_FAILED
    if isinstance(error, JobCancelled):
        return JOB_CANCELLED
    wrong_input = isinstance(error, ApiError) and error.code == "invalid_request"
    return USAGE if wrong_input or isinstance(error, ArgumentError | InvalidRequest) else ERROR


def lines(error: ClientError) -> list[str]:
    """What is wrong, then what to do: one line a thing."""
    if isinstance(error, ApiError | InvalidRequest) and error.errors:
        return _fields(error.errors)
    if isinstance(error, JobFailed) and error.job.error is not None:
        return [f"Job {error.job.id} failed.", *of_job(error.job.error)]
    return [error.detail, *([error.remedy] if error.remedy else [])]


def of_job(error: JobError) -> list[str]:
    """Why a job failed: what, where, what to do."""
    where = [f"at {error.file}, line {error.line}"] if error.file and error.line else []
    return [error.detail, *where, *([error.remedy] if error.remedy else [])]


def _fields(errors: list[FieldError]) -> list[str]:
    told = [
        f"{_name(e.field)}: " + " ".join(map(_sentence, filter(None, (e.detail, e.remedy)))) for e in errors
    ]
    return told if len(told) == 1 else [f"{len(told)} fields are wrong.", *told]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _name(pointer: str) -> str:
    """A JSON pointer in the words of the command line: ``search.trials (--trials)``."""
    if not pointer.startswith("/"):
        return pointer.removeprefix("?") or "request"
    words = pointer[1:].replace("/", ".").replace("~1", "/").replace("~0", "~")
    parts = pointer.split("/")
    for length in range(len(parts), 1, -1):
        flag = FLAGS.get("/".join(parts[:length]))
        if flag:
            return f"{words} ({flag})"
    return words
