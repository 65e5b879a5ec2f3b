"""Why a rule fires and why not: the sentence, the limit and its source, what is missing, what would turn it."""

import pandas as pd
import pytest
from policy_packs import CAR_RULE, RULE, households, small_policy

from monitor.policy import PolicyError, Window
from monitor.policy.gaps import nearest, unknown_names
from monitor.policy.language import Columns, Place, parse
from monitor.policy.sentences import missing, read_template, show

AT = Place("rules/x.yaml", 1)


def row(**values):
    return {"region": "340202000000", "category": "dibao", "costs": None, "cars": None, **values}


def test_the_sentence_carries_the_values_with_their_units_and_owns_to_a_sample(tmp_path):
    said = small_policy(tmp_path).explain("costly", row(costs=9000.5))
    assert said.verdict == "fires"
    assert said.sentence.zh == "自付9,000.5元，超过低保对象标准6,000元(标准为样例,待核定)"
    assert said.sentence.en == (
        "paid 9,000.5 yuan, over 6,000 yuan for dibao (subsistence allowance) (the limit is a sample, to be confirmed)"
    )
    assert (said.observed, said.limit, said.unit, said.status) == (9000.5, 6000.0, "yuan", "sample")


def test_what_rests_on_a_published_value_does_not_call_itself_a_sample(tmp_path):
    said = small_policy(tmp_path).explain("costly", row(costs=9000, region="110101000000"))
    assert said.sentence.zh == "自付9,000元，超过低保对象标准5,000元"
    assert (said.status, said.limit) == ("sourced", 5000.0)


def test_a_rule_that_is_itself_a_sample_says_so(tmp_path):
    said = small_policy(tmp_path, rules__motorist=CAR_RULE + "status: sample\n").explain("motorist", row(cars=2))
    assert said.sentence.en == "owns 2 vehicle(s) (the limit is a sample, to be confirmed)"
    assert (said.limit, said.observed, said.unit, said.parameters) == (None, 2.0, "vehicles", ())


def test_the_value_is_pinned_with_all_that_is_needed_to_find_it_again(tmp_path):
    (pin,) = small_policy(tmp_path).explain("costly", row(costs=9000, region="340223101205")).parameters
    assert pin.as_json() == {
        "name": "medical.limit",
        "value": 6500.0,
        "unit": "yuan/year",
        "region": "340223",
        "region_level": {"zh": "县(区)", "en": "county"},
        "effective_from": "2025-01-01",
        "known_on": "2025-02-10",
        "status": "sample",
        "reference": {"title": "通知二", "article": "第七条"},
    }


def test_the_condition_is_said_in_both_languages(tmp_path):
    said = small_policy(tmp_path).explain("motorist", row(cars=0))
    assert said.condition.zh == "救助类别为特困人员、低保对象之一且小汽车超过0"
    assert said.condition.en == "category one of tekun (destitute), dibao (subsistence allowance) and cars over 0"
    assert (said.verdict, said.reference.article) == ("silent", "第七条")


def test_why_not_says_how_far_the_nearest_limit_is(tmp_path):
    said = small_policy(tmp_path).explain("costly", row(costs=5100))
    (step,) = said.gap
    assert (step.observed, step.limit, step.distance, step.holds, step.unknown) == (5100.0, 6000.0, 900.0, True, ())
    assert said.gap_sentences[0].zh == "须“自付费用超过预警线”:现为5,100元,相差900元"
    assert said.gap_sentences[0].en == "needs: costs over the limit; now 5,100 yuan, 900 yuan away"


def test_why_not_names_what_is_unknown(tmp_path):
    said = small_policy(tmp_path).explain("costly", row())
    assert (said.verdict, said.unknown, said.observed) == ("unknown", ("costs",), None)
    assert said.gap_sentences[0].zh == "须“自付费用超过预警线”:缺少 自付费用 的数据"
    assert said.gap_sentences[0].en == "needs: costs over the limit; no data on costs"
    assert said.sentence.zh.startswith("自付(未知)，")


