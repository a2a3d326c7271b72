"""What every kind of unit needs while it is worked on."""

from __future__ import annotations

from dataclasses import dataclass

from lrtune.schedules import PREFIX
from lrtune.wire import Job, JobError
from store import Tx, events, jobs
from store.units import Lease
from workers.checkpoints import Checkpoints
from workers.child import Child
from workers.facts import facts, of
from workers.job_log import JobLog
from workers.keeper import Keeper
from workers.protocol import Crashed, Load, Loaded
from workers.sandbox.folder import Folder
from workers.settings import Settings

GRACE_S = 4.0
"""So long a trainer outlives a lease that its worker, held up, has not renewed: it may be renewed late."""


class JobEnded(Exception):  # noqa: N818 - not an error: the job is over
    """The job has failed and is written down so; nothing of it goes on."""


@dataclass
class Work:
    """One unit of a job at hand, with a trainer child for it.

    Attributes:
        load: The order that makes the child load the job's task, if it has not.
        log: Takes each line that the task prints.
        folder: The child's.
        checkpoints: Where checkpoints are kept.
        settings: The worker's.
    """

    job: Job
    keeper: Keeper
    child: Child
    load: Load
    log: JobLog
    folder: Folder
    checkpoints: Checkpoints
    settings: Settings

    @property
    def lease(self) -> Lease:
        return self.keeper.lease

    def tick(self) -> None:
        """Look after the lease, and let the child go on for as long as it lasts; see ``Keeper.tick``."""
        self.keeper.tick()
        self.child.hold(self.keeper.left_s + GRACE_S)

    def ready(self) -> None:
        """Have the task loaded in the child.

        Raises:
            JobEnded: The task cannot be loaded, or lacks what the job asks of it.
        """
        if self.child.loaded == self.job.id:
            return
        self.child.send(self.load)
        for reply in self.child.replies(tick=self.tick, log=self.log):
            if isinstance(reply, Crashed):
                self.fail(reply.error)
            if isinstance(reply, Loaded):
                self._check_metric(reply)
                self._check_schedules(reply)
                self.keeper.write(lambda tx, told=reply: self._told(tx, told))  # type: ignore[misc]
                self.child.loaded = self.job.id

    def fail(self, error: JobError) -> None:
        """Fail the job.

        Raises:
            JobEnded: Always.
        """
        self.keeper.write(lambda tx: jobs.fail(tx, self.job.id, error))
        raise JobEnded

    def _told(self, tx: Tx, told: Loaded) -> None:
        found, kept = of(told), facts(tx, self.job.id)
        if kept is not None:
            if found.choice != kept.choice:
                text = f"A worker can't train as the job's others do: {found.reason}. Last digits may differ."
                events.add(tx, self.job.id, "warning", {"text": text})
            return
        jobs.set_engine(tx, self.job.id, found.model_dump(mode="json"))
        events.add(tx, self.job.id, "engine", found.model_dump(mode="json"))

    def _check_metric(self, told: Loaded) -> None:
        metric = self.job.request.metric.name
        if metric != "loss" and metric not in told.metrics:
            known = ", ".join(["loss", *told.metrics])
            self.fail(
                JobError(
                    code="metric_unknown",
                    detail=f"The job is judged by {metric!r}, but task {self.job.task} has no such metric.",
                    remedy=f"Submit again with one of: {known}.",
                )
            )

    def _check_schedules(self, told: Loaded) -> None:
        own = [row.name for row in told.schedules]
        for name in self.job.request.search.schedules:
            if name.startswith(PREFIX) and name not in own:
                known = f"It has {', '.join(own)}." if own else "It has none."
                self.fail(
                    JobError(
                        code="schedule_unknown",
                        detail=f"The job searches {name!r}, which task {self.job.task} lacks. {known}",
                        remedy="Name it in the task's schedules=, or leave it out of search.schedules.",
                    )
                )
