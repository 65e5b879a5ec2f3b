"""What each feature adds to a sum of trees, held against the definition of a Shapley value."""

from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from models.refusals import Unlearnable
from models.trees import Forest, Shares


def by_definition(value: Any, row: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Shapley values from every coalition of features, each valued by the model itself on mixed rows."""
    width = len(row)
    worth = {}
    for size in range(width + 1):
        for chosen in combinations(range(width), size):
            mixed = reference.copy()
            mixed[:, list(chosen)] = row[list(chosen)]
            worth[chosen] = value(mixed).mean()
    shares = np.zeros(width)
    for feature in range(width):
        for chosen in worth:
            if feature not in chosen:
                weight = factorial(len(chosen)) * factorial(width - len(chosen) - 1) / factorial(width)
                shares[feature] += weight * (worth[tuple(sorted((*chosen, feature)))] - worth[chosen])
    return shares


def table(rows: int, width: int, *, missing: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, width)).round(1)
    label = (values[:, 0] + values[:, 1] * values[:, 2] + random.normal(size=rows) > 0.8).astype(int)
    values[random.random(values.shape) < missing] = np.nan
    return values, label


def boosted(values: np.ndarray, label: np.ndarray, **settings: Any) -> HistGradientBoostingClassifier:
    chosen = {"max_iter": 25, "max_depth": 5, "min_samples_leaf": 5, "early_stopping": False, "random_state": 0}
    return HistGradientBoostingClassifier(**{**chosen, **settings}).fit(values, label)


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("depth", [1, 3, 6])
def test_contributions_are_the_shapley_values_of_the_definition(missing: float, depth: int) -> None:
    values, label = table(400, 6, missing=missing, seed=depth)
    booster = boosted(values, label, max_depth=depth)
    reference = values[label == 0][:17]
    told = Shares(Forest.of(booster), reference).of(values[:12])
    expected = [by_definition(booster.decision_function, row, reference) for row in values[:12]]
    assert np.abs(told).max() > 0.05
    np.testing.assert_allclose(told, expected, atol=1e-12)


def test_categories_and_their_moved_columns_are_explained_by_the_definition_too() -> None:
    values, label = table(600, 5, missing=0.1, seed=4)
    values[:, 3] = np.random.default_rng(4).integers(0, 40, size=600)
    values[np.random.default_rng(5).random(600) < 0.1, 3] = np.nan
    label = (label + (values[:, 3] % 7 == 2) > 0).astype(int)
    booster = boosted(values, label, categorical_features=[False, False, False, True, False])
    reference = values[label == 0][:20]
    told = Shares(Forest.of(booster), reference).of(values[:15])
    assert np.abs(told[:, 3]).max() > 0.05
    expected = [by_definition(booster.decision_function, row, reference) for row in values[:15]]
    np.testing.assert_allclose(told, expected, atol=1e-12)


def test_contributions_and_the_references_mean_sum_to_the_forests_value() -> None:
    values, label = table(3000, 12, missing=0.2, seed=7)
    booster = boosted(values, label, max_iter=120)
    shares = Shares(Forest.of(booster), values[label == 0][:100])
    told = shares.of(values)
    assert shares.base == pytest.approx(booster.decision_function(values[label == 0][:100]).mean(), abs=1e-12)
    assert np.abs(told.sum(axis=1) + shares.base - booster.decision_function(values)).max() < 1e-12


def test_more_rows_than_are_explained_at_once_give_the_same_as_one_by_one() -> None:
    values, label = table(9000, 4, missing=0.1, seed=2)
    shares = Shares(Forest.of(boosted(values, label)), values[:50])
    whole = shares.of(values, threads=2)
    assert np.array_equal(whole[[0, 4095, 4096, 8999]], shares.of(values[[0, 4095, 4096, 8999]], threads=1))
    assert shares.of(values[:0]).shape == (0, 4)


def test_a_feature_that_no_tree_asks_about_adds_nothing() -> None:
    values, label = table(500, 4, missing=0.0, seed=3)
    values[:, 3] = 5.0
    shares = Shares(Forest.of(boosted(values, label)), values[:50])
    assert (shares.of(values)[:, 3] == 0).all()


def test_a_tree_too_deep_to_explain_exactly_is_refused_with_what_to_mend() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(20000, 16))
    label = (np.abs(values).sum(axis=1) + random.normal(size=20000) > 12.5).astype(int)
    chain = boosted(values, label, max_depth=None, max_leaf_nodes=400, min_samples_leaf=2, max_iter=3)
    with pytest.raises(Unlearnable, match="max_depth"):
        Forest.of(chain)


def test_explaining_against_nobody_is_refused() -> None:
    values, label = table(200, 3, missing=0.0, seed=1)
    forest = Forest.of(boosted(values, label))
    with pytest.raises(Unlearnable, match="reference"):
        Shares(forest, values[:0])


def test_thresholds_are_the_places_where_the_sum_changes() -> None:
    values, label = table(800, 3, missing=0.0, seed=9)
    booster = boosted(values, label, max_iter=10)
    at = Forest.of(booster).thresholds(0)
    row = np.zeros((1, 3))
    for number in at[:5]:
        row[0, 0] = number
        below = booster.decision_function(row)[0]
        row[0, 0] = np.nextafter(number, np.inf)
        above = booster.decision_function(row)[0]
        row[0, 0] = (number + at[at > number][0]) / 2 if (at > number).any() else number + 1
        assert booster.decision_function(row)[0] == above
        assert np.isfinite(below)
    assert len(at) > 3
    assert (np.diff(at) > 0).all()
