"""Why a household has its score: exact sums, reasons in two languages, and nothing said that must not be."""

import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from learned import SIGNS, WORDING, households, reference, scorer

from models.changes import Actionable, against_direction, fidelity, nearest_change
from models.explanation import EVERYWHERE, Explainer, Reference, leading, reasons
from models.refusals import Unlearnable, Unscorable
from models.trees import Forest
from models.wording import Wording, Words, number


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    return Explainer(scorer(), reference())


class Scorecard:
    """A score that is a sum of what each feature says by itself, as a logistic scorecard is."""

    feature_names_in_ = np.array(["income", "medical"])

    def terms(self, table: pd.DataFrame) -> np.ndarray:
        income, medical = table["income"].to_numpy(), np.nan_to_num(table["medical"].to_numpy(), nan=500.0)
        return np.column_stack([-income / 800, np.log1p(medical) / 3])

    def decision_function(self, table: pd.DataFrame) -> np.ndarray:
        return self.terms(table).sum(axis=1) + 0.25


class Blend:
    """A weighted sum of scores on the logit scale."""

    def __init__(self, *members: tuple[float, Any]) -> None:
        self.members_ = members
        self.feature_names_in_ = members[0][1].feature_names_in_

    def decision_function(self, table: pd.DataFrame) -> np.ndarray:
        return np.sum([weight * one.decision_function(table) for weight, one in self.members_], axis=0) + 0.5


def test_contributions_and_base_sum_to_the_published_logit_in_every_kind_of_county(explainer: Explainer) -> None:
    table, _, kind = households(500, seed=8)
    told = explainer.explain(table, kind)
    published = scorer().predict_proba(table)[:, 1]
    np.testing.assert_allclose(1 / (1 + np.exp(-told.logit)), published, rtol=1e-12)
    np.testing.assert_allclose(told.added.sum(axis=1) + told.base, told.logit, atol=1e-10)
    assert told.base[kind == "city"].nunique() == 1
    assert told.base[kind == "city"].iloc[0] != told.base[kind == "rural"].iloc[0]
    assert list(told.added.index) == list(table.index)


def test_the_base_is_the_mean_logit_of_the_households_compared_with(explainer: Explainer) -> None:
    table, _, _ = households(3, seed=8)
    told = explainer.explain(table, ["rural", "city", "a kind never seen"])
    means = [scorer().decision_function(reference().of(kind)).mean() for kind in ("rural", "city", EVERYWHERE)]
    np.testing.assert_allclose(told.base, means, atol=1e-12)


def test_columns_in_another_order_and_columns_more_change_nothing(explainer: Explainer) -> None:
    table, _, kind = households(50, seed=8)
    turned = table.assign(note=1.0)[["note", *reversed(table.columns)]]
    assert explainer.explain(turned, kind).added.equals(explainer.explain(table, kind).added)


def test_a_lacking_column_is_refused_by_its_name(explainer: Explainer) -> None:
    table, _, _ = households(5, seed=8)
    with pytest.raises(Unscorable, match="medical"):
        explainer.explain(table.drop(columns="medical"))


def test_no_household_at_all_is_explained_as_such(explainer: Explainer) -> None:
    table, _, _ = households(5, seed=8)
    told = explainer.explain(table.iloc[:0])
    assert told.added.shape == (0, 6)
    assert reasons(told, WORDING).empty


def test_a_scorecard_is_explained_by_its_terms_and_a_blend_by_the_sum_of_its_parts() -> None:
    table, _, _ = households(40, seed=8)
    card, both = Scorecard(), ["income", "medical"]
    told = Explainer(card, Reference(reference().rows[both], reference().kinds)).explain(table)
    usual = card.terms(reference().of(EVERYWHERE)).mean(axis=0)
    np.testing.assert_allclose(told.added, card.terms(table) - usual, atol=1e-12)
    blend = Blend((0.7, scorer()), (0.3, scorer(1)))
    summed = Explainer(blend, reference()).explain(table)
    parts = [Explainer(one, reference()).explain(table).added.to_numpy() for _, one in blend.members_]
    np.testing.assert_allclose(summed.added, 0.7 * parts[0] + 0.3 * parts[1], atol=1e-12)


