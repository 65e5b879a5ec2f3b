"""Fitting straight lines: ridge and bounded logistic, each with the heaviest penalty that is as good as the best."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from models.folds import assign

Array = NDArray[np.float64]
Bounds = list[tuple[float | None, float | None]]
# Of the number of rows: what is chosen among is the same for few households and for many.
PENALTIES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
_FOLDS = 4
_CLOSELY, _ROUGHLY = 1e-9, 1e-6


@dataclass(frozen=True)
class Line:
    """Weights of the columns of a design, and a constant."""

    weights: Array
    constant: float

    def of(self, matrix: Array) -> Array:
        """Return its value for every row."""
        return np.asarray(matrix @ self.weights + self.constant)


def ridge(matrix: Array, wanted: Array, groups: Any, *, seed: int = 0) -> Line:
    """Return the line through ``wanted`` whose penalty is the heaviest within one standard error of the best."""
    fold = assign(np.zeros(len(wanted)), groups, count=_FOLDS, seed=seed)
    parts = [_moments(matrix[fold == one], wanted[fold == one]) for one in range(_FOLDS)]
    whole = reduce(add, parts)

    def losses(share: float) -> Array:
        lost = []
        for one, part in enumerate(parts):
            told = (whole - part).solved(share).of(matrix[fold == one])
            lost.append(float(((told - wanted[fold == one]) ** 2).mean()))
        return np.array(lost)

    return whole.solved(_heaviest(losses))


@dataclass(frozen=True)
class _Moments:
    """All that a least-squares line wants to know of its rows."""

    square: Array
    cross: Array
    sums: Array
    total: float
    count: float

    def __add__(self, part: "_Moments") -> "_Moments":
        return self._with(part, 1.0)

    def __sub__(self, part: "_Moments") -> "_Moments":
        return self._with(part, -1.0)

    def _with(self, part: "_Moments", sign: float) -> "_Moments":
        return _Moments(
            self.square + sign * part.square,
            self.cross + sign * part.cross,
            self.sums + sign * part.sums,
            self.total + sign * part.total,
            self.count + sign * part.count,
        )

    def solved(self, share: float) -> Line:
        mean, centre = self.sums / self.count, self.total / self.count
        square = self.square - self.count * np.outer(mean, mean)
        cross = self.cross - self.count * mean * centre
        weights = np.linalg.solve(square + share * self.count * np.eye(len(mean)), cross)
        return Line(np.asarray(weights, dtype=np.float64), float(centre - mean @ weights))


def _moments(matrix: Array, wanted: Array) -> _Moments:
    return _Moments(matrix.T @ matrix, matrix.T @ wanted, matrix.sum(axis=0), float(wanted.sum()), float(len(wanted)))


def logistic(matrix: Array, label: Array, groups: Any, *, bounds: Bounds, seed: int = 0) -> Line:
    """Return the bounded logistic line whose penalty is the heaviest within one standard error of the best."""
    fold = assign(label, groups, count=_FOLDS, seed=seed)
    start: dict[int, Array | None] = dict.fromkeys(range(_FOLDS))

    def losses(share: float) -> Array:
        lost = []
        for one in range(_FOLDS):
            held = fold == one
            line = _logistic(matrix[~held], label[~held], share, bounds, start[one], close=_ROUGHLY)
            start[one] = np.append(line.weights, line.constant)
            z = line.of(matrix[held])
            lost.append(float((np.logaddexp(0, z) - label[held] * z).mean()))
        return np.array(lost)

    return _logistic(matrix, label, _heaviest(losses), bounds, None)


def _logistic(
    matrix: Array, label: Array, share: float, bounds: Bounds, start: Array | None, *, close: float = _CLOSELY
) -> Line:
    count, width = matrix.shape
    rate = np.clip(label.mean(), 1e-4, 1 - 1e-4)
    first = np.append(np.zeros(width), np.log(rate / (1 - rate))) if start is None else start

    def loss(line: Array) -> tuple[float, Array]:
        z = matrix @ line[:-1] + line[-1]
        gap = (expit(z) - label) / count
        value = float((np.logaddexp(0, z) - label * z).mean()) + 0.5 * share * float(line[:-1] @ line[:-1])
        return value, np.append(matrix.T @ gap + share * line[:-1], gap.sum())

    limits = [*bounds, (None, None)]
    found = minimize(loss, first, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 200, "ftol": close}).x
    return Line(np.asarray(found[:-1]), float(found[-1]))


def _heaviest(losses: Callable[[float], Array]) -> float:
    tried: list[Array] = []
    for share in PENALTIES:
        tried.append(losses(share))
        # Lighter penalties cost the most, and after two that were worse than the best none gets better.
        best = int(np.argmin([lost.mean() for lost in tried]))
        if best < len(tried) - 2:
            break
    # Errors of the difference from the best, fold by fold: the folds' own difficulty is no doubt about the penalty.
    for share, lost in zip(PENALTIES, tried, strict=False):
        gap = lost - tried[best]
        if gap.mean() <= gap.std(ddof=1) / np.sqrt(len(gap)):
            return share
    return PENALTIES[best]
