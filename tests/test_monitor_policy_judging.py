"""Every household by every rule: fires, silent, unknown; over which limit, and by how much."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_packs import CAR_RULE, RULE, households, small_pack, small_policy

from monitor.errors import Invalid
from monitor.policy import FIRES, SILENT, UNKNOWN, load
from monitor.policy.judging import VERDICTS
from monitor.policy.plain import amount_of, value_of

COUNTY, CITY, ELSEWHERE = "340223000000", "340202000000", "110101000000"


def codes(policy, *rows):
    return policy.judge(households(*rows)).codes


def test_below_at_and_above_the_limit(tmp_path):
    policy = small_policy(tmp_path)
    found = codes(policy, {"costs": 5999.99}, {"costs": 6000}, {"costs": 6000.01}, {})
    assert found["costly"].tolist() == [SILENT, SILENT, FIRES, UNKNOWN]


def test_codes_have_a_row_per_household_and_a_byte_per_rule(tmp_path):
    found = codes(small_policy(tmp_path), {}, {"cars": 2})
    assert found.index.tolist() == [101, 102]
    assert found.index.name == "household_key"
    assert found.columns.tolist() == ["costly", "motorist"]
    assert set(map(str, found.dtypes)) == {"int8"}


def test_each_code_has_the_word_that_pages_and_people_read():
    assert {code: VERDICTS[code] for code in (-1, 0, 1)} == {-1: "unknown", 0: "silent", 1: "fires"}


def test_the_nearest_region_and_the_category_decide_the_limit(tmp_path):
    policy = small_policy(tmp_path)
    verdicts = policy.judge(
        households(
            {"region": COUNTY, "costs": 99_999},
            {"region": CITY, "costs": 99_999},
            {"region": ELSEWHERE, "costs": 99_999},
            {"region": COUNTY, "costs": 99_999, "category": "tekun"},
            {"region": None, "costs": 99_999, "category": "other"},
        )
    )
    assert verdicts.limits["costly"].tolist() == [6500, 6000, 5000, 1300, 10000]


def test_without_a_category_a_limit_by_category_is_unknown(tmp_path):
    policy = small_policy(tmp_path)
    verdicts = policy.judge(households({"costs": 99_999, "category": None}, {"costs": 99_999, "category": "nonsense"}))
    assert verdicts.codes["costly"].tolist() == [UNKNOWN, UNKNOWN]
    assert verdicts.no_threshold == {"costly": 2}


def test_kleene_makes_others_silent_though_the_vehicles_are_unknown(tmp_path):
    policy = small_policy(tmp_path)
    found = codes(
        policy, {"category": "other"}, {"category": "dibao"}, {"category": None}, {"category": None, "cars": 0}
    )
    assert found["motorist"].tolist() == [SILENT, UNKNOWN, UNKNOWN, SILENT]


def test_a_region_without_a_value_is_unknown_and_counted_and_the_others_go_on(tmp_path):
    only_here = """
description: {zh: 预警线, en: the limit}
unit: yuan
by: [region]
values:
  2024-01-01:
    known_on: 2024-01-01
    reference: {title: 通知, article: 第六条}
    "3402": 100
