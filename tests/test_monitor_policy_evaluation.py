"""The fast reading of a condition, the SQL of it and the plain reading of it are one."""

from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_worlds import HERE, KINDS, PARAMETERS, columns, conditions, numbers, quarters, rows

from monitor.policy.language import Columns, PolicyError, evaluate, number, parse, to_sql, truth
from monitor.policy.language.evaluation import _texts
from monitor.policy.plain import value_of


def plainly(text, households):
    root = parse(text, place=HERE).root
    return [value_of(root, row, row.__getitem__) for row in households]


def fast(text, households):
    return [None if value is pd.NA else value for value in evaluate(parse(text, place=HERE), *columns(households))]


def in_sql(text, households, *, exact=False):
    table, parameters = columns(households)
    frame = pd.DataFrame({**table, **parameters})
    sql = to_sql(parse(text, place=HERE), column='"{}"'.format, parameter='"{}"'.format, kinds=KINDS, exact=exact)
    with duckdb.connect(config={"threads": 1}) as duck:
        found = duck.from_df(frame).query("households", f"SELECT {sql} FROM households").fetchall()
    return [row[0] for row in found]


@settings(max_examples=120, deadline=None)
@given(conditions(), rows())
def test_a_condition_is_the_same_over_a_table_as_household_by_household(text, households):
    assert fast(text, households) == plainly(text, households)


@settings(max_examples=100, deadline=None)
@given(conditions(), rows())
def test_a_condition_in_sql_is_the_same_as_over_a_table(text, households):
    assert in_sql(text, households) == fast(text, households)


@settings(max_examples=60, deadline=None)
@given(conditions(quarters, "+-*"), rows(quarters))
def test_exact_sql_is_the_same_where_numbers_are_exact(text, households):
    assert in_sql(text, households, exact=True) == fast(text, households)


@settings(max_examples=60, deadline=None)
@given(numbers(quarters, "+-*/"), rows(quarters))
def test_a_number_is_the_same_three_ways(text, households):
    expected = plainly(text, households)
    assert fast(text, households) == pytest.approx(expected)
    assert in_sql(text, households) == pytest.approx(expected)


@pytest.mark.parametrize("word", ["and", "or"])
@pytest.mark.parametrize("left", [True, False, None])
@pytest.mark.parametrize("right", [True, False, None])
def test_kleenes_table_of_and_and_or(word, left, right):
    decisive = word == "or"
    known = {left, right} - {None}
    expected = decisive if decisive in known else None if None in (left, right) else not decisive
    row = {"f": left, "g": right}
    table = {name: pd.Series([value], dtype="boolean") for name, value in row.items()}
    found = evaluate(parse(f"f {word} g", place=HERE), table, {})
    assert [None if value is pd.NA else value for value in found] == [expected]
    assert value_of(parse(f"f {word} g", place=HERE).root, row, row.__getitem__) is expected


