"""Each sign of a leak, seeded: the check fails on it and holds without it (LR5, LR9, LR12-LR15)."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from panels import made_up
from test_models_members import sample_of

from models import leakage
from models.evaluation import Split
from models.members import Scorecard
from models.refusals import Leak
from models.sample import Sample
from models.training import Spec, train

SAMPLE = sample_of(made_up(500), next_welfare=False)
FRESH = sample_of(made_up(500, seed=6), next_welfare=False)
SPEC = Spec("fell", "year", "household", drop=("village", "income_next"))


def scores(sample: Sample, judged: pd.DataFrame) -> np.ndarray:
    return Scorecard().learn(sample).raw(judged)


def test_lr12_a_single_feature_that_is_the_label_stops_the_run_and_is_named() -> None:
    table = made_up()
    for planted in (
        table["fell"] * 1.0 + np.random.default_rng(0).normal(0, 0.1, len(table)),
        table["fell"].map({0: "没有", 1: "已批准"}),
        pd.Series(1.0, table.index).where(table["fell"] == 1),
        table["income_next"],
    ):
        with pytest.raises(Leak, match=r"planted \(AUC (0\.9[5-9]|1)"):
            train(table.assign(planted=planted), SPEC)


def test_lr12_holds_on_an_honest_table_and_says_the_strongest_feature() -> None:
    check = leakage.single_features(SAMPLE)
    assert check.holds
    assert 0.6 < check.found < 0.95
    assert leakage.telltale_features(SAMPLE)["income"] == check.found


def test_lr13_a_household_or_a_later_row_on_both_sides_is_refused() -> None:
    groups, times = np.array([1, 2, 3, 1]), np.array([0.0, 0, 1, 1])
    assert leakage.apart([Split(np.array([0, 1]), np.array([2]), 1.0)], groups, times).holds
    with pytest.raises(Leak, match="both sides of a split"):
        leakage.apart([Split(np.array([0, 1]), np.array([3]), 1.0)], groups, times)
    with pytest.raises(Leak, match="both sides of a split"):
        leakage.apart([Split(np.array([0, 2]), np.array([1]), 0.0)], groups, times)


def test_lr9_shuffled_labels_leave_chance_and_a_path_around_them_is_seen() -> None:
    assert leakage.shuffled_labels(SAMPLE, FRESH.features, FRESH.label, scores).holds

    def cheating(_sample: Sample, _judged: pd.DataFrame) -> np.ndarray:
        return FRESH.label + np.random.default_rng(0).normal(0, 1, len(FRESH))

    assert leakage.shuffled_labels(SAMPLE, FRESH.features, FRESH.label, cheating).holds is False


def test_lr14_labels_one_period_off_lose_to_the_real_ones_and_a_label_of_the_past_is_seen() -> None:
    rng = np.random.default_rng(3)
    keys = pd.DataFrame({"group": SAMPLE.groups, "time": SAMPLE.times, "label": SAMPLE.label})
    before = keys.sort_values(["group", "time"]).groupby("group")["label"].shift(1).reindex(keys.index).fillna(0)
    mixed = replace(SAMPLE, label=(rng.random(len(SAMPLE)) < 0.3).astype(float))
    honest = leakage.shifted_labels(mixed, FRESH.features, FRESH.label, scores, 0.75)
    assert honest.holds
    late = replace(SAMPLE, features=SAMPLE.features.assign(late=before.to_numpy()))
    judged = FRESH.features.assign(late=FRESH.label)
    assert leakage.shifted_labels(late, judged, FRESH.label, scores, 0.75).holds is False
    once = replace(SAMPLE, groups=np.arange(len(SAMPLE)))
    assert leakage.shifted_labels(once, FRESH.features, FRESH.label, scores, 0.7).holds is None


def test_lr15_sorted_rows_or_telling_ids_are_seen_and_shuffled_ones_are_not() -> None:
    rng = np.random.default_rng(1)
    label = (rng.random(5000) < 0.2).astype(float)
    place, number = rng.permutation(5000), rng.permutation(5000)
    assert leakage.no_signal_in_place(place, number, label).holds
    assert leakage.no_signal_in_place(np.argsort(np.argsort(label)), number, label).holds is False
    assert leakage.no_signal_in_place(place, number + 3000 * label, label).holds is False


def test_lr5_nothing_of_the_judged_rows_reaches_what_is_learned_for_them() -> None:
    table = made_up(300)
    poisoned = table.copy()
    last = poisoned["year"] == poisoned["year"].max()
    poisoned.loc[last, ["income", "noise"]] *= 1000
    poisoned.loc[last, "kind"] = "另一类 other"
    plain, bad = (train(each, replace(SPEC, candidates=("scorecard",), folds=2)) for each in (table, poisoned))
    assert [one.en for one in plain.choices] == [one.en for one in bad.choices]
    assert plain.checks[0] == bad.checks[0]
    assert plain.rows == bad.rows
