"""Figures against plain counting and scikit-learn; splits that keep the future and the household apart."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from models import measures
from models.evaluation import (
    by_group,
    overlap,
    regret,
    rolling,
    shared_first,
    split_by_time,
    stability,
    under_selection,
)
from models.refusals import Unlearnable

scored = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=4, max_size=60).filter(
    lambda rows: 0 < sum(up for _, up in rows) < len(rows)
)


@given(rows=scored)
def test_area_and_average_precision_are_scikit_learns_ties_included(rows: list[tuple[int, bool]]) -> None:
    score, label = (np.array(each, dtype=float) for each in zip(*rows, strict=True))
    assert measures.area(score, label) == pytest.approx(roc_auc_score(label, score))
    assert measures.average_precision(score, label) == pytest.approx(average_precision_score(label, score))


@given(rows=scored, capacity=st.floats(0.05, 0.9))
def test_ties_at_the_edge_are_counted_against_us_and_bounded_by_every_order(rows: list, capacity: float) -> None:
    score, label = (np.array(each, dtype=float) for each in zip(*rows, strict=True))
    size = measures.size_at(capacity, len(score))
    worst = label[np.lexsort((label, -score))][:size].sum()
    best = label[np.lexsort((-label, -score))][:size].sum()
    assert measures.found_at(score, label, capacity) == worst
    assert measures.found_at(score, label, capacity, worst=False) == best


def test_the_same_score_for_everybody_finds_nothing_in_the_worst_case() -> None:
    told = measures.ranking(np.zeros(100), np.repeat([1.0, 0.0], [10, 90]))
    assert told["precision_at_10"] == told["recall_at_20"] == 0
    assert told["auc"] == 0.5


def test_calibration_figures_are_right_where_the_truth_is_known() -> None:
    rng = np.random.default_rng(0)
    logit = rng.normal(-1, 1, 40_000)
    chance = 1 / (1 + np.exp(-logit))
    label = (rng.random(40_000) < chance).astype(float)
    exact, sure = measures.reliability(chance, label), measures.reliability(1 / (1 + np.exp(-2 * logit - 0.5)), label)
    assert exact["slope"] == pytest.approx(1, abs=0.05)
    assert exact["intercept"] == pytest.approx(0, abs=0.05)
    assert exact["ece"] < 0.015 < 0.05 < sure["ece"]
    assert sure["slope"] == pytest.approx(0.5, abs=0.03)
    assert exact["brier"] == pytest.approx(brier_score_loss(label, chance))
    assert 0 < exact["brier_skill"] < 1
    assert sum(rows for _, _, rows in measures.curve(chance, label)) == 40_000


def test_a_figure_that_cannot_be_said_is_no_number() -> None:
    told = measures.ranking(np.arange(10.0), np.zeros(10)) | measures.reliability(np.full(10, 0.1), np.zeros(10))
    assert all(np.isnan(told[name]) for name in ("auc", "ap", "recall_at_10", "slope", "brier_skill"))


def test_villages_drawn_whole_give_wider_intervals_than_households_and_the_same_every_time() -> None:
    rng = np.random.default_rng(2)
    village = np.repeat(np.arange(30), 40)
    label = (rng.random(1200) < np.repeat(rng.uniform(0, 0.5, 30), 40)).astype(float)
    score = label + rng.normal(0, 1, 1200)
    by_village = measures.intervals(score, label, village)
    by_house = measures.intervals(score, label, np.arange(1200))
    wide, narrow = (one["precision_at_10"].high - one["precision_at_10"].low for one in (by_village, by_house))
    assert wide > 1.1 * narrow
    assert by_house["auc"].low < roc_auc_score(label, score) < by_house["auc"].high
    assert by_house["auc"].value == pytest.approx(roc_auc_score(label, score))
    assert by_village == measures.intervals(score, label, village)


times_and_groups = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 15)), min_size=20, max_size=80)


@given(rows=times_and_groups, gap=st.sampled_from([0.0, 1.0, 2.0]))
def test_what_is_learned_from_is_older_by_the_gap_and_of_other_households(rows: list, gap: float) -> None:
    times, groups = (np.array(each) for each in zip(*rows, strict=True))
    label = (groups % 2).astype(float)
    judged = []
    for split in split_by_time(times.astype(float), groups, label, at=float(times.max()), gap=gap):
        assert overlap(split, groups, times) == 0
        assert (times[split.learn] < times.max() - gap).all() or gap == 0
        judged += split.judge.tolist()
    assert sorted(judged) == np.flatnonzero(times == times.max()).tolist()


def test_rolling_dates_go_forward_and_the_first_has_something_to_learn_from() -> None:
    times = np.tile(np.arange(9.0), 50)
    groups = np.repeat(np.arange(50), 9)
    splits = list(rolling(times, groups, (groups % 3 == 0).astype(float), dates=6))
    assert sorted({split.time for split in splits}) == [3, 4, 5, 6, 7, 8]
    assert all(times[split.learn].max() < split.time for split in splits)


def test_an_overlap_is_counted_whether_a_household_or_a_later_row() -> None:
    times, groups = np.array([0.0, 1, 1, 2]), np.array([1, 2, 1, 3])
    split = split_by_time(times, groups, np.zeros(4), at=2)[0]
    assert overlap(split, groups, times) == 0
    assert overlap(split, np.array([1, 2, 1, 1]), times) == 1
    assert overlap(split, groups, np.array([0.0, 1, 3, 2])) == 1


def test_groups_with_few_positives_are_named_and_never_pass() -> None:
    rng = np.random.default_rng(1)
    label = (rng.random(4000) < 0.2).astype(float)
    names = np.where(np.arange(4000) < 60, "few", np.where(np.arange(4000) % 2, "left", "right"))
    score = label * np.where(names == "left", 2.0, 0.5) + rng.normal(0, 1, 4000)
    served = {one.name: one for one in by_group(score, label, names, np.arange(4000), capacity=0.1)}
    assert not served["few"].enough
    assert served["few"].ratio is None
    assert served["left"].ratio is not None
    assert served["left"].ratio.value == 1
    right = served["right"].ratio
    assert right is not None
    assert right.low < right.value < right.high < 0.8
    assert sum(one.positives for one in served.values()) == label.sum()


def test_numbers_are_compared_by_their_terciles_and_the_unknown_are_a_group() -> None:
    age = np.where(np.arange(900) % 9 == 0, np.nan, np.arange(900.0))
    served = by_group(np.arange(900.0), np.ones(900), age, np.arange(900), capacity=0.2)
    assert len(served) == 4
    assert "unknown" in served[-1].name


def test_where_visits_follow_a_score_four_answers_stand_side_by_side_and_weighing_is_near_the_truth() -> None:
    rng = np.random.default_rng(4)
    score = rng.normal(0, 1, 200_000)
    truth = (rng.random(200_000) < 1 / (1 + np.exp(2 - score))).astype(float)
    chance = np.where(truth > 0, 0.6, 0.2) * 0.5 + 0.1
    seen = rng.random(200_000) < chance
    told = under_selection(score, np.where(seen, truth, np.nan), chance, capacity=0.1)
    real = truth[np.argsort(-score)[:20_000]].mean()
    assert told["worst"] < real < told["best"]
    assert abs(told["inverse_propensity"] - real) < 0.02 < abs(told["labelled_only"] - real)
    with pytest.raises(Unlearnable, match="chance of being looked at"):
        under_selection(score, truth, chance * 0, capacity=0.1)


def test_stability_regret_and_shared_lists_are_plain_arithmetic() -> None:
    assert stability([0.2, 0.4])["worst"] == pytest.approx(0.2 / 0.3)
    assert stability([0.3, 0.3])["cv"] == 0
    table = pd.DataFrame({"a": [1.0, 0.5], "b": [0.8, 1.0]})
    assert regret(table, ["a", "a"]) == pytest.approx(0.25)
    assert regret(table, ["a", "b"]) == 0
    assert shared_first(np.arange(10.0), np.arange(10.0), capacity=0.3) == 1
    assert shared_first(np.arange(10.0), -np.arange(10.0), capacity=0.3) == 0
