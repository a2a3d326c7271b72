from __future__ import annotations

import math
import struct
from typing import Literal

import numpy as np
import pytest

from lrtune.plots import range_test_png, scaling_png, schedules_png
from lrtune.plots.canvas import number
from lrtune.plots.range_test import headline
from lrtune.rangetest import analyse
from lrtune.rangetest.scaling import scaling
from lrtune.wire import Curve, Outcome, RangeTest, Scaling, ScalingRule, Sized
from tests.unit.answer.jobs import answer, confirm
from tests.unit.rangetest.batches import batches
from tests.unit.rangetest.sweeps import Shape, sweep

VALUES = {
    "trial 3": [1.0, 1.1, 1.05],
    "trial 7": [1.2, 1.3, 1.25],
    "default": [2.0, 2.1, 2.05],
    "cosine": [1.3, 1.4, 1.35],
    "one_cycle": [1.4, None, 1.45],
}


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


@pytest.mark.parametrize(
    "found",
    [
        analyse(*sweep()),
        analyse(*sweep(Shape(depth=0.0))),
        analyse(*sweep(Shape(nan_at=-9))),
        analyse(*sweep(Shape(break_=3), seeds=1)),
        analyse(*sweep(Shape(break_=-8))),
        RangeTest(outcome=Outcome.FLAT, reasons=[]),
        RangeTest(
            outcome=Outcome.OK, reasons=["r"], curves=[Curve(seed=0, lr=[1e-3, 1e-2], loss=[1.0, None])]
        ),
    ],
)
def test_every_range_test_has_a_picture(found: RangeTest) -> None:
    width, height = size(range_test_png(found))
    assert width > 1000
    assert height > 600


def test_the_same_range_test_gives_the_same_bytes() -> None:
    found = analyse(*sweep())
    assert range_test_png(found) == range_test_png(found)


def test_the_suggestion_changes_the_picture() -> None:
    found = analyse(*sweep())
    without = found.model_copy(update={"suggestion": None, "suggested_lr": None})
    assert range_test_png(found) != range_test_png(without)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_headline(outcome: Outcome) -> None:
    assert headline(RangeTest(outcome=outcome, reasons=[])).startswith("No suggestion")


def test_the_headline_says_the_number_and_whether_it_is_verified() -> None:
    found = analyse(*sweep())
    assert found.suggestion is not None
    assert "not yet verified" in headline(found)
    assert number(found.suggestion.lr) in headline(found)
    sure = found.model_copy(update={"suggestion": found.suggestion.model_copy(update={"verified": True})})
    assert "verified by short trainings" in headline(sure)


@pytest.mark.parametrize("curves", [True, False])
def test_an_answer_has_a_picture_even_without_curves(curves: bool) -> None:
    trials = confirm(VALUES, curves=curves)
    width, _ = size(schedules_png(answer(trials), trials))
    assert width > 1200


def test_a_schedule_that_only_the_task_knows_is_drawn_by_what_was_reported() -> None:
    drawn = confirm(VALUES, curves=True)
    other = {trial.number: trial for trial in drawn if trial.label == "one_cycle"}
    trials = [
        trial.model_copy(update={"schedule": "custom:saw"}) if trial.number in other else trial
        for trial in drawn
    ]
    assert schedules_png(answer(trials), trials) != schedules_png(answer(drawn), drawn)


def test_more_contenders_make_a_taller_picture() -> None:
    trials = confirm(VALUES)
    few = confirm({"trial 3": VALUES["trial 3"]})
    assert size(schedules_png(answer(trials), trials))[1] > size(schedules_png(answer(few), few))[1]


def test_far_apart_values_and_equal_ones_are_drawn() -> None:
    for values in ({"trial 3": [1e-6, 2e-6], "default": [1e3, 2e3]}, {"trial 3": [0.0, 0.0]}):
        trials = confirm(values, curves=True)
        assert size(schedules_png(answer(trials), trials))


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (0.0012, "0.0012"), (3.2e-5, "3.2e-5"), (0.5, "0.5"), (123.4, "123"), (1e-4, "1e-4")],
)
def test_numbers_are_written_as_people_do(value: float, words: str) -> None:
    assert number(value) == words


def test_infinite_losses_do_not_break_the_axis() -> None:
    lr, loss = sweep()
    loss[0, 100:] = math.inf
    loss[1, :] = np.nan
    assert size(range_test_png(analyse(lr, loss)))


def test_lr_against_batch_size_has_a_panel_for_each_way() -> None:
    def found(by: Literal["batch_size", "accumulate"], exponent: float) -> Scaling:
        return scaling(by, batches(exponent), batch_size=64)

    one, both = scaling_png([found("batch_size", 1.0)]), [found("batch_size", 1.0), found("accumulate", 0.5)]
    assert size(scaling_png(both))[1] > 1.5 * size(one)[1]
    assert one == scaling_png([found("batch_size", 1.0)])
    assert one != scaling_png([found("batch_size", 0.5)])


def test_batch_sizes_without_a_rule_have_a_picture() -> None:
    nothing = Scaling(
        by="batch_size",
        rule=ScalingRule.UNDECIDED,
        text="no rule",
        batch_size=8,
        sizes=[Sized(batch_size=8, outcome=Outcome.FLAT, reasons=[])],
    )
    assert size(scaling_png([nothing]))[0] > 1000