"""
    rule = (
        RULE.replace("category: dibao}", 'category: dibao, region: "340202000000"}')
        .replace("5001", "101")
        .replace("5000", "100")
    )
    policy = small_policy(tmp_path, parameters__medical__limit=only_here, rules__costly=rule)
    verdicts = policy.judge(
        households({"costs": 500}, {"costs": 500, "region": ELSEWHERE}, {"costs": None}, {"costs": 1, "region": COUNTY})
    )
    assert verdicts.codes["costly"].tolist() == [FIRES, UNKNOWN, UNKNOWN, SILENT]
    assert verdicts.no_threshold == {"costly": 1}
    assert verdicts.regions_without == {"medical.limit": (ELSEWHERE,)}


def test_where_every_value_is_in_force_nothing_is_reported(tmp_path):
    verdicts = small_policy(tmp_path).judge(households({"costs": None}, {"costs": 3}))
    assert verdicts.no_threshold == {}
    assert verdicts.regions_without == {}


def test_the_long_form_lists_what_fires_or_is_unknown_in_order(tmp_path):
    table = households({"costs": 9999, "cars": None}, {"costs": 1, "cars": 0}, {"costs": None, "cars": 3})
    found = small_policy(tmp_path).judge(table.iloc[::-1]).long()
    assert found.to_numpy().tolist() == [
        [101, "costly", "fires"],
        [101, "motorist", "unknown"],
        [103, "costly", "unknown"],
        [103, "motorist", "fires"],
    ]
    assert found.columns.tolist() == ["household_key", "rule", "verdict"]
    assert found.index.tolist() == [0, 1, 2, 3]


def test_observed_limit_and_excess_are_said_of_households_with_a_reason(tmp_path):
    table = households({"costs": 9000, "cars": 0}, {"costs": 1, "cars": 0}, {"costs": 6000, "cars": 2})
    verdicts = small_policy(tmp_path).judge(table)
    assert verdicts.fired.index.tolist() == [101, 103]
    assert verdicts.observed.to_dict("list") == {"costly": [9000.0, 6000.0], "motorist": [0.0, 2.0]}
    assert verdicts.limits["costly"].tolist() == [6000.0, 6000.0]
    assert verdicts.limits["motorist"].isna().all()
    assert verdicts.excess["costly"].iloc[0] == 1.5
    assert np.isnan(verdicts.excess["costly"].iloc[1])
    assert np.isnan(verdicts.excess["motorist"].iloc[0])
    assert verdicts.excess["motorist"].iloc[1] == 1.0
    assert verdicts.excess.index.tolist() == verdicts.limits.index.tolist() == [101, 103]


LOWER = (
    RULE.replace("when: costs > parameter(medical.limit)", "when: costs < parameter(medical.limit) or cars > 0")
    .replace("observed: costs\n", "observed: costs\nworse: lower\n")
    .replace("{costs: 5001,", "{cars: 0, costs: 4999,")
    .replace("{costs: 5000,", "{cars: 0, costs: 5000,")
    .replace("{costs: null,", "{cars: 0, costs: null,")
)


def test_where_lower_is_worse_excess_says_how_many_times_below(tmp_path):
    policy = small_policy(tmp_path, rules__costly=LOWER)
    table = households(
        {"costs": 1500, "cars": 0}, {"costs": 0, "cars": 0}, {"costs": 12_000, "cars": 1}, {"costs": None, "cars": 1},
        {"costs": 1, "cars": 0}, {"costs": -5, "cars": 0},
    )  # fmt: skip
    assert policy.judge(table).excess["costly"].tolist() == [4.0, 100.0, 1.0, 1.0, 100.0, 100.0]


def test_a_limit_of_nought_is_exceeded_without_measure(tmp_path):
    rule = RULE.replace("limit: parameter(medical.limit)", "limit: costs - costs").replace(
        "{limit:yuan}", "{limit:yuan}"
    )
    verdicts = small_policy(tmp_path, rules__costly=rule).judge(households({"costs": 9000}))
    assert verdicts.excess["costly"].tolist() == [100.0]


def test_small_amounts_are_measured_as_large_ones_are(tmp_path):
    rule = (
        RULE.replace("when: costs > parameter(medical.limit)", "when: costs > cars / 2")
        .replace("limit: parameter(medical.limit)", "limit: cars / 2")
        .replace("{costs: 5001,", "{costs: 1, cars: 0,")
        .replace("{costs: 5000,", "{costs: 0, cars: 0,")
        .replace("{costs: null,", "{costs: null, cars: 0,")
    )
    verdicts = small_policy(tmp_path, rules__costly=rule).judge(
        households({"costs": 0.75, "cars": 1}, {"costs": 0.5, "cars": 0})
    )
    assert verdicts.excess["costly"].tolist() == [1.5, 100.0]


def test_a_rule_that_observes_nothing_fires_once_over_no_limit(tmp_path):
    policy = small_policy(tmp_path, rules__motorist=CAR_RULE.replace("observed: cars\n", ""))
    verdicts = policy.judge(households({"costs": 1, "cars": 2}))
    assert np.isnan(verdicts.observed["motorist"].iloc[0])
    assert verdicts.excess["motorist"].tolist() == [1.0]


def test_a_nought_over_a_limit_of_nought_is_not_over(tmp_path):
    rule = (
        CAR_RULE.replace("observed: cars", "observed: cars\nlimit: cars")
        .replace("cars > 0", "cars >= 0")
        .replace("{cars: 0, category: dibao}, verdict: silent", "{cars: -1, category: dibao}, verdict: silent")
    )
    verdicts = small_policy(tmp_path, rules__motorist=rule).judge(households({"cars": 0}))
    assert verdicts.excess["motorist"].tolist() == [1.0]


def test_without_a_household_that_fires_the_tables_are_empty(tmp_path):
    verdicts = small_policy(tmp_path).judge(households({"costs": 1, "cars": 0}))
    assert len(verdicts.excess) == len(verdicts.limits) == len(verdicts.observed) == 0
    assert verdicts.excess.columns.tolist() == ["costly", "motorist"]
    assert verdicts.long().empty


def test_without_households_there_is_nothing_to_judge(tmp_path):
    verdicts = small_policy(tmp_path).judge(households({}).iloc[:0])
    assert verdicts.codes.shape == (0, 2)
    assert verdicts.long().empty


def test_a_table_that_lacks_a_column_is_refused(tmp_path):
    with pytest.raises(Invalid, match=r"the table of indicators lacks the columns \['cars', 'category'\]") as refused:
        small_policy(tmp_path).judge(households({}).drop(columns=["cars", "category"]))
    assert refused.value.zh == "指标表缺少列:['cars', 'category']"
    assert refused.value.en == "the table of indicators lacks the columns ['cars', 'category']"


def test_region_and_category_are_needed_though_no_condition_reads_them(tmp_path):
    for column in ("region", "category"):
        with pytest.raises(Invalid, match=column):
            small_policy(tmp_path).judge(households({}).drop(columns=[column]))


def test_a_household_that_stands_twice_is_refused(tmp_path):
    table = households({}, {})
    table.index = pd.Index([5, 5])
    with pytest.raises(Invalid, match="a household stands twice in the table of indicators") as refused:
        small_policy(tmp_path).judge(table)
    assert refused.value.zh == "指标表中有重复的户"
    assert refused.value.en == "a household stands twice in the table of indicators"


def test_the_same_table_gives_the_same_codes_in_whatever_order_it_comes(tmp_path):
    policy = small_policy(tmp_path)
    table = households(*[{"costs": costs, "cars": costs % 3} for costs in range(5000, 7000, 37)])
    forward, backward = policy.judge(table).codes, policy.judge(table.iloc[::-1]).codes
    assert forward.equals(backward.sort_index())


regions = st.sampled_from([COUNTY, "340223100200", CITY, ELSEWHERE, None])
categories = st.sampled_from(["tekun", "dibao", "rigid", None])
costs = st.sampled_from([None, 999.99, 1000, 1200.01, 5000, 5000.01, 6000, 6500.01, 10000, 11000.01, 12001])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(regions, categories, costs, st.sampled_from([None, 0, 1])), min_size=1, max_size=8),
    st.sampled_from([date(2024, 6, 1), date(2025, 1, 1), date(2025, 2, 9), date(2025, 2, 10), date(2026, 1, 1)]),
    st.sampled_from([date(2024, 1, 5), date(2025, 2, 9), date(2025, 2, 10), date(2026, 3, 1)]),
)
def test_the_judge_is_the_plain_reading_of_every_rule(tmp_path_factory, rows, as_of, known_on):
    policy = load(as_of, known_on=known_on, root=small_pack(tmp_path_factory.mktemp("pack")))
    table = [dict(zip(("region", "category", "costs", "cars"), row, strict=True)) for row in rows]
    found = policy.judge(households(*table)).codes
    page = policy.parameters["medical.limit"]
    for name, rule in policy.rules.items():
        expected = []
        for row in table:
            limit = amount_of(page, as_of, known_on, row["region"] or "", row["category"])
            expected.append(value_of(rule.when.root, row, {"medical.limit": limit}.get))
        assert found[name].tolist() == [UNKNOWN if value is None else int(value) for value in expected]
