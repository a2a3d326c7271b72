"""What can go wrong between a client and its server.

ClientError
├── ArgumentError       a URL, token, job id or body that cannot be sent
├── InvalidRequest      fields of a request that are wrong, seen before it was sent
├── Unreachable         no server answered
├── NotUnderstood       something answered, but not in lrtune's words
├── ApiError            the server refused, with a problem document
├── JobFailed           the job that was waited for failed
├── JobCancelled        … was cancelled
├── WaitTimeout         … has not ended in time
└── NothingMeasured     no job has an answer for a task
"""

from __future__ import annotations

from lrtune.wire import FieldError, Job, Problem


class ClientError(Exception):
    """What is wrong (``detail``), and what to do about it (``remedy``)."""

    def __init__(self, detail: str, remedy: str | None = None) -> None:
        super().__init__(f"{detail} {remedy}" if remedy else detail)
        self.detail = detail
        self.remedy = remedy


class ArgumentError(ClientError, ValueError):
    """A value cannot be sent; ``field`` names it (an argument, or an environment variable)."""

    def __init__(self, field: str, detail: str, remedy: str) -> None:
        super().__init__(f"{field}: {detail}", remedy)
        self.field = field


class InvalidRequest(ClientError, ValueError):  # noqa: N818 - reads as what happened
    """A request is wrong, seen before it was sent; ``errors`` are the fields at fault."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(f"{len(errors)} fields of the request are wrong.")
        self.errors = errors


class Unreachable(ClientError, ConnectionError):  # noqa: N818 - reads as what happened
    """No server answered at ``url``, after all retries."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"No lrtune server answers at {url} ({reason}).",
            "Start one with `lrtune serve`, or name another with LRTUNE_URL.",
        )
        self.url = url


class NotUnderstood(ClientError):  # noqa: N818 - reads as what happened
    """What answered at ``url`` does not speak lrtune's API, or another version of it."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"The answer of {url} is not an lrtune server's ({reason}).",
            "Check LRTUNE_URL, and that client and server have the same version.",
        )
        self.url = url


class ApiError(ClientError):
    """The server refused; ``problem`` is its RFC 9457 document, ``code`` its stable name for programs."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail, problem.remedy)
        self.problem = problem

    @property
    def code(self) -> str:
        return self.problem.code

    @property
    def status(self) -> int:
        return self.problem.status

    @property
    def errors(self) -> list[FieldError]:
        """The fields at fault, if the problem lies in fields."""
        return self.problem.errors


class JobFailed(ClientError):  # noqa: N818 - reads as what happened
    """The job failed; ``job.error`` has the code, and file, line and traceback if the task's code raised."""

    def __init__(self, job: Job) -> None:
        error = job.error
        where = f" ({error.file}, line {error.line})" if error and error.file and error.line else ""
        super().__init__(
            f"Job {job.id} failed: {error.detail if error else 'the server says no more'}{where}",
            error.remedy if error else None,
        )
        self.job = job


class JobCancelled(ClientError):  # noqa: N818 - reads as what happened
    """The job was cancelled before it had an answer."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"Job {job.id} was cancelled.", "Submit it again for an answer.")
        self.job = job


class WaitTimeout(ClientError, TimeoutError):  # noqa: N818 - reads as what happened
    """The job has not ended in time. It goes on: wait again, or cancel it."""

    def __init__(self, job_id: str, timeout_s: float) -> None:
        super().__init__(
            f"Job {job_id} has not ended within {timeout_s:g} s.", "It goes on: wait again, or cancel it."
        )


class NothingMeasured(ClientError, LookupError):  # noqa: N818 - reads as what happened
    """No job has an answer for the task, or none with the optimizer."""

    def __init__(self, task: str, optimizer: str | None) -> None:
        with_it = f" with {optimizer}" if optimizer else ""
        super().__init__(
            f"No job has an answer for {task}{with_it} yet.", f"Measure one: lrtune submit {task} --wait"
        )