def one(text, **values):
    """The verdict on one household."""
    found = evaluate(parse(text, place=HERE), {name: pd.Series([value]) for name, value in values.items()}, {})
    return None if found[0] is pd.NA else found[0]


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("a / b = 1.5", {"a": 3.0, "b": 2.0}, True),
        ("a - b = 1", {"a": 3.0, "b": 2.0}, True),
        ("a + b = 5", {"a": 3.0, "b": 2.0}, True),
        ("a * b = 6", {"a": 3.0, "b": 2.0}, True),
        ("-a = 0 - 3", {"a": 3.0}, True),
        ("min(a, b) = 2", {"a": 3.0, "b": 2.0}, True),
        ("max(a, b, 7) = 7", {"a": 3.0, "b": 2.0}, True),
        ("max(a, b) > 1", {"a": 3.0, "b": None}, None),
        ("a between 2 and 4", {"a": 1.99}, False),
        ("a between 2 and 4", {"a": 2.0}, True),
        ("a between 2 and 4", {"a": 4.0}, True),
        ("a between 2 and 4", {"a": 4.01}, False),
        ("a between b and 4", {"a": 5.0, "b": None}, False),
        ("a between b and 4", {"a": 3.0, "b": None}, None),
        ("a in (1, 3)", {"a": 3.0}, True),
        ("a in (1, 3)", {"a": 2.0}, False),
        ("a in (1, 3)", {"a": None}, None),
        ("c in ('u', 'v')", {"c": "v"}, True),
        ("c in ('u', 'v')", {"c": "w"}, False),
        ("c in ('u', 'v') and b = 1", {"c": None, "b": 1.0}, None),
        ("c not in ('u')", {"c": "w"}, True),
        ("c = d", {"c": "u", "d": "u"}, True),
        ("c = d", {"c": "u", "d": "v"}, False),
        ("c != d", {"c": "u", "d": "v"}, True),
        ("'u' = c", {"c": "u"}, True),
        ("'w' = c", {"c": "u"}, False),
        ("c != 'u'", {"c": None, "b": 1.0}, None),
        ("f = g", {"f": True, "g": True}, True),
        ("f != g", {"f": True, "g": True}, False),
        ("f = false", {"f": True}, False),
        ("f = g", {"f": True, "g": None}, None),
        ("g = f", {"f": True, "g": None}, None),
        ("not f", {"f": True}, False),
        ("not f", {"f": False}, True),
        ("known(a)", {"a": 1.0}, True),
        ("known(a)", {"a": float("nan"), "b": 1.0}, False),
        ("not known(a)", {"a": float("nan"), "b": 1.0}, True),
        ("not known(a)", {"a": 1.0}, False),
        ("known(a + b)", {"a": 1.0, "b": None}, False),
        ("known(c)", {"c": "u"}, True),
        ("known('u') and known(1)", {"a": 1.0}, True),
        ("known(f)", {"f": False}, True),
        ("known(f or g)", {"f": False, "g": None}, False),
        ("known(f or g)", {"f": True, "g": None}, True),
        ("true", {"a": 1.0}, True),
        ("not true", {"a": 1.0}, False),
    ],
)
def test_the_verdict_is_this(text, values, expected):
    found = one(text, **values)
    assert found is None if expected is None else found == expected


@pytest.mark.parametrize("rows", [["u", None, "v"], ["v", "u", None]])
def test_what_is_known_of_texts_is_told_row_by_row(rows):
    found = evaluate(parse("known(c)", place=HERE), {"c": pd.Series(rows, dtype="str")}, {})
    assert found.tolist() == [row is not None for row in rows]


def test_a_condition_is_no_text():
    table = Columns({"c": pd.Series(["u"]), "f": pd.Series([True])}, {})
    with pytest.raises(PolicyError, match="1:1 expected text here") as refused:
        _texts(parse("f", place=HERE).part(parse("not f", place=HERE).root), table)
    assert refused.value.en == "rules/made_up.yaml:1:1 expected text here"
    assert refused.value.zh == "rules/made_up.yaml:1:1 此处应为文字"


def test_a_tie_that_floats_miss_is_a_tie():
    assert one("a + b > 0.3", a=0.1, b=0.2) is np.False_
    assert one("a + b >= 0.3", a=0.1, b=0.2) is np.True_
    assert one("a = 0.3", a=0.1 + 0.2) is np.True_


def test_half_a_millionth_is_rounded_up_and_less_is_not():
    assert one("a = 0.000001", a=0.0000005) is np.True_
    assert one("a = 0", a=0.00000049) is np.True_
    assert one("a > 0.000001", a=0.000002) is np.True_
    assert one("a > 0.000001", a=0.0000014) is np.False_


def test_a_millionth_still_tells_two_amounts_of_four_and_a_half_thousand_million_apart():
    assert one("a > 4503599627.370498", a=4503599627.370499) is np.True_
    assert one("a = 4503599627.370498", a=4503599627.370498) is np.True_


def test_dividing_by_nought_is_unknown_and_not_an_error():
    assert one("a / b > 1", a=3.0, b=0.0) is None
    assert one("a / b > 1", a=3.0, b=2.0) is np.True_


