"""A night's scores as the service uses them: a column beside the indicators, and three reasons for the highest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

TENTHS = 10
UNSCORED = TENTHS // 2
BANDS = ("high", "middle", "low")


@dataclass(frozen=True, eq=False)
class Scores:
    """``score``: the champion's probability by household key. ``reasons``: up to three for each of the highest.

    ``order``: the place in the list by household key, the highest first, where it is not that of the score itself.
    """

    model: str
    score: pd.Series
    reasons: Mapping[int, Sequence[Mapping[str, Any]]]
    order: pd.Series | None = None

    @property
    def listed(self) -> pd.Series:
        """Return by household key what the list is ordered by, the highest first."""
        return self.score if self.order is None else self.order

    def tenths(self, keys: pd.Index) -> pd.Series:
        """Return in which tenth each household stands, 0 the highest; one without a score in the middle.

        Equal scores stand in the same tenth: where they say nothing, the rules' own order is left as it is.
        """
        order = self.listed.rank(ascending=False, method="average", pct=True)
        found = (order * TENTHS).apply(lambda share: min(int(share), TENTHS - 1))
        return found.reindex(keys).fillna(UNSCORED).astype("int64")

    def band(self, keys: pd.Index) -> pd.Series:
        """Return the band of each household's score: the highest tenth, the next four, the rest."""
        tenths = self.tenths(keys)
        return pd.Series(pd.cut(tenths, [-1, 0, 4, TENTHS], labels=list(BANDS)).astype(str), index=keys)