def test_a_score_that_is_no_sum_on_the_logit_scale_is_refused() -> None:
    forest = SimpleNamespace(feature_names_in_=["income"], decision_function=lambda table: np.zeros(len(table)))
    with pytest.raises(Unlearnable, match="not published"):
        Explainer(forest, reference())


def test_contributions_that_do_not_sum_to_the_score_are_not_published() -> None:
    class Lying(Scorecard):
        def decision_function(self, table: pd.DataFrame) -> np.ndarray:
            return super().decision_function(table) + (table["income"].to_numpy() > 1000) * 0.01

    table, _, _ = households(40, seed=8)
    lying = Explainer(Lying(), Reference(reference().rows[["income", "medical"]], reference().kinds))
    with pytest.raises(Unscorable, match="does not sum"):
        lying.explain(table)


def test_the_reference_is_drawn_from_calm_households_of_each_kind_and_the_same_each_time() -> None:
    table, label, kind = households(1000, seed=2)
    kind[:20] = "island"
    one, two = (Reference.drawn(table, label == 0, kind, seed=9) for _ in range(2))
    assert one.rows.equals(two.rows)
    assert one.kinds.value_counts().to_dict() == {EVERYWHERE: 100, "city": 100, "rural": 100}
    calm = set(map(tuple, table[label == 0].to_numpy().round(6).tolist()))
    drawn = one.rows.dropna().to_numpy().round(6).tolist()
    assert all(tuple(row) in calm for row in drawn)
    with pytest.raises(Unlearnable, match="without risk"):
        Reference.drawn(table, label > 5, kind)


def one_household(**values: float) -> pd.DataFrame:
    usual = {"income": 2500.0, "medical": 0.0, "lost_work": 0.0, "members": 3.0, "house": 0.0, "elder_alone": 0.0}
    return pd.DataFrame([{**usual, **values}], index=["h1"])


def test_reasons_say_value_direction_and_feed_in_both_languages(explainer: Explainer) -> None:
    told = reasons(explainer.explain(one_household(income=400.0, medical=21345.0, lost_work=1.0)), WORDING)
    assert set(told["feature"]) == {"income", "medical", "lost_work"}
    assert list(told["place"]) == [1, 2, 3]
    assert (told["added"].diff().dropna() <= 0).all()
    by_name = told.set_index("feature")
    assert by_name.loc["medical", "feed"] == "medical"
    zh, en = by_name.loc["medical", "zh"], by_name.loc["medical", "en"]
    assert zh.startswith("近12个月自付医疗费：21,345元，高于无风险户（一般为")
    assert zh.endswith("，使评分升高（来自medical）")
    assert en.startswith("medical cost paid in 12 months: 21,345 yuan, above what is usual without risk (")
    assert en.endswith("which raises the score (from medical)")
    assert "400元/月，低于无风险户" in by_name.loc["income", "zh"]
    assert "a member lost work: yes (mostly no where there is no risk)" in by_name.loc["lost_work", "en"]


def test_a_protected_attribute_is_never_a_reason(explainer: Explainer) -> None:
    told = explainer.explain(one_household(elder_alone=1.0, house=2.0, income=2600.0))
    assert "elder_alone" in set(reasons(told, WORDING)["feature"])
    hidden = reasons(told, WORDING, never=["elder_alone"])
    assert "elder_alone" not in set(hidden["feature"])
    assert "老人" not in "".join(hidden["zh"])
    assert "D级" in "".join(hidden["zh"])


