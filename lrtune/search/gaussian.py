"""A Gaussian process over a conditional space, in numpy: what the families share and where they differ.

The value of a setting is modelled as the sum of three independent processes::

    f(family, lr, params) = a(lr) + b_family(lr) + c_family(lr, params)

so that a training of any family teaches all of them where the LR is too small or diverges (a), a family's
own best LR may lie elsewhere (b), and its parameters and their interaction with the LR matter within it (c).
Every process has a Matérn 5/2 kernel; c has one length per axis (automatic relevance determination).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from lrtune.search.space import Point, Space

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ROOT5 = 5.0**0.5
JITTER = 1e-6
MIN_SCALE = 0.3
NOISE = 0.1
NOISE_SD = 0.5


@dataclass(frozen=True)
class Coordinates:
    """Points as arrays: ``u`` (n, columns) over all axes of the space, 0 where absent; ``family`` (n,)."""

    u: FloatArray
    family: IntArray

    def __len__(self) -> int:
        return len(self.u)

    def take(self, rows: IntArray) -> Coordinates:
        """Some of the points."""
        return Coordinates(self.u[rows], self.family[rows])


class Embedding:
    """Common coordinates of all families. Column 0 is the initial LR.

    A category takes one column per choice, so that different choices are at distance 1; an integer sits in
    the middle of its cell. ``axis[column]`` numbers the axis that a column belongs to.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self._index = {family: i for i, family in enumerate(space.families)}
        self._first: dict[str, list[int]] = {}
        axis_of_column = [0]
        axes = 1
        for family in space.families:
            firsts = [0]
            for axis in space.axes(family)[1:]:
                firsts.append(len(axis_of_column))
                axis_of_column.extend([axes] * (len(axis.choices) if axis.kind == "categorical" else 1))
                axes += 1
            self._first[family] = firsts
        self.axis = np.array(axis_of_column)
        self.axes = axes

    def __call__(self, points: Sequence[Point]) -> Coordinates:
        u = np.zeros((len(points), len(self.axis)))
        family = np.zeros(len(points), dtype=np.int64)
        for row, point in enumerate(points):
            family[row] = self._index[point.family]
            axes = self.space.axes(point.family)
            for first, axis, x in zip(self._first[point.family], axes, point.u, strict=True):
                if axis.kind == "categorical":
                    u[row, first + axis.choices.index(axis.value(x))] = 0.5**0.5
                else:
                    u[row, first] = axis.unit(axis.value(x)) if axis.kind == "int" else x
        return Coordinates(u, family)


def _squares(x: Coordinates, axis: IntArray, axes: int) -> FloatArray:
    """Squared distance along each axis between all points, shape (axes, n, n)."""
    squares = np.zeros((axes, len(x), len(x)))
    for column, number in enumerate(axis):
        gap = x.u[:, None, column] - x.u[None, :, column]
        squares[number] += gap * gap
    return squares


