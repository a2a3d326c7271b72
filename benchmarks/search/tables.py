"""Recorded trainings as problems: a lookup stands for a training."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search.problems import FloatArray, Prior, Range, Training
from lrtune.search.space import Point, Space

WORST = 3.0
"""Regret is clipped here: how badly a hopeless setting failed should not decide a mean."""


class Table:
    """A finite set of recorded settings; a point of the space is trained as the nearest one recorded."""

    def __init__(
        self,
        name: str,
        space: Space,
        keys: dict[str, tuple[FloatArray, np.ndarray[Any, Any]]],
        valid: FloatArray,
        test: FloatArray,
    ) -> None:
        """``keys[family]``: unit coordinates (settings of that family, dimensions) and their rows.

        ``valid``: (seeds, rows, epochs); ``test``: (seeds, rows) after the last epoch.
        """
        self.name = name
        self.space = space
        self.epochs = valid.shape[2]
        self.keys = keys
        self.valid = valid
        ok = np.isfinite(valid).all(axis=2) & np.isfinite(test)
        truth = np.where(ok, test, np.inf).mean(axis=0)
        self.truth = truth
        self.best = float(truth.min())
        self.median = float(np.median(truth))
        if not np.isfinite(self.median):
            raise ValueError(f"{name}: half of the settings diverge, so the median says nothing")

    def start(self, seed: int) -> Draw:
        """The trainings of one run."""
        return Draw(self, np.random.default_rng([seed, len(self.truth)]))

    def known(self, share: float, n: int) -> list[Point]:
        """``n`` neighbours in the ranking by truth, from ``share`` of it on."""
        places = {
            int(row): Point(family, tuple(u))
            for family, (coordinates, rows) in self.keys.items()
            for u, row in zip(coordinates.tolist(), rows, strict=True)
        }
        first = min(int(share * len(self.truth)), len(self.truth) - n)
        return [places[int(row)] for row in np.argsort(self.truth, kind="stable")[first : first + n]]

    def regret(self, key: int) -> float:
        value = float(self.truth[key])
        return min((value - self.best) / (self.median - self.best), WORST)


class Draw:
    """One run's lookups.

    Where settings were recorded under several seeds, each training draws one of them. Where they were
    recorded once, at random places (TaskSet), a training takes the nearest setting that this run has not
    trained yet: otherwise a sampler that converges would be given one and the same training again and again.
    """

    def __init__(self, table: Table, rng: np.random.Generator) -> None:
        self._table = table
        self._rng = rng
        self._tried: set[int] = set()

    def train(self, point: Point) -> Training:
        table = self._table
        coordinates, rows = table.keys[point.family]
        distance = ((coordinates - np.asarray(point.u)) ** 2).sum(axis=1)
        seeds = len(table.valid)
        if seeds == 1 and len(self._tried) < len(rows):
            distance[np.isin(rows, list(self._tried))] = np.inf
        row = int(rows[int(distance.argmin())])
        self._tried.add(row)
        return Training(row, table.valid[int(self._rng.integers(seeds)), row])


def _grid_range(name: str, values: list[float]) -> Range:
    low, high = min(values), max(values)
    return Range(name, "float", low, high, log=low > 0 and high / low >= 10, default=float(np.median(values)))


def grid(path: Path) -> Table:
    """A grid of initial LRs × schedules (``lrsched_*.npz``)."""
    data = np.load(path, allow_pickle=True)
    lrs = data["lrs"]
    schedules = json.loads(str(data["schedules"]))
    config = data["config"]
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for family, params in schedules:
        values[family]
        for name, value in params.items():
            if name != "step_size":  # the same thing as step_frac, in epochs
                values[family][name].append(value)
    families = {
        family: [_grid_range(name, numbers) for name, numbers in params.items()]
        for family, params in values.items()
    }
    low, high = float(lrs.min()), float(lrs.max())
    space = Space(families, Prior((low * high) ** 0.5, low, high))
    cells: dict[str, list[tuple[list[float], int]]] = defaultdict(list)
    for row, (lr, schedule) in enumerate(config):
        family, params = schedules[schedule]
        axes = space.axes(family)
        wanted = [float(lrs[lr]), *(params[axis.name.split(".")[1]] for axis in axes[1:])]
        cells[family].append(([axis.unit(v) for axis, v in zip(axes, wanted, strict=True)], row))
    keys = {f: (np.array([u for u, _ in c]), np.array([r for _, r in c])) for f, c in cells.items()}
    return Table(
        path.stem.removeprefix("lrsched_"),
        space,
        keys,
        data["valid_loss"].astype(float),
        data["test_loss"][:, :, -1].astype(float),
    )


def taskset(path: Path) -> list[Table]:
    """TaskSet's Adam8p tables: eight parameters, one family, random settings."""
    data = np.load(path, allow_pickle=True)
    raw = data["X"]
    names = [str(name) for name in data["hp"]]
    ranges, columns = [], []
    for name, column in zip(names, raw.T, strict=True):
        if name.startswith("beta"):  # TaskSet samples 1 - beta log-uniformly
            name, column = f"one_minus_{name}", 1.0 - column
        columns.append(column)
        ranges.append(
            Range(
                name,
                "float",
                float(column.min()),
                float(column.max()),
                log=True,
                default=float(np.exp(np.log(column).mean())),
            )
        )
    lr, rest = ranges[0], ranges[1:]
    space = Space({"adam8p": rest}, Prior(lr.default, lr.low, lr.high))
    units = np.array(
        [
            [axis.unit(value) for axis, value in zip(space.axes("adam8p"), row, strict=True)]
            for row in np.array(columns).T
        ]
    )
    keys = {"adam8p": (units, np.arange(len(units)))}
    tables = []
    for index, name in enumerate(data["names"]):
        short = str(name).removeprefix("FixedTextRNNClassification_")
        tables.append(
            Table(
                f"taskset {short}",
                space,
                keys,
                data["valid"][index][None].astype(float),
                data["test"][index][None, :, -1].astype(float),
            )
        )
    return tables


def load(folder: Path) -> list[Table]:
    """Every table of a folder, the grids first.

    Raises:
        FileNotFoundError: The folder holds none.
    """
    found = [grid(path) for path in sorted(folder.glob("lrsched_*.npz"))]
    for path in sorted(folder.glob("taskset_*.npz")):
        found.extend(taskset(path))
    if not found:
        raise FileNotFoundError(f"no lrsched_*.npz or taskset_*.npz in {folder}")
    return found
