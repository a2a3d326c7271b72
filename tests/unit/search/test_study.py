from __future__ import annotations

import math
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtune.schedules import FAMILIES as REAL
from lrtune.search import SAMPLERS, FamilyError, SamplerError
from lrtune.search.study import propose
from lrtune.wire import MetricSpec, SearchSpec, Setting, Trial, TrialState
from tests.unit.search.families import FAMILIES, PRIOR, trial

NAMES = tuple(FAMILIES)


def spec(sampler: str = "tpe", seed: int = 0, schedules: tuple[str, ...] = NAMES) -> SearchSpec:
    return SearchSpec(sampler=sampler, seed=seed, schedules=schedules)


def value(setting: Setting) -> float:
    """A loss whose best LR is 0.03, and that likes the cosine."""
    return (math.log10(setting.initial_lr) + 1.5) ** 2 + 0.1 * (setting.schedule != "cosine")


def run(sampler: str, generations: int, n: int = 8, seed: int = 0) -> list[Trial]:
    """A search as a job runs it: some trials pruned, those with a large LR diverged."""
    done: list[Trial] = []
    for generation in range(generations):
        asked = propose(spec(sampler, seed), PRIOR, done, n, generation, families=FAMILIES)
        for setting in asked:
            number, loss = len(done), value(setting)
            if setting.initial_lr > 0.5:
                made = trial(number, setting, None, state=TrialState.DIVERGED, losses=(None,))
            elif number % 4 == 3:
                made = trial(number, setting, None, state=TrialState.PRUNED, losses=(loss + 1, loss + 0.5))
            else:
                made = trial(number, setting, loss, losses=(*(loss + 1 / e for e in range(1, 9)), loss))
            done.append(made)
    return done


def dumped(found: list[Setting]) -> list[str]:
    return [setting.model_dump_json() for setting in found]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_same_rows_in_any_order_give_the_same_settings(sampler: str) -> None:
    done = run(sampler, 3)
    shuffled = done[:]
    random.Random(1).shuffle(shuffled)
    first = propose(spec(sampler), PRIOR, done, 8, 3, families=FAMILIES)
    assert dumped(first) == dumped(propose(spec(sampler), PRIOR, shuffled, 8, 3, families=FAMILIES))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_another_process_gives_the_same_settings(sampler: str) -> None:
    code = (
        "from tests.unit.search.test_study import *\n"
        f"print(dumped(propose(spec({sampler!r}), PRIOR, run({sampler!r}, 2), 4, 2, families=FAMILIES)))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}
    )
    here = dumped(propose(spec(sampler), PRIOR, run(sampler, 2), 4, 2, families=FAMILIES))
    assert other.stdout.strip() == str(here)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_seed_and_the_generation_matter(sampler: str) -> None:
    done = run(sampler, 2)
    here = dumped(propose(spec(sampler), PRIOR, done, 8, 2, families=FAMILIES))
    assert here != dumped(propose(spec(sampler, seed=1), PRIOR, done, 8, 2, families=FAMILIES))
    assert here != dumped(propose(spec(sampler), PRIOR, done, 8, 3, families=FAMILIES))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_settings_are_distinct_and_inside_the_prior(sampler: str) -> None:
    done = run(sampler, 4)
    assert len({t.setting.model_dump_json() for t in done}) == len(done)
    assert all(PRIOR.low <= t.initial_lr <= PRIOR.high for t in done)
    assert {t.schedule for t in done} <= set(NAMES)


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_it_learns_where_the_loss_is_low(sampler: str) -> None:
    late = run(sampler, 5)[24:]
    near = [abs(t.initial_lr / 0.0316 - 1) < 2 for t in late]
    assert sum(near) > len(late) / 2


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_metric_to_maximise_is_the_mirror_image(sampler: str) -> None:
    done = run(sampler, 2)
    flipped = [
        t.model_copy(
            update={
                "value": None if t.value is None else -t.value,
                "curve": [
                    r.model_copy(
                        update={"values": {"accuracy": None if (v := r.values["loss"]) is None else -v}}
                    )
                    for r in t.curve
                ],
            }
        )
        for t in done
    ]
    metric = MetricSpec(name="accuracy", goal="maximize")
    assert dumped(propose(spec(sampler), PRIOR, done, 8, 2, families=FAMILIES)) == dumped(
        propose(spec(sampler), PRIOR, flipped, 8, 2, metric, families=FAMILIES)
    )


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("state", [TrialState.DIVERGED, TrialState.PRUNED])
def test_nothing_completed_is_no_fault(sampler: str, state: TrialState) -> None:
    losses = (None,) if state is TrialState.DIVERGED else (1.0, 0.9)
    asked = propose(spec(sampler), PRIOR, [], 8, 0, families=FAMILIES)
    done = [trial(i, s, None, state=state, losses=losses) for i, s in enumerate(asked)]
    assert len(propose(spec(sampler), PRIOR, done, 8, 1, families=FAMILIES)) == 8


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_equal_values_and_huge_values_are_no_fault(sampler: str) -> None:
    asked = propose(spec(sampler), PRIOR, [], 8, 0, families=FAMILIES)
    for number in (0.0, 1e30, -1e30):
        done = [trial(i, s, number, losses=(number,) * 9) for i, s in enumerate(asked)]
        assert len(propose(spec(sampler), PRIOR, done, 8, 1, families=FAMILIES)) == 8


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_real_families(sampler: str) -> None:
    request = SearchSpec(sampler=sampler, schedules=tuple(REAL))
    asked = propose(request, PRIOR, [], 24, 0)
    done = [trial(i, s, value(s), losses=(value(s),) * 9) for i, s in enumerate(asked)]
    assert len(propose(request, PRIOR, done, 8, 1)) == 8


