"""Every page that speaks from facts, on one city where each case has a household of its own."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import oracle
import pandas as pd
import pytest
from world_lake import WorldLake

from monitor.indicators import compute, feeds_of, opened
from monitor.lake import Lake
from monitor.policy import Policy, load

AS_OF = date(2026, 4, 15)
ADULT, CHILD, ELDER = date(1986, 1, 1), date(2016, 1, 1), date(1940, 1, 1)
DEAD_KEYS = ("accident_id", "account_no", "certificate_no", "change_id", "credit_code", "decision_no", "diagnosis_id",
             "event_id", "house_no", "payment_id", "plate_no", "record_no", "registration_id", "settlement_id",
             "ticket_no", "unit_no")  # fmt: skip
Fact = tuple[str, dict[str, Any]]
Person = tuple[date, list[Fact]]


def m(month: int, year: int = 2026) -> date:
    return date(year, month, 1)


def person(birth: date, *facts: Fact) -> Person:
    return birth, list(facts)


def settled(on: date, self_pay: str, kind: str = "outpatient", *, cancelled: bool = False) -> Fact:
    return "medical_settlements", {
        "settled_on": on, "self_pay": Decimal(self_pay), "kind": kind, "cancelled": cancelled,
    }  # fmt: skip


def certificate(degree: str, kind: str = "4", *, issued: date = date(2020, 1, 1), status: str = "active") -> Fact:
    return "disability_certificates", {"degree": degree, "kind": kind, "issued_on": issued, "status": status}


def paid(month: date, program: str = "dibao", result: str = "paid") -> Fact:
    return "benefit_payments", {"month": month, "program": program, "amount": Decimal(500), "result": result}


def aided(term: str, stage: str, fees: str, aid: str | None) -> Fact:
    given = None if aid is None else Decimal(aid)
    return "education_aid", {"term": term, "stage": stage, "fees": Decimal(fees), "aid": given}


def unemployed(registered: date, *, until: date | None = None, back: date | None = None) -> Fact:
    return "unemployment_registrations", {
        "registered_on": registered, "benefit_until": until, "reemployed_on": back, "status": "unemployed",
    }  # fmt: skip


def accident(on: date, kind: str, *, injury: str = "none", level: int | None = None, loss: str = "0") -> Fact:
    return "accidents", {
        "happened_on": on, "kind": kind, "injury": injury, "injury_level": level, "loss_yuan": Decimal(loss),
    }  # fmt: skip


def detained(on: date, released: date | None = None) -> Fact:
    return "detentions", {"kind": "prison", "detained_on": on, "released_on": released}


def decided(on: date, program: str, decision: str, until: date | None = None) -> Fact:
    return "assistance_decisions", {
        "decided_on": on, "program": program, "decision": decision, "valid_until": until,
    }  # fmt: skip


def listed(feed: str, on: str, day: date, removed: date | None = None, **more: Any) -> Fact:
    return feed, {on: day, "removed_on": removed, **more}


def metered(month: date, kind: str, usage: float, arrears: int = 0) -> Fact:
    return "utilities", {"month": month, "kind": kind, "usage": usage, "arrears_months": arrears}


def owned(feed: str, **said: Any) -> Fact:
    return feed, said


def dated(feed: str, column: str, day: date, **said: Any) -> Fact:
    return feed, {column: day, **said}


def money(feed: str, month: date, **amounts: str) -> Fact:
    return feed, {"month": month, **{name: Decimal(amount) for name, amount in amounts.items()}}


DIED = ("deaths", {"died_on": date(2026, 1, 20), "reported_by": "police"})
CASES: dict[str, tuple[list[Person], dict[str, object]]] = {
    "self-pay of two members, a refund, a cancelled row, the day outside the window": (
        [
            person(ADULT, settled(date(2025, 4, 16), "700"), settled(date(2025, 4, 15), "9000")),
            person(ELDER, settled(AS_OF, "1000.10"), settled(date(2026, 1, 15), "-0.10"),
                   settled(AS_OF, "50", cancelled=True), settled(date(2026, 1, 16), "1")),
        ],
        {"medical_self_pay_12m": 1001.0, "medical_self_pay_household_12m": 1701.0,
         "medical_self_pay_household_3m": 1001.1},
    ),
    "a refund alone does not make the household's highest less than the member who paid nothing": (
        [person(ADULT, settled(AS_OF, "-40")), person(CHILD)],
        {"medical_self_pay_12m": 0.0, "medical_self_pay_household_12m": -40.0, "costliest_admission_12m": 0.0},
    ),
    "a refund of the only member is what it is": (
        [person(ADULT, settled(AS_OF, "-40"))],
        {"medical_self_pay_12m": -40.0},
    ),
    "an inpatient stay and chronic treatment by month": (
        [person(ADULT, settled(date(2026, 3, 1), "100", "chronic"), settled(date(2026, 2, 28), "30", "chronic"),
                settled(date(2026, 3, 31), "20000", "inpatient"), settled(date(2026, 4, 1), "7", "chronic"))],
        {"chronic_self_pay_last_month": 100.0, "chronic_self_pay_month_before": 30.0,
         "costliest_admission_12m": 20000.0},
    ),
    "serious diseases, new and cured": (
        [person(ADULT, dated("serious_diseases", "diagnosed_on", date(2026, 1, 16), cured_on=None),
                dated("serious_diseases", "diagnosed_on", date(2026, 1, 17), cured_on=None)),
         person(ELDER, dated("serious_diseases", "diagnosed_on", date(2026, 1, 15), cured_on=AS_OF))],
        {"serious_diseases_new_90d": 1.0, "serious_disease_members": 1.0},
    ),
    "enrolment in medical insurance": (
        [person(ADULT, ("medical_enrolments", {"year": 2026, "status": "active", "payer": "self"})),
         person(ELDER, ("medical_enrolments", {"year": 2025, "status": "active", "payer": "subsidised"})),
         person(CHILD, ("medical_enrolments", {"year": 2026, "status": "stopped", "payer": "self"}))],
        {"insured_this_year": 1.0, "uninsured_members": 2.0, "self_paid_enrolments": 1.0},
    ),
    "disability of several kinds": (
        [person(ADULT, certificate("2", issued=date(2026, 1, 16))), person(ELDER, certificate("3", "6")),
         person(CHILD, certificate("3", "4")), person(ADULT, certificate("1", status="cancelled"))],
        {"severe_disability_new_90d": 1.0, "severe_disabled_members": 2.0, "disabled_members": 3.0,
         "cancelled_certificates": 1.0, "disability_ended_members": 1.0, "able_workers": 1.0, "caring_adults": 1.0,
         "severe_disability_jobless": True, "elders_65": 1.0, "elders_80": 1.0, "adults": 3.0, "children": 1.0,
         "dependants": 2.0},
    ),
    "subsidies, duplicate payments, payments by month": (
        [person(ADULT, paid(m(3)), paid(m(3), "tekun"), paid(m(2), "tekun"), paid(m(2), result="returned"),
                paid(m(3), "disability_living"), paid(m(2), "disability_nursing"), paid(m(1), "disability_living")),
         person(ELDER, paid(m(2)), paid(m(2)))],
        {"duplicate_payment_months": 1.0, "disability_subsidy_payments_2m": 2.0, "payments_last_month": 3.0,
         "dibao_payments_last_month": 1.0, "dibao_payments_month_before": 2.0, "tekun_payments_last_month": 1.0,
         "tekun_payments_month_before": 1.0},
    ),
    "contributions that stopped": (
        [person(ADULT, *(("social_insurance", {"month": m(x, 2025), "paid": True}) for x in range(7, 13)),
                ("social_insurance", {"month": m(3), "paid": False})),
         person(CHILD, *(("social_insurance", {"month": m(x, 2025), "paid": True}) for x in range(7, 13))),
         person(ELDER, ("social_insurance", {"month": m(3), "paid": True}))],
        {"insured_months_3m": 1.0, "insured_months_prior_12m": 6.0, "insured_months_6m": 3.0,
         "contribution_gap_members": 1.0, "insured_members_6m": 1.0},
    ),
    "wages of two members": (
        [person(ADULT, money("wages", m(3), gross_wage="100"), money("wages", m(12, 2025), gross_wage="2400")),
         person(ELDER, money("wages", m(1), gross_wage="200.01"), money("wages", m(1, 2025), gross_wage="1200"))],
        {"wages_3m": 300.01, "wages_mean_3m": 300.01 / 3, "wages_prior_12m": 3600.0, "wages_mean_prior_12m": 300.0},
    ),
    "unemployment": (
        [person(ADULT, unemployed(date(2026, 3, 16), until=date(2026, 3, 17))),
         person(ADULT, unemployed(date(2026, 3, 17), until=date(2026, 3, 16))),
         person(ADULT, unemployed(date(2025, 1, 1), until=AS_OF, back=AS_OF))],
        {"unemployment_open": 2.0, "unemployment_open_30d": 1.0, "unemployed_members": 1.0,
         "unemployment_benefit_ended_30d": 1.0},
    ),
    "migrant workers: only the latest record tells": (
        [person(ADULT, ("migrant_workers", {"month": m(3), "status": "returned"})),
         person(ADULT, ("migrant_workers", {"month": m(3), "status": "working"}),
                ("migrant_workers", {"month": m(2), "status": "returned"}))],
        {"returned_workers": 1.0},
    ),
    "pupils: only the latest term tells": (
        [person(CHILD, ("students", {"term": "2025-2026-1", "status": "dropped_out"}),
                ("students", {"term": "2025-2026-2", "status": "enrolled"})),
         person(CHILD, ("students", {"term": "2025-2026-1", "status": "dropped_out"})),
         person(ADULT, ("students", {"term": "2025-2026-1", "status": "dropped_out"}))],
        {"dropped_out_members": 2.0, "school_dropouts": 1.0},
    ),
    "students beyond compulsory school": (
        [person(date(2008, 1, 1), aided("2025-2026-2", "higher", "6000", "1000")),
         person(date(2009, 1, 1), aided("2024-2025-2", "senior", "9999", "0"),
                aided("2025-2026-1", "senior", "900", "0"),
                aided("2025-2026-2", "senior", "800", None)),
         person(CHILD, aided("2025-2026-2", "compulsory", "100", "50"))],
        {"education_fees_year": 6000.0, "education_aid_year": 1000.0, "education_cost_year": 5000.0,
         "college_terms": 1.0,
         "college_this_term": 1.0, "new_college_students": 1.0, "students_without_aid": 1.0,
         "students_beyond_compulsory": 2.0},
    ),
    "houses and disasters": (
        [person(ADULT,
                owned("housing_safety", level="D", only_home=True, repaired_on=None),
                owned("housing_safety", level="C", only_home=True, repaired_on=date(2026, 4, 16)),
                owned("housing_safety", level="C", only_home=True, repaired_on=AS_OF),
                owned("housing_safety", level="D", only_home=False, repaired_on=None),
                dated("disasters", "happened_on", date(2025, 4, 16), loss_yuan=Decimal("5000.01"), house_damage="none"),
                dated("disasters", "happened_on", AS_OF, loss_yuan=Decimal("0.99"), house_damage="collapsed"),
                dated("disasters", "happened_on", date(2025, 4, 15), loss_yuan=Decimal(9), house_damage="collapsed"))],
        {"dangerous_houses": 2.0, "disaster_loss_12m": 5001.0, "houses_collapsed_12m": 1.0},
    ),
    "accidents, those of a member who died of it included": (
        [person(ADULT, accident(date(2026, 1, 16), "traffic", injury="fatal"), DIED,
                accident(AS_OF, "work", level=6), accident(AS_OF, "fire", loss="100")),
         person(ADULT, accident(AS_OF, "work", level=6), accident(AS_OF, "fire", loss="20.5"),
                accident(date(2026, 1, 15), "traffic", injury="serious")),
         person(ADULT, accident(AS_OF, "work", level=7), accident(AS_OF, "traffic", injury="minor"))],
        {"serious_accidents_90d": 1.0, "injuries_90d": 1.0, "fire_loss_12m": 20.5, "earners_died_90d": 1.0,
         "earner_died": False},
    ),
    "an earner died and a child is left; money goes on being paid": (
        [person(ADULT, DIED, paid(m(2)), paid(m(3)), paid(m(4)), paid(m(3), result="returned")), person(CHILD)],
        {"earner_died": True, "earners_died_90d": 1.0, "payments_after_death": 2.0, "payments_last_month": 0.0,
         "members_living": 1.0, "members": 2.0, "lone_elder": False},
    ),
    "an elder alone": ([person(ELDER)], {"lone_elder": True, "elders_80": 1.0, "members_living": 1.0}),
    "nobody living is left": (
        [person(ADULT, DIED, settled(AS_OF, "5"))],
        {"members_living": 0.0, "medical_self_pay_12m": 0.0, "adults": 0.0, "severe_disability_jobless": False,
         "utility_arrears_months": 0.0},
    ),
    "detention, the whole month or part of it": (
        [person(ADULT, detained(m(3)), paid(m(3))), person(ADULT, detained(date(2026, 3, 2)), paid(m(3))),
         person(ADULT, detained(date(2026, 1, 1), m(4)), detained(date(2025, 1, 1), date(2026, 5, 1)), paid(m(3)))],
        {"detained_members": 3.0, "detained_workers": 3.0, "detained_whole_month": 2.0, "payments_while_detained": 2.0,
         "caring_adults": 0.0},
    ),
    "changes in the household": (
        [person(ADULT, dated("population_changes", "changed_on", AS_OF, change="born"),
                dated("population_changes", "changed_on", date(2026, 1, 15), change="moved_in"),
                dated("population_changes", "changed_on", date(2025, 6, 1), change="moved_out"),
                dated("marriages", "event_on", AS_OF, event="divorced"))],
        {"household_changes_90d": 1.0, "moved_out_members": 1.0, "marriages_90d": 1.0},
    ),
    "electricity, water and arrears": (
        [person(ELDER, metered(m(3), "electricity", 0.1), metered(m(2), "electricity", 0.2),
                metered(m(12, 2025), "electricity", 99), metered(m(3), "water", 5, 4))],
        {"electricity_used_3m": 0.3, "electricity_months_3m": 2.0, "electricity_mean_3m": 0.15,
         "utility_arrears_months": 4.0},
    ),
    "no meter of theirs: how much a month cannot be said": ([person(ADULT)], {"electricity_mean_3m": None}),
    "pleas, and the lists of other agencies": (
        [person(ADULT, dated("hotline_tickets", "created_on", AS_OF, kind="assistance", status="open"),
                dated("hotline_tickets", "created_on", AS_OF, kind="assistance", status="resolved"),
                listed("anti_poverty_register", "identified_on", AS_OF),
                listed("union_hardship", "listed_on", date(2025, 1, 1), AS_OF)),
         person(ADULT, listed("anti_poverty_register", "identified_on", date(2026, 4, 16)),
                listed("union_hardship", "listed_on", AS_OF, date(2026, 4, 16)))],
        {"hotline_pleas_90d": 1.0, "anti_poverty_open": 1.0, "union_hardship_listed": 1.0},
    ),
    "decisions on assistance": (
        [person(ADULT, decided(date(2024, 4, 16), "dibao", "exited"), decided(date(2024, 4, 15), "tekun", "exited"),
                decided(date(2025, 4, 16), "dibao", "rejected"), decided(date(2025, 12, 1), "rigid", "approved", AS_OF),
                decided(date(2026, 4, 5), "rigid", "approved", date(2026, 5, 15)),
                decided(date(2026, 4, 6), "rigid", "approved", date(2026, 5, 16))),
         person(ADULT, decided(date(2026, 1, 1), "dibao", "reviewed"))],
        {"assistance_exits_24m": 1.0, "assistance_rejections_12m": 1.0, "decisions_expiring_30d": 1.0,
         "days_since_decision": 9.0},
    ),
    "no decision at all: the days cannot be said": ([person(ADULT)], {"days_since_decision": None}),
    "property": (
        [person(ADULT, owned("vehicles", kind="car", use="private", status="active"),
                owned("vehicles", kind="car", use="commercial", status="active"),
                owned("vehicles", kind="car", use="private", status="sold"),
                owned("real_estate", use="residential", status="active", registered_on=date(2025, 4, 16)),
                owned("real_estate", use="residential", status="active", registered_on=date(2025, 4, 15)),
                owned("real_estate", use="shop", status="active", registered_on=AS_OF),
                owned("business_registrations", role="shareholder", status="active"),
                owned("business_registrations", role="manager", status="active")),
         person(ADULT, DIED, owned("real_estate", use="residential", status="active", registered_on=AS_OF))],
        {"private_cars": 1.0, "residential_units": 2.0, "homes_bought_12m": 1.0, "non_residential_units": 1.0,
         "active_businesses": 1.0},
    ),
    "money of several sorts; of deposits only the latest check counts": (
        [person(ADULT, dated("financial_assets", "checked_on", date(2026, 1, 1), balance=Decimal("90000.5")),
                dated("financial_assets", "checked_on", date(2025, 1, 1), balance=Decimal(1)),
                money("housing_fund", m(3), base="3000", amount="1"),
                money("housing_fund", m(1), base="3000.3", amount="1"),
                money("tax_incomes", m(4, 2025), amount="1200"), money("tax_incomes", m(3, 2025), amount="99")),
         person(ELDER, dated("financial_assets", "checked_on", date(2026, 2, 1), balance=Decimal(10)),
                ("pensions", {"month": m(3), "kind": "employee", "amount": Decimal(3000)}),
                ("pensions", {"month": m(2), "kind": "resident", "amount": Decimal(200)}))],
        {"financial_assets": 90010.5, "housing_fund_base_3m": 6000.3, "housing_fund_base_mean_3m": 6000.3 / 3,
         "taxed_income_12m": 1200.0, "taxed_income_mean_12m": 100.0, "pensions_3m": 3000.0, "pensions_mean_3m": 1000.0},
    ),
}  # fmt: skip


def city(policy: Policy) -> Iterator[oracle.Delivery]:
    """One register of all cases, then one delivery of each feed, all on the same day."""
    people = [
        (f"{household}/{number}", household, birth, facts)
        for household, (members, _) in CASES.items()
        for number, (birth, facts) in enumerate(members)
    ]
    register = [
        {"household_id": household, "id_no": key, "relation": "02", "sex": "1", "birth_on": birth,
         "region": "340202001001", "category": "dibao", "monthly_income_per_head": Decimal(500)}
        for key, household, birth, _ in people
    ]  # fmt: skip
    yield oracle.Delivery("household_register", AS_OF, "full", register)
    facts = [(feed, {"id_no": key, **said}) for key, _, _, rows in people for feed, said in rows]
    for feed, page in policy.feeds.items():
        if feed != "household_register":
            rows = [row for named, row in facts if named == feed]
            numbered = [dict.fromkeys(DEAD_KEYS, str(place)) | row for place, row in enumerate(rows)]
            yield oracle.Delivery(feed, AS_OF, page.mode, numbered)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load(AS_OF)


@pytest.fixture(scope="module")
def table(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    world = WorldLake(Lake(tmp_path_factory.mktemp("pages")), policy.feeds).extend(city(policy))
    with opened(world.lake, policy, world.manifest) as view:
        found = compute(view, policy, as_of=AS_OF)
    names = {number: name for name, number in world.households.items()}
    return found.rename(index=names)


@pytest.mark.parametrize("case", CASES)
def test_each_page_says_what_its_rows_mean(table: pd.DataFrame, case: str) -> None:
    said, expected = table.loc[case], CASES[case][1]
    found = {name: None if pd.isna(said[name]) else said[name] for name in expected}
    assert found == expected


def test_every_page_over_facts_is_in_some_case_with_a_value_that_is_not_nothing(policy: Policy) -> None:
    shown = {name for _, expected in CASES.values() for name, value in expected.items() if value}
    assert set(policy.indicators) - shown == set()


def test_where_nothing_was_sent_about_a_household_every_page_says_nothing(table: pd.DataFrame, policy: Policy) -> None:
    said = table.loc["an elder alone"]
    ages = {name for name in policy.indicators if not feeds_of(policy, name)}
    speaking = {name for name in policy.indicators if not pd.isna(said[name]) and bool(said[name])}
    assert speaking - ages == {"lone_elder", "uninsured_members", "caring_adults"}


def test_at_least_45_of_the_catalogues_67_indicators_have_a_page(policy: Policy) -> None:
    assert len({page.code for page in policy.indicators.values() if page.code}) >= 45


def test_the_oracle_and_the_feed_pages_agree_on_keys_modes_and_freshness(policy: Policy) -> None:
    assert {feed: policy.feeds[feed].key for feed in oracle.KEYS} == oracle.KEYS
    assert {feed: policy.feeds[feed].mode for feed in oracle.MODES} == oracle.MODES
    assert {feed: policy.feeds[feed].fresh_days for feed in oracle.FRESH_DAYS} == oracle.FRESH_DAYS
