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

INTERACTION = f"{LR} × decay"
"""What the initial LR explains only together with the family and its parameters."""


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
    was searched: ``initial_lr``, ``schedule`` (the family), and ``family.parameter`` within its family; and
    ``initial_lr × decay``, the total index of the LR (Homma and Saltelli 1996) less its first-order one: how
    much the best LR depends on the decay. Each is between 0 and 1; they sum to at most 1; what is missing is
    interaction among the choices of the decay. The model sees the result on a scale that is logarithmic far
    from the best, so that one diverged training does not explain everything.

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
        if len(parts) > 1:
            parts[INTERACTION] = self._interaction(np.stack(list(whole.values())))
        if total <= 1e-12:
            return dict.fromkeys(parts, 0.0)
        scale = max(total, sum(parts.values()))
        return {name: part / scale for name, part in parts.items()}

    def _interaction(self, samples: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        """Variance that the LR and all else explain only together.

        ``samples``, of shape (families, GRID · OTHERS), are the model's, the LR moving slowest.

        Every LR of the grid meets every sample of the others, so this is what is left in a two-way table
        once its row and column means are taken out.
        """
        table = samples.reshape(len(samples), GRID, OTHERS).swapaxes(0, 1).reshape(GRID, -1)
        rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
        return float(rest.var())

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
