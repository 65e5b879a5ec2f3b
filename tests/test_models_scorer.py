"""The boosted scorer: a good citizen of scikit-learn, monotone, calibrated, the same every time."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.special import logit
from sklearn.utils.estimator_checks import check_estimator

from models.calibration import LEAST_SLOPE, platt, shift
from models.folds import assign, fewest
from models.refusals import Unlearnable
from models.scorer import RiskScorer


def households(count: int = 2000, seed: int = 3, base: float = -2.0) -> tuple[pd.DataFrame, np.ndarray]:
    """Made-up households whose risk falls with income, rises with cost and differs by category."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "income": rng.normal(0, 1, count),
            "cost": rng.exponential(1, count),
            "kind": rng.integers(0, 4, count).astype(float),
            "noise": rng.normal(0, 1, count),
        }
    )
    risk = base - 1.5 * table["income"] + 0.6 * table["cost"] + 0.8 * (table["kind"] == 2)
    table.loc[rng.random(count) < 0.2, "cost"] = np.nan
    return table, (rng.random(count) < 1 / (1 + np.exp(-risk))).astype(int)


def test_the_scorer_passes_every_check_that_scikit_learn_has() -> None:
    told = check_estimator(RiskScorer(max_iter=10, calibration_folds=2), on_fail=None)
    assert [(one["check_name"], one["exception"]) for one in told if one["status"] == "failed"] == []
    assert len(told) > 40


def test_the_probability_is_exactly_the_line_over_the_trees() -> None:
    table, label = households()
    table["silent"] = np.nan
    scorer = RiskScorer(categorical=("kind",)).fit(table, label)
    raw = scorer.booster_.decision_function(scorer.guarded(table.to_numpy()))
    assert np.array_equal(scorer.decision_function(table), scorer.slope_ * raw + scorer.intercept_)
    assert list(scorer.silent_) == [False] * 4 + [True]
    assert list(scorer.feature_names_in_) == list(table.columns)
    assert np.allclose(logit(scorer.predict_proba(table)[:, 1]), scorer.decision_function(table))


@hypothesis_settings(max_examples=3)
@given(seed=st.integers(0, 2**16))
def test_raising_income_or_lowering_cost_never_raises_the_risk(seed: int) -> None:
    table, label = households(600, seed=seed)
    scorer = RiskScorer(monotone={"income": -1, "cost": 1}, categorical=("kind",), max_iter=60).fit(table, label)
    rng = np.random.default_rng(seed)
    pairs = table.sample(10_000, replace=True, random_state=seed).fillna({"cost": 0.5}).reset_index(drop=True)
    richer, cheaper = pairs.copy(), pairs.copy()
    richer["income"] += rng.exponential(0.5, len(pairs))
    cheaper["cost"] -= rng.exponential(0.5, len(pairs))
    before = scorer.decision_function(pairs)
    assert (scorer.decision_function(richer) > before).sum() == 0
    assert (scorer.decision_function(cheaper) > before).sum() == 0
    assert np.ptp(before) > 0.5


def test_the_same_rows_and_seed_give_the_same_bits_and_folds_do_not_depend_on_the_names_of_groups() -> None:
    table, label = households()
    groups = np.arange(len(label)) // 3
    first = RiskScorer(seed=4, max_features=0.5).fit(table, label, groups=groups).predict_proba(table)
    again = RiskScorer(seed=4, max_features=0.5).fit(table, label, groups=[f"户{g}" for g in groups])
    assert first.tobytes() == again.predict_proba(table).tobytes()


@pytest.mark.parametrize("calibration", ["shuffled", "latest"])
def test_the_probability_is_calibrated_on_households_it_never_saw(calibration: str) -> None:
    table, label = households(6000)
    fresh, truth = households(6000, seed=8)
    times = np.repeat([2020, 2021, 2022], 2000)
    scorer = RiskScorer(calibration=calibration, categorical=("kind",), max_iter=300, learning_rate=0.1)
    told = scorer.fit(table, label, times=times).predict_proba(fresh)[:, 1]
    overfit = RiskScorer(calibration="none", categorical=("kind",), max_iter=300, learning_rate=0.1).fit(table, label)
    tenth = np.argsort(np.argsort(told)) // 600
    gaps = [abs(told[tenth == one].mean() - truth[tenth == one].mean()) for one in range(10)]
    assert max(gaps) < 0.06
    assert ((told - truth) ** 2).mean() < ((overfit.predict_proba(fresh)[:, 1] - truth) ** 2).mean()


