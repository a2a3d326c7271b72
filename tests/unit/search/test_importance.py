from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtune.search.importance import INTERACTION, importances
from lrtune.search.proposers import propose_points
from lrtune.search.space import space
from lrtune.wire import MetricSpec, Phase, SearchSpec, Setting, Trial, TrialState
from tests.unit.search.families import FAMILIES, PRIOR, trial

SPEC = SearchSpec(schedules=("constant", "cosine", "plateau"))
LOSS = MetricSpec()


def spread(n: int = 40) -> list[Setting]:
    searched = space(SPEC.schedules, PRIOR, FAMILIES)
    points = propose_points("random", searched, [], n, np.random.default_rng(0))
    return [searched.setting(point) for point in points]


def rows(values: list[float]) -> list[Trial]:
    return [trial(i, s, v, losses=(v,) * 9) for i, (s, v) in enumerate(zip(spread(), values, strict=True))]


def shares(values: list[float]) -> dict[str, float]:
    return importances(SPEC, PRIOR, rows(values), LOSS, families=FAMILIES)


def test_the_learning_rate_explains_what_it_alone_decides() -> None:
    found = shares([(math.log10(s.initial_lr) + 2) ** 2 for s in spread()])
    assert next(iter(found)) == "initial_lr"
    assert found["initial_lr"] > 0.8


def test_the_family_explains_what_it_alone_decides() -> None:
    found = shares([0.1 + (s.schedule == "plateau") for s in spread()])
    assert next(iter(found)) == "schedule"
    assert found["schedule"] > 0.6


def test_a_parameter_is_named_with_its_family() -> None:
    found = shares(
        [float(s.params["factor"]) if s.schedule == "plateau" else 0.4 for s in spread()]  # type: ignore[arg-type]
    )
    assert next(iter(found)) == "plateau.factor"


def test_an_lr_that_wants_another_decay_is_told_as_interaction() -> None:
    # Either alone explains nothing: what is good at a low LR under plateau is bad under the others.
    middle = math.log10(PRIOR.center)
    found = shares(
        [(math.log10(s.initial_lr) - middle) * (1 if s.schedule == "plateau" else -1) for s in spread()]
    )
    assert next(iter(found)) == INTERACTION
    assert found[INTERACTION] > 0.4


def test_an_lr_that_is_best_at_one_place_under_any_decay_interacts_little() -> None:
    found = shares([(math.log10(s.initial_lr) + 2) ** 2 for s in spread()])
    assert found[INTERACTION] < 0.1


def test_shares_lie_between_0_and_1_and_sum_to_at_most_1() -> None:
    found = shares([math.sin(7 * s.initial_lr) for s in spread()])
    assert all(0 <= share <= 1 for share in found.values())
    assert sum(found.values()) <= 1 + 1e-9
    assert set(found) >= {"initial_lr", "schedule", "cosine.min_ratio", "plateau.mode", INTERACTION}


def test_too_little_says_nothing() -> None:
    settings_ = spread()
    few = [trial(i, s, float(i)) for i, s in enumerate(settings_[:7])]
    same = [trial(i, s, 1.0) for i, s in enumerate(settings_)]
    gone = [trial(i, s, None, state=TrialState.DIVERGED) for i, s in enumerate(settings_)]
    running = [trial(i, s, None, state=TrialState.RUNNING) for i, s in enumerate(settings_)]
    probes = [t.model_copy(update={"phase": Phase.PROBES}) for t in rows([float(i) for i in range(40)])]
    for trials in ([], few, same, gone, running, probes):
        assert importances(SPEC, PRIOR, trials, LOSS, families=FAMILIES) == {}


VALUES = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=32))


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(VALUES, min_size=0, max_size=12),
    states=st.lists(st.sampled_from(TrialState), min_size=12, max_size=12),
    lr=st.sampled_from([PRIOR.low, PRIOR.center, 1e-9, 1e3]),
)
def test_it_never_raises(values: list[float | None], states: list[TrialState], lr: float) -> None:
    same = Setting(schedule="cosine", initial_lr=lr)
    trials = [trial(i, same, v, state=states[i], losses=(v,)) for i, v in enumerate(values)]
    found = importances(SPEC, PRIOR, trials, LOSS, families=FAMILIES)
    assert all(math.isfinite(share) for share in found.values())
