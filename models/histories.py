"""What a table itself remembers of a household: each number at its time before, and the mean of all before."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.tables import amounts

BEFORE, CHANGE, MEAN = " (before)", " (change)", " (mean before)"
"""What a remembered column is called after its own."""
COLUMNS_MOST, CELLS_MOST = 150, 60_000_000
_MOVING = 0.02


def remembered(
    table: pd.DataFrame, groups: NDArray[np.int64], times: NDArray[np.float64], *, but: Iterable[str]
) -> pd.DataFrame:
    """Return, row by row, the household's value at its latest earlier time, the change since, and its earlier mean.

    Of every column of numbers (all ``but`` some, at most ``COLUMNS_MOST``) that moves within households. Several rows
    of a household at one time count as their mean. A row knows of times before its own; a first time knows nothing.
    """
    if len(np.unique(times)) < 2 or len(np.unique(groups)) == len(groups):
        return pd.DataFrame(index=table.index)
    numbers = _moving(table, groups, set(but))
    if numbers.empty:
        return pd.DataFrame(index=table.index)
    keys = pd.MultiIndex.from_arrays([groups, times], names=["group", "time"])
    by_time = numbers.set_axis(keys).groupby(level=["group", "time"], sort=True).mean()
    household = by_time.groupby(level="group")
    before = household.ffill().groupby(level="group").shift(1)
    sums, counts = household.cumsum(), by_time.notna().groupby(level="group").cumsum()
    means = (sums / counts).groupby(level="group").ffill().groupby(level="group").shift(1)
    known, mean = (each.reindex(keys).set_axis(table.index) for each in (before, means))
    change = (numbers - known).add_suffix(CHANGE)
    return pd.concat([known.add_suffix(BEFORE), change, mean.add_suffix(MEAN)], axis=1)


def base_of(name: str) -> str | None:
    """Return the column that a remembered one tells of; None for a column of the table's own."""
    return next((name.removesuffix(mark) for mark in (BEFORE, CHANGE, MEAN) if name.endswith(mark)), None)


def _moving(table: pd.DataFrame, groups: NDArray[np.int64], but: set[str]) -> pd.DataFrame:
    """Return the columns of numbers that are not the same at all times for nearly every household."""
    found: dict[str, NDArray[np.float64]] = {}
    for name in table.columns:
        if name in but or not pd.api.types.is_numeric_dtype(table[name].dtype):
            continue
        values = pd.Series(amounts(table[name]))
        if np.isinf(values).any():
            continue
        if _spread(values, groups) > _MOVING:
            found[str(name)] = values.to_numpy()
        if len(found) >= min(COLUMNS_MOST, CELLS_MOST // (3 * len(table))):
            break
    return pd.DataFrame(found, index=table.index)


def _spread(values: "pd.Series[float]", groups: NDArray[np.int64]) -> float:
    """Return the share of households whose values differ."""
    each = values.groupby(groups)
    return float((each.max() > each.min()).mean())
