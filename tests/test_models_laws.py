"""Laws that hold whatever the numbers: of lists, of sums by village, of drift, of shares."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from learned import households, scorer

from models.bootstrap import block_sums, drawn, interval, share
from models.drift import psi, rate
from models.explanation import Reference
from models.ranked import in_first
from models.steady import overlap
from models.trees import Forest, Shares

SCORES = arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, np.nan]))
SHARE = st.sampled_from([0.01, 0.1, 0.25, 0.5, 1.0])


@given(SCORES, SHARE)
def test_as_many_places_are_given_as_there_are(score: np.ndarray, capacity: float) -> None:
    taken = in_first(score, ["d"] * len(score), capacity)
    assert taken.sum() == pytest.approx(max(1, round(capacity * len(score))))
    assert ((taken >= 0) & (taken <= 1)).all()


@given(SCORES, SHARE, st.integers(0, 2**32 - 1))
def test_ties_at_their_worst_never_find_more_than_their_share(score: np.ndarray, capacity: float, seed: int) -> None:
    label = np.random.default_rng(seed).integers(0, 2, len(score)).astype(float)
    dates = ["d"] * len(score)
    worst = in_first(score, dates, capacity, label)
    assert worst.sum() == max(1, round(capacity * len(score)))
    assert worst @ label <= in_first(score, dates, capacity) @ label + 1e-9


@given(SCORES, SHARE, st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_does_not_matter_to_a_list(score: np.ndarray, capacity: float, seed: int) -> None:
    turned = np.random.default_rng(seed).permutation(len(score))
    dates = ["d"] * len(score)
    assert np.allclose(in_first(score, dates, capacity)[turned], in_first(score[turned], dates, capacity))


@given(SCORES.filter(lambda score: np.isfinite(score).all()), SHARE)
def test_a_list_agrees_wholly_with_itself_and_overlap_is_a_share(score: np.ndarray, capacity: float) -> None:
    assert overlap(score, score, capacity) == 1
    assert 0 <= overlap(score, -score, capacity) <= 1


@given(st.integers(0, 2**32 - 1), st.integers(2, 30))
def test_sums_by_village_do_not_depend_on_the_order_of_the_rows(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    table = pd.DataFrame({"v": random.integers(0, 5, count), "d": random.integers(0, 3, count)})
    values = random.integers(0, 9, count).astype(float)
    turned = random.permutation(count)
    sums, dates = block_sums(table, {"x": values}, block="v", by="d")
    other, others = block_sums(table.iloc[turned], {"x": values[turned]}, block="v", by="d")
    assert dates == others
    assert sums.sum() == values.sum()
    assert sorted(map(tuple, sums[..., 0].tolist())) == sorted(map(tuple, other[..., 0].tolist()))


@given(st.integers(0, 2**32 - 1))
def test_an_interval_holds_the_figure_of_a_mean_and_grows_with_doubt(seed: int) -> None:
    random = np.random.default_rng(seed)
    few, many = random.random((8, 1, 2)) + 0.5, np.tile(random.random((8, 1, 2)) + 0.5, (20, 1, 1))
    widths = []
    for sums in (few, many):
        found = interval(sums, lambda told: share(told[..., 0, 0], told[..., 0, 1]), seed=seed, draws=200)
        assert found.low - 1e-9 <= found.value <= found.high + 1e-9
        widths.append(found.high - found.low)
    assert np.isfinite(widths).all()
    assert drawn(few, seed=seed, draws=3).shape == (3, 1, 2)


VALUES = arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6) | st.just(np.nan))


@given(VALUES, VALUES)
def test_the_index_of_drift_is_never_negative_and_nothing_against_itself(then: np.ndarray, now: np.ndarray) -> None:
    assert psi(then, now) >= -1e-12
    assert psi(then, then) == pytest.approx(0, abs=1e-12)


@given(VALUES, VALUES, st.integers(0, 2**32 - 1))
def test_the_index_of_drift_does_not_depend_on_the_order_of_households(
    then: np.ndarray, now: np.ndarray, seed: int
) -> None:
    random = np.random.default_rng(seed)
    assert psi(random.permutation(then), random.permutation(now)) == pytest.approx(psi(then, now))


@given(st.integers(0, 200), st.integers(30, 200))
def test_a_rate_lies_in_its_interval_and_both_between_nothing_and_all(up: int, count: int) -> None:
    up = min(up, count)
    found = rate([1.0] * up + [0.0] * (count - up))
    assert 0 <= found.low <= found.value <= found.high <= 1


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_shares_of_a_household_that_is_the_reference_are_nothing(seed: int) -> None:
    table, _, _ = households(5, seed=seed % 1000)
    forest = Forest.of(scorer().booster_)
    one = table.to_numpy()[:1]
    assert np.allclose(Shares(forest, one).of(one), 0)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_shares_against_two_references_are_the_mean_of_those_against_each(seed: int) -> None:
    table, _, _ = households(12, seed=seed % 1000)
    forest, rows = Forest.of(scorer().booster_), table.to_numpy()
    both = Shares(forest, rows[:2]).of(rows[2:])
    each = [Shares(forest, rows[place : place + 1]).of(rows[2:]) for place in (0, 1)]
    assert np.allclose(both, (each[0] + each[1]) / 2, atol=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_what_a_household_gains_over_another_the_other_loses_over_it(seed: int) -> None:
    table, _, _ = households(2, seed=seed % 1000)
    forest, rows = Forest.of(scorer().booster_), table.to_numpy()
    there, back = Shares(forest, rows[:1]).of(rows[1:]), Shares(forest, rows[1:]).of(rows[:1])
    assert np.allclose(there, -back, atol=1e-12)


@given(st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_a_reference_has_at_most_a_hundred_rows_of_a_kind_and_only_calm_ones(count: int, seed: int) -> None:
    table, label, kind = households(count, seed=seed % 1000)
    label[0] = 0
    drawn_rows = Reference.drawn(table, label == 0, kind, seed=seed)
    assert drawn_rows.kinds.value_counts().max() <= 100
    assert len(drawn_rows.of("city")) <= 100
    calm = {tuple(row) for row in table[label == 0].fillna(-1).to_numpy()}
    assert {tuple(row) for row in drawn_rows.rows.fillna(-1).to_numpy()} <= calm
