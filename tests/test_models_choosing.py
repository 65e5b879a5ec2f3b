"""Which candidate is taken: by size, at capacity, once for all folds, and never past the rule without showing it."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from panels import made_up
from scipy.special import expit
from test_models_members import CARD, FRESH, SAMPLE

from models import choosing, grid
from models.headed import HEAD, Headed, in_step
from models.measures import area, calibration_error, found_at
from models.members import RuleOrder
from models.training import Spec, train

LINE = Spec("fell", "year", "household", drop=("village", "income_next"), candidates=("scorecard",))
ROWS, UPS = 1000, 100
LABEL = np.repeat([1.0, 0.0], [UPS, ROWS - UPS])
RNG = np.random.default_rng(0)


def compared(held: dict[str, np.ndarray], labelled: int = 9000, label: np.ndarray = LABEL) -> grid.Grid:
    return grid.Grid({**dict.fromkeys(held, CARD), "rule": RuleOrder("income").learn(SAMPLE)}, held, label, labelled)


def decided(*grids: grid.Grid, sums: bool = False) -> choosing.Recipe:
    return choosing.decide(grids, capacity=0.1, sums=sums)


def test_few_labels_take_the_average_and_it_holds_against_the_rule_on_what_it_had_not_seen() -> None:
    learned = grid.learn(SAMPLE)
    recipe = decided(learned)
    assert set(learned.models) >= {"rule", "proxy_means", "scorecard", "ridge_next", "boosted", "boosted_next"}
    assert recipe.name == "average"
    told = choosing.made(learned, recipe, SAMPLE).model.decision_function(FRESH.features)
    rule = learned.models["rule"].decision_function(FRESH.features)
    assert area(told, FRESH.label) > area(rule, FRESH.label)
    for capacity in (0.05, 0.1, 0.2):
        found, least = (found_at(one, FRESH.label, capacity) for one in (told, rule))
        assert found >= 0.95 * least, capacity


def test_with_many_labels_the_simpler_wins_unless_beaten_by_a_tenth() -> None:
    good = LABEL + np.linspace(0, 1, ROWS)[::-1] * 0.1
    slightly, much = good.copy(), good.copy()
    slightly[:4] = much[:30] = -1
    assert decided(compared({"rule": -good, "scorecard": slightly, "boosted": good})).title == "scorecard"
    assert decided(compared({"rule": -good, "scorecard": much, "boosted": good})).title == "boosted"


def test_a_model_that_finds_less_than_the_rule_gives_way_to_it_wholly_where_it_orders_nothing() -> None:
    noise = compared({"rule": LABEL + RNG.normal(0, 1, ROWS), "scorecard": RNG.normal(0, 1, ROWS)})
    assert decided(noise).title == "rule"
    summed = decided(noise, sums=True)
    assert summed.title.endswith("rule")
    assert not summed.headed


def test_where_nothing_is_shown_to_find_more_the_rule_keeps_the_head_and_the_model_orders_the_rest() -> None:
    rule = LABEL + RNG.normal(0, 1, ROWS)
    alike = np.where(rule > np.quantile(rule, 0.7), rule, LABEL * 4 + RNG.normal(0, 1, ROWS) - 9)
    both = compared({"rule": rule, "scorecard": alike})
    recipe = decided(both)
    assert recipe.title == "rule, then scorecard"
    assert decided(both, sums=True).title == "scorecard"
    assert choosing.made(both, recipe, SAMPLE).rule_share == 1.0


def test_where_the_rule_is_chosen_what_is_judged_is_the_rule_to_the_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "SHOWN", 99.0)
    monkeypatch.setattr(choosing, "WORSE", -1.0)
    learned = train(made_up(200, waves=2), LINE)
    assert learned.kind == "rule"
    assert learned.metrics["chosen"] == pytest.approx(
        learned.metrics["rule"] | {"ece_after_audit_usual": learned.metrics["chosen"]["ece_after_audit_usual"]}
    )


def test_folds_choose_together_what_none_of_them_could_tell_alone() -> None:
    """Half of the folds say one thing, half the other: what is taken is one and the same for all."""
    good = LABEL + np.linspace(0, 1, ROWS)[::-1] * 0.1
    worse = good.copy()
    worse[:40] = -1
    for_it = compared({"rule": -good, "scorecard": worse, "boosted": good})
    against = compared({"rule": -good, "scorecard": good, "boosted": worse})
    assert (decided(for_it).name, decided(against).name) == ("boosted", "scorecard")
    assert decided(for_it, against).name == "scorecard"
    learned = train(made_up(300), LINE)
    assert len(learned.choices) == 3
    assert {one.name for one in learned.choices} == {learned.kind}


@pytest.fixture(scope="module")
def headed() -> Headed:
    rule = RuleOrder("income").learn(SAMPLE)
    told = rule.decision_function(SAMPLE.features), CARD.decision_function(SAMPLE.features)
    return Headed.of(rule, CARD, SAMPLE, told, SAMPLE.label)


def test_the_head_of_the_list_is_the_rules_to_a_row_and_below_it_the_models(headed: Headed) -> None:
    told, rule = headed.decision_function(FRESH.features), headed.rule_.decision_function(FRESH.features)
    head = rule >= headed.edge_
    assert head.mean() == pytest.approx(HEAD, abs=0.05)
    assert told[head].min() > told[~head].max()
    assert np.array_equal(np.argsort(told[head], kind="stable"), np.argsort(rule[head], kind="stable"))
    model = CARD.decision_function(FRESH.features[~head])
    assert np.array_equal(np.argsort(told[~head], kind="stable"), np.argsort(model, kind="stable"))
    for capacity in (0.05, 0.1, 0.2):
        assert found_at(told, FRESH.label, capacity) == found_at(rule, FRESH.label, capacity)


def test_the_heads_of_all_folds_stand_in_one_order() -> None:
    halves = [SAMPLE.take(SAMPLE.groups % 2 == one) for one in (0, 1)]
    heads = []
    for half in halves:
        rule = RuleOrder("income").learn(half)
        rule.slope_, rule.intercept_ = 1.0 + 0.5 * len(heads), 0.3 * len(heads)
        told = rule.decision_function(half.features), CARD.decision_function(half.features)
        heads.append(Headed.of(rule, CARD, half, told, half.label))
    in_step(heads, [half.features for half in halves])
    place = FRESH.groups % 2
    told = np.where(place == 0, *(head.decision_function(FRESH.features) for head in heads))
    plain = RuleOrder("income").learn(SAMPLE).raw(FRESH.features)
    for capacity in (0.05, 0.1, 0.2):
        assert found_at(told, FRESH.label, capacity) == found_at(plain, FRESH.label, capacity)


def test_the_head_is_as_long_as_the_list_in_a_year_when_fewer_are_poor(headed: Headed) -> None:
    """By the edge of the years before hardly anybody would stand in the head, and the rule's first fifth be lost."""
    richer = FRESH.features.assign(income=FRESH.features["income"] * 3)
    rule = headed.rule_.decision_function(richer)
    assert (rule >= headed.edge_).mean() < 0.2
    moved = deepcopy(headed)
    in_step([moved], [richer])
    told = moved.decision_function(richer)
    assert (rule >= moved.edge_).mean() == pytest.approx(HEAD, abs=0.01)
    for capacity in (0.05, 0.1, 0.2):
        assert found_at(told, FRESH.label, capacity) == found_at(rule, FRESH.label, capacity)
    stayed = rule >= headed.edge_
    np.testing.assert_allclose(told[stayed], headed.decision_function(richer)[stayed])


def test_its_probability_is_no_worse_than_the_models_own_and_an_audit_moves_the_level(headed: Headed) -> None:
    told = headed.predict_proba(FRESH.features)[:, 1]
    assert calibration_error(told, FRESH.label) < 0.06
    moved = headed.with_intercept_of(FRESH.features, np.ones(len(FRESH)))
    gap = moved.decision_function(FRESH.features) - headed.decision_function(FRESH.features)
    assert np.ptp(gap) < 1e-9
    assert expit(headed.decision_function(FRESH.features)).mean() < moved.predict_proba(FRESH.features)[:, 1].mean()


def test_only_what_can_be_explained_is_taken_for_the_queue() -> None:
    learned, choice = choosing.taken(replace(SAMPLE, coming=None, line=None), capacity=0.1, sums=True)
    assert not isinstance(choice.model, Headed)
    assert choice.name.split("+")[0] in learned.models
