"""Works on a ``train`` unit: trains its trials, stores every report, stops hopeless ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lrtune.search import Pruner
from lrtune.search.evidence import signed
from lrtune.wire import MetricSpec, Report, Trial, TrialState
from store import Tx, events, jobs, trials, units
from workers.child import ChildDied
from workers.facts import facts
from workers.keeper import Cancelled
from workers.protocol import (
    Continue,
    Crashed,
    Done,
    Finished,
    Lane,
    LaneReport,
    NotSaved,
    Reports,
    Saved,
    Train,
    Unfit,
)
from workers.pruning import pruner_of
from workers.saving import Saving
from workers.work import JobEnded, Work

TELL_EVERY_S = 1.0


@dataclass
class Lanes:
    """The unit's trials while they train. What the child claims of them is checked here."""

    metric: MetricSpec
    pruner: Pruner
    waiting: dict[int, Trial]
    values: dict[int, list[float]] = field(default_factory=dict)
    lrs: dict[int, float] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)

    def resume(self, epochs: Mapping[int, int]) -> None:
        """Go on where these trials had done so many epochs; the others of the unit had ended."""
        self.waiting = {number: self.waiting[number] for number in epochs}
        for number, trial in self.waiting.items():
            done = trial.curve[: epochs[number]]
            self.values[number] = [
                signed(report.values.get(self.metric.name), self.metric) for report in done
            ]
            if done:
                self.lrs[number] = done[-1].lr

    def reported(self, rows: list[LaneReport]) -> list[int]:
        """Take in a round; returns the lanes to stop."""
        before = dict(self.lrs)
        for row in rows:
            trial = self.waiting.get(row.number)
            line = self.values.setdefault(row.number, [])
            if trial is None or row.report.epoch != len(line) + 1 or row.report.epoch > trial.epochs:
                raise ChildDied(f"the trainer reported on trial {row.number} out of turn", "")
            line.append(signed(row.report.values.get(self.metric.name), self.metric))
            self.lrs[row.number] = row.report.lr
        stop = [
            row.number
            for row in rows
            if row.report.epoch < self.waiting[row.number].epochs
            and self.pruner.stop(
                self.values[row.number], rising=row.report.lr > before.get(row.number, row.report.lr)
            )
        ]
        self.stopped |= set(stop)
        return stop

    @property
    def epochs(self) -> dict[int, int]:
        """Epochs done, by number of the trials that have not ended."""
        return {number: len(self.values.get(number, [])) for number in self.waiting}

    def finished(self, end: Finished) -> None:
        """Take in a lane's end."""
        trial = self.waiting.pop(end.number, None)
        if trial is None:
            raise ChildDied(f"the trainer finished trial {end.number}, which it was not asked for", "")
        whole = len(self.values.get(end.number, [])) == trial.epochs
        fits = {
            TrialState.COMPLETE: whole and end.value is not None,
            TrialState.PRUNED: end.number in self.stopped,
            TrialState.DIVERGED: end.value is None,
        }
        if not fits.get(end.state, False):
            raise ChildDied(f"the trainer says trial {end.number} is {end.state}, which can't be", "")