def test_why_not_names_the_value_that_is_not_in_force(tmp_path):
    said = small_policy(tmp_path).explain("costly", row(costs=1, category=None))
    assert said.unknown == ("medical.limit",)
    assert said.parameters[0].value is None
    assert said.limit is None
    assert said.gap_sentences[0].en == "needs: costs over the limit; no data on the limit"


def test_a_rule_that_fires_says_what_would_end_it(tmp_path):
    said = small_policy(tmp_path).explain("costly", row(costs=6100))
    (step,) = said.gap
    assert (step.holds, step.distance) == (False, 100.0)
    assert said.gap_sentences[0].zh == "须不再“自付费用超过预警线”:现为6,100元,相差100元"
    assert said.gap_sentences[0].en == "must no longer hold: costs over the limit; now 6,100 yuan, 100 yuan away"


def test_a_condition_of_another_kind_is_said_without_a_distance(tmp_path):
    said = small_policy(tmp_path).explain("motorist", row(category="other", cars=1))
    assert said.gap_sentences[0].zh == "须“救助类别为特困人员、低保对象之一”"


def test_what_is_counted_is_one_away_from_passing_its_limit_and_money_stands_exactly_at_it(tmp_path):
    policy = small_policy(tmp_path)
    (cars,) = policy.explain("motorist", row(cars=0)).gap_sentences
    assert cars.zh.endswith(":现为0辆,相差1辆")
    assert cars.en.endswith("; now 0 vehicle(s), 1 vehicle(s) away")
    (costs,) = policy.explain("costly", row(costs=6000)).gap_sentences
    assert costs.zh.endswith(":现为6,000元,正好在限值上")
    assert costs.en.endswith("; now 6,000 yuan, exactly at the limit")


def test_the_distance_is_said_in_the_unit_of_what_is_written_first(tmp_path):
    """Of ``costs > cars * 100`` the costs are looked at, though the cars come first in the alphabet."""
    rule = CAR_RULE.replace("cars > 0", "costs > cars * 100").replace("{cars: 1,", "{costs: 101, cars: 1,")
    rule = rule.replace("{cars: 0,", "{costs: 0, cars: 0,").replace("{cars: null,", "{costs: 1, cars: null,")
    (step,) = small_policy(tmp_path, rules__motorist=rule).explain("motorist", row(costs=50, cars=1)).gap_sentences
    assert step.en.endswith("; now 50 yuan, 50 yuan away")


def turns(text, *, holds=True, **values):
    columns = Columns({name: pd.Series([value]) for name, value in values.items()}, {})
    condition = parse(text, place=AT)
    return [
        (condition.part(step.condition.root).root.at, step.holds, step.distance)
        for step in nearest(condition, columns, holds=holds)
    ]


@pytest.mark.parametrize(
    ("text", "holds", "values", "steps"),
    [
        ("a > 5", True, {"a": 9}, []),
        ("a > 5", False, {"a": 9}, [(2, False, 4.0)]),
        ("a > 5 and b > 5", True, {"a": 1, "b": 2}, [(2, True, 4.0), (12, True, 3.0)]),
        ("a > 5 and b > 5", True, {"a": 1, "b": 9}, [(2, True, 4.0)]),
        ("a > 5 or b > 5", True, {"a": 1, "b": 2}, [(11, True, 3.0)]),
        ("a > 5 or b > 50", True, {"a": 4, "b": 30}, [(2, True, 1.0)]),
        ("a > 5 or b > 5", False, {"a": 9, "b": 7}, [(2, False, 4.0), (11, False, 2.0)]),
        ("a > 5 and b > 5", False, {"a": 9, "b": 7}, [(12, False, 2.0)]),
        ("not (a > 5 or b > 5)", True, {"a": 9, "b": 1}, [(7, False, 4.0)]),
        ("f or a > 5", True, {"f": False, "a": 1}, [(7, True, 4.0)]),
        ("f or a > 5", True, {"f": False, "a": None}, [(7, True, None)]),
        ("a between 3 and 5 or a > 90", True, {"a": 7}, [(2, True, 2.0)]),
        ("a between 3 and 5", True, {"a": 1}, [(2, True, 2.0)]),
        ("a between b and 5", True, {"a": 1, "b": None}, [(2, True, 4.0)]),
        ("c = 'x'", True, {"c": "y"}, [(2, True, None)]),
        ("known(a)", True, {"a": None}, [(0, True, None)]),
        ("a in (1, 2)", True, {"a": 3}, [(2, True, None)]),
    ],
)  # fmt: skip
def test_the_nearest_steps_are_the_fewest_and_the_shortest(text, holds, values, steps):
    assert turns(text, holds=holds, **values) == steps


