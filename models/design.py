"""A table of numbers made fit for a straight line: filled, squeezed, standardised, categories spread out."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
_LEVELS_MOST = 150
_LEVEL_ROWS_LEAST = 10
_MISSING_LEAST = 0.01
_SKEWED = 1.5


@dataclass(frozen=True)
class _Term:
    """One column of the design: which feature it comes from, and how."""

    feature: int
    kind: str
    low: float = 0.0
    high: float = 0.0
    fill: float = 0.0
    centre: float = 0.0
    spread: float = 1.0
    log: bool = False
    level: float = 0.0

    def of(self, values: Array) -> Array:
        if self.kind == "missing":
            return np.asarray(np.isnan(values) - self.centre)
        if self.kind == "level":
            return np.asarray(((values == self.level) - self.centre) / self.spread)
        filled = np.clip(np.where(np.isnan(values), self.fill, values), self.low, self.high)
        return np.asarray(((np.log1p(filled) if self.log else filled) - self.centre) / self.spread)


@dataclass
class Design:
    """The columns that a line is drawn through, learned from the rows that it may learn from.

    A feature gives a standardised column, its extremes (1 %) drawn in and, when skewed, its logarithm; a column for
    being missing; and, when it holds codes or few whole numbers, a column for every frequent value. A monotone feature
    is never spread out, so the sign of its one weight is its whole say.
    """

    categories: tuple[str, ...] = ()
    never_spread: tuple[str, ...] = ()
    terms: list[_Term] = field(default_factory=list)

    def learn(self, features: pd.DataFrame) -> Array:
        """Learn the columns and return the matrix of ``features``."""
        self.terms = []
        for place, name in enumerate(features.columns):
            values = features[name].to_numpy(dtype=np.float64)
            self.terms += _terms(place, values, name in self.categories, name not in self.never_spread)
        return self.matrix(features)

    def matrix(self, features: Any) -> Array:
        """Return one row per household, one column per term."""
        table = np.asarray(features, dtype=np.float64)
        made = np.empty((len(table), len(self.terms)))
        for place, term in enumerate(self.terms):
            made[:, place] = term.of(table[:, term.feature])
        return made

    def by_feature(self, weighed: Array, count: int) -> Array:
        """Add up the columns of a weighed matrix by the feature that they come from."""
        added = np.zeros((len(weighed), count))
        for place, term in enumerate(self.terms):
            added[:, term.feature] += weighed[:, place]
        return added

    def bounds(self, signs: dict[int, int]) -> list[tuple[float | None, float | None]]:
        """Return for each column where its weight may lie, so that monotone features keep their sign."""
        allowed: dict[int, tuple[float | None, float | None]] = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}
        return [allowed[signs.get(term.feature, 0) if term.kind == "value" else 0] for term in self.terms]


def _terms(place: int, values: Array, coded: bool, spreads: bool) -> list[_Term]:
    known = values[np.isfinite(values)]
    if known.size == 0:
        return []
    found = [] if coded else _value(place, known)
    if spreads or coded:
        found += _levels(place, values, known, coded)
    share = 1 - known.size / values.size
    return found + ([_Term(place, "missing", centre=share)] if share > _MISSING_LEAST else [])


def _value(place: int, known: Array) -> list[_Term]:
    low, high = (float(one) for one in np.quantile(known, [0.01, 0.99]))
    if high <= low:
        low, high = float(known.min()), float(known.max())
    if high <= low:
        return []
    drawn = np.clip(known, low, high)
    log = low >= 0 and _skewness(drawn) > _SKEWED
    scaled = np.log1p(drawn) if log else drawn
    spread = float(scaled.std())
    fill = float(np.median(drawn))
    return [_Term(place, "value", low, high, fill, float(scaled.mean()), spread, log)] if spread > 0 else []


def _levels(place: int, values: Array, known: Array, coded: bool) -> list[_Term]:
    level, rows = np.unique(known, return_counts=True)
    whole = bool((known % 1 == 0).all())
    if not coded and not (whole and 2 < level.size <= _LEVELS_MOST):
        return []
    often = rows >= min(_LEVEL_ROWS_LEAST, int(rows.max()))
    shares = rows / values.size
    # Half the weight of a standardised column: a rare level should have to earn its say.
    return [
        _Term(place, "level", centre=float(share), spread=0.5, level=float(one))
        for one, share in zip(level[often], shares[often], strict=True)
        if share < 1
    ]


def _skewness(values: Array) -> float:
    spread = float(values.std())
    return float(((values - values.mean()) ** 3).mean() / spread**3) if spread > 0 else 0.0
