"""What a job's events have told so far: the state behind the live view and the plain lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lrtune.cli import figures
from lrtune.wire import BestSoFar, Event, Job, JobState, Outcome, Phase, Progress

M = TypeVar("M", bound=BaseModel)
E = TypeVar("E", bound=StrEnum)


@dataclass
class Following:
    """A job as its events tell it, kept up to date by ``apply``.

    Attributes:
        job: The job when following began: what was asked.
        state, phase, progress, best: As last told.
        suggestion: What the range test found, in words; empty until it has.
        mode: How the engine trains; empty until it is known.
        verdict: The answer in words; empty until there is one.
        at: When the last event happened, by the server's clock.
        news: Things worth a line of their own that nobody has printed yet.
    """

    job: Job
    state: JobState = JobState.QUEUED
    phase: Phase | None = None
    progress: Progress = field(default_factory=Progress)
    best: BestSoFar | None = None
    suggestion: str = ""
    mode: str = ""
    verdict: str = ""
    at: datetime | None = None
    started_at: datetime | None = None
    news: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, job: Job) -> Following:
        followed = cls(job)
        followed.refresh(job)
        return followed

    def refresh(self, job: Job) -> None:
        """Take in the job as it is now."""
        self.job, self.state, self.phase = job, job.state, job.phase
        self.progress, self.best, self.started_at = job.progress, job.best or self.best, job.started_at
        self.at = job.finished_at or self.at

    def apply(self, event: Event) -> None:
        """Take in one event; what it does not hold, or holds in another form, changes nothing."""
        self.at = event.at
        told = event.data
        match event.kind:
            case "state":
                self._state(told, event.at)
            case "transfer":
                self.news.append(
                    f"the search begins with the answers of earlier jobs too: {told.get('jobs')}"
                )
            case "stopped_early":
                trials = f"{told.get('trials')} of {told.get('asked')} trials"
                self.news.append(f"the search stops after {trials}: more would not change the answer")
            case "phase":
                self.phase = _member(Phase, told.get("phase")) or self.phase
                fresh = {"phase_done": 0, "phase_total": 0, "phase_share": 0.0}
                self.progress = self.progress.model_copy(update=fresh)
            case "progress":
                self.phase = _member(Phase, told.get("phase")) or self.phase
                self.progress = _read(Progress, told.get("progress")) or self.progress
                self.best = _read(BestSoFar, told.get("best")) or self.best
            case "range_test":
                self._range_test(told)
            case "engine":
                self._engine(told)
            case "warning" | "log":
                self.news.append(f"{'warning' if event.kind == 'warning' else 'log'}: {told.get('text', '')}")
            case "checkpoint":
                self.news.append(str(told.get("text", "")))
            case "answer":
                self.verdict = str(told.get("verdict", ""))

    def _state(self, told: dict[str, Any], at: datetime) -> None:
        self.state = _member(JobState, told.get("state")) or self.state
        if self.state is JobState.RUNNING and self.started_at is None:
            self.started_at = at

    def _range_test(self, told: dict[str, Any]) -> None:
        suggested, outcome = told.get("suggested_lr"), _member(Outcome, told.get("outcome"))
        if isinstance(suggested, float | int):
            self.suggestion = f"suggests an LR of {figures.lr(suggested)}"
        elif outcome is not None:
            self.suggestion = f"no suggestion: {outcome.value.replace('_', ' ')}"

    def _engine(self, told: dict[str, Any]) -> None:
        if told.get("mode") == "fused":
            self.mode = f"{told.get('lanes')} trainings at a time on {told.get('device')}"
        elif told.get("mode") == "sequential":
            self.mode = f"one training at a time on {told.get('device')}"
        if told.get("reason"):
            self.news.append(f"engine: {told['reason']}")


def _member(kind: type[E], value: Any) -> E | None:
    try:
        return kind(value)
    except ValueError:
        return None


def _read(model: type[M], value: Any) -> M | None:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None