@pytest.mark.parametrize(
    ("series", "text", "expected"),
    [
        (pd.Series([1, 2]), "x > 1", [False, True]),
        (pd.Series([1, None], dtype="Int64"), "x >= 1", [True, None]),
        (pd.Series([1.5, None], dtype="Float64"), "x >= 1", [True, None]),
        (pd.Series([True, False]), "x", [True, False]),
        (pd.Series([True, None], dtype="boolean"), "not x", [False, None]),
        (pd.Series([True, None], dtype=object), "x", [True, None]),
        (pd.Series([True, pd.NA], dtype=object), "x", [True, None]),
        (pd.Series([1, pd.NA], dtype=object), "x > 0", [True, None]),
        (pd.Series(["u", None]), "x = 'u'", [True, None]),
        (pd.Series(["u", "v"], dtype="category"), "x != 'u'", [False, True]),
        (pd.Series([None, None], dtype=object), "x > 1", [None, None]),
        (pd.Series([None, None], dtype=object), "x = 'u'", [None, None]),
        (pd.Series([np.nan, np.nan]), "x", [None, None]),
        (pd.Series([1, 2.5], dtype=object), "x > 1", [False, True]),
        (pd.Series([Decimal("1.5"), None]), "x > 1", [True, None]),
        (pd.Series([pd.Timestamp("2026-01-02"), None], dtype=object), "x = x", [True, None]),
        (pd.to_datetime(pd.Series(["2026-01-02", None])), "x = x", [True, None]),
    ],
)  # fmt: skip
def test_every_type_of_column_is_read_for_what_it_is(series, text, expected):
    found = evaluate(parse(text, place=HERE), {"x": series}, {})
    assert [None if value is pd.NA else value for value in found] == expected


def test_days_compare_as_days():
    early, late = pd.to_datetime(pd.Series(["2026-01-02"])), pd.Series([pd.Timestamp("2026-03-01").date()])
    found = evaluate(parse("x < y", place=HERE), {"x": early, "y": late}, {})
    assert found.tolist() == [True]
    days = evaluate(parse("y", place=HERE), {"x": early, "y": late}, {})
    assert days.tolist() == [20513.0]


@pytest.mark.parametrize("day", [pd.Timestamp("2026-01-02"), pd.Timestamp("2026-01-02").date()])
def test_a_day_is_no_number(day):
    with pytest.raises(PolicyError, match="expected a date here, but this is a number"):
        one("x > 1", x=day)


def test_the_first_of_january_1970_is_day_nought():
    days = evaluate(parse("x", place=HERE), {"x": pd.to_datetime(pd.Series(["1970-01-01", "1970-01-02"]))}, {})
    assert days.tolist() == [0.0, 1.0]


def test_texts_of_two_columns_compare_though_their_codes_differ():
    table = {
        "x": pd.Series(["u", "v", "w", None]).astype("category"),
        "y": pd.Series(["v", "v", None, None]).astype("category"),
    }
    found = evaluate(parse("x = y", place=HERE), table, {})
    assert [None if value is pd.NA else value for value in found] == [False, True, None, None]


def test_the_result_keeps_the_index_and_the_type():
    table = {"x": pd.Series([1.0, None], index=[7, 9])}
    condition = evaluate(parse("x > 0", place=HERE), table, {})
    amount = evaluate(parse("x + 1", place=HERE), table, {})
    assert list(condition.index) == list(amount.index) == [7, 9]
    assert (str(condition.dtype), str(amount.dtype)) == ("boolean", "Float64")
    assert amount[7] == 2.0
    assert amount[9] is pd.NA


def test_what_is_written_stands_for_every_row():
    table = {"x": pd.Series([1.0, 2.0])}
    assert evaluate(parse("true", place=HERE), table, {}).tolist() == [True, True]
    assert evaluate(parse("false or false", place=HERE), table, {}).tolist() == [False, False]
    assert evaluate(parse("2 * 3", place=HERE), table, {}).tolist() == [6.0, 6.0]
    assert evaluate(parse("'u' = 'u'", place=HERE), table, {}).tolist() == [True, True]


