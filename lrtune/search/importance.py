"""What mattered in a search: shares of the variation between settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from lrtune.schedules import FAMILIES
from lrtune.search.evidence import evidence
from lrtune.search.model import Model
from lrtune.search.space import LR, FamilyData, LrPrior, Point, Space, space
from lrtune.wire import MetricSpec, Phase, SearchSpec, Trial

FEWEST = 8
"""Finished trials below which nothing is said."""

GRID = 24
"""Values of one coordinate that are looked at."""

OTHERS = 64
"""Values of all the other coordinates that each of them is averaged over."""

SCHEDULE = "schedule"


def importances(
    spec: SearchSpec,
    prior: LrPrior,
    trials: Sequence[Trial],
    metric: MetricSpec,
    *,
    families: Mapping[str, FamilyData] = FAMILIES,
) -> dict[str, float]:
    """How much of the variation of the result each choice explains alone, most important first.

    First-order Sobol indices (Sobol 1993) of the search's own model of the result over the whole space that
    was searched: ``initial_lr``, ``schedule`` (the family), and ``family.parameter`` within its family. Each
    is between 0 and 1; they sum to at most 1; what is missing is interaction (the LR wants another decay).
    The model sees the result on a scale that is logarithmic far from the best, so that one diverged training
    does not explain everything.

    Args:
        spec: The request's search.
        prior: The prior of the initial LR that the trials were proposed from.
        trials: Trials of any phase and state; only final ones of the search count.
        metric: What they are judged by.

    Returns:
        Empty where fewer than eight trials are final, or where all of them did the same.

    Raises:
        FamilyError: A family in ``spec`` that is in no table.
    """
    searched = space(spec.schedules, prior, families)
    found = evidence(searched, [t for t in trials if t.phase is Phase.SEARCH], metric)
    values = {item.value for item in found if item.value is not None and math.isfinite(item.value)}
    if len(found) < FEWEST or len(values) < 2:
        return {}
    model = Model(searched, found)
    shares = _Shares(searched, model, np.random.default_rng(spec.seed)).all()
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


class _Shares:
    """Sobol indices of a model's mean by sampling; families weigh the same."""

    def __init__(self, searched: Space, model: Model, rng: np.random.Generator) -> None:
        self._space = searched
        self._model = model
        self._rng = rng
        # The same other coordinates for each value of the one looked at: their noise cancels.
        self._others = {f: rng.random((OTHERS, searched.dimensions(f))) for f in searched.families}

    def all(self) -> dict[str, float]:
        """Every coordinate that varies; all zero where the model is flat."""
        whole = {family: self._effect(family, None) for family in self._space.families}
        everything = np.concatenate(list(whole.values()))
        total = float(everything.var())
        lr = np.mean([self._effect(family, 0) for family in self._space.families], axis=0)
        parts = {LR: float(lr.var())}
        if len(whole) > 1:
            parts[SCHEDULE] = float(np.var([values.mean() for values in whole.values()]))
        for family in self._space.families:
            for axis in range(1, self._space.dimensions(family)):
                if not self._space.axes(family)[axis].fixed:
                    name = self._space.axes(family)[axis].name
                    parts[name] = float(self._effect(family, axis).var()) / len(whole)
        if total <= 1e-12:
            return dict.fromkeys(parts, 0.0)
        scale = max(total, sum(parts.values()))
        return {name: part / scale for name, part in parts.items()}

    def _effect(self, family: str, axis: int | None) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Mean of the model at each value of one coordinate, shape (GRID,); at each sample with None."""
        others = self._others[family]
        grid = (np.arange(GRID) + 0.5) / GRID
        rows = np.repeat(others[None], GRID, axis=0)
        if axis is None:
            rows[:, :, 0] = grid[:, None]
        else:
            rows[:, :, axis] = grid[:, None]
        points = [Point(family, tuple(row)) for row in rows.reshape(-1, others.shape[1]).tolist()]
        mean, _ = self._model.posterior.predict(self._model.posterior.embed(points))
        table = mean.reshape(GRID, OTHERS)
        return np.asarray(mean if axis is None else table.mean(axis=1))
