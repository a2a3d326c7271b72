"""A job that this program started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from lrtune.client.result import Result
from lrtune.wire import Event, Job

if TYPE_CHECKING:
    from lrtune.client.client import Client


class JobHandle:
    """A job on a server: ``client.submit("digits-mlp").wait().answer``.

    Attributes:
        id: The job's id.
        job: The job as the server last told it.
    """

    def __init__(self, client: Client, job: Job) -> None:
        self._client = client
        self.job = job
        self.id = job.id

    def refresh(self) -> Job:
        """Read the job anew."""
        self.job = self._client.job(self.id)
        return self.job

    def wait(
        self, on_event: Callable[[Event], None] | None = None, *, timeout_s: float | None = None
    ) -> Result:
        """Wait for the job's end, as ``Client.wait``."""
        result = self._client.wait(self.id, on_event, timeout_s=timeout_s)
        self.job = result.job
        return result

    def events(self, after: int = 0) -> Iterator[Event]:
        """What happens to the job, as it happens."""
        return self._client.events(self.id, after=after)

    def cancel(self) -> Job:
        """Cancel the job."""
        self.job = self._client.cancel(self.id)
        return self.job

    def __repr__(self) -> str:
        return f"<JobHandle {self.id}: {self.job.task}, {self.job.state.value}>"
