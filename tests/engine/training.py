"""Trainings in this process: what a population's lanes did, by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lrtune.schedules import start
from workers.protocol import Continue, Finished, Lane, Reports
from workers.trainer.lanes import Lanes
from workers.trainer.loop import train
from workers.trainer.workload import Workload

Curve = list[dict[str, Any]]


def curves(
    workload: Workload,
    population: Lanes,
    lanes: Sequence[Lane],
    *,
    capacity: int = 64,
    stop: Callable[[int, int], bool] = lambda number, epoch: False,
) -> tuple[dict[int, Curve], dict[int, Finished]]:
    """Each lane's values by epoch, the LR of the epoch's last step among them, and how it ended.

    Args:
        stop: (number, epoch) -> whether the worker stops that lane there.
    """
    told: dict[int, Curve] = {lane.number: [] for lane in lanes}
    ends: dict[int, Finished] = {}

    def exchange(reports: Reports) -> Continue:
        for row in reports.rows:
            told[row.number].append({"lr": row.report.lr, **row.report.values})
        return Continue(stop=[row.number for row in reports.rows if stop(row.number, row.report.epoch)])

    def finish(end: Finished) -> None:
        assert end.number not in ends
        ends[end.number] = end

    train(
        workload,
        population,
        capacity,
        lanes,
        "loss",
        start=start,
        finish=finish,
        exchange=exchange,
        working=lambda what, done, total: None,
    )
    assert population.count == 0
    return told, ends
