"""From a model's logit to a probability: Platt's line, and its intercept anew after a shock."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

Array = NDArray[np.float64]
LEAST_SLOPE = 1e-3
_WIDTH_OF_SHIFT = 2.0
_WIDTH_OF_SLOPE = 4.0
_SURE = 1e-6


def as_logit(probability: Any) -> Array:
    """Return the logit of a probability, kept finite."""
    return np.asarray(logit(np.clip(np.asarray(probability, dtype=float), _SURE, 1 - _SURE)))


def platt(raw: Array, label: Array, weight: Array | None = None) -> tuple[float, float]:
    """Return slope and intercept so that ``expit(slope * raw + intercept)`` is the chance of ``label``.

    The slope is never below ``LEAST_SLOPE``: calibration may flatten a score and never turns its order, so
    monotone constraints outlive it. Labels are softened as Platt did, so that few labels give no certainty.
    """
    weights = np.ones(len(raw)) if weight is None else np.asarray(weight, dtype=float)
    up, total = float((weights * label).sum()), float(weights.sum())
    wanted = np.where(label > 0, (up + 1) / (up + 2), 1 / (total - up + 2))
    centre, spread = float(np.average(raw, weights=weights)), float(raw.std()) or 1.0
    unit = (raw - centre) / spread

    def loss(line: Array) -> tuple[float, Array]:
        z = line[0] * unit + line[1]
        gap = weights * (expit(z) - wanted)
        value = float(weights @ (np.logaddexp(0, z) - wanted * z)) + 0.5 * (line[0] / _WIDTH_OF_SLOPE) ** 2
        return value, np.array([gap @ unit + line[0] / _WIDTH_OF_SLOPE**2, gap.sum()])

    start = np.array([1.0, as_logit(up / total)])
    bounds = [(LEAST_SLOPE * spread, None), (None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    slope = max(float(found[0] / spread), LEAST_SLOPE)
    return slope, float(found[1] - slope * centre)


def shift(calibrated: Array, label: Array, weight: Array | None = None) -> float:
    """Return what to add to calibrated logits so that they agree with ``label`` on average.

    For a random audit after a shock: some 100 labels suffice, where a whole line wants 200-300 (scorer.md 6). A weak
    prior around no change keeps an audit without a single positive from making everybody safe.
    """
    weights = np.ones(len(calibrated)) if weight is None else np.asarray(weight, dtype=float)

    def loss(by: Array) -> tuple[float, Array]:
        z = calibrated + by[0]
        value = float(weights @ (np.logaddexp(0, z) - label * z)) + 0.5 * (by[0] / _WIDTH_OF_SHIFT) ** 2
        return value, np.array([weights @ (expit(z) - label) + by[0] / _WIDTH_OF_SHIFT**2])

    return float(minimize(loss, np.zeros(1), jac=True, method="L-BFGS-B").x[0])
