"""Everything a job's page shows, read in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from lrtune.schedules import EXPORTS
from lrtune.wire import Answer, Job, Phase, Trial, TrialState
from service import code_of
from service.pages import range_chart, trials_chart
from service.pages.range_chart import RangeChart
from service.pages.trials_chart import TrialsChart
from store import Database, answers, jobs, range_tests, trials

LEADERS = 15


@dataclass(frozen=True)
class JobView:
    """A job and what it has measured so far.

    ``code`` holds the answer as code by framework; ``leaders`` are the best complete search trials;
    ``counts`` the search's trials by state.
    """

    job: Job
    answer: Answer | None
    code: dict[str, str]
    outcome: str | None
    reasons: list[str]
    range_chart: RangeChart | None
    trials_chart: TrialsChart | None
    leaders: list[Trial]
    counts: dict[str, int]


def of(database: Database, job_id: str) -> JobView:
    """The view of a job.

    Raises:
        store.errors.NotFound: There is no such job.
    """
    with database.read() as tx:
        job = jobs.get(tx, job_id)
        answer = answers.get(tx, job_id)
        swept = range_tests.get(tx, job_id)
        searched = trials.for_job(tx, job_id, phase=Phase.SEARCH)
    goal = job.request.metric.goal
    return JobView(
        job=job,
        answer=answer,
        code={name: code_of.text(answer, name) for name in EXPORTS} if answer else {},
        outcome=swept.outcome if swept else None,
        reasons=swept.reasons if swept else [],
        range_chart=range_chart.of(swept) if swept else None,
        trials_chart=trials_chart.of(searched, goal=goal),
        leaders=_leaders(searched, goal),
        counts=_counts(searched),
    )


def _leaders(searched: list[Trial], goal: str) -> list[Trial]:
    complete = [trial for trial in searched if trial.value is not None]
    sign = -1.0 if goal == "maximize" else 1.0
    return sorted(complete, key=lambda trial: (sign * (trial.value or 0.0), trial.number))[:LEADERS]


def _counts(searched: list[Trial]) -> dict[str, int]:
    counts = {state: sum(trial.state is state for trial in searched) for state in TrialState}
    return {str(state): count for state, count in counts.items() if count}
