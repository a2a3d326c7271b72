"""What a trainer may claim of its trials, and which of them are stopped."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from lrtune.search import NEVER, Pruner
from lrtune.wire import MetricSpec, Phase, Report, Trial, TrialState
from workers.child import ChildDied
from workers.protocol import Finished, LaneReport
from workers.training import Lanes


def lanes(pruner: Pruner = NEVER, metric: MetricSpec | None = None) -> Lanes:
    """Two trials of three epochs, numbers 7 and 8."""
    waiting = {
        number: Trial(
            number=number,
            phase=Phase.SEARCH,
            state=TrialState.RUNNING,
            schedule="constant",
            initial_lr=0.1,
            seed=0,
            epochs=3,
        )
        for number in (7, 8)
    }
    return Lanes(metric or MetricSpec(), pruner, waiting)


def row(number: int, epoch: int, loss: float | None = 1.0, lr: float = 0.1) -> LaneReport:
    return LaneReport(number=number, report=Report(epoch=epoch, step=epoch, lr=lr, values={"loss": loss}))


def test_an_honest_unit_passes() -> None:
    unit = lanes()
    for epoch in (1, 2, 3):
        assert unit.reported([row(7, epoch), row(8, epoch)]) == []
    unit.finished(Finished(number=7, state=TrialState.COMPLETE, value=1.0))
    unit.finished(Finished(number=8, state=TrialState.DIVERGED))
    assert not unit.waiting


@pytest.mark.parametrize("rows", [[row(9, 1)], [row(7, 2)], [row(7, 1), row(7, 1)]])
def test_a_report_out_of_turn_is_refused(rows: list[LaneReport]) -> None:
    with pytest.raises(ChildDied, match="out of turn"):
        lanes().reported(rows)


def test_a_report_of_no_epoch_is_no_message() -> None:
    with pytest.raises(ValidationError, match="out of bounds"):
        row(7, 0)


def test_more_epochs_than_asked_are_refused() -> None:
    unit = lanes()
    for epoch in (1, 2, 3):
        unit.reported([row(7, epoch)])
    with pytest.raises(ChildDied, match="out of turn"):
        unit.reported([row(7, 4)])


@pytest.mark.parametrize(
    "end",
    [
        Finished(number=9, state=TrialState.DIVERGED),
        Finished(number=7, state=TrialState.COMPLETE, value=0.1),
        Finished(number=7, state=TrialState.PRUNED),
        Finished(number=7, state=TrialState.DIVERGED, value=0.1),
        Finished(number=7, state=TrialState.RUNNING),
    ],
)
def test_an_end_that_cannot_be_is_refused(end: Finished) -> None:
    with pytest.raises(ChildDied):
        lanes().finished(end)


def test_a_trial_above_the_bar_is_stopped_and_may_say_so() -> None:
    unit = lanes(Pruner({1: 0.5}))
    assert unit.reported([row(7, 1, 0.6), row(8, 1, 0.4)]) == [7]
    unit.finished(Finished(number=7, state=TrialState.PRUNED))


def test_the_bar_follows_the_goal() -> None:
    unit = lanes(Pruner({1: -0.5}), MetricSpec(name="loss", goal="maximize"))
    assert unit.reported([row(7, 1, 0.6), row(8, 1, 0.4)]) == [8]


def test_nobody_is_stopped_after_the_last_epoch() -> None:
    unit = lanes(Pruner({3: 0.5}))
    unit.reported([row(7, 1)])
    unit.reported([row(7, 2)])
    assert unit.reported([row(7, 3)]) == []


def test_a_lane_whose_lr_rises_is_not_stopped_at_a_bar() -> None:
    unit = lanes(Pruner({2: 0.5}))
    unit.reported([row(7, 1, lr=0.05), row(8, 1, lr=0.1)])
    assert unit.reported([row(7, 2, lr=0.1), row(8, 2, lr=0.1)]) == [8]
