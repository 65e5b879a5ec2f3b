"""The model as it would have been on each past date: only what was known then, judged on what came after."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from jobs import rolling
from jobs.city.bands import auc
from jobs.panel import Panel, dates_before
from models.refusals import Leak
from monitor.errors import Invalid
from monitor.learning import Labels
from monitor.learning.labels import SPAN

UNTIL = date(2026, 6, 30)
HOMES = 900


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Ten quarters of households whose need follows from two features, one of them falling in sense."""
    chance, parts = np.random.default_rng(7), []
    dates = dates_before(UNTIL)
    for on in dates:
        cost, wage = chance.gamma(2, 1, HOMES), chance.normal(0, 1, HOMES)
        risk = 1 / (1 + np.exp(-(1.1 * cost - 1.2 * wage - 4.6)))
        label = (chance.random(HOMES) < risk).astype(float)
        beside = {
            "date": on, "household": range(HOMES), "lineage": range(HOMES), "label": label,
            "village": [f"34020200{number % 9}001" for number in range(HOMES)], "rule_hit": (cost > 4).astype(float),
            "rule_order": np.where(cost > 4, 1000 + cost, 0.0), "confirmed": np.nan,
            "approved_on": pd.Timestamp(on) + pd.to_timedelta(np.where(label == 1, 100, np.nan), unit="D"),
        }  # fmt: skip
        beside["found_on"] = beside["approved_on"] - pd.to_timedelta(chance.integers(0, 99, HOMES), unit="D")
        income = {rolling.INCOME: 900 + 100 * wage}
        parts.append(pd.DataFrame({"cost": cost, "wage": wage} | income | beside))
    labels = [Labels(on, UNTIL, pd.DataFrame(), pd.Series(dtype=object), 0, 0.0, timedelta(32)) for on in dates]
    features = ["cost", "wage", rolling.INCOME, rolling.RULES]
    return Panel(pd.concat(parts, ignore_index=True), features, {"cost": 1, "wage": -1, rolling.RULES: 1}, labels, "m")


@pytest.fixture(scope="module")
def rolled(panel: Panel) -> rolling.Rolled:
    return rolling.roll(panel)


def test_the_dates_are_quarters_whose_labels_can_be_known_by_then() -> None:
    found = dates_before(UNTIL, count=4)
    assert found == [date(2025, 1, 31), date(2025, 4, 30), date(2025, 7, 31), date(2025, 10, 31)]
    assert found[-1] + SPAN + timedelta(days=45) <= UNTIL


def test_nothing_is_learned_whose_label_was_not_known_on_the_date(panel: Panel) -> None:
    test = panel.dates[-1]
    known = rolling.learnable(panel, test)
    assert max(known["date"]) + SPAN + panel.lag <= test
    assert set(known["date"]) == {on for on in panel.dates if on + SPAN + timedelta(32) <= test}


def test_at_least_six_dates_are_scored_and_each_by_a_model_of_its_own(rolled: rolling.Rolled) -> None:
    assert len(rolled.scorers) >= 6
    assert rolled.results.groupby("date").size().tolist() == [HOMES] * len(rolled.scorers)
    assert auc(rolled.results["label"], rolled.results["score"]) > 0.75


def test_each_date_compares_the_whole_grid_and_says_what_it_took(rolled: rolling.Rolled) -> None:
    assert set(rolling.orders(rolled.results)) == {
        "model", "rules", "means", "rule", "proxy_means", "scorecard", "boosted", "average",
    }  # fmt: skip
    assert set(rolled.kinds) == set(rolled.scorers)
    assert {kind.split("+")[0] for kind in rolled.kinds.values()} <= {"scorecard", "boosted", "average"}
    told = rolling.selection(rolled.results, capacity=rolling.CAPACITY)
    assert (told["chosen"] <= told["best"]).all()
    assert len(told) == len(rolled.scorers)


def test_the_score_follows_the_declared_directions(panel: Panel, rolled: rolling.Rolled) -> None:
    scorer = rolled.scorers[max(rolled.scorers)]
    other = {"wage": 0.0, rolling.INCOME: 900.0, rolling.RULES: 0.0}
    low, high = (pd.DataFrame({"cost": cost} | other, index=[0]) for cost in (0.5, 5.0))
    assert scorer.predict_proba(low[panel.features])[0, 1] <= scorer.predict_proba(high[panel.features])[0, 1]


