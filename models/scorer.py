"""The boosted scorer: monotone where sense or law says so, missing values as they are, a calibrated probability."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from models.calibration import Array, platt, shift
from models.folds import assign, fewest
from models.refusals import Unlearnable
from models.sample import Sample

MANY_ROWS = 100_000


class RiskScorer(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Boosted trees on a table of numbers, made monotone and calibrated by Platt's line.

    ``monotone``: +1 or -1 by feature name: the score never falls (never rises) when the feature rises. ``categorical``:
    names of features that hold codes 0, 1, 2 ... of categories. ``calibration``: ``shuffled`` (folds that keep
    ``groups`` whole), ``latest`` (the latest of ``times``) or ``none``. The same input and seed give the same bits.

    After ``fit``: ``booster_`` the trees, ``slope_`` and ``intercept_`` the line, so that exactly
    ``logit(p) = slope_ * booster_.decision_function(guarded(X)) + intercept_``; ``silent_`` marks features that had no
    value at all when it was fitted, which the trees therefore never read.
    """

    def __init__(  # noqa: PLR0913  # scikit-learn's estimators take their settings so
        self,
        monotone: Mapping[str, int] | None = None,
        categorical: tuple[str, ...] = (),
        learning_rate: float = 0.06,
        max_iter: int = 150,
        max_depth: int = 5,
        max_leaf_nodes: int = 31,
        min_samples_leaf: int = 20,
        l2: float = 1.0,
        max_features: float = 1.0,
        calibration: str = "shuffled",
        calibration_folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.monotone = monotone
        self.categorical = categorical
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_depth = max_depth
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2 = l2
        self.max_features = max_features
        self.calibration = calibration
        self.calibration_folds = calibration_folds
        self.seed = seed

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Any, y: Any, groups: Any = None, times: Any = None, calibration_weight: Any = None) -> Self:  # noqa: N803
        """Learn from ``X`` (numbers, NaN for missing) and two classes ``y``; the second in order is the risk.

        ``calibration_weight``: inverse chance of having been looked at; it weighs the calibration and never the
        trees, where it only adds noise (scorer.md 6). Refuses one class, infinities and unknown feature names.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)  # noqa: N806
        check_classification_targets(y)
        self.classes_, label = np.unique(y, return_inverse=True)
        if len(self.classes_) > 2:
            raise ValueError(f"Only binary classification is supported. The type of the target is {len(self.classes_)}")
        if len(self.classes_) < 2:
            raise Unlearnable(
                zh="标签只有一类，无法学习：请检查标签列或扩大时间范围",
                en="only one class: the labels are all the same; check the label column or take in more time",
            )
        self.silent_ = ~np.isfinite(X).any(axis=0)
        self.slope_, self.intercept_ = self._line(X, label, groups, times, calibration_weight)
        self.booster_ = self._boosted(X, label)
        self.n_iter_ = self.booster_.n_iter_
        return self

    def learn(self, sample: Sample) -> Self:
        """Return a copy that learned the order of ``sample``; its line is left to who trains it beside others."""
        fresh: Self = clone(self).set_params(calibration="none")
        return fresh.fit(sample.features, sample.label.astype(int))

    def raw(self, X: Any) -> Array:  # noqa: N803
        """Return the trees' own logit, before the line."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)  # noqa: N806
        return np.asarray(self.booster_.decision_function(self.guarded(X)))

    def guarded(self, X: Any) -> Array:  # noqa: N803
        """Return ``X`` as the trees read it: features that had no value when it was fitted are one constant."""
        return np.where(self.silent_, 0.0, X) if self.silent_.any() else np.asarray(X, dtype=np.float64)

    def decision_function(self, X: Any) -> Array:  # noqa: N803
        """Return the calibrated logit of the risk."""
        check_is_fitted(self)
        return np.asarray(self.slope_ * self.raw(X) + self.intercept_, dtype=float)

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """Return the calibrated probability of both classes, one row per household."""
        risk = 1 / (1 + np.exp(-self.decision_function(X)))
        return np.column_stack([1 - risk, risk])

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return the likelier class."""
        above = self.decision_function(X) > 0
        return self.classes_[above.astype(int)]

    def with_intercept_of(self, X: Any, y: Any, weight: Any = None) -> Self:  # noqa: N803
        """Return a copy whose intercept agrees with a random audit of ``X`` and ``y``; the order is the same."""
        renewed = deepcopy(self)
        label = (np.asarray(y) == self.classes_[1]).astype(float)
        renewed.intercept_ = self.intercept_ + shift(self.decision_function(X), label, weight)
        return renewed

    def _line(self, X: Array, label: Any, groups: Any, times: Any, weight: Any) -> tuple[float, float]:  # noqa: N803
        folds = self._folds(label, groups, times)
        if not folds:
            return 1.0, 0.0
        raw = np.full(len(label), np.nan)
        for train, held in folds:
            part = self._boosted(X[train], label[train])
            raw[held] = part.decision_function(np.where(~np.isfinite(X[train]).any(axis=0), 0.0, X[held]))
        known = np.isfinite(raw)
        return platt(raw[known], label[known], None if weight is None else np.asarray(weight)[known])

    def _folds(self, label: Any, groups: Any, times: Any) -> list[tuple[Any, Any]]:
        """Return pairs of rows to learn from and rows to calibrate on; none when there are too few of a class."""
        if self.calibration not in ("shuffled", "latest", "none"):
            raise ValueError(f"calibration is shuffled, latest or none, not {self.calibration!r}")
        if self.calibration == "latest" and times is not None:
            latest = np.asarray(times) == np.max(np.asarray(times))
            if fewest(label[~latest]) >= 2 and fewest(label[latest]) >= 2:
                return [(np.flatnonzero(~latest), np.flatnonzero(latest))]
        count = min(self.calibration_folds, fewest(label, groups))
        if self.calibration == "none" or count < 2:
            return []
        fold = assign(label, groups, count=count, seed=self.seed)
        pairs = [(np.flatnonzero(fold != held), np.flatnonzero(fold == held)) for held in range(count)]
        kept = [(train, held) for train, held in pairs if len(held) and fewest(label[train]) >= 1]
        # Tens of thousands of held rows are a line's fill: more folds would only cost time.
        return kept[:1] if len(label) > MANY_ROWS else kept

    def _boosted(self, X: Array, label: Any) -> HistGradientBoostingClassifier:  # noqa: N803
        # HistGradientBoosting 1.9 crashes on a feature that has no value at all; as a constant it is never split on.
        silent = ~np.isfinite(X).any(axis=0)
        booster = HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            max_depth=self.max_depth,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2,
            max_features=self.max_features,
            monotonic_cst=self._signs(X.shape[1]),
            categorical_features=self._categories(X.shape[1]),
            early_stopping=False,
            random_state=self.seed,
        )
        return booster.fit(np.where(silent, 0.0, X), label)

    def _names(self, width: int) -> list[str]:
        return [str(name) for name in getattr(self, "feature_names_in_", [f"x{place}" for place in range(width)])]

    def _signs(self, width: int) -> list[int] | None:
        wanted, names = self.monotone or {}, self._names(width)
        _know(wanted, names)
        return [int(wanted.get(name, 0)) for name in names] if wanted else None

    def _categories(self, width: int) -> list[bool] | None:
        names = self._names(width)
        _know(self.categorical, names)
        return [name in self.categorical for name in names] if self.categorical else None


def _know(wanted: Any, names: list[str]) -> None:
    unknown = sorted(set(wanted) - set(names))
    if unknown:
        listed = ", ".join(unknown)
        raise Unlearnable(zh=f"表中没有这些特征：{listed}", en=f"no such features in the table: {listed}")
