from __future__ import annotations

import pytest

from lrtune.search.study import begin_with, propose
from lrtune.search.transfer import FAR, MOST, transferred
from lrtune.wire import Answer, BestAnswer, ScheduleChoice, SearchSpec, Setting
from tests.unit.answer.jobs import PROVENANCE, answer, confirm
from tests.unit.search.families import FAMILIES, PRIOR
from tests.unit.search.test_study import NAMES

BASE = answer(confirm({"trial 3": [1.0, 1.1, 1.2], "default": [2.0, 2.1, 2.2]}))


def earlier(
    job: str, lr: float, *, distance: float = 0.0, family: str = "cosine", batch_size: int = 32
) -> BestAnswer:
    measured = PROVENANCE.model_copy(update={"batch_size": batch_size})
    told: Answer = BASE.model_copy(
        update={"initial_lr": lr, "schedule": ScheduleChoice(family=family), "provenance": measured}
    )
    return BestAnswer(job=job, answer=told, distance=distance)


def ask(
    *answers: BestAnswer, optimizer: str = "adamw", batch_size: int = 32, epochs: int = 20
) -> list[tuple[str, float]]:
    found = transferred(
        answers, optimizer=optimizer, batch_size=batch_size, epochs=epochs, schedules=("cosine", "step")
    )
    return [(each.job, each.setting.initial_lr) for each in found]


def test_the_nearest_come_first_and_are_few() -> None:
    found = ask(*(earlier(f"job{n}", 0.01 * (n + 1), distance=n / 10) for n in range(5)))
    assert found == [("job0", 0.01), ("job1", 0.02)]
    assert len(found) == MOST


def test_the_same_setting_twice_counts_once() -> None:
    assert ask(earlier("a", 0.01), earlier("b", 0.01), earlier("c", 0.02)) == [("a", 0.01), ("c", 0.02)]


def test_what_is_far_or_not_searched_is_left_out() -> None:
    assert ask(earlier("a", 0.01, distance=FAR + 1), earlier("b", 0.01, family="plateau")) == []


@pytest.mark.parametrize(("optimizer", "factor"), [("adamw", 2.0), ("sgd", 4.0)])
def test_the_lr_moves_with_the_batch_size(optimizer: str, factor: float) -> None:
    assert ask(earlier("a", 0.01), optimizer=optimizer, batch_size=128) == [
        ("a", pytest.approx(0.01 * factor))
    ]


def test_a_longer_run_wants_a_lower_lr() -> None:
    [(_, lr)] = ask(earlier("a", 0.01), epochs=40)
    assert lr == pytest.approx(0.01 * 2**-0.32)


def test_they_follow_the_best_single_guess_and_change_nothing_later() -> None:
    spec = SearchSpec(schedules=NAMES)
    told = [Setting(schedule="cosine", initial_lr=PRIOR.center * 1.5)]
    plain = propose(spec, PRIOR, [], 8, 0, families=FAMILIES)
    begun = propose(spec, PRIOR, [], 8, 0, begin=told, families=FAMILIES)
    assert begun[0] == plain[0]
    assert (begun[1].schedule, begun[1].initial_lr) == ("cosine", pytest.approx(told[0].initial_lr))
    assert begun[2:] == plain[1:7]


def test_an_unknown_family_is_no_point() -> None:
    assert begin_with([None], []) == []