@pytest.mark.parametrize(
    ("text", "holds", "value", "distance"),
    [
        ("a > 0", True, 0, 1.0), ("a >= 2", True, 0, 2.0), ("a < 3", True, 4, 2.0), ("a <= 3", True, 4, 1.0),
        ("a > 0", False, 2, 2.0), ("a >= 2", False, 2, 1.0), ("a = 2", True, 0, 2.0), ("a = 2", False, 2, 1.0),
        ("a != 2", True, 2, 1.0), ("a between 1 and 3", False, 3, 1.0), ("a > 0.5", True, 0, 0.5),
    ],
)  # fmt: skip
def test_whole_things_must_pass_a_limit_where_reaching_it_is_not_enough(text, holds, value, distance):
    (step,) = nearest(parse(text, place=AT), Columns({"a": pd.Series([value])}, {}), holds=holds, counted={"a"})
    assert step.distance == distance
    (bare,) = nearest(parse(text, place=AT), Columns({"a": pd.Series([value])}, {}), holds=holds)
    assert step.effort >= bare.effort


def test_what_is_far_off_counts_as_far_but_not_endlessly():
    assert turns("a > 5 or f", holds=True, a=-(10.0**9), f=False) == [(2, True, 10.0**9 + 5)]
    assert turns("f or a > 5", holds=True, a=-(10.0**9), f=False) == [(0, True, None)]
    assert turns("a > 0.001 or b > 2", holds=True, a=0.0, b=1.0) == [(2, True, 0.001)]


def test_what_is_unknown_is_listed_once_and_in_order():
    columns = Columns(
        {"b": pd.Series([None]), "a": pd.Series([None]), "c": pd.Series([1.0])}, {"p": pd.Series([float("nan")])}
    )
    condition = parse("b > parameter(p) or a > b or c > 1", place=AT)
    assert unknown_names(condition, columns) == ("a", "b", "p")


def test_reasons_say_every_rule_that_fires_and_nothing_else(tmp_path):
    policy = small_policy(tmp_path)
    table = households(
        {"costs": 9000, "cars": 1}, {"costs": 1, "cars": 0}, {"costs": None, "cars": 2, "category": "tekun"}
    )
    reasons = policy.reasons(policy.judge(table))
    assert reasons[["household_key", "rule"]].to_numpy().tolist() == [
        [101, "costly"],
        [101, "motorist"],
        [103, "motorist"],
    ]
    assert reasons["sentence_zh"].tolist() == [
        "自付9,000元，超过低保对象标准6,000元(标准为样例,待核定)",
        "有车1辆",
        "有车2辆",
    ]
    assert reasons["sentence_en"].tolist()[1:] == ["owns 1 vehicle(s)", "owns 2 vehicle(s)"]
    assert reasons["excess"].tolist() == [1.5, 1.0, 1.0]
    assert reasons["observed"].tolist() == [9000.0, 1.0, 2.0]
    assert reasons["limit"].isna().tolist() == [False, True, True]
    assert [len(pins) for pins in reasons["parameters"]] == [1, 0, 0]
    assert reasons["unseen"].tolist() == [[], [], []]