def test_only_what_raises_the_score_is_a_reason(explainer: Explainer) -> None:
    calm = explainer.explain(one_household(income=6000.0))
    told = reasons(calm, WORDING)
    assert len(told) < 3
    assert (told["added"] > 0).all()
    assert (leading(calm) == -1).sum() == 3 - len(told)


def test_a_missing_value_is_said_to_be_missing_and_not_nothing(explainer: Explainer) -> None:
    added = explainer.explain(one_household(medical=np.nan, income=900.0))
    table = added.table.copy()
    assert WORDING["medical"].said(table["medical"].iloc[0], "zh") == "无记录"
    assert WORDING["medical"].said(np.nan, "en") == "no record"
    assert WORDING["medical"].said(0.0, "en") == "0 yuan"


def test_features_without_words_are_refused_by_name_unless_never_shown(explainer: Explainer) -> None:
    told = explainer.explain(one_household())
    fewer = Wording({name: words for name, words in WORDING.items() if name != "members"})
    with pytest.raises(Unlearnable, match="members"):
        reasons(told, fewer)
    assert len(reasons(told, fewer, never=["members"])) <= 3


@pytest.mark.parametrize(
    ("unit", "value", "zh", "en"),
    [
        ("yuan", 1234567.8, "1,234,568元", "1,234,568 yuan"),
        ("share", 0.125, "12.5%", "12.5%"),
        ("persons", 2.0, "2人", "2 persons"),
        ("flag", 0.0, "否", "no"),
        ("mu", 3.25, "3.25mu", "3.25 mu"),
        ("", -0.001, "0", "0"),
    ],
)
def test_a_value_is_said_with_its_unit_as_people_say_it(unit: str, value: float, zh: str, en: str) -> None:
    words = Words("甲", "one", unit)
    assert (words.said(value, "zh"), words.said(value, "en")) == (zh, en)
    assert number(999.96) == "1,000"


ACTIONABLE = Actionable({"medical": 1, "lost_work": 1, "income": -1})


def risk_of(explainer: Explainer, table: pd.DataFrame) -> float:
    return float(explainer.scorer.predict_proba(table)[0, 1])


def test_the_nearest_change_brings_the_score_under_the_line_and_half_of_it_does_not(explainer: Explainer) -> None:
    table = one_household(income=1500.0, medical=9000.0)
    line = risk_of(explainer, table) * 0.7
    found = nearest_change(explainer, table.iloc[0], line=line, actionable=ACTIONABLE, wording=WORDING)
    assert len(found.steps) == 1
    step = found.steps[0]
    changed = table.assign(**{step.feature: step.wanted})
    assert risk_of(explainer, changed) < line
    assert found.probability == pytest.approx(risk_of(explainer, changed))
    places = explainer.turning(explainer.features.index(step.feature))
    between = places[(places > min(step.value, step.wanted)) & (places < max(step.value, step.wanted))]
    assert len(between) > 0
    nearer = min(between, key=lambda place: abs(place - step.value))
    assert risk_of(explainer, table.assign(**{step.feature: nearer})) >= line
    assert WORDING[step.feature].zh in found.zh
    assert "would be below" in found.en


def test_what_lowers_the_score_goes_the_declared_way_and_stays_among_what_is_seen(explainer: Explainer) -> None:
    table, _, _ = households(60, seed=12)
    seen = reference().of(EVERYWHERE)
    steps = [
        step
        for row in range(len(table))
        for step in nearest_change(explainer, table.iloc[row], line=0.05, actionable=ACTIONABLE, wording=WORDING).steps
    ]
    assert len(steps) > 20
    for step in steps:
        assert (step.wanted - step.value) * ACTIONABLE.signs[step.feature] < 0
        assert seen[step.feature].min() <= step.wanted <= seen[step.feature].max()
    assert {step.feature for step in steps} <= set(SIGNS)


