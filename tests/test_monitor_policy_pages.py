"""Feed and indicator pages, read into what the rest of the service uses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_packs import COSTS, FEED

from monitor.policy import Aggregate, Quality, Window
from monitor.policy.feed_pages import read_feed
from monitor.policy.indicator_pages import feeds_below, read_indicator, read_window
from monitor.policy.language import parse
from monitor.policy.reading import read_text


def feed(text=FEED):
    return read_feed("settlements", read_text(text, "feeds/settlements.yaml"))


def indicator(text=COSTS):
    return read_indicator("costs", read_text(text.lstrip("\n"), "indicators/costs.yaml"))


def test_a_feed_page_is_read_as_agreed():
    page = feed()
    assert (page.name, page.key, page.mode, page.cadence) == ("settlements", ("settlement_id",), "append", "monthly")
    assert (page.fresh_days, page.happened_on, page.match, page.nil_return) == (45, "settled_on", "id", False)
    assert (page.description.zh, page.agency.en, page.legal_basis["article"]) == ("结算", "Insurer", "第一条")
    assert page.quality == Quality()


def test_columns_say_their_headers_codes_and_limits():
    columns = feed().columns
    assert columns["self_pay"].headers == ("个人自付",)
    assert (columns["self_pay"].low, columns["self_pay"].high, columns["self_pay"].required) == (-10.0, 10.0, True)
    assert columns["kind"].codes == {"inpatient": "住院", "outpatient": "门诊"}
    assert columns["kind"].words == {"住院": "inpatient", "门诊": "outpatient", "普通门诊": "outpatient"}
    assert (columns["kind"].required, columns["kind"].open, columns["settled_on"].future) == (False, False, False)


def test_what_names_a_person_has_no_kind_and_never_enters_the_lake():
    page = feed()
    assert {name for name, column in page.columns.items() if column.personal} == {"settlement_id", "id_no"}
    assert page.kinds == {"settled_on": "date", "self_pay": "number", "kind": "text"}


def test_the_rarer_words_of_a_feed_page():
    changes = {
        "fresh_days: 45": "fresh_days: null",
        "happened_on: settled_on": "match: evidence\nnil_return: true",
        "type: date}": "type: date, future: true}",
        "type: code,": "type: code, open: true, default: inpatient,",
    }
    text = FEED
    for old, new in changes.items():
        text = text.replace(old, new)
    page = feed(
        text + "quality: {rows: {low: 0.5, high: 5, from: 200}, nulls: 0.3, unmatched: {rise: 0.2}, errors: 0.1,"
        " amount: {column: self_pay, shift: 20}, counties: {shift: 0.6, from: 100}}\n"
    )
    assert (page.fresh_days, page.happened_on, page.match, page.nil_return) == (None, None, "evidence", True)
    assert page.columns["settled_on"].future
    assert (page.columns["kind"].open, page.columns["kind"].default) == (True, "inpatient")
    assert page.quality == Quality(
        rows_low=0.5, rows_high=5.0, rows_from=200, nulls=0.3, unmatched_rise=0.2, amount_column="self_pay",
        amount_shift=20.0, errors=0.1, counties_shift=0.6, counties_from=100,
    )  # fmt: skip


def test_an_indicator_from_facts():
    page = indicator(COSTS + "where: kind = 'inpatient'\nmembers: all\non: settled_on\nunknown: kleene\n")
    assert (page.code, page.unit, page.kind, page.level, page.feed) == (
        "M01",
        "yuan",
        "number",
        "member",
        "settlements",
    )
    assert page.value.function == "sum"
    assert page.value.argument.names == {"self_pay"}
    assert page.window == Window("months", 12)
    assert (page.household, page.members, page.on, page.unknown, page.empty) == (
        "max",
        "all",
        "settled_on",
        "kleene",
        0.0,
    )
    assert str(page.value.argument.place) == "indicators/costs.yaml:5:12"
    assert page.names == frozenset()


def test_an_indicator_from_others():
    page = indicator("description: x\nunit: flag\nlevel: household\ncompute: costs > 3 and cars = 0\nreads: [deaths]\n")
    assert (page.code, page.feed, page.kind, page.level, page.reads) == (None, None, "flag", "household", ("deaths",))
    assert page.names == {"costs", "cars"}
    assert (page.value, page.window, page.empty, page.household) == (None, None, None, None)


@pytest.mark.parametrize(
    ("text", "aggregate", "empty"),
    [
        ("count()", Aggregate("count"), 0.0),
        ("max(self_pay)", "max", 0.0),
        ("min(self_pay)", "min", None),
        ("count_distinct(kind)", "count_distinct", 0.0),
        ("any(kind in ('a', 'b'))", "any", False),
        ("latest(kind in ('a', 'b'), settled_on)", "latest", False),
        ("days_since_latest()", Aggregate("days_since_latest"), None),
    ],
)
def test_each_aggregate_has_its_value_for_a_member_without_rows(text, aggregate, empty):
    page = indicator(COSTS.replace("sum(self_pay)", text))
    assert aggregate in (page.value, page.value.function)
    assert page.empty == empty
    assert page.value.by == ("settled_on" if text.startswith("latest") else None)


@pytest.mark.parametrize(("said", "empty"), [("5", 5), ("false", False), ("null", None)])
def test_a_page_may_say_what_a_member_without_rows_has(said, empty):
    assert indicator(COSTS + f"empty: {said}\n").empty is empty or empty == 5


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("90 days", Window("days", 90)),
        ("next 30 days", Window("next_days", 30)),
        ("months 3..14", Window("full_months", 3, 14)),
        ("months 0..0", Window("full_months", 0, 0)),
    ],
)
def test_a_window_is_read_as_it_is_written(text, window):
    assert read_window(read_text(f"w: {text}\n", "x").value["w"]) == window


@given(st.sampled_from(["self_pay", "self_pay * 2", "max(self_pay, 0)"]))
def test_the_argument_of_an_aggregate_is_read_as_any_expression(text):
    assert (
        indicator(COSTS.replace("sum(self_pay)", f"sum({text})")).value.argument.root
        == parse(text, place=indicator().value.argument.place).root
    )


def test_feeds_are_found_through_every_indicator_below():
    pages = {
        "costs": indicator(),
        "twice": indicator("description: x\nunit: yuan\ncompute: costs * 2 + members_living\nreads: [deaths]\n"),
        "thrice": indicator("description: x\nunit: yuan\ncompute: twice + costs\n"),
    }
    assert feeds_below(pages, "thrice") == {"settlements", "deaths"}
    assert feeds_below(pages, "members_living") == frozenset()