def test_reasons_and_explanations_say_the_same(tmp_path):
    policy = small_policy(tmp_path)
    table = households({"costs": 9000, "cars": 1}, {"costs": 6000.01, "region": "340223000000", "category": "tekun"})
    for reason in policy.reasons(policy.judge(table)).itertuples():
        said = policy.explain(reason.rule, table.loc[reason.household_key].to_dict())
        assert (said.sentence.zh, said.sentence.en) == (reason.sentence_zh, reason.sentence_en)
        assert [pin.as_json() for pin in said.parameters] == reason.parameters
        assert (said.observed, said.verdict) == (reason.observed, "fires")


def test_a_reason_tells_what_it_could_not_see(tmp_path):
    either = CAR_RULE.replace("when: category in ('tekun', 'dibao') and cars > 0", "when: cars > 0 or costs > 5")
    for old, new in {
        "cars: 1,": "cars: 1, costs: 0,",
        "cars: 0,": "cars: 0, costs: 0,",
        "cars: null,": "cars: null, costs: 0,",
    }.items():
        either = either.replace(old, new)
    policy = small_policy(tmp_path, rules__motorist=either)
    reasons = policy.reasons(policy.judge(households({"cars": 1, "costs": None})))
    assert reasons["unseen"].tolist() == [["costs"]]


def test_without_reasons_the_frame_is_empty_but_has_its_columns(tmp_path):
    policy = small_policy(tmp_path)
    reasons = policy.reasons(policy.judge(households({"costs": 1, "cars": 0})))
    assert reasons.empty
    assert {"household_key", "rule", "sentence_zh", "parameters", "unseen"} <= set(reasons.columns)


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (12000, "yuan", "12,000元", "12,000 yuan"),
        (1234.5, "yuan/month", "1,234.5元/月", "1,234.5 yuan a month"),
        (0.6, "share", "60%", "60%"),
        (0.1234, "share", "12.34%", "12.34%"),
        (3, "persons", "3人", "3 person(s)"),
        (100, "", "100", "100"),
        (True, "flag", "是", "yes"),
        (False, "flag", "否", "no"),
        ("dibao", "category", "低保对象", "dibao (subsistence allowance)"),
        ("nonsense", "category", "nonsense", "nonsense"),
        ("340202", "text", "340202", "340202"),
        (None, "yuan", "(未知)", "(unknown)"),
        (float("nan"), "yuan", "(未知)", "(unknown)"),
        (pd.NA, "category", "(未知)", "(unknown)"),
    ],
)
def test_a_value_is_shown_with_its_unit(value, unit, zh, en):
    assert (show(value, unit, "zh"), show(value, unit, "en")) == (zh, en)


def test_none_nan_and_na_are_missing_and_nought_is_not():
    assert [missing(value) for value in (None, float("nan"), pd.NA, 0, False, "")] == [True] * 3 + [False] * 3


def test_a_template_is_read_and_filled():
    template = read_template("自付{costs:yuan}，{category}", AT)
    assert template.names == {"costs", "category"}
    assert template.fill("zh", {"costs": 5, "category": "tekun"}) == "自付5元，特困人员"
    assert template.fill("en", {}) == "自付(unknown)，(unknown)"
    assert read_template("no slots", AT).fill("en", {}) == "no slots"


@pytest.mark.parametrize("text", ["{a", "a}", "{a:}", "{A:yuan}", "{a:yuan"])
def test_a_stray_brace_is_refused(text):
    with pytest.raises(PolicyError, match=r"a slot is written \{name:unit\}"):
        read_template(text, AT)


def test_windows_compare_by_what_they_say():
    assert Window("months", 12) == Window("months", 12, 0)


def test_an_unknown_rule_is_a_key_error(tmp_path):
    with pytest.raises(KeyError):
        small_policy(tmp_path, rules__costly=RULE).explain("nonsense", row())