def test_the_same_rows_give_the_same_bits(panel: Panel) -> None:
    early = panel.table[panel.table["date"] <= panel.dates[1]]
    first, again = (rolling.fit(panel, early)[1].model.decision_function(early[panel.features]) for _ in range(2))
    assert first.tobytes() == again.tobytes()


def test_with_too_few_positives_nothing_is_trained(panel: Panel) -> None:
    few = replace(panel, table=panel.table.assign(label=0.0))
    with pytest.raises(ValueError, match="no past date"):
        rolling.roll(few)


def test_lr12_a_feature_that_all_but_is_the_label_stops_the_training_and_is_named(panel: Panel) -> None:
    planted = panel.table.assign(told=panel.table["label"] + np.random.default_rng(1).normal(0, 0.1, len(panel.table)))
    with pytest.raises(Leak, match=r"told \(AUC"):
        rolling.roll(replace(panel, table=planted, features=[*panel.features, "told"]))


def measure(panel: Panel) -> float:
    results = rolling.roll(panel, panel.dates[-2:]).results
    return auc(results["label"], results["score"])


def test_lr11_made_up_labels_of_the_last_dates_move_the_figure(panel: Panel) -> None:
    rolling.refuse_unmoved(panel, measure)
    kept = measure(panel)
    with pytest.raises(Invalid, match="LR11"):
        rolling.refuse_unmoved(panel, lambda _: kept)


def test_after_a_shock_the_level_follows_what_was_found_so_far_of_spans_that_still_run(
    panel: Panel, rolled: rolling.Rolled
) -> None:
    on, chance = panel.dates[-1], np.random.default_rng(3)
    scorer = rolled.scorers[on]
    calm = rolling.renewed(scorer, panel, on)
    assert abs(calm.intercept_ - scorer.intercept_) < 0.25
    recent = panel.table["date"] > on - SPAN - panel.lag
    struck = recent & (panel.table["label"] == 0) & (chance.random(len(panel.table)) < 0.15)
    days = pd.to_timedelta(chance.integers(1, 100, len(panel.table)), unit="D")
    shocked = panel.table.assign(
        label=panel.table["label"].mask(struck, 1.0),
        found_on=panel.table["found_on"].mask(struck, pd.to_datetime(panel.table["date"]) + days),
    )
    moved = rolling.renewed(scorer, replace(panel, table=shocked), on)
    assert moved.intercept_ > scorer.intercept_ + 0.3
    truth = shocked[shocked["date"] == on]
    errors = [
        abs(one.predict_proba(truth[panel.features])[:, 1].mean() - truth["label"].mean()) for one in (scorer, moved)
    ]
    assert errors[1] < 0.6 * errors[0]
    assert np.array_equal(np.argsort(scorer.raw(truth[panel.features])), np.argsort(moved.raw(truth[panel.features])))


def test_a_calibrated_score_is_told_from_one_that_says_twice_too_much(rolled: rolling.Rolled) -> None:
    true = rolling.calibrated(rolled.results)
    assert 0.8 <= true["slope"] <= 1.2
    assert true["ece"] < 0.03
    assert true["brier_skill"] > 0
    loud = rolling.calibrated(rolled.results.assign(score=np.clip(rolled.results["score"] * 2, 0, 0.99)))
    assert loud["ece"] > 2 * true["ece"]


def test_lead_time_is_of_two_lists_of_one_length_and_of_whom_either_named_before_another_way_did() -> None:
    on = date(2025, 1, 31)
    approved = ["2025-03-02", "2025-02-10", None, "2025-04-01", "2025-04-01", "2025-02-20"]
    rows = pd.DataFrame({
        "date": on, "household": range(6), "village": "v", "score": [0.9, 0.1, 0.2, 0.05, 0.8, 0.3],
        "rule_hit": [0, 1, 0, 1, 1, 0], "rule_order": [0, 3000, 0, 1000, 2000, 0], "confirmed": [0, 0, 0, 0, 1, np.nan],
        "approved_on": pd.to_datetime(pd.Series(approved)),
    })  # fmt: skip
    found = rolling.leads(rows, capacity=0.34)
    # Named by the model alone, by the rules alone; the others: by neither, or found by a visit of ours.
    assert found[["model", "rules"]].to_numpy().tolist() == [[30, 0], [0, 10]]
    longer = rolling.leads(rows, capacity=0.5)
    assert longer[["model", "rules"]].to_numpy().tolist() == [[30, 0], [0, 10], [0, 60], [20, 0]]