def _matern(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Matérn 5/2 of a squared distance, and its derivative with respect to it."""
    r = np.sqrt(r2)
    decay = np.exp(-ROOT5 * r)
    return (1 + ROOT5 * r + 5 / 3 * r2) * decay, -(5 / 6) * (1 + ROOT5 * r) * decay


@dataclass(frozen=True)
class Hyper:
    """Logarithms: amplitudes of a, b, c; LR lengths of a and b; lengths of c per axis; noise; all as sd."""

    amplitude: FloatArray
    lr_length: FloatArray
    length: FloatArray
    noise: float

    def pack(self) -> FloatArray:
        return np.concatenate([self.amplitude, self.lr_length, self.length, [self.noise]])

    @staticmethod
    def unpack(theta: FloatArray) -> Hyper:
        return Hyper(theta[:3], theta[3:5], theta[5:-1], float(theta[-1]))


def _prior(axes: int, families: int) -> tuple[Hyper, Hyper]:
    """Mean and standard deviation of the log-normal priors, for values standardised to unit variance.

    Lengths of c grow with the square root of the number of axes (Hvarfner et al. 2024, arXiv:2402.02229), so
    that a space of many parameters starts out smooth.
    """
    alone = families == 1
    per_family = max(1.0, axes / families)
    mean = Hyper(
        np.log([0.7, 0.05 if alone else 0.4, 0.6]),
        np.log([0.3, 0.3]),
        np.full(axes, np.log(0.6 * per_family**0.5)),
        float(np.log(NOISE)),
    )
    spread = Hyper(np.full(3, 0.7), np.full(2, 0.5), np.full(axes, 0.9), NOISE_SD)
    return mean, spread


class Posterior:
    """The process after seeing values.

    Args:
        space: The space of the points.
        points: Where values were seen.
        values: What was seen there, less is better, in any unit.
        extra: Variance of each value beyond the process's own noise, in that unit squared (0 for a completed
            training, more for one whose value was guessed from part of its curve).
        fit_points: The hyperparameters are fitted on at most so many points (the best and an even choice of
            the others), the posterior on all.
    """

    def __init__(
        self,
        space: Space,
        points: Sequence[Point],
        values: FloatArray,
        extra: FloatArray,
        *,
        fit_points: int = 120,
    ) -> None:
        self.embed = Embedding(space)
        self._mean = float(values.mean())
        self._scale = max(float(values.std()), MIN_SCALE)
        self._x = self.embed(points)
        self._y = (values - self._mean) / self._scale
        self._extra = extra / self._scale**2
        self.hyper = self._fit(len(space.families), fit_points)
        self._condition()

    def _fit(self, families: int, fit_points: int) -> Hyper:
        rows = np.argsort(self._y, kind="stable")
        if len(rows) > fit_points:
            head, tail = rows[: fit_points // 2], rows[fit_points // 2 :]
            rows = np.concatenate(
                [head, tail[np.linspace(0, len(tail) - 1, fit_points - len(head)).astype(int)]]
            )
        x, y, extra = self._x.take(rows), self._y[rows], self._extra[rows]
        squares = _squares(x, self.embed.axis, self.embed.axes)
        same = x.family[:, None] == x.family[None, :]
        mean, spread = _prior(self.embed.axes, families)
        centre, width = mean.pack(), spread.pack()
        active = np.flatnonzero(squares.any(axis=(1, 2)))

        def loss(theta: FloatArray) -> tuple[float, FloatArray]:
            h = Hyper.unpack(theta)
            variance, noise = np.exp(2 * h.amplitude), np.exp(2 * h.noise)
            inverse = np.exp(-2 * h.length)
            ra = squares[0] * np.exp(-2 * h.lr_length[0])
            rb = squares[0] * np.exp(-2 * h.lr_length[1])
            rc = np.tensordot(inverse, squares, axes=1)
            (ma, da), (mb, db), (mc, dc) = _matern(ra), _matern(rb), _matern(rc)
            mb, db, mc, dc = mb * same, db * same, mc * same, dc * same
            k = variance[0] * ma + variance[1] * mb + variance[2] * mc
            k[np.diag_indices_from(k)] += noise + extra + JITTER
            factor = cholesky(k, lower=True, check_finite=False)
            alpha = cho_solve((factor, True), y, check_finite=False)
            inner = cho_solve((factor, True), np.eye(len(y)), check_finite=False) - np.outer(alpha, alpha)
            nll = 0.5 * y @ alpha + np.log(np.diag(factor)).sum()
            grad = np.zeros_like(theta)
            for i, m in enumerate((ma, mb, mc)):
                grad[i] = variance[i] * np.vdot(inner, m)
            grad[3] = -variance[0] * np.vdot(inner, da * ra)
            grad[4] = -variance[1] * np.vdot(inner, db * rb)
            common = variance[2] * inner * dc
            for j in active:
                grad[5 + j] = -inverse[j] * np.vdot(common, squares[j])
            grad[-1] = noise * np.trace(inner)
            off = (theta - centre) / width
            return float(nll + 0.5 * off @ off), grad + off / width

        bounds = [(c - 4 * w, c + 4 * w) for c, w in zip(centre, width, strict=True)]
        found = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 30})
        return Hyper.unpack(np.asarray(found.x))

    def _kernel(self, a: Coordinates, b: Coordinates) -> FloatArray:
        h = self.hyper
        variance = np.exp(2 * h.amplitude)
        same = a.family[:, None] == b.family[None, :]
        lr2 = (a.u[:, :1] - b.u[:, 0]) ** 2
        weight = np.exp(-h.length)[self.embed.axis]
        whole2 = cdist(a.u * weight, b.u * weight, "sqeuclidean")
        shared = variance[0] * _matern(lr2 * np.exp(-2 * h.lr_length[0]))[0]
        own = variance[1] * _matern(lr2 * np.exp(-2 * h.lr_length[1]))[0] + variance[2] * _matern(whole2)[0]
        return np.asarray(shared + own * same)

    def _condition(self) -> None:
        k = self._kernel(self._x, self._x)
        k[np.diag_indices_from(k)] += np.exp(2 * self.hyper.noise) + self._extra + JITTER
        self._factor = cholesky(k, lower=True, check_finite=False)
        self._alpha = cho_solve((self._factor, True), self._y, check_finite=False)

    @property
    def noise(self) -> float:
        """Standard deviation of one training around the process, in the values' unit."""
        return float(np.exp(self.hyper.noise)) * self._scale

    def predict(self, x: Coordinates) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the process (without noise) at points, in the values' unit."""
        cross = self._kernel(x, self._x)
        half = solve_triangular(self._factor, cross.T, lower=True, check_finite=False)
        prior = float(np.exp(2 * self.hyper.amplitude).sum())
        variance = np.maximum(prior - (half * half).sum(axis=0), 1e-12)
        return self._mean + self._scale * (cross @ self._alpha), self._scale * np.sqrt(variance)

    def joint(self, x: Coordinates) -> tuple[FloatArray, FloatArray]:
        """Mean and covariance of the process at points, in the values' unit."""
        cross = self._kernel(x, self._x)
        half = solve_triangular(self._factor, cross.T, lower=True, check_finite=False)
        covariance = self._kernel(x, x) - half.T @ half
        return self._mean + self._scale * (cross @ self._alpha), self._scale**2 * covariance
