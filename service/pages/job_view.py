"""What a job's page shows, read in one transaction: as much for ten thousand trials as for ten."""

from __future__ import annotations

from dataclasses import dataclass

from lrtune.schedules import EXPORTS
from lrtune.wire import Answer, Event, Job, Phase, RangeTest, Trial, TrialState
from service import code_of
from service.pages import timeline, told
from service.pages.timeline import Step
from store import Database, answers, events, jobs, progress, range_tests, standings

LEADERS = 15
EVENTS = 60


@dataclass(frozen=True)
class JobView:
    """A job and what it has measured so far.

    ``code`` holds the answer as code by framework; ``leaders`` are the best complete search trials;
    ``counts`` the search's trials by state; ``events`` the last ones, newest first; ``newest`` the id of the
    job's last event of any kind; ``confirmed`` how many trainings of the confirm phase are done.
    """

    job: Job
    answer: Answer | None
    code: dict[str, str]
    range_test: RangeTest | None
    leaders: list[Trial]
    counts: dict[TrialState, int]
    timeline: list[Step]
    events: list[Event]
    newest: int

    @property
    def final(self) -> int:
        """Search trials that are final."""
        return sum(number for state, number in self.counts.items() if state.final)

    @property
    def confirmed(self) -> int:
        """Trainings of the confirm phase that are done."""
        return next(step.done for step in self.timeline if step.phase is Phase.CONFIRM)


def of(database: Database, job_id: str) -> JobView:
    """The view of a job.

    Raises:
        store.errors.NotFound: There is no such job.
    """
    with database.read() as tx:
        job = jobs.get(tx, job_id)
        answer = answers.get(tx, job_id)
        goal = job.request.metric.goal
        begun = events.latest(tx, job_id, kinds=["phase"], limit=len(Phase))
        return JobView(
            job=job,
            answer=answer,
            code={name: code_of.text(answer, name) for name in EXPORTS} if answer else {},
            range_test=range_tests.get(tx, job_id),
            leaders=standings.leaders(tx, job_id, Phase.SEARCH, goal=goal, limit=LEADERS),
            counts=standings.counts(tx, job_id, Phase.SEARCH),
            timeline=timeline.of(job, progress.by_phase(tx, job_id), begun, tx.now()),
            events=events.latest(tx, job_id, kinds=told.KINDS, limit=EVENTS),
            newest=events.newest(tx, job_id),
        )
