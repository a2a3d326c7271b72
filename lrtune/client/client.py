"""The client: what the HTTP API offers, typed with the wire models."""

from __future__ import annotations

import math
import os
import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx

from lrtune.bundle import BundleError, collect, pack
from lrtune.client.accounts import Accounts
from lrtune.client.calls import of_job, plain
from lrtune.client.connection import Connection
from lrtune.client.counted import Counted
from lrtune.client.endpoint import Endpoint
from lrtune.client.errors import ArgumentError, JobCancelled, JobFailed
from lrtune.client.events import follow
from lrtune.client.exports import Exports
from lrtune.client.external import OutsideTrial, loop
from lrtune.client.handle import JobHandle
from lrtune.client.labels import Labels
from lrtune.client.memory import Memory
from lrtune.client.result import Result
from lrtune.client.webhooks import Webhooks
from lrtune.wire import (
    Answer,
    Code,
    Event,
    ExternalTrial,
    Job,
    JobRequest,
    JobState,
    Page,
    Phase,
    RangeTest,
    Task,
    Trial,
    TrialEnd,
    TrialState,
    Verdict,
    Worker,
)
from lrtune.wire.external import LEASE_S


class Client(Labels, Exports, Memory, Accounts, Webhooks):
    """Speaks to one lrtune server. Every call is retried safely when the server is away or busy.

    May be used from several threads, and as a context manager, which closes its connections.

    Args:
        url: The server; if None ``LRTUNE_URL``, the one logged in to last, or http://127.0.0.1:8765.
        token: Bearer token; if None ``LRTUNE_TOKEN``, the one logged in with, or none.
        timeout_s: Seconds for connecting and for each answer.
        transport: Takes the place of the network, in tests.
        sleep: Waits between retries.
        rng: Randomness of the waits; keys of submissions come from the system.

    Raises:
        ArgumentError: The URL or the token cannot be.

    Every method raises ``ApiError`` when the server refuses, ``Unreachable`` when none answers and
    ``NotUnderstood`` when what answers is no lrtune server.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        rng: random.Random | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        endpoint = Endpoint.of(url, token, environ)
        self._connection = Connection(
            endpoint,
            timeout_s=timeout_s,
            transport=transport,
            sleep=sleep,
            rng=rng if rng is not None else random.Random(),
        )
        self.url = endpoint.url

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def submit(
        self, request: JobRequest | str, *, idempotency_key: str | None = None, **fields: Any
    ) -> JobHandle:
        """Queue a job.

        Args:
            request: A whole request; or the task's name, with the other fields of ``JobRequest`` beside it:
                ``client.submit("digits-mlp", epochs=10, optimizer={"name": "sgd", "momentum": 0.9})``.
            idempotency_key: The same key with the same request gives the same job; a fresh one by default.
            fields: Fields of the request. The server checks them, all at once.

        Raises:
            ArgumentError: A field cannot be JSON.
            ApiError: ``invalid_request`` with every field at fault in ``errors``.
        """
        if isinstance(request, JobRequest):
            if fields:
                raise ArgumentError(
                    next(iter(fields)), "is given beside a whole request.", "Put it into the JobRequest."
                )
            body: Any = request.model_dump(mode="json", exclude_unset=True)
        else:
            body = plain({"task": request, **fields})
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        return JobHandle(self, self._read(Job, self._connection.post("/v1/jobs", body, headers)))

    def job(self, job_id: str) -> Job:
        """A job as it is now."""
        return self._get(Job, of_job(job_id))

    def jobs(
        self,
        *,
        task: str | None = None,
        state: JobState | str | None = None,
        author: str | None = None,
        tag: str | None = None,
        query: str | None = None,
        archived: Literal["exclude", "include", "only"] | None = None,
    ) -> Iterator[Job]:
        """Jobs, newest first; pages are read as they are needed.

        Args:
            task: Jobs of this task, any version.
            state: Jobs in this state.
            author: Jobs of this account.
            tag: Jobs with this tag.
            query: Words, or beginnings of words, that are all in what is said in and of the job.
            archived: Whether archived jobs are left out (None too), included, or the only ones.
        """
        filters = {"task": task, "state": state, "author": author, "tag": tag, "archived": archived}
        return self._items(Job, "/v1/jobs", q=query, **filters)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job; cancelling again changes nothing."""
        return self._read(Job, self._connection.post(of_job(job_id, "/cancel")))

    def events(self, job_id: str, *, after: int = 0, timeout_s: float | None = None) -> Iterator[Event]:
        """What happens to a job, as it happens: from its first event, or the next to ``after``, to its last.

        A broken connection is made again without losing or repeating an event.
        """
        of_job(job_id)
        return follow(
            self._connection,
            job_id,
            after=after,
            state=lambda: self.job(job_id).state,
            timeout_s=timeout_s,
        )

    def wait(
        self,
        job_id: str,
        on_event: Callable[[Event], None] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> Result:
        """Wait until a job ends, and give its result.

        Args:
            job_id: Whose end.
            on_event: Called with every event of the job.
            timeout_s: Seconds until ``WaitTimeout``; None to wait as long as it takes.

        Raises:
            JobFailed, JobCancelled: The job ended without an answer.
            WaitTimeout: It has not ended in time; it goes on.
        """
        for event in self.events(job_id, timeout_s=timeout_s):
            if on_event is not None:
                on_event(event)
        return self.result(job_id)

    def result(self, job_id: str) -> Result:
        """The result of a job that has succeeded.

        Raises:
            JobFailed, JobCancelled: It ended without an answer.
            ApiError: ``not_ready`` while it runs.
        """
        job = self.job(job_id)
        if job.state is JobState.FAILED:
            raise JobFailed(job)
        if job.state is JobState.CANCELLED:
            raise JobCancelled(job)
        return Result(self, job, self.answer(job_id))

    def answer(self, job_id: str) -> Answer:
        """The confirmed LR and schedule, with their evidence."""
        return self._get(Answer, of_job(job_id, "/answer"))

    def range_test(self, job_id: str) -> RangeTest:
        """What the LR range test found."""
        return self._get(RangeTest, of_job(job_id, "/range-test"))

    def analyse(
        self, lr: Iterable[float], loss: Iterable[Any], *, seeds: Iterable[int] | None = None
    ) -> RangeTest:
        """Have the server read a sweep that you ran: as ``lrtune.analyse``, which needs no server.

        Args:
            lr: Learning rates, strictly increasing, shape (steps,).
            loss: Raw losses, NaN or None after divergence, shape (seeds, steps), or (steps,) for one seed.
            seeds: Names of the rows of ``loss``.

        Raises:
            ApiError: ``invalid_request`` where the arrays are no sweep.
        """
        body = plain(
            {"lr": _nulls(lr), "loss": _nulls(loss), "seeds": None if seeds is None else list(seeds)}
        )
        return self._read(RangeTest, self._connection.post("/v1/range-tests", body))

    def external(
        self, job_id: str, *, client: str | None = None, lease_s: float = LEASE_S
    ) -> Iterator[OutsideTrial]:
        """The trials of an external job, for this program to train, until the job ends.

        Each is finished when the loop goes on to the next one, and handed back if the loop is left::

            for trial in client.external(job_id):
                model = build(trial.seed)
                for step in range(trial.total_steps):
                    loss = train_step(model, lr=trial.lr(step))
                    told = {"train_loss": loss}
                    if (step + 1) % trial.steps_per_epoch == 0:
                        told["loss"] = validate(model)
                    if trial.report(step, **told).stop:
                        break

        Args:
            job_id: Of a job submitted with ``mode="external"``.
            client: Who asks. A program that was killed and asks again under its name gets its trial back, to
                begin anew; a fresh name by default.
            lease_s: Seconds of silence after which a trial goes to another client.

        Raises:
            ApiError: ``not_external``; ``no_worker`` where nobody lives who could plan the next trials.
        """
        of_job(job_id)
        return loop(
            self, job_id, name=client, lease_s=lease_s, clock=time.monotonic, restart=client is not None
        )

    def ask(
        self, job_id: str, *, client: str, lease_s: float = LEASE_S, restart: bool = False
    ) -> ExternalTrial | None:
        """A trial of an external job: the one that ``client`` holds, else the next.

        Where there is none now, it waits as long as the server asks for, and gives None.
        """
        body = {"client": client, "lease_s": lease_s, "restart": restart}
        response = self._connection.post(of_job(job_id, "/trials"), body)
        if response.status_code != httpx.codes.NO_CONTENT:
            return self._read(ExternalTrial, response)
        self._connection.rest(response)
        return None

    def report(
        self, job_id: str, trial: str, *, token: str, reports: Iterable[Mapping[str, Any]] = ()
    ) -> Verdict:
        """Report epochs of an external trial (or steps of a sweep), and renew its lease."""
        body = plain({"token": token, "reports": list(reports)})
        return self._read(Verdict, self._connection.post(of_job(job_id, f"/trials/{trial}/reports"), body))

    def finish(
        self, job_id: str, trial: str, *, token: str, state: str | None = None, detail: str | None = None
    ) -> TrialEnd:
        """End an external trial: as its reports say, or as ``state`` says."""
        body = {"token": token, "state": state, "detail": detail}
        return self._read(TrialEnd, self._connection.post(of_job(job_id, f"/trials/{trial}/finish"), body))

    def trials(
        self,
        job_id: str,
        *,
        phase: Phase | str | None = None,
        state: TrialState | str | None = None,
    ) -> Iterator[Trial]:
        """A job's trials by number; pages are read as they are needed."""
        return self._items(Trial, of_job(job_id, "/trials"), phase=phase, state=state)

    def code(self, job_id: str, framework: str = "pytorch") -> str:
        """The answer as code to paste; ``framework`` is a key of ``lrtune.schedules.EXPORTS``."""
        return self._get(Code, of_job(job_id, "/code"), framework=framework).code

    def tasks(self) -> Iterator[Task]:
        """Task versions that jobs can name."""
        return self._items(Task, "/v1/tasks")

    def task(self, ref: str) -> Task:
        """The task version that ``ref`` names: ``name`` (the newest), ``name@3``, or ``name@`` and how its
        digest begins."""
        return self._get(Task, _of_task(ref))

    def push_task(
        self,
        script: str | os.PathLike[str],
        *,
        name: str | None = None,
        requirements: str = "",
        include: Iterable[str | os.PathLike[str]] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> Task:
        """Push a training, so that jobs can name it; the same content gives the version that there is.

        Args:
            script: ``FILE.py`` or ``FILE.py:function``. Modules beside it that it imports come along.
            name: Of the task; the file's own by default.
            requirements: Packages it needs beside the trainer's, as in a requirements file.
            include: Files and folders in the script's folder that come along too.
            progress: Told the bytes that were sent, and all that will be.

        Raises:
            ArgumentError: What is on the disk cannot become a task.
        """
        try:
            found = collect(os.fspath(script), include=[os.fspath(each) for each in include])
        except BundleError as error:
            raise ArgumentError(error.field, error.detail, error.remedy) from None
        fields = {"name": name or found.name, "entry": found.entry, "requirements": requirements}
        with Counted(pack(found.files), progress) as file:
            return self._read(Task, self._connection.upload("/v1/tasks", fields, "bundle.zip", file))

    def task_bundle(self, ref: str) -> bytes:
        """The files of a task version, as a zip."""
        return self._connection.get(_of_task(ref, "/bundle")).content

    def workers(self) -> list[Worker]:
        """Worker processes, and what each is doing."""
        return self._get(Page[Worker], "/v1/workers").items

    def range_test_png(self, job_id: str) -> bytes:
        """The picture of the range test."""
        return self._connection.get(of_job(job_id, "/range-test.png")).content

    def scaling_png(self, job_id: str) -> bytes:
        """The picture of LR against batch size, of a job that swept several."""
        return self._connection.get(of_job(job_id, "/scaling.png")).content

    def schedules_png(self, job_id: str) -> bytes:
        """The picture of the answer's schedule beside finalists and baselines."""
        return self._connection.get(of_job(job_id, "/schedules.png")).content


def _nulls(values: Any) -> Any:
    """Arrays and sequences as lists, numbers that JSON does not have as None."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, str) or not isinstance(values, Iterable):
        return None if isinstance(values, float) and not math.isfinite(values) else values
    return [_nulls(value) for value in values]


def _of_task(ref: str, rest: str = "") -> str:
    """Path of a task's resource."""
    return f"/v1/tasks/{quote(ref, safe='@')}{rest}"
