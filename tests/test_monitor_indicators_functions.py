"""Each function, roll-up and kind of expression a page may use, on pages written for the test."""

import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import oracle
import pandas as pd
import pytest
from policy_packs import shipped_pack
from world_lake import WorldLake

from monitor.indicators import compute, evidence, opened
from monitor.lake import Lake, View
from monitor.policy import HERE, Policy, load
from monitor.policy.language import PolicyError

AS_OF = date(2026, 3, 31)
HEAD = "description: {zh: 试, en: tried}\n"
PAGES = {
    "tried_months": "unit: months\nfeed: wages\nvalue: count_distinct(month)\nhousehold: sum",
    "tried_any": "unit: flag\nfeed: wages\nvalue: any(gross_wage > 1000)\nhousehold: any",
    "tried_least": "unit: yuan\nfeed: wages\nvalue: min(gross_wage)\nhousehold: min",
    "tried_latest": "unit: yuan\nfeed: wages\nvalue: latest(gross_wage, month)\nwindow: 24 months\nhousehold: max",
    "tried_this_year": "unit: times\nfeed: medical_enrolments\nwhere: year = this_year\nvalue: count()\nhousehold: sum",
    "tried_twice": "unit: persons\nlevel: member\ncompute: tried_rich and tried_any\nhousehold: count",
    "tried_rich": "unit: flag\nlevel: member\ncompute: tried_latest >= 1000\nhousehold: any",
    "tried_oldest": "unit: years\nlevel: member\ncompute: age\nhousehold: max",
    "tried_women": "unit: persons\nlevel: member\ncompute: sex = '2' and as_of >= birth_on\nhousehold: count",
    "tried_poor": "unit: flag\nlevel: household\ncompute: category in ('dibao') and yearly_income < 5000",
    "tried_above": "unit: flag\nlevel: household\ncompute: tried_poor and tried_any",
    "tried_share": "unit: share\nlevel: household\ncompute: tried_latest / (members_living - 1)",
}


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    root = tmp_path_factory.mktemp("pack")
    for folder in ("feeds", "indicators", "parameters", "rules", "scores", "calendar"):
        shutil.copytree(HERE / folder, root / folder)
    for name, text in PAGES.items():
        (root / "indicators" / f"{name}.yaml").write_text(HEAD + text + "\n", encoding="utf-8")
    return load(AS_OF, root=root)


def deliveries() -> Iterator[oracle.Delivery]:
    def row(household: str, key: str, birth: date | None, sex: str) -> oracle.Row:
        return {"household_id": household, "id_no": key, "relation": "20", "sex": sex, "birth_on": birth,
                "region": "340202001001", "category": "dibao", "monthly_income_per_head": Decimal(200)}  # fmt: skip

    def wage(key: str, month: int, amount: str) -> oracle.Row:
        return {"id_no": key, "month": date(2026, month, 1), "gross_wage": Decimal(amount)}

    yield oracle.Delivery("household_register", AS_OF, "full", [
        row("A", "A1", date(1980, 1, 1), "2"), row("A", "A2", date(1990, 1, 1), "1"), row("B", "B1", None, "2"),
    ])  # fmt: skip
    yield oracle.Delivery("wages", AS_OF, "append", [
        wage("A1", 1, "1500"), wage("A1", 2, "900.5"), wage("A2", 2, "1000"), wage("A2", 3, "700"),
    ])  # fmt: skip
    yield oracle.Delivery("medical_enrolments", AS_OF, "append", [
        {"id_no": "A1", "year": 2026, "status": "active", "payer": "self"},
        {"id_no": "A1", "year": 2025, "status": "active", "payer": "self"},
    ])  # fmt: skip


@pytest.fixture(scope="module")
def view(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[View]:
    world = WorldLake(Lake(tmp_path_factory.mktemp("tried")), policy.feeds).extend(deliveries())
    with opened(world.lake, policy, world.manifest) as found:
        yield found


@pytest.fixture(scope="module")
def table(view: View, policy: Policy) -> pd.DataFrame:
    return compute(view, policy, as_of=AS_OF)


@pytest.mark.parametrize(
    ("page", "of_two", "of_nobody_known"),
    [
        ("tried_months", 4.0, 0.0),
        ("tried_any", True, False),
        ("tried_least", 700.0, None),
        ("tried_latest", 900.5, 0.0),
        ("tried_this_year", 1.0, 0.0),
        ("tried_rich", False, False),
        ("tried_twice", 0.0, 0.0),
        ("tried_oldest", 46.0, None),
        ("tried_women", 1.0, None),
        ("tried_poor", True, True),
        ("tried_above", True, False),
        ("tried_share", 900.5, None),
    ],
)
def test_a_function_says_this_of_two_members_and_that_of_one_of_whom_nothing_is_known(
    table: pd.DataFrame, page: str, of_two: object, of_nobody_known: object
) -> None:
    assert [None if pd.isna(value) else value for value in table[page]] == [of_two, of_nobody_known]


def test_the_rows_behind_a_flag_are_those_that_make_it_true(view: View, policy: Policy) -> None:
    rows = evidence(view, policy, as_of=AS_OF, indicator="tried_any", households=[1])
    assert rows[["person_key", "happened_on"]].to_numpy().tolist() == [[1, date(2026, 1, 1)]]


def test_what_is_said_of_the_registers_columns_alone_is_shown_by_the_register(view: View, policy: Policy) -> None:
    rows = evidence(view, policy, as_of=AS_OF, indicator="tried_poor", households=[1])
    assert rows[["person_key", "feed"]].to_numpy().tolist() == [[1, "household_register"], [2, "household_register"]]


def test_a_limit_has_no_place_in_an_indicator(tmp_path: Path) -> None:
    page, new = "indicators/elders_80.yaml", "compute: age >= parameter(medical.self_pay_limit)"
    root = shipped_pack(tmp_path, page=page, old="compute: age >= 80", new=new)
    with pytest.raises(PolicyError, match=r"elders_80.yaml:4:17 .* limits belong in rules"):
        load(AS_OF, root=root)


def test_the_row_behind_a_latest_value_is_the_latest_row_of_the_member_who_has_it(view: View, policy: Policy) -> None:
    rows = evidence(view, policy, as_of=AS_OF, indicator="tried_latest", households=[1])
    assert rows[["person_key", "amount"]].to_numpy().tolist() == [[1, 900.5]]


def test_the_rows_behind_a_payment_after_death_are_asked_of_the_dead(
    policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> None:
    paid = {"id_no": "A1", "program": "dibao", "amount": Decimal(500), "result": "paid"}
    world = WorldLake(Lake(tmp_path_factory.mktemp("paid")), policy.feeds).extend(list(deliveries())[:1])
    world.add(oracle.Delivery("deaths", AS_OF, "append", [{"id_no": "A1", "died_on": date(2026, 1, 9)}]))
    rows = [{**paid, "payment_id": str(month), "month": date(2026, month, 1)} for month in (2, 3)]
    world.add(oracle.Delivery("benefit_payments", AS_OF, "append", rows))
    with opened(world.lake, policy, world.manifest) as found:
        shown = evidence(found, policy, as_of=AS_OF, indicator="payments_after_death", households=[1])
    assert shown[["person_key", "row_no", "amount"]].to_numpy().tolist() == [[1, 1, 500.0]]
