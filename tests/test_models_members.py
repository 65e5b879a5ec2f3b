"""The candidates beside the boosted scorer, and how one of them is chosen."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from panels import made_up
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score

from models.design import Design
from models.lines import PENALTIES, logistic, ridge
from models.members import Average, BoostedNext, ProxyMeans, RidgeNext, RuleOrder, Scorecard
from models.sample import Sample
from models.tables import Columns


def sample_of(table: pd.DataFrame, signs: dict[str, int] | None = None, *, next_welfare: bool = True) -> Sample:
    columns = Columns.learned(table, but=("household", "village", "income_next", "year", "fell"))
    return Sample(
        features=columns.numbers(table),
        label=table["fell"].to_numpy(dtype=float),
        groups=pd.factorize(table["household"])[0],
        times=pd.factorize(table["year"], sort=True)[0],
        coming=table["income_next"].to_numpy() if next_welfare else None,
        line=0.55 if next_welfare else None,
        welfare="income" if next_welfare else None,
        signs=signs or {},
        categories=columns.categories,
    )


SAMPLE, FRESH = sample_of(made_up(500)), sample_of(made_up(500, seed=6))
CARD = Scorecard().learn(SAMPLE)
MAKERS = [Scorecard, RidgeNext, BoostedNext, ProxyMeans, lambda: RuleOrder("income")]


@pytest.mark.parametrize("make", MAKERS)
def test_every_candidate_orders_households_it_never_saw_and_reads_missing_values(make) -> None:
    learned = make().learn(SAMPLE)
    # A proxy means test may not look at income itself, and the rest of this table says little of it.
    assert roc_auc_score(FRESH.label, learned.raw(FRESH.features)) > (0.53 if make is ProxyMeans else 0.68)
    assert np.isfinite(learned.predict_proba(FRESH.features * np.nan)).all()


@pytest.mark.parametrize("make", [Scorecard, RidgeNext, ProxyMeans, lambda: RuleOrder("income")])
def test_what_each_feature_adds_sums_to_the_logit_up_to_one_constant(make) -> None:
    learned = make().learn(SAMPLE)
    learned.slope_, learned.intercept_ = 0.7, -1.3
    left = learned.decision_function(FRESH.features) - learned.terms(FRESH.features).sum(axis=1)
    assert np.ptp(left) < 1e-9


def test_a_monotone_scorecard_never_rises_with_income_whatever_the_labels_say() -> None:
    turned = replace(SAMPLE, label=1 - SAMPLE.label, signs={"income": -1})
    learned = Scorecard().learn(turned)
    richer = FRESH.features.assign(income=FRESH.features["income"] + 1)
    assert (learned.raw(richer) <= learned.raw(FRESH.features) + 1e-12).all()


def test_the_average_is_the_weighted_sum_of_its_members_and_an_audit_moves_its_level_only() -> None:
    members = [(0.5, Scorecard().learn(SAMPLE)), (0.5, RuleOrder("income").learn(SAMPLE))]
    average = Average.of(members, SAMPLE, (2.0, -0.4))
    wanted = sum(member.decision_function(FRESH.features) for _, member in members) - 0.4
    assert np.allclose(average.decision_function(FRESH.features), wanted)
    moved = average.with_intercept_of(FRESH.features, FRESH.label)
    gap = moved.decision_function(FRESH.features) - average.decision_function(FRESH.features)
    assert np.ptp(gap) < 1e-9
    assert abs(moved.predict_proba(FRESH.features)[:, 1].mean() - FRESH.label.mean()) < 0.02


def test_ridge_and_logistic_lines_are_scikit_learns_at_the_penalty_they_chose() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(0, 1, (400, 6))
    wanted = matrix[:, 0] - matrix[:, 1] + rng.normal(0, 1, 400)
    line = ridge(matrix, wanted, None)
    assert any(np.allclose(line.weights, Ridge(share * 400).fit(matrix, wanted).coef_) for share in PENALTIES)
    label = (wanted > 0).astype(float)
    told = logistic(matrix, label, None, bounds=[(None, None)] * 6)
    fits = [LogisticRegression(C=1 / (share * 400), tol=1e-8).fit(matrix, label).coef_[0] for share in PENALTIES]
    assert any(np.allclose(told.weights, fit, atol=1e-3) for fit in fits)


def test_a_column_without_spread_or_value_gives_no_column_to_a_line() -> None:
    table = pd.DataFrame({"empty": [np.nan] * 40, "one": [3.0] * 40, "two": [0.0, 1.0] * 20})
    assert Design().learn(table).shape == (40, 1)


def test_the_rule_without_a_welfare_column_takes_the_best_single_feature_and_its_direction() -> None:
    learned = RuleOrder().learn(replace(SAMPLE, welfare=None))
    assert (learned.column_, learned.sign_) == ("income", -1)
