"""Indicators: what is unknown and why, who is asked about, what was known when, and the rows behind a value."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import oracle
import pandas as pd
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from sqlglot import expressions as exp
from world_lake import WorldLake
from worlds import EDGES, world

from monitor.indicators import (
    compute,
    compute_chunks,
    draw_near,
    evidence,
    feeds_of,
    freshness,
    manifest,
    member_values,
    opened,
    withdrawn,
)
from monitor.indicators.computing import open_plan, prepare
from monitor.indicators.freshness import FeedState
from monitor.indicators.plan import Plan
from monitor.indicators.terms import span_of
from monitor.indicators.vocabulary import constants, months_before
from monitor.lake import DeliveryRef, Lake, View, sql
from monitor.policy import Policy, load
from monitor.policy.indicator_pages import Window
from monitor.tables import Delivery

AS_OF = date(2026, 3, 31)
PROVEN = {
    "sum", "count", "max", "min", "logicalor", "rownumber", "coalesce", "floor", "cast", "case", "if", "year", "month",
    "day", "datediff", "timestamptrunc", "datetrunc", "substring", "nullif", "least", "greatest", "and", "or", "not",
    "currentdate",
}  # fmt: skip


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load(AS_OF)


@pytest.fixture(scope="module")
def town(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> WorldLake:
    """Three households in two counties, with money, cars, a death and a withdrawal."""
    return WorldLake(Lake(tmp_path_factory.mktemp("town")), policy.feeds).extend(_town())


def _town() -> Iterator[oracle.Delivery]:
    def row(household: str, key: str, birth: date, region: str) -> oracle.Row:
        return {"household_id": household, "id_no": key, "relation": "02" if key.endswith("1") else "20", "sex": "1",
                "birth_on": birth, "region": region, "category": "dibao",
                "monthly_income_per_head": Decimal(300)}  # fmt: skip

    def settled(number: str, key: str, on: date, amount: str) -> oracle.Row:
        return {"settlement_id": number, "id_no": key, "settled_on": on, "kind": "outpatient",
                "self_pay": Decimal(amount), "total_fee": Decimal(amount), "cancelled": False}  # fmt: skip

    yield oracle.Delivery("household_register", date(2025, 6, 1), "full", [
        row("A", "A1", date(1980, 1, 1), "340281100001"), row("A", "A2", date(2015, 1, 1), "340281100001"),
        row("B", "B1", date(1940, 1, 1), "340202001001"), row("C", "C1", date(1975, 1, 1), "340202001002"),
        row("C", "C2", date(1976, 1, 1), "340202001002"),
    ])  # fmt: skip
    yield oracle.Delivery("medical_settlements", date(2026, 3, 5), "append", [
        settled("1", "A1", date(2026, 1, 5), "4000"), settled("2", "A1", date(2026, 2, 5), "1500.5"),
        settled("3", "A2", date(2026, 2, 6), "5000"), settled("4", "C1", date(2026, 2, 7), "70"),
    ])  # fmt: skip
    yield oracle.Delivery("vehicles", date(2026, 3, 1), "full", [
        {"plate_no": "x", "id_no": "C2", "kind": "car", "use": "private", "status": "active",
         "registered_on": date(2020, 1, 1)},
    ])  # fmt: skip
    yield oracle.Delivery("deaths", date(2026, 3, 9), "append", [{"id_no": "C1", "died_on": date(2026, 3, 1)}])
    yield oracle.Delivery("medical_settlements", date(2026, 3, 20), "withdraw", [
        settled("3", "A2", date(2026, 2, 6), "5000"),
    ])  # fmt: skip


@pytest.fixture
def view(town: WorldLake, policy: Policy) -> Iterator[View]:
    with opened(town.lake, policy, town.known(AS_OF)) as found:
        yield found


def sent(feed: str, days_ago: int) -> DeliveryRef:
    return DeliveryRef(feed, 1, "append", AS_OF - timedelta(days=days_ago))


def test_a_feed_is_fresh_up_to_and_including_its_last_day(policy: Policy) -> None:
    for days, fresh in ((75, True), (76, False)):
        state = freshness((sent("wages", days),), policy, as_of=AS_OF)["wages"]
        assert (state.fresh, state.days) == (fresh, days)


def test_a_held_delivery_let_in_late_is_as_old_as_its_arrival(policy: Policy) -> None:
    late = replace(sent("wages", 1), received_on=AS_OF - timedelta(days=76))
    state = freshness((late,), policy, as_of=AS_OF)["wages"]
    assert (state.fresh, state.days) == (False, 76)
    known_later = replace(sent("wages", 76), received_on=AS_OF)
    assert freshness((known_later,), policy, as_of=AS_OF)["wages"].days == 76


def test_a_feed_of_events_never_turns_stale_but_is_unknown_before_its_first_delivery(policy: Policy) -> None:
    assert freshness((sent("disasters", 900),), policy, as_of=AS_OF)["disasters"].fresh
    never = freshness((), policy, as_of=AS_OF)["disasters"]
    assert (never.fresh, never.never, never.days) == (False, True, None)


def test_what_came_after_the_date_does_not_make_a_feed_fresh(policy: Policy) -> None:
    state = freshness((sent("wages", 76), sent("wages", -1)), policy, as_of=AS_OF)["wages"]
    assert state == FeedState(AS_OF - timedelta(days=76), 76, fresh=False)


def test_an_indicator_reads_the_feeds_of_all_that_it_is_computed_from(policy: Policy) -> None:
    assert feeds_of(policy, "severe_disability_jobless") == {"disability_certificates", "social_insurance"}
    assert feeds_of(policy, "wages_mean_3m") == {"wages"}
    assert feeds_of(policy, "payments_after_death") == {"benefit_payments", "deaths"}
    assert feeds_of(policy, "lone_elder") == {"deaths"}
    assert feeds_of(policy, "elders_80") == feeds_of(policy, "category") == frozenset()


def test_a_stale_feed_makes_its_indicators_unknown_for_everybody_and_no_others(
    view: View, policy: Policy, town: WorldLake
) -> None:
    later = AS_OF + timedelta(days=60)
    with opened(town.lake, policy, town.known(later)) as stale:
        table = compute(stale, policy, as_of=later)
    assert table["medical_self_pay_12m"].isna().all()
    assert table["earner_died"].isna().all()
    assert table["private_cars"].notna().all()
    assert compute(view, policy, as_of=AS_OF)["medical_self_pay_12m"].notna().all()


def test_every_indicator_is_a_column_even_when_nothing_was_ever_delivered(policy: Policy, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "empty")
    with opened(lake, policy, ()) as nothing:
        table = compute(nothing, policy, as_of=AS_OF)
        assert list(compute_chunks(nothing, policy, as_of=AS_OF)) == []
    assert len(table) == 0
    assert set(policy.indicators) <= set(table.columns)
    assert table.index.name == "household_key"


def test_a_view_that_knows_more_than_the_date_is_refused(view: View, policy: Policy) -> None:
    with pytest.raises(ValueError, match="not known"):
        compute(view, policy, as_of=date(2026, 3, 10))


def test_rows_stand_in_the_order_of_county_and_household_and_the_head_speaks(view: View, policy: Policy) -> None:
    table = compute(view, policy, as_of=AS_OF)
    assert table[["county", "town"]].to_numpy().tolist() == [
        ["340202", "340202001"], ["340202", "340202001"], ["340281", "340281100"],
    ]  # fmt: skip
    assert table.index.tolist() == [2, 3, 1]
    assert table["yearly_income"].tolist() == [3600.0, 3600.0, 7200.0]
    assert table["members_living"].tolist() == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("region", ["340202", "340202000000", "340202001000", "340281100001", "34", "110000000000"])
def test_a_region_gives_exactly_its_rows_of_the_whole_table(view: View, policy: Policy, region: str) -> None:
    whole = compute(view, policy, as_of=AS_OF)
    prefix = region.rstrip("0") if region != "340202001000" else "340202001"
    pd.testing.assert_frame_equal(
        compute(view, policy, as_of=AS_OF, region=region), whole[whole["region"].str.startswith(prefix)]
    )


def test_asking_for_some_households_gives_exactly_their_rows(view: View, policy: Policy) -> None:
    whole = compute(view, policy, as_of=AS_OF)
    pd.testing.assert_frame_equal(compute(view, policy, as_of=AS_OF, households=[1, 3]), whole.loc[[3, 1]])


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_chunks_put_together_are_the_whole_table(view: View, policy: Policy, rows: int) -> None:
    chunks = list(compute_chunks(view, policy, as_of=AS_OF, rows=rows))
    assert [len(chunk) for chunk in chunks] == {1: [1, 1, 1], 2: [2, 1], 100: [3]}[rows]
    pd.testing.assert_frame_equal(pd.concat(chunks), compute(view, policy, as_of=AS_OF))


def test_a_sum_of_fractions_is_the_same_in_whatever_order_they_came(policy: Policy, tmp_path: Path) -> None:
    usages = [0.1, 0.7, 1e6 + 0.3, 0.2, 3.3, 0.4]
    month = date(2026, 2, 1)
    found = []
    for place, order in enumerate((usages, usages[::-1])):
        world_lake = WorldLake(Lake(tmp_path / str(place)), policy.feeds)
        world_lake.extend(list(_town())[:1])
        rows = [{"account_no": str(n), "id_no": "A1", "month": month, "kind": "electricity", "usage": usage,
                 "arrears_months": 0} for n, usage in enumerate(order)]  # fmt: skip
        for row in rows:
            world_lake.add(oracle.Delivery("utilities", AS_OF, "append", [row]))
        with opened(world_lake.lake, policy, world_lake.manifest) as some:
            found.append(compute(some, policy, as_of=AS_OF).loc[1, "electricity_used_3m"])
    assert found[0] == found[1] == 1000005.0


def test_evidence_shows_the_rows_of_the_member_who_makes_the_value(view: View, policy: Policy) -> None:
    rows = evidence(view, policy, as_of=AS_OF, indicator="medical_self_pay_12m", households=[1])
    assert rows[["person_key", "seq", "row_no", "amount"]].to_numpy().tolist() == [[1, 2, 0, 4000.0], [1, 2, 1, 1500.5]]
    assert rows["happened_on"].tolist() == [date(2026, 1, 5), date(2026, 2, 5)]
    assert set(rows["feed"]) == {"medical_settlements"}


def test_evidence_is_cut_at_the_weightiest_rows(view: View, policy: Policy) -> None:
    rows = evidence(view, policy, as_of=AS_OF, indicator="medical_self_pay_household_12m", households=[1, 2], most=1)
    assert rows[["household_key", "amount"]].to_numpy().tolist() == [[1, 4000.0]]


def test_a_value_of_ages_and_deaths_alone_is_shown_by_the_register_and_the_death(view: View, policy: Policy) -> None:
    elder = evidence(view, policy, as_of=AS_OF, indicator="lone_elder", households=[2])
    assert elder[["person_key", "feed"]].to_numpy().tolist() == [[3, "household_register"]]
    died = evidence(view, policy, as_of=AS_OF, indicator="earners_died_90d", households=[3])
    assert died[["person_key", "feed", "happened_on"]].to_numpy().tolist() == [[4, "deaths", date(2026, 3, 1)]]


def test_an_unknown_indicator_and_a_register_column_show_no_rows(view: View, policy: Policy) -> None:
    for name in ("wages_3m", "category"):
        assert len(evidence(view, policy, as_of=AS_OF, indicator=name, households=[1, 2, 3])) == 0


def test_evidence_asked_between_two_chunks_does_not_disturb_them(view: View, policy: Policy) -> None:
    whole = compute(view, policy, as_of=AS_OF)
    chunks = []
    for chunk in compute_chunks(view, policy, as_of=AS_OF, rows=1):
        chunks.append(chunk)
        evidence(view, policy, as_of=AS_OF, indicator="medical_self_pay_12m", households=chunk.index.to_numpy())
    pd.testing.assert_frame_equal(pd.concat(chunks), whole)


def test_evidence_of_households_at_hand_and_of_others_is_what_it_is_without(
    town: WorldLake, view: View, policy: Policy
) -> None:
    def rows(view: View, households: list[int]) -> pd.DataFrame:
        return evidence(view, policy, as_of=AS_OF, indicator="medical_self_pay_household_12m", households=households)

    with opened(town.lake, policy, town.manifest) as fresh:
        compute(fresh, policy, as_of=AS_OF)
        draw_near(fresh, as_of=AS_OF, households=[2, 1])
        at_hand = {row[0] for row in fresh.query("SELECT household_key FROM near_members").to_pandas().to_numpy()}
        assert at_hand == {1, 2}
        for asked in ([1], [2, 1], [3], [1, 3], []):
            pd.testing.assert_frame_equal(rows(fresh, asked), rows(view, asked))
        compute(fresh, policy, as_of=AS_OF, households=[3])
        pd.testing.assert_frame_equal(rows(fresh, [3, 1]), rows(view, [3, 1]))


def test_what_is_said_of_each_member_can_be_seen(view: View, policy: Policy) -> None:
    values = member_values(view, policy, as_of=AS_OF, indicator="medical_self_pay_12m", households=[1])
    assert [(row.person_key, float(row.value)) for row in values.itertuples()] == [(1, 5500.5), (2, 0.0)]
    with pytest.raises(ValueError, match="household"):
        member_values(view, policy, as_of=AS_OF, indicator="wages_mean_3m", households=[1])


def test_rows_that_a_withdrawal_took_away_are_told_from_those_that_stand(view: View) -> None:
    assert withdrawn(view, "medical_settlements", [(2, 2), (2, 0)]) == {(2, 2)}
    assert withdrawn(view, "medical_settlements", []) == set()
    assert withdrawn(view, "vehicles", [(3, 0)]) == set()


def test_the_manifest_names_committed_deliveries_known_by_the_date(session: Session) -> None:
    def delivery(seq: int | None, status: str, known_on: date | None, **counts: int) -> Delivery:
        return Delivery(feed="wages", seq=seq, status=status, known_on=known_on, mode="append", file_name="f",
                        sha256="0" * 64, received_on=known_on or AS_OF, **counts)  # fmt: skip

    session.add_all([
        delivery(2, "committed", AS_OF, facts=3, gone=1), delivery(1, "committed", AS_OF - timedelta(days=9), facts=0),
        delivery(None, "held", None), delivery(3, "committed", AS_OF + timedelta(days=1), facts=1),
    ])  # fmt: skip
    session.flush()
    assert manifest(session, as_of=AS_OF) == (
        DeliveryRef(
            "wages",
            1,
            "append",
            AS_OF - timedelta(days=9),
            has_facts=False,
            has_gone=False,
            received_on=AS_OF - timedelta(days=9),
        ),
        DeliveryRef("wages", 2, "append", AS_OF, has_facts=True, has_gone=True, received_on=AS_OF),
    )


def test_a_plan_is_made_once_for_a_view_and_anew_for_another_date_or_policy(town: WorldLake, policy: Policy) -> None:
    with opened(town.lake, policy, town.known(AS_OF)) as some:
        plan = open_plan(some, policy, as_of=AS_OF)
        assert open_plan(some, policy, as_of=AS_OF) is plan
        assert open_plan(some, load(AS_OF), as_of=AS_OF).policy is not policy
        assert open_plan(some, policy, as_of=AS_OF + timedelta(days=1)).as_of == AS_OF + timedelta(days=1)
        with pytest.raises(ValueError, match="were not known on"):
            open_plan(some, policy, as_of=AS_OF - timedelta(days=365))


def plan_with_everything_fresh(policy: Policy, *, stale: frozenset[str] = frozenset()) -> Plan:
    states = {feed: FeedState(AS_OF, 0, fresh=feed not in stale) for feed in policy.feeds}
    return Plan(policy, states, AS_OF)


def statements(plan: Plan) -> Iterator[str]:
    yield sql.everyone(as_of=AS_OF, register="r", deaths="d", asked="a")
    yield sql.households(everyone="everyone", register="r", region="34")
    yield sql.members(everyone="everyone", households="households")
    yield sql.standing_facts("f", "g")
    for group in plan.groups:
        yield group.of_person(group.source(group.feed, members="members", within="members"))
        yield group.of_household(f"person_{group.name}")
    for derived in plan.derived:
        yield plan.rolled_up(derived)


def test_every_statement_is_carried_to_spark_and_uses_only_what_is_proven_equal_there(policy: Policy) -> None:
    seen = set()
    for statement in statements(plan_with_everything_fresh(policy)):
        assert sqlglot.parse_one(sql.carried(statement, to="spark"), dialect="spark")
        tree = sqlglot.parse_one(statement, dialect="duckdb")
        seen |= {type(node).__name__.lower() for node in tree.find_all(exp.Func)}
        assert not list(tree.find_all(exp.Anonymous))
    assert seen <= PROVEN


@pytest.mark.parametrize("seed", range(3))
def test_a_computed_page_says_the_same_whether_asked_of_everybody_or_of_its_drivers(
    policy: Policy, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    as_of, deliveries = world(Random(seed))
    small = WorldLake(Lake(tmp_path_factory.mktemp("drivers")), policy.feeds).extend(deliveries)
    with opened(small.lake, policy, small.known(as_of)) as some:
        plan = prepare(some, policy, as_of=as_of)
        for group in plan.groups:
            source = group.source(some.facts(group.feed), members="members", within=None)
            some.engine.keep(f"person_{group.name}", group.of_person(source))
        for derived in plan.derived:
            names = [page.name for page in derived.pages]
            driven = some.query(plan.rolled_up(derived)).to_pandas().set_index("place")[names]
            asked = some.query(plan.rolled_up(replace(derived, drivers=()))).to_pandas().set_index("place")[names]
            pd.testing.assert_frame_equal(driven.astype(float).reindex(asked.index, fill_value=0), asked.astype(float))


def test_a_computed_page_is_driven_by_the_feed_without_which_it_is_false(policy: Policy) -> None:
    def drivers(plan: Plan, page: str) -> list[str]:
        found = [derived for derived in plan.derived if page in {p.name for p in derived.pages}]
        return [group.feed for group in found[0].drivers]

    fresh = plan_with_everything_fresh(policy)
    assert drivers(fresh, "severe_disability_jobless") == ["disability_certificates"]
    assert drivers(fresh, "able_workers") == drivers(fresh, "children") == []
    stale = plan_with_everything_fresh(policy, stale=frozenset({"disability_certificates"}))
    assert drivers(stale, "severe_disability_jobless") == []


@given(st.sampled_from(EDGES), st.dates(date(2023, 1, 1), date(2027, 12, 31)))
def test_twelve_months_are_the_contracts_twelve_months(back: int, as_of: date) -> None:
    span = span_of(Window("months", 12), "x", as_of)
    day = as_of - timedelta(days=back)
    assert (span.since <= day <= span.until) == (oracle.year_before(as_of) < day <= as_of)


@given(st.integers(0, 20), st.integers(0, 20), st.dates(date(2023, 1, 1), date(2027, 12, 31)))
def test_full_months_count_back_from_the_last_full_month(first: int, more: int, as_of: date) -> None:
    span = span_of(Window("full_months", first, first + more), "x", as_of)
    number = oracle.month_number(as_of) - 1
    assert oracle.month_number(span.until) == number - first
    assert oracle.month_number(span.since) == number - first - more
    assert span.since.day == 1
    assert (span.until + timedelta(days=1)).day == 1


def test_days_back_and_days_ahead_have_as_many_days_as_they_say() -> None:
    back, ahead = span_of(Window("days", 90), "x", AS_OF), span_of(Window("next_days", 30), "x", AS_OF)
    assert (back.since, back.until) == (AS_OF - timedelta(days=89), AS_OF)
    assert (ahead.since, ahead.until) == (AS_OF + timedelta(days=1), AS_OF + timedelta(days=30))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [(date(2024, 2, 29), 12, date(2023, 2, 28)), (date(2026, 3, 31), 1, date(2026, 2, 28)),
     (date(2026, 1, 31), 1, date(2025, 12, 31)), (date(2026, 2, 28), -1, date(2026, 3, 28))],
)  # fmt: skip
def test_a_month_back_from_a_long_month_is_the_last_day_of_a_short_one(day: date, months: int, expected: date) -> None:
    assert months_before(day, months) == expected


@pytest.mark.parametrize(
    ("day", "this_term", "last_term"),
    [(date(2025, 9, 1), "2025-2026-1", "2024-2025-2"), (date(2026, 1, 31), "2025-2026-1", "2024-2025-2"),
     (date(2026, 2, 1), "2025-2026-2", "2025-2026-1"), (date(2026, 8, 31), "2025-2026-2", "2025-2026-1")],
)  # fmt: skip
def test_a_term_changes_in_february_and_in_september(day: date, this_term: str, last_term: str) -> None:
    said = constants(day)
    assert (said["this_term"], said["last_term"]) == (this_term, last_term)
    assert said["month_now"] == day.replace(day=1)


@settings(max_examples=5)
@given(st.integers(0, 1000))
def test_the_same_deliveries_give_the_same_table_on_one_thread_and_on_two(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    as_of, deliveries = world(Random(seed))
    policy = load(as_of)
    small = WorldLake(Lake(tmp_path_factory.mktemp("threads")), policy.feeds).extend(deliveries)
    tables = []
    for threads in (1, 2):
        with opened(Lake(small.lake.root, threads=threads), policy, small.known(as_of)) as some:
            tables.append(compute(some, policy, as_of=as_of))
    pd.testing.assert_frame_equal(*tables)
