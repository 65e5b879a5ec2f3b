"""What a candidate learns from: features as numbers, labels, and who, when and how likely to have been looked at."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """Rows to learn from. ``groups`` and ``times`` are codes, ``times`` in order of time.

    ``coming`` is the welfare at the next period, None where the table has no such source; ``line`` what it should not
    fall to. ``welfare`` names the feature that holds it now: the rule is "the lowest first", unless ``rule`` names the
    feature by which rules order and its sign. ``weight`` is the inverse chance of having been looked at; ``signs`` the
    monotone features, ``categories`` those that hold codes.
    """

    features: pd.DataFrame
    label: Array
    groups: Rows
    times: Rows
    coming: Array | None = None
    line: float | None = None
    weight: Array | None = None
    welfare: str | None = None
    rule: tuple[str, int] | None = None
    signs: dict[str, int] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    seed: int = 0

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: Any) -> Self:
        """Return some of the rows, by place or by mask."""
        place = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows)
        return replace(
            self,
            features=self.features.iloc[place],
            label=self.label[place],
            groups=self.groups[place],
            times=self.times[place],
            coming=None if self.coming is None else self.coming[place],
            weight=None if self.weight is None else self.weight[place],
        )

    def at_most(self, rows: int) -> Self:
        """Return at most about so many rows, groups whole, drawn by the seed; all of them when they are fewer."""
        if len(self) <= rows:
            return self
        count = int(self.groups.max()) + 1
        return self.take(np.random.default_rng(self.seed).random(count)[self.groups] < rows / len(self))
