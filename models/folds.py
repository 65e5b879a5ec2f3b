"""Rows into folds: shuffled by a seed, as even in positives as can be, each group whole."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Codes = NDArray[np.int64]


def codes_of(groups: Any, count: int) -> Codes:
    """Number the groups 0, 1, 2 ... in the order in which they are met; every row is its own without ``groups``.

    Names of any type are groups; all rows without a name are one.
    """
    if groups is None:
        return np.arange(count, dtype=np.int64)
    return np.asarray(pd.factorize(pd.Series(np.asarray(groups)), use_na_sentinel=False)[0], dtype=np.int64)


def assign(label: Any, groups: Any = None, *, count: int, seed: int) -> Codes:
    """Return the fold, 0 to ``count - 1``, of every row.

    All rows of a group share a fold. Groups are shuffled by ``seed`` and dealt out by their number of positives, so
    that each fold has its share; the same rows in the same order and the same seed give the same folds.
    """
    code = codes_of(groups, len(label))
    size = np.bincount(code)
    positives = np.bincount(code, weights=np.asarray(label, dtype=float)).round().astype(np.int64)
    shuffled = np.random.default_rng(seed).permutation(len(size))
    order = shuffled[np.lexsort((-size[shuffled], -positives[shuffled]))]
    # Dealt there and back again, so that the first fold does not always get the largest of each round.
    turn = np.arange(len(order)) % (2 * count)
    fold = np.empty(len(size), dtype=np.int64)
    fold[order] = np.where(turn < count, turn, 2 * count - 1 - turn)
    return fold[code]


def fewest(label: Any, groups: Any = None) -> int:
    """Count the rows (or groups that have such a row) of the rarer class."""
    code, positive = codes_of(groups, len(label)), np.asarray(label) > 0
    return int(min(len(np.unique(code[positive])), len(np.unique(code[~positive]))))
