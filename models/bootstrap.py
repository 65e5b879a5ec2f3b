"""Intervals by block bootstrap: villages are drawn whole, for neighbours share their weather and their feeds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
DRAWS = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A figure and where it lies in 95 of 100 draws; ``low`` and ``high`` are NaN where draws cannot say."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


def block_sums(table: pd.DataFrame, sums: dict[str, Any], *, block: str, by: str) -> tuple[Array, list[Any]]:
    """Return sums by (block, value of ``by``, name of ``sums``) and the values of ``by`` in order.

    ``sums`` holds a number for each row of ``table``; a missing number counts as nothing.
    """
    blocks, _ = pd.factorize(table[block])
    times, values = pd.factorize(table[by], sort=True)
    shape = (int(blocks.max(initial=-1)) + 1, len(values))
    flat = blocks * shape[1] + times
    layers = [
        np.bincount(flat, weights=np.nan_to_num(np.asarray(each, dtype=float)), minlength=shape[0] * shape[1])
        for each in sums.values()
    ]
    return np.stack(layers, axis=-1).astype(float).reshape(*shape, len(sums)), list(values)


def interval(sums: Array, figure: Callable[[Array], Array], *, seed: int = 0, draws: int = DRAWS) -> Interval:
    """Return ``figure`` of the whole, and its interval when blocks (the first axis of ``sums``) are drawn anew.

    ``figure`` takes sums without the axis of blocks, any number of draws in front, and returns a number for each draw.
    The same seed gives the same interval. Fewer than two blocks say nothing of chance.
    """
    value = float(figure(sums.sum(axis=0)[None])[0])
    if len(sums) < 2:
        return Interval(value, np.nan, np.nan)
    found = figure(drawn(sums, seed=seed, draws=draws))
    return Interval(value, *_ends(found))


def drawn(sums: Array, *, seed: int, draws: int = DRAWS) -> Array:
    """Return the sums of ``draws`` draws of as many blocks as there are, with replacement."""
    count = len(sums)
    often = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    return np.tensordot(often.astype(float), sums, axes=1)


def resampled(
    table: pd.DataFrame, figure: Callable[[pd.DataFrame], float], *, block: str, seed: int = 0, draws: int = DRAWS
) -> Interval:
    """Return ``figure`` and its interval where it is no function of sums, such as a median: for small tables."""
    rows = list(table.groupby(block, sort=True).indices.values())
    value = figure(table)
    if len(rows) < 2:
        return Interval(value, np.nan, np.nan)
    random = np.random.default_rng(seed)
    found = [
        figure(table.iloc[np.concatenate([rows[place] for place in random.integers(0, len(rows), len(rows))])])
        for _ in range(draws)
    ]
    return Interval(value, *_ends(np.array(found)))


def share(part: Array, whole: Array) -> Array:
    """Divide, where there is something to divide by; NaN elsewhere."""
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > 0))


def _ends(found: Array) -> tuple[float, float]:
    known = found[np.isfinite(found)]
    if len(known) < len(found) / 2:
        return np.nan, np.nan
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
