"""Places of a list parted among groups so that each finds the same share of the need that is expected in it."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]


def parted(probability: Any, groups: Any) -> Array:
    """Return the order of the list, from 1 down to 0, the highest first.

    Inside a group it is the order of ``probability``; between groups, wherever the list is cut, each has about the same
    share of its expected need above the cut. So of whom little is known, and whose risk therefore never looks
    high, are not found last; with one group it is the order of ``probability`` itself. Equal probabilities of a group
    stand equal. No label is looked at.
    """
    told = pd.DataFrame(
        {"risk": np.asarray(probability, dtype=np.float64), "group": pd.factorize(np.asarray(groups))[0]}
    )
    by_value = told.groupby(["group", "risk"], sort=True)["risk"].sum().sort_index(ascending=[True, False])
    each = by_value.groupby(level="group")
    before = (each.cumsum() - by_value) / each.transform("sum").replace(0.0, 1.0)
    found = before.reindex(pd.MultiIndex.from_frame(told[["group", "risk"]]))
    return np.clip(1.0 - found.to_numpy(dtype=np.float64), 0.0, 1.0)
