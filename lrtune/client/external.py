"""Training the trials of an external job: the loop of a client that owns its training."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lrtune.client.errors import ApiError
from lrtune.loops import LoopTrial
from lrtune.wire import ExternalTrial, Job, Setting, StopReason, TrialEnd, Verdict

if TYPE_CHECKING:
    from lrtune.client.client import Client

BATCH_S = 1.0
"""Steps of a sweep are sent together, so often."""


def loop(
    client: Client,
    job_id: str,
    *,
    name: str | None,
    lease_s: float,
    clock: Callable[[], float],
    restart: bool,
) -> Iterator[OutsideTrial]:
    """See ``Client.external``."""
    job = client.job(job_id)
    who = name or f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
    while True:
        try:
            told = client.ask(job_id, client=who, lease_s=lease_s, restart=restart)
        except ApiError as error:
            if error.code == "job_final":
                return
            raise
        restart = False
        if told is None:
            continue
        trial = OutsideTrial(client, job, told, clock)
        try:
            yield trial
        except BaseException:
            trial.release()
            raise
        trial.finish()


class OutsideTrial(LoopTrial):
    """A trial that this program trains; see ``LoopTrial`` for what to do with it.

    Attributes:
        name: Its name on the server.
        told: The trial as the server handed it out.
    """

    def __init__(self, client: Client, job: Job, told: ExternalTrial, clock: Callable[[], float]) -> None:
        schedule = told.schedule
        super().__init__(
            seed=told.seed,
            epochs=told.epochs,
            steps_per_epoch=told.steps_per_epoch,
            metric=job.request.metric.name,
            optimizer=job.request.optimizer,
            setting=None
            if schedule is None
            else Setting(schedule=schedule, initial_lr=told.initial_lr, params=told.params),
            sweep_lrs=told.lr if told.sweep else (),
        )
        self.name = told.name
        self.told = told
        self.end: TrialEnd | None = None
        self._client = client
        self._job = job.id
        self._clock = clock
        self._sent_at = clock()
        self._waiting: list[dict[str, Any]] = []

    def finish(self, state: str | None = None, detail: str | None = None) -> TrialEnd | None:
        """End the trial; done by itself when the loop goes on to the next one.

        Args:
            state: ``complete``, ``pruned``, ``diverged``, ``released`` (hand it back) or ``failed`` (the job
                is hopeless; ``detail`` says why). It follows from the reports if None.

        Returns:
            How it ended; None if it is another's by now, or its job has ended.
        """
        if self.end is None and self.reason not in (StopReason.LOST, StopReason.ENDED):
            if state is None and self.reason is StopReason.DIVERGED:
                state = "diverged"
            try:
                self.end = self._client.finish(
                    self._job, self.name, token=self.told.token, state=state, detail=detail
                )
            except ApiError as error:
                if error.code not in ("lease_lost", "job_final"):
                    raise
                self._reason = StopReason.LOST
        return self.end

    def release(self) -> None:
        """Hand the trial back unfinished, if that is still possible."""
        with suppress(Exception):
            self.finish("released")

    def _deliver(self, epoch: int, lr: float, values: Mapping[str, float | None]) -> StopReason | None:
        return self._send([{"epoch": epoch, "values": dict(values)}])

    def _deliver_step(self, step: int, loss: float | None, *, last: bool) -> None:
        self._waiting.append({"step": step, "values": {"train_loss": loss}})
        if last or self._clock() - self._sent_at >= BATCH_S:
            waiting, self._waiting = self._waiting, []
            self._reason = self._send(waiting)

    def _alive(self, step: int) -> None:
        if self._clock() - self._sent_at >= self.told.lease_s / 3:
            self._reason = self._send([])

    def _send(self, reports: list[dict[str, Any]]) -> StopReason | None:
        self._sent_at = self._clock()
        try:
            verdict: Verdict = self._client.report(
                self._job, self.name, token=self.told.token, reports=reports
            )
        except ApiError as error:
            if error.code != "lease_lost":
                raise
            return StopReason.LOST
        return verdict.reason