def test_after_a_shock_a_hundred_audited_households_mend_the_level_and_leave_the_order() -> None:
    table, label = households(4000)
    shocked, truth = households(4000, seed=9, base=-0.5)
    scorer = RiskScorer(categorical=("kind",)).fit(table, label)
    audit = np.random.default_rng(1).choice(4000, 100, replace=False)
    mended = scorer.with_intercept_of(shocked.iloc[audit], truth[audit])
    before, after = (one.predict_proba(shocked)[:, 1] for one in (scorer, mended))
    assert abs(before.mean() - truth.mean()) > 0.1
    assert abs(after.mean() - truth.mean()) < 0.05
    assert np.array_equal(np.argsort(before, kind="stable"), np.argsort(after, kind="stable"))
    assert scorer.intercept_ != mended.intercept_


def test_an_audit_without_a_single_positive_does_not_make_everybody_safe() -> None:
    assert -5 < shift(np.zeros(100), np.zeros(100)) < -3


def test_households_hard_to_reach_weigh_more_in_calibration_and_nothing_in_the_trees() -> None:
    table, label = households(3000)
    weight = np.where(label == 1, 1.0, 5.0)
    plain = RiskScorer().fit(table, label)
    weighed = RiskScorer().fit(table, label, calibration_weight=weight)
    assert np.array_equal(
        plain.booster_.decision_function(table.values), weighed.booster_.decision_function(table.values)
    )
    assert weighed.predict_proba(table)[:, 1].mean() < 0.6 * plain.predict_proba(table)[:, 1].mean()


def test_calibration_flattens_a_score_that_is_noise_and_never_turns_it() -> None:
    raw = np.linspace(-3, 3, 400)
    slope, intercept = platt(raw, (raw < 0).astype(float))
    assert slope == pytest.approx(LEAST_SLOPE)
    assert intercept == pytest.approx(0.0, abs=0.1)


def test_a_feature_that_is_missing_in_a_whole_fold_crashes_nothing() -> None:
    table, label = households(300)
    table["new_feed"] = np.nan
    table.loc[:2, "new_feed"] = 1.0
    scorer = RiskScorer(calibration_folds=3).fit(table, label)
    assert np.isfinite(scorer.predict_proba(table)).all()


def test_what_cannot_be_learned_is_refused_in_both_languages() -> None:
    table, label = households(100)
    with pytest.raises(Unlearnable, match=r"只有一类.*only one class"):
        RiskScorer().fit(table, np.ones(100))
    with pytest.raises(Unlearnable, match=r"没有这些特征.*no such features.*wage"):
        RiskScorer(monotone={"wage": 1}).fit(table, label)
    with pytest.raises(ValueError, match="infinity"):
        RiskScorer().fit(table.assign(cost=np.inf), label)
    with pytest.raises(ValueError, match="shuffled, latest or none"):
        RiskScorer(calibration="isotonic").fit(table, label)
    with pytest.raises(ValueError, match="feature names should match"):
        RiskScorer().fit(table, label).predict_proba(table[table.columns[::-1]])


@given(
    groups=st.lists(st.integers(0, 12), min_size=30, max_size=80),
    count=st.integers(2, 5),
    seed=st.integers(0, 99),
)
def test_a_household_is_never_in_two_folds(groups: list[int], count: int, seed: int) -> None:
    label = (np.arange(len(groups)) % 3 == 0).astype(int)
    fold = assign(label, groups, count=count, seed=seed)
    assert pd.Series(fold).groupby(groups).nunique().max() == 1
    assert set(fold) <= set(range(count))
    assert fewest(label, groups) <= len(set(groups))


def test_folds_share_the_positives_evenly() -> None:
    label = (np.random.default_rng(0).random(3000) < 0.05).astype(int)
    fold = assign(label, np.arange(3000) // 2, count=5, seed=1)
    positives = np.bincount(fold, weights=label)
    assert positives.max() - positives.min() <= 4


def test_openmp_is_told_to_wait_quietly_before_scikit_learn_is_loaded() -> None:
    program = "import models.scorer, os; print(os.environ['OMP_WAIT_POLICY'])"
    bare = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    told = subprocess.run([sys.executable, "-c", program], env=bare, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "PASSIVE"
