"""Whose lines the charts show: the confirmed contenders once there are any, the search's best before."""

from __future__ import annotations

from typing import Literal

from lrtune.answer import baseline
from lrtune.wire import Job, Phase, Setting, Trial
from service.pages.data.lines import Contender, every
from service.pages.figures import words
from store import Tx, answers, standings, trials

Group = Literal["confirm", "search"]

BEST = 8
"""Search trials that are shown."""

SHOWN = 10
"""Contenders that are shown."""


def read(tx: Tx, job: Job, group: Group) -> list[Contender]:
    """The contenders of a group with their trainings' reports, thinned; none before there are any."""
    return _confirmed(tx, job) if group == "confirm" else _searched(tx, job)


def _confirmed(tx: Tx, job: Job) -> list[Contender]:
    found = trials.for_job(tx, job.id, phase=Phase.CONFIRM)
    by_name: dict[str, list[Trial]] = {}
    for trial in found:
        by_name.setdefault(trial.label or f"trial {trial.number}", []).append(trial)
    answer = answers.get(tx, job.id)
    chosen = answer and Setting(
        schedule=answer.schedule.family, initial_lr=answer.initial_lr, params=answer.schedule.params
    )
    ranked = sorted(by_name, key=lambda name: (by_name[name][0].setting != chosen, not baseline(name)))
    shown = ranked[:SHOWN]
    numbers = [trial.number for name in shown for trial in by_name[name]]
    reports = standings.curves(tx, job.id, numbers, every=every(job.request.epochs))
    return [
        Contender(
            name=words(name),
            setting=by_name[name][0].setting,
            runs=[reports.get(trial.number, []) for trial in by_name[name]],
            chosen=by_name[name][0].setting == chosen,
            baseline=baseline(name),
        )
        for name in shown
    ]


def _searched(tx: Tx, job: Job) -> list[Contender]:
    best = standings.leaders(tx, job.id, Phase.SEARCH, goal=job.request.metric.goal, limit=BEST)
    reports = standings.curves(tx, job.id, [trial.number for trial in best], every=every(job.request.epochs))
    return [
        Contender(
            name=f"trial {trial.number}, {words(trial.schedule)}",
            setting=trial.setting,
            runs=[reports.get(trial.number, [])],
            chosen=place == 0,
        )
        for place, trial in enumerate(best)
    ]
