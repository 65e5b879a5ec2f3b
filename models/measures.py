"""Figures of one list of scores: at capacity with ties against us, over the whole list, and of the probability."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import rankdata

from models.bootstrap import Interval, share
from models.calibration import as_logit

Array = NDArray[np.float64]
CAPACITIES = (0.05, 0.1, 0.2)
BINS = 15
DRAWS = 1000
_CELLS = 4_000_000


def size_at(capacity: float, count: int) -> int:
    """Return how many households a share of ``count`` is: whole ones, at least one."""
    return min(count, max(1, int(np.floor(capacity * count + 0.5))))


def found_at(score: Array, label: Array, capacity: float, *, worst: bool = True) -> float:
    """Return the positives among the first ``capacity`` of the list; of ties at its end the worst (or best) case."""
    size = size_at(capacity, len(score))
    edge = np.partition(score, len(score) - size)[len(score) - size]
    above, tied = score > edge, score == edge
    left = size - int(above.sum())
    up = float(label[tied].sum())
    in_ties = max(0.0, left - (float(tied.sum()) - up)) if worst else min(float(left), up)
    return float(label[above].sum()) + in_ties


def area(score: Array, label: Array) -> float:
    """Return the AUC: the chance that a positive is above a negative, ties half; NaN with one class only."""
    up, down = float(label.sum()), float(len(label) - label.sum())
    if min(up, down) == 0:
        return float("nan")
    return float((rankdata(score)[label > 0].sum() - up * (up + 1) / 2) / (up * down))


def average_precision(score: Array, label: Array) -> float:
    """Return the mean of precision over recall's steps; tied scores are one step."""
    if label.sum() == 0:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    found = np.cumsum(label[order])[ends]
    return float((np.diff(found, prepend=0.0) * found / (ends + 1)).sum() / label.sum())


def ranking(score: Array, label: Array, capacities: Sequence[float] = CAPACITIES) -> dict[str, float]:
    """Return AUC, average precision, and at each capacity precision, recall and lift, ties counted against us."""
    told = {"auc": area(score, label), "ap": average_precision(score, label)}
    up = float(label.sum())
    for capacity in capacities:
        found, size = found_at(score, label, capacity), size_at(capacity, len(score))
        name = as_percent(capacity)
        told[f"precision_at_{name}"] = found / size
        told[f"recall_at_{name}"] = found / up if up else float("nan")
        told[f"lift_at_{name}"] = found / size / (up / len(label)) if up else float("nan")
    return told


def as_percent(capacity: float) -> str:
    """Say a share as a number of percent, ``0.05`` as ``5``."""
    return f"{capacity * 100:g}"


def calibration_error(probability: Array, label: Array, bins: int = BINS) -> float:
    """Return the ECE: over bins of equal mass, the mean distance of what was told from what came."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(abs(probability[part].sum() - label[part].sum()) for part in parts) / len(label))


def curve(probability: Array, label: Array, bins: int = BINS) -> list[tuple[float, float, int]]:
    """Return, by bins of equal mass, what was told, what came, and how many rows."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [(float(probability[part].mean()), float(label[part].mean()), len(part)) for part in parts]


def reliability(probability: Array, label: Array) -> dict[str, float]:
    """Return ECE, Brier score and skill over the prevalence, calibration slope, and intercept at slope one."""
    brier, rate = float(((probability - label) ** 2).mean()), float(label.mean())
    logit = as_logit(probability)
    slope, large = float("nan"), float("nan")
    if 0 < rate < 1:
        slope, large = _slope(logit, label), _in_the_large(logit, label)
    return {
        "ece": calibration_error(probability, label),
        "brier": brier,
        "brier_skill": 1 - brier / (rate * (1 - rate)) if 0 < rate < 1 else float("nan"),
        "slope": slope,
        "intercept": large,
    }


def _slope(logit: Array, label: Array) -> float:
    def loss(line: Array) -> tuple[float, Array]:
        z = line[0] * logit + line[1]
        gap = expit(z) - label
        return float((np.logaddexp(0, z) - label * z).mean()), np.array([(gap * logit).mean(), gap.mean()])

    return float(minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B").x[0])


def _in_the_large(logit: Array, label: Array) -> float:
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(logit + middle).mean() < label.mean() else (low, middle)
    return (low + high) / 2


def intervals(
    score: Array, label: Array, block: NDArray[np.int64], *, seed: int = 0, draws: int = DRAWS
) -> dict[str, Interval]:
    """Return AUC, precision and recall at capacity with the interval of ``draws`` draws of whole blocks.

    ``block`` numbers the villages (or households) 0, 1, 2 ...; the same seed gives the same intervals. Ties stand in
    the worst order, positives last.
    """
    order = np.lexsort((label, -score))
    label, block = label[order], block[order]
    count = int(block.max()) + 1
    random = np.random.default_rng(seed)
    told: dict[str, list[Array]] = {}
    step = max(1, _CELLS // len(label))
    for start in range(0, draws, step):
        often = random.multinomial(count, np.full(count, 1 / count), size=min(step, draws - start))
        for name, values in _weighed(often[:, block].astype(float), label).items():
            told.setdefault(name, []).append(values)
    whole = _weighed(np.ones((1, len(label))), label)
    return {name: _interval(float(whole[name][0]), np.concatenate(values)) for name, values in told.items()}


def _weighed(weight: Array, label: Array) -> dict[str, Array]:
    """Return the figures of each row of weights over rows that are sorted from the highest score down."""
    up = np.cumsum(weight * label, axis=1)
    rows = np.cumsum(weight, axis=1)
    ups, all_rows = up[:, -1], rows[:, -1]
    told = {"auc": share((weight * (1 - label) * up).sum(axis=1), ups * (all_rows - ups))}
    for capacity in CAPACITIES:
        wanted = np.maximum(1.0, np.floor(capacity * all_rows + 0.5))
        place = np.minimum((rows < wanted[:, None]).sum(axis=1), rows.shape[1] - 1)
        found = np.take_along_axis(up, place[:, None], axis=1)[:, 0]
        found -= (np.take_along_axis(rows, place[:, None], axis=1)[:, 0] - wanted) * label[place]
        told[f"precision_at_{as_percent(capacity)}"] = share(found, wanted)
        told[f"recall_at_{as_percent(capacity)}"] = share(found, ups)
    return told


def _interval(value: float, found: Array) -> Interval:
    known = found[np.isfinite(found)]
    if len(known) < len(found) / 2:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(known, [0.025, 0.975])
    return Interval(value, float(low), float(high))