def test_the_design_goes_round_all_families() -> None:
    asked = propose(SearchSpec(schedules=tuple(REAL)), PRIOR, [], len(REAL), 0)
    assert [s.schedule for s in asked].count("cosine") == 1
    assert {s.schedule for s in asked} == set(REAL)


def test_the_first_setting_is_the_cosine_at_the_centre() -> None:
    first = propose(spec(), PRIOR, [], 8, 0, families=FAMILIES)[0]
    assert first.schedule == "cosine"
    assert first.initial_lr == pytest.approx(PRIOR.center)
    assert first.params == {"min_ratio": 0.0, "warmup": 0.0}


def test_the_first_generation_covers_the_learning_rates() -> None:
    lrs = sorted(s.initial_lr for s in propose(spec(), PRIOR, [], 8, 0, families=FAMILIES))
    assert lrs[0] < 1e-3
    assert lrs[-1] > 1e-1


def test_a_single_setting_may_be_asked_again() -> None:
    one = {"constant": FAMILIES["constant"].__class__(())}
    point = PRIOR.__class__(0.1, 0.1, 0.1)
    found = propose(SearchSpec(schedules=("constant",)), point, [], 3, 0, families=one)
    assert dumped(found) == dumped([Setting(schedule="constant", initial_lr=0.1)]) * 3


def test_an_unknown_family_or_sampler_names_the_field() -> None:
    with pytest.raises(FamilyError) as family:
        propose(spec(schedules=("cosin",)), PRIOR, [], 8, 0, families=FAMILIES)
    assert family.value.field == "search.schedules"
    with pytest.raises(SamplerError) as sampler:
        propose(spec("annealing"), PRIOR, [], 8, 0, families=FAMILIES)
    assert sampler.value.field == "search.sampler"
    assert "tpe" in sampler.value.remedy


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 12), seed=st.integers(0, 2**31 - 1))
def test_any_number_and_any_seed(n: int, seed: int) -> None:
    found = propose(spec(seed=seed), PRIOR, [], n, 0, families=FAMILIES)
    assert len(set(dumped(found))) == n