def train(work: Work, *, clock: Callable[[], float] = time.monotonic) -> None:
    """Train the unit's trials and finish the unit.

    Raises:
        JobEnded: The task failed.
        ChildDied: The child ended, or its reports make no sense.
        Cancelled, Drained, LeaseLost: The work must stop.
    """
    work.ready()
    job, request = work.job, work.job.request
    numbers = work.lease.payload["numbers"]
    rows = work.keeper.read(lambda tx: trials.for_job(tx, job.id, curves=True))
    mine = {row.number: row for row in rows if row.number in numbers}
    left = {number for number in numbers if not mine[number].state.final}
    told = work.keeper.read(lambda tx: facts(tx, job.id))
    owned = told is not None and told.mode == "owned"
    if owned:
        numbers = [number for number in numbers if number in left]
    # A worker that was lost over this unit may have finished some of its trials. They are trained along, for
    # the others' last bits hang on whom they train with (docs/decisions/0007), but not written again.
    first = next(iter(mine.values()))
    pruner = pruner_of(request, first.phase, first.generation, rows)
    lanes = Lanes(request.metric, pruner, {number: mine[number] for number in numbers})
    order = Train(
        lanes=[
            Lane(number=n, setting=mine[n].setting, seed=mine[n].seed, epochs=mine[n].epochs) for n in numbers
        ],
        metric=request.metric.name,
    )
    saving = Saving(work, possible=not owned, clock=clock)
    found = saving.found(mine)
    if found is not None:
        lanes.resume(found.epochs)
    work.keeper.write(lambda tx: trials.start(tx, job.id, sorted(left)))
    work.child.send(order if found is None else order.model_copy(update={"resume": saving.resumed}))
    teller = Teller(job.id, clock)
    ends: list[Finished] = []

    def write(tx: Tx, reports: list[tuple[int, Report]], *, last: bool = False) -> None:
        saving.tell(tx)
        _write(tx, job.id, reports, ends, teller, last=last)

    try:
        for reply in work.child.replies(tick=work.tick, log=work.log):
            match reply:
                case Reports():
                    stop = lanes.reported(reply.rows)
                    reports = [(row.number, row.report) for row in reply.rows if row.number in left]
                    work.keeper.write(lambda tx, r=reports: write(tx, r))  # type: ignore[misc]
                    ends.clear()
                    work.child.send(Continue(stop=stop, save=saving.ask()))
                case Finished():
                    lanes.finished(reply)
                    if reply.number in left:
                        ends.append(reply)
                case Saved() | NotSaved():
                    if not saving.asked:
                        raise ChildDied("the trainer saved out of turn", "")
                    if isinstance(reply, Saved):
                        saving.saved(lanes.epochs, lambda tx: write(tx, []))
                    else:
                        saving.refused(reply.reason, lambda tx: write(tx, []))
                    ends.clear()
                case Unfit():
                    saving.unfit(reply.reason, numbers)
                    lanes = Lanes(request.metric, pruner, {number: mine[number] for number in numbers})
                    work.child.send(order)
                case Crashed():
                    work.fail(reply.error)
                case Done():
                    if lanes.waiting:
                        raise ChildDied("the trainer left out a trial", "")
    except (Cancelled, JobEnded):
        saving.forget()
        raise

    def end(tx: Tx) -> None:
        write(tx, [], last=True)
        units.finish(tx, work.lease)

    work.keeper.write(end)
    saving.forget()


class Teller:
    """Puts the job's progress into its events, at most once a second."""

    def __init__(self, job_id: str, clock: Callable[[], float]) -> None:
        self._job_id = job_id
        self._clock = clock
        self._told_at = float("-inf")

    def tell(self, tx: Tx, *, last: bool = False) -> None:
        """Tell how far the job is, if that was not told just now or is the unit's last word."""
        now = self._clock()
        if now - self._told_at < TELL_EVERY_S and not last:
            return
        self._told_at = now
        job = jobs.get(tx, self._job_id)
        told = job.model_dump(mode="json", include={"phase", "progress", "best"})
        events.add(tx, self._job_id, "progress", told)


def _write(
    tx: Tx,
    job_id: str,
    reports: list[tuple[int, Report]],
    ends: list[Finished],
    teller: Teller,
    *,
    last: bool = False,
) -> None:
    if reports:
        trials.report(tx, job_id, reports)
    if ends:
        trials.finish(tx, job_id, [(end.number, end.state, end.value) for end in ends])
    for end in ends:
        told = {"number": end.number, "state": end.state, "value": end.value}
        events.add(tx, job_id, "trial", told)
    teller.tell(tx, last=last)
