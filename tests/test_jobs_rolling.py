"""The model as it would have been on each past date: only what was known then, judged on what came after."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from jobs import rolling
from jobs.city.bands import auc
from jobs.panel import Panel, dates_before
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
            "approved_on": pd.Timestamp(on) + pd.to_timedelta(np.where(label == 1, 100, np.nan), unit="D"),
        }  # fmt: skip
        parts.append(pd.DataFrame({"cost": cost, "wage": wage} | beside))
    labels = [Labels(on, UNTIL, pd.DataFrame(), pd.Series(dtype=object), 0, 0.0, timedelta(32)) for on in dates]
    return Panel(pd.concat(parts, ignore_index=True), ["cost", "wage"], {"cost": 1, "wage": -1}, labels, "m")


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


def test_the_score_follows_the_declared_directions(panel: Panel, rolled: rolling.Rolled) -> None:
    scorer = rolled.scorers[max(rolled.scorers)]
    low, high = (pd.DataFrame({"cost": cost, "wage": 0.0}, index=[0]) for cost in (0.5, 5.0))
    assert scorer.predict_proba(low[panel.features])[0, 1] <= scorer.predict_proba(high[panel.features])[0, 1]


def test_the_same_rows_give_the_same_bits(panel: Panel) -> None:
    first, again = (rolling.fit(panel, panel.table).decision_function(panel.table[panel.features]) for _ in range(2))
    assert first.tobytes() == again.tobytes()


def test_with_too_few_positives_nothing_is_trained(panel: Panel) -> None:
    few = replace(panel, table=panel.table.assign(label=0.0))
    with pytest.raises(ValueError, match="no past date"):
        rolling.roll(few)


def measure(panel: Panel) -> float:
    results = rolling.roll(panel, panel.dates[-2:]).results
    return auc(results["label"], results["score"])


def test_lr11_made_up_labels_of_the_last_dates_move_the_figure(panel: Panel) -> None:
    rolling.refuse_unmoved(panel, measure)
    kept = measure(panel)
    with pytest.raises(Invalid, match="LR11"):
        rolling.refuse_unmoved(panel, lambda _: kept)


def test_a_calibrated_score_is_told_from_one_that_says_twice_too_much(rolled: rolling.Rolled) -> None:
    true = rolling.calibrated(rolled.results)
    assert 0.8 <= true["slope"] <= 1.2
    assert true["ece"] < 0.03
    assert true["brier_skill"] > 0
    loud = rolling.calibrated(rolled.results.assign(score=np.clip(rolled.results["score"] * 2, 0, 0.99)))
    assert loud["ece"] > 2 * true["ece"]


def test_lead_time_counts_from_the_first_flag_and_is_nought_without_one() -> None:
    on = date(2025, 1, 31)
    rows = pd.DataFrame({
        "date": [on, on, on], "household": [1, 2, 3], "village": "v", "score": [0.9, 0.1, 0.2], "rule_hit": [0, 1, 0],
        "approved_on": [pd.Timestamp("2025-03-02"), pd.Timestamp("2025-02-10"), pd.NaT],
    })  # fmt: skip
    found = rolling.leads(rows, capacity=0.34)
    assert found[["model", "rules"]].to_numpy().tolist() == [[30, 0], [0, 10]]
