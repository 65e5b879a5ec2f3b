"""The value in force: by day, by day of publication, by region and category, and nobody else's."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_packs import LIMIT

from monitor.policy import PolicyError
from monitor.policy.plain import amount_of
from monitor.policy.reading import read_text
from monitor.policy.thresholds import Resolved, chain, level_of, read_parameter

VILLAGE = "340223101205"


def parameter(text=LIMIT):
    return read_parameter("medical.limit", read_text(text, "parameters/medical/limit.yaml"))


def amount(as_of, known_on=date.max, region="340202000000", category="dibao"):
    return Resolved([parameter()], as_of, known_on).amount("medical.limit", region, category)


def test_a_value_holds_from_its_day_and_not_the_day_before():
    assert amount(date(2023, 12, 31)) is None
    assert amount(date(2024, 1, 1)) == 5000
    assert amount(date(2024, 12, 31)) == 5000
    assert amount(date(2025, 1, 1)) == 6000


def test_a_replay_does_not_know_a_value_before_it_was_published():
    assert amount(date(2024, 1, 1), known_on=date(2023, 12, 19)) is None
    assert amount(date(2024, 1, 1), known_on=date(2023, 12, 20)) == 5000
    assert amount(date(2025, 2, 9), known_on=date(2025, 2, 9)) == 5000
    assert amount(date(2025, 2, 10), known_on=date(2025, 2, 10)) == 6000
    assert amount(date(2025, 1, 1), known_on=date(2025, 2, 10)) == 6000


def test_the_nearest_enclosing_region_wins():
    assert amount(date(2025, 6, 1), region=VILLAGE) == 6500
    assert amount(date(2025, 6, 1), region="340202001001") == 6000
    assert amount(date(2025, 6, 1), region="110101000000") == 5000
    assert amount(date(2025, 6, 1), region=None) == 5000


def test_an_empty_value_follows_the_parent_again():
    assert amount(date(2026, 1, 1), region=VILLAGE) == 6000
    assert amount(date(2026, 1, 1), known_on=date(2025, 11, 30), region=VILLAGE) == 6500


def test_the_category_decides_and_without_one_there_is_no_amount():
    assert amount(date(2024, 6, 1), category="tekun") == 1000
    assert amount(date(2024, 6, 1), category="rigid") == 10000
    assert amount(date(2024, 6, 1), category=None) is None
    assert amount(date(2024, 6, 1), category="nonsense") is None


def test_the_chain_goes_from_the_village_to_the_nation():
    assert list(chain(VILLAGE)) == [VILLAGE, "340223101", "340223", "3402", "34", "00"]
    assert list(chain("3402")) == ["3402", "34", "00"]
    assert [level_of(code).en for code in chain(VILLAGE)] == ["village", "town", "county", "city", "province", "nation"]
    assert level_of("00").zh == "全国"


@given(
    st.lists(
        st.tuples(
            st.sampled_from([VILLAGE, "340202001001", "110101000000", None]),
            st.sampled_from(["tekun", "dibao", "other", None]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(-400, 1200),
)
def test_a_table_takes_what_each_household_would(rows, day):
    as_of = date(2024, 1, 1) + timedelta(days=day)
    resolved = Resolved([parameter()], as_of, as_of)
    region, category = (pd.Categorical([row[at] for row in rows]) for at in (0, 1))
    taken = [None if value != value else value for value in resolved.take("medical.limit", region, category)]
    assert taken == [resolved.amount("medical.limit", *row) for row in rows]
    assert taken == [amount_of(parameter(), as_of, as_of, row[0] or "", row[1]) for row in rows]


ONE = """description: x
unit: yuan
by: [region]
values:
  2024-01-01:
    known_on: 2024-01-01
    reference: {title: a, article: b}
    "00": 5
"""
OWN = """    "3402": {value: 7, status: sample, known_on: 2024-03-01, reference: {title: c, quote: d}, confirmed_by: e}
"""


def test_a_value_says_where_it_comes_from():
    values = parameter().values
    assert [(v.region, v.status, v.reference.article, str(v.known_on)) for v in values] == [
        ("00", "sourced", "第六条", "2023-12-20"),
        ("3402", "sample", "第七条", "2025-02-10"),
        ("340223", "sample", "第七条", "2025-02-10"),
        ("340223", "sourced", "第八条", "2025-12-01"),
    ]
    assert values[0].otherwise == {"near_dibao", "rigid", "anti_poverty", "other"}
    assert values[0].reference.as_json() == {"title": "通知", "article": "第六条"}
    assert str(values[1].place) == "parameters/medical/limit.yaml:14:13"


def test_a_region_may_say_for_itself_what_the_day_says_for_all():
    nation, city = parameter(ONE + OWN).values
    assert (nation.status, nation.confirmed_by) == ("sourced", "")
    assert (city.status, city.known_on, city.reference.quote, city.confirmed_by) == (
        "sample",
        date(2024, 3, 1),
        "d",
        "e",
    )
    assert city.amounts == {"": 7.0}


@pytest.mark.parametrize(
    ("old", "new", "en"),
    [
        ('"00": 5', '"0": 5', '"0" is not a region: 2, 4, 6, 9 or 12 digits, or "00"'),
        ('"00": 5', '"34x2": 5', '"34x2" is not a region'),
        ('"00": 5', '"00": x', "expected a number"),
        ('    "00": 5\n', "", "there is no value"),
        ("known_on: 2024-01-01", "status: sample", '"known_on" is missing'),
        ("    reference: {title: a, article: b}\n", "", '"reference" is missing'),
        ("{title: a, article: b}", "{title: a}", "give an article, quote, says or href too"),
        ("  2024-01-01:", "  2024-1-1:", '"2024-1-1" is not a day'),
        ("known_on: 2024-01-01", "known_on: 01.01.2024", "is not a day"),
        ("by: [region]", "by: [category]", "expected [region] or [region, category]"),
        ("by: [region]", "by: [region, category]", "expected a mapping"),
        ("unit: yuan", "unit: dollars", '"dollars" is not one of'),
        ('"00": 5', '"00": 5\n    "00": 6', '"00" is written twice'),
        ('"00": 5', '"00": {value: 5, note: x}', 'unknown key "note"'),
        ('"00": 5', '"00": {value: 5, unit: persons}', 'unknown key "unit"'),
        ("values:\n", "note: x\nvalues:\n", 'unknown key "note"'),
        ("known_on: 2024-01-01", "known_on: 2024-01-01\n    status: guess", '"guess" is not one of: sourced, sample'),
    ],
)  # fmt: skip
def test_a_page_that_leaves_room_for_guessing_is_refused(old, new, en):
    assert old in ONE
    with pytest.raises(PolicyError) as refused:
        parameter(ONE.replace(old, new))
    assert en in refused.value.en
    assert refused.value.en.startswith("parameters/medical/limit.yaml:")
    assert refused.value.zh.startswith("parameters/medical/limit.yaml:")


def test_every_category_has_an_amount_or_there_is_an_otherwise():
    with pytest.raises(PolicyError, match=r"near_dibao \(or otherwise\) is missing"):
        parameter(LIMIT.replace("{tekun: 1000, dibao: 5000, otherwise: 10000}", "{tekun: 1000, dibao: 5000}"))
    with pytest.raises(PolicyError, match='unknown key "rich"'):
        parameter(LIMIT.replace("otherwise: 10000}", "otherwise: 10000, rich: 1}"))