def test_two_features_are_changed_where_one_is_not_enough(explainer: Explainer) -> None:
    table = one_household(income=700.0, medical=16000.0, lost_work=1.0)
    found = nearest_change(explainer, table.iloc[0], line=0.03, actionable=ACTIONABLE, wording=WORDING)
    assert len(found.steps) == 2
    changed = table.assign(**{step.feature: step.wanted for step in found.steps})
    assert risk_of(explainer, changed) < 0.03
    assert "，且" in found.zh
    assert " and " in found.en


def test_where_no_change_helps_it_says_that_none_was_found_and_what_was_searched(explainer: Explainer) -> None:
    table = one_household(income=400.0, medical=30000.0, lost_work=1.0)
    only = Actionable({"lost_work": 1})
    found = nearest_change(explainer, table.iloc[0], line=0.02, actionable=only, wording=WORDING)
    assert found.steps == ()
    assert found.zh.startswith("未找到")
    assert "有人失业" in found.zh
    assert found.en.startswith("none found")
    assert found.probability == pytest.approx(risk_of(explainer, table))


def test_a_household_under_the_line_already_and_a_missing_value_want_no_change(explainer: Explainer) -> None:
    calm = one_household(income=6000.0)
    found = nearest_change(explainer, calm.iloc[0], line=0.5, actionable=ACTIONABLE, wording=WORDING)
    assert (found.steps, found.en) == ((), "the score already is below 50.0%")
    unknown = one_household(income=700.0, medical=np.nan)
    lower = nearest_change(
        explainer, unknown.iloc[0], line=0.01, actionable=Actionable({"medical": 1}), wording=WORDING
    )
    assert lower.en.startswith("none found")


def test_a_feature_without_a_declared_direction_may_not_be_changed() -> None:
    with pytest.raises(Unlearnable, match="members"):
        Actionable({"members": 0})


def test_removing_the_reasons_lowers_the_score_more_than_removing_any_three(explainer: Explainer) -> None:
    table, _, kind = households(400, seed=20)
    first = table.iloc[np.argsort(-scorer().decision_function(table))[:60]]
    told = fidelity(explainer, explainer.explain(first), seed=1)
    assert len(told) >= 30
    assert (told["top"] > 0).all()
    assert told["won"].mean() >= 0.9
    assert kind.size == 400


def test_reasons_that_are_made_up_do_not_pass_for_faithful(explainer: Explainer) -> None:
    table, _, _ = households(400, seed=20)
    first = table.iloc[np.argsort(-scorer().decision_function(table))[:60]]
    honest = explainer.explain(first)
    random = np.random.default_rng(0)
    made_up = pd.DataFrame(random.random(honest.added.shape), index=first.index, columns=honest.added.columns)
    lying = type(honest)(honest.table, made_up, honest.base, honest.logit, honest.usual)
    assert fidelity(explainer, lying, seed=1)["won"].mean() < 0.8


def test_a_declared_direction_is_kept_by_every_pair_and_a_broken_one_is_counted() -> None:
    table, label, _ = households(2000, seed=5)
    assert against_direction(scorer(), table, SIGNS, pairs=10_000) == 0
    free = type(scorer())(max_iter=40, max_depth=4, calibration="none").fit(table, label)
    assert against_direction(free, table, SIGNS, pairs=4000) > 0
    assert against_direction(scorer(), table, {}) == 0


def test_turning_places_are_those_of_all_the_trees_of_a_blend() -> None:
    blend = Explainer(Blend((0.5, scorer()), (0.5, scorer(1))), reference())
    place = blend.features.index("income")
    single = [set(Forest.of(one.booster_).thresholds(place)) for one in (scorer(), scorer(1))]
    assert set(blend.turning(place)) == single[0] | single[1]


def test_a_thousand_households_get_their_reasons_in_a_moment(explainer: Explainer) -> None:
    table, _, kind = households(5000, seed=6)
    began = time.perf_counter()
    told = reasons(explainer.explain(table, kind), WORDING)
    assert time.perf_counter() - began < 10
    assert told["household"].nunique() > 2000
