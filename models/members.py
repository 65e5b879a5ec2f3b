"""The candidates beside the boosted scorer: scorecard, next period's welfare, the rule, a proxy means test, an average.

Each learns from a ``Sample`` and has ``raw`` (higher is riskier, on its own scale); ``slope_`` and ``intercept_`` are
Platt's line, set by who trains it on rows it did not learn from; ``decision_function`` is the logit that they give.
"""

from abc import ABC, abstractmethod
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingRegressor

from models.calibration import shift
from models.design import Design
from models.lines import Line, logistic, ridge
from models.sample import Sample

Array = NDArray[np.float64]
LINE_ROWS_MOST = 60_000


class Candidate(Protocol):
    """What can be trained, calibrated and compared."""

    slope_: float
    intercept_: float

    def learn(self, sample: Sample) -> Self:
        """Learn the order; the line is left at ``raw`` itself."""

    def raw(self, X: Any) -> Array:  # noqa: N803
        """Return the risk on the candidate's own scale."""

    def decision_function(self, X: Any) -> Array:  # noqa: N803
        """Return the calibrated logit."""

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """Return the probability of both classes."""


class Calibrated(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn is untyped
    """A score with Platt's line over it."""

    slope_: float
    intercept_: float

    @abstractmethod
    def raw(self, X: Any) -> Array:  # noqa: N803
        """Return the risk on the candidate's own scale."""

    def decision_function(self, X: Any) -> Array:  # noqa: N803
        """Return the calibrated logit of the risk."""
        return np.asarray(self.slope_ * self.raw(X) + self.intercept_)

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """Return the calibrated probability of both classes."""
        risk = 1 / (1 + np.exp(-self.decision_function(X)))
        return np.column_stack([1 - risk, risk])

    def with_intercept_of(self, X: Any, y: Any, weight: Any = None) -> Self:  # noqa: N803
        """Return a copy whose level agrees with a random audit of ``X`` and ``y``; the order is the same."""
        renewed = type(self)(**self.get_params())
        renewed.__dict__.update(self.__dict__)
        label = np.asarray(y, dtype=float)
        renewed.intercept_ = self.intercept_ + shift(self.decision_function(X), label, weight)
        return renewed

    def _named(self, sample: Sample) -> Self:
        self.slope_, self.intercept_ = 1.0, 0.0
        self.classes_ = np.array([0, 1])
        self.feature_names_in_ = np.array(list(sample.features.columns), dtype=object)
        self.n_features_in_ = sample.features.shape[1]
        return self


class Straight(Calibrated):
    """A score that is a line through a design: ``terms`` says what each feature adds to the logit by itself."""

    design_: Design
    line_: Line

    def raw(self, X: Any) -> Array:  # noqa: N803
        """Return the line's value."""
        return self.line_.of(self.design_.matrix(X))

    def terms(self, X: Any) -> Array:  # noqa: N803
        """Return rows by features: with ``slope_ * line_.constant + intercept_`` they add up to the logit."""
        weighed = self.design_.matrix(X) * (self.slope_ * self.line_.weights)
        return self.design_.by_feature(weighed, self.n_features_in_)


class Scorecard(Straight):
    """A logistic line whose monotone features keep their sign: what a committee can read."""

    def learn(self, sample: Sample) -> Self:
        """Learn from the labels; of a large sample at most ``LINE_ROWS_MOST`` rows, which a line wants no more of."""
        few = sample.at_most(LINE_ROWS_MOST)
        self.design_ = Design(sample.categories, tuple(sample.signs))
        matrix = self.design_.learn(few.features)
        places = {place: sample.signs.get(str(name), 0) for place, name in enumerate(few.features.columns)}
        self.line_ = logistic(matrix, few.label, few.groups, bounds=self.design_.bounds(places), seed=sample.seed)
        return self._named(sample)


class RidgeNext(Straight):
    """Next period's welfare by a ridge line; the risk is how far below the line it is expected to be."""

    def learn(self, sample: Sample) -> Self:
        """Learn from the welfare that came; rows where it is unknown are left out."""
        few = _with_coming(sample).at_most(LINE_ROWS_MOST)
        self.design_ = Design(sample.categories)
        matrix = self.design_.learn(few.features)
        wanted, self.log_ = scaled(few.coming)
        line = ridge(matrix, -wanted, few.groups, seed=sample.seed)
        spread = float((line.of(matrix) + wanted).std()) or 1.0
        self.line_ = Line(line.weights / spread, line.constant / spread)
        return self._named(sample)


class BoostedNext(Calibrated):
    """Next period's welfare by boosted trees; low is risky, so ``slope_`` times the trees' value falls with welfare."""

    def __init__(self, max_iter: int = 120, max_depth: int = 3, max_features: float = 0.15) -> None:
        self.max_iter = max_iter
        self.max_depth = max_depth
        self.max_features = max_features

    def learn(self, sample: Sample) -> Self:
        """Learn from the welfare that came; rows where it is unknown are left out."""
        known = _with_coming(sample)
        table = known.features.to_numpy(dtype=np.float64)
        wanted, self.log_ = scaled(known.coming)
        self.silent_ = ~np.isfinite(table).any(axis=0)
        names = [str(name) for name in sample.features.columns]
        self.booster_ = HistGradientBoostingRegressor(
            learning_rate=0.04,
            max_iter=self.max_iter,
            max_depth=self.max_depth,
            max_features=self.max_features,
            l2_regularization=5.0,
            monotonic_cst=[sample.signs.get(name, 0) for name in names],
            categorical_features=[name in sample.categories for name in names] if sample.categories else None,
            early_stopping=False,
            random_state=sample.seed,
        ).fit(self.guarded(table), -wanted)
        return self._named(sample)

    def guarded(self, X: Any) -> Array:  # noqa: N803
        """Return ``X`` as the trees read it."""
        return np.where(self.silent_, 0.0, np.asarray(X, dtype=np.float64))

    def raw(self, X: Any) -> Array:  # noqa: N803
        """Return minus the welfare expected."""
        return np.asarray(self.booster_.predict(self.guarded(X)))


class RuleOrder(Calibrated):
    """The rule's own order: closest to the line first, or else the one feature that orders the labels best.

    ``column`` as told with its ``sign`` (-1: the lowest first), or both chosen on the rows learned from, where a
    feature of declared direction never orders against it.
    """

    def __init__(self, column: str | None = None, sign: int = -1) -> None:
        self.column = column
        self.sign = sign

    def learn(self, sample: Sample) -> Self:
        """Choose the column and its direction, and how it is squeezed so that extremes weigh little in an average."""
        if self.column is None:
            self.column_, self.sign_ = _best_column(sample.at_most(LINE_ROWS_MOST))
        else:
            self.column_, self.sign_ = self.column, self.sign
        self._named(sample)
        self.place_ = list(self.feature_names_in_).index(self.column_)
        values = sample.features[self.column_].to_numpy(dtype=np.float64)
        known = values[np.isfinite(values)]
        self.middle_ = float(np.median(known)) if known.size else 0.0
        low, high = np.quantile(known, [0.25, 0.75]) if known.size else (0.0, 1.0)
        self.width_ = float(high - low) or float(known.std() if known.size else 1.0) or 1.0
        return self

    def raw(self, X: Any) -> Array:  # noqa: N803
        """Return the place in the rule's order; who has no value stands in the middle."""
        values = np.asarray(X, dtype=np.float64)[:, self.place_]
        away = np.nan_to_num(values, nan=self.middle_) - self.middle_
        return np.asarray(self.sign_ * np.arcsinh(away / self.width_))

    def terms(self, X: Any) -> Array:  # noqa: N803
        """Return rows by features: the one column's say."""
        added = np.zeros((len(X), self.n_features_in_))
        added[:, self.place_] = self.slope_ * self.raw(X)
        return added


class ProxyMeans(Straight):
    """A proxy means test: today's welfare guessed by a ridge line from everything else, the lowest first."""

    def learn(self, sample: Sample) -> Self:
        """Learn today's welfare from the other features."""
        few = sample.at_most(LINE_ROWS_MOST)
        table = few.features.copy()
        welfare = table[sample.welfare].to_numpy(dtype=np.float64).copy()
        table[sample.welfare] = np.nan
        known = np.isfinite(welfare)
        wanted, self.log_ = scaled(welfare[known])
        self.design_ = Design(sample.categories)
        matrix = self.design_.learn(table)
        self.line_ = ridge(matrix[known], -wanted, few.groups[known], seed=sample.seed)
        return self._named(sample)


class Average(Calibrated):
    """The average of calibrated candidates on the logit scale: ``members_`` are pairs of weight and candidate."""

    members_: list[tuple[float, Any]]

    @classmethod
    def of(cls, members: list[tuple[float, Any]], sample: Sample, line: tuple[float, float]) -> Self:
        """Return the average of trained and calibrated members under a line of its own."""
        made = cls()._named(sample)
        made.slope_, made.intercept_ = 1.0, line[1]
        # The line's slope goes into the weights, so that what explains a sum need not know of it.
        made.members_ = [(weight * line[0], member) for weight, member in members]
        return made

    def raw(self, X: Any) -> Array:  # noqa: N803
        """Return the weighted sum of the members' logits."""
        added = np.zeros(len(X))
        for weight, member in self.members_:
            added += weight * member.decision_function(X)
        return added


def scaled(welfare: Array | None) -> tuple[Array, bool]:
    """Return welfare on a standard scale, of its logarithm where it is positive and skewed as money is."""
    values = np.asarray(welfare, dtype=np.float64)
    log = bool(values.min() > 0)
    taken = np.log(values) if log else values
    low, high = np.quantile(taken, [0.005, 0.995])
    taken = np.clip(taken, low, high)
    return (taken - taken.mean()) / (float(taken.std()) or 1.0), log


def _with_coming(sample: Sample) -> Sample:
    known = np.isfinite(np.asarray(sample.coming))
    return sample if known.all() else sample.take(known)


def _best_column(sample: Sample) -> tuple[str, int]:
    """Return the feature that ranks the labels best on the rows learned from, and the direction that does."""
    features: pd.DataFrame = sample.features.drop(columns=list(sample.categories))
    label = pd.Series(sample.label, index=features.index)
    first = str(features.columns[0] if features.shape[1] else sample.features.columns[0])
    best, found = 0.0, (first, sample.signs.get(first) or 1)
    up, down = float(label.sum()), float((1 - label).sum())
    for name in features.columns:
        values = features[name]
        rank = values.fillna(values.median() if values.notna().any() else 0.0).rank()
        area = (float((rank * label).sum()) - up * (up + 1) / 2) / (up * down)
        sign = sample.signs.get(str(name)) or (1 if area > 0.5 else -1)
        if sign * (area - 0.5) > best:
            best, found = sign * (area - 0.5), (str(name), sign)
    return found