def test_parameters_alone_give_the_index():
    found = evaluate(parse("parameter(p.one) > 1", place=HERE), {}, {"p.one": pd.Series([1.0, 2.0], index=[3, 4])})
    assert found.to_dict() == {3: False, 4: True}


def test_a_text_is_neither_a_condition_nor_a_number():
    with pytest.raises(PolicyError, match=r"rules/made_up\.yaml:1:1 expected a condition or a number here") as refused:
        evaluate(parse("'u'", place=HERE), {"x": pd.Series([1.0])}, {})
    assert refused.value.zh == "rules/made_up.yaml:1:1 此处应为条件或数值"


def test_a_condition_is_no_number_and_a_number_no_condition():
    table = Columns({"x": pd.Series([1.0])}, {})
    with pytest.raises(PolicyError, match="1:3 expected a number here") as no_number:
        number(parse("x > 1", place=HERE), table)
    with pytest.raises(PolicyError, match="1:3 expected a condition here") as no_condition:
        truth(parse("x + 1", place=HERE), table)
    assert no_number.value.zh.endswith("此处应为数值")
    assert no_condition.value.zh.endswith("此处应为条件")


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("a", "[a]"),
        ("a > 1", "(FLOOR(CAST([a] AS DOUBLE) * 1000000 + 0.5) > FLOOR(CAST(1.0 AS DOUBLE) * 1000000 + 0.5))"),
        ("c != 'it''s'", "([c] <> 'it''s')"),
        ("c in ('u', 'v')", "([c] IN ('u', 'v'))"),
        ("not f and g or true", "(((NOT [f]) AND [g]) OR TRUE)"),
        ("known(a)", "([a] IS NOT NULL)"),
        ("x < y", "([x] < [y])"),
        ("x <= y", "([x] <= [y])"),
        ("x between y and z", "([x] >= [y] AND [x] <= [z])"),
        ("-a / parameter(p.one)", "((- CAST([a] AS DOUBLE)) / NULLIF(CAST({p.one} AS DOUBLE), 0))"),
        (
            "min(a, b)",
            "(CASE WHEN CAST([a] AS DOUBLE) IS NOT NULL AND CAST([b] AS DOUBLE) IS NOT NULL"
            " THEN LEAST(CAST([a] AS DOUBLE), CAST([b] AS DOUBLE)) END)",
        ),
    ],
)
def test_the_sql_is_this(text, sql):
    written = to_sql(parse(text, place=HERE), column="[{}]".format, parameter="{{{}}}".format, kinds=KINDS)
    assert written == sql


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("a > 20", "([a] > 20)"),
        ("a > 0.00000012", "([a] > 0.00000012)"),
        ("a * 0.5 >= b", "(([a] * 0.5) >= [b])"),
        ("max(a, 10)", "(CASE WHEN [a] IS NOT NULL AND 10 IS NOT NULL THEN GREATEST([a], 10) END)"),
        ("f = false", "([f] = FALSE)"),
    ],
)
def test_exact_sql_casts_and_rounds_nothing(text, sql):
    written = to_sql(parse(text, place=HERE), column="[{}]".format, parameter="{{{}}}".format, kinds=KINDS, exact=True)
    assert written == sql


def test_sql_refuses_what_is_of_the_wrong_kind():
    with pytest.raises(PolicyError, match="1:5 expected a number here, but this is text"):
        to_sql(parse("a > c", place=HERE), column=str, parameter=str, kinds=KINDS)


def test_sql_without_kinds_takes_names_as_they_are():
    assert to_sql(parse("x > y", place=HERE), column=str, parameter=str) == "(x > y)"


@given(st.sampled_from(PARAMETERS))
def test_a_parameter_without_a_value_makes_the_comparison_unknown(name):
    found = evaluate(parse(f"a > parameter({name})", place=HERE), {"a": pd.Series([5.0])}, {name: pd.Series([np.nan])})
    assert found[0] is pd.NA
