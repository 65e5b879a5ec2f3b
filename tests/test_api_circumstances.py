"""成员情况 over HTTP: what agencies tell of each member, what their lists do not hold, and what nobody knows."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from desks import hire
from fastapi.testclient import TestClient
from installed import receive, receive_more
from oracle import Delivery
from sqlalchemy import select, update
from world_lake import WorldLake

from api.app import create_app
from monitor import database
from monitor.service import Service
from monitor.tables import Member, Person

PATH, HOME = "/api/v1/households/{}/circumstances", "H000001"
DAY = date(2026, 3, 31)
BIRTHS = ("1980-05-01", "2015-05-01", "1980-06-01", "1990-01-01")
HEAD, CHILD, DISABLED, NOBODY = (f"P{number}" for number in range(4))


def register(*also: dict[str, Any]) -> Delivery:
    rows = [
        {
            "household_id": HOME, "id_no": f"P{number}", "name": "某", "relation": "02" if number == 0 else "20",
            "sex": "1", "birth_on": date.fromisoformat(birth), "region": "340202001001", "category": "near_dibao",
            "monthly_income_per_head": Decimal(900), "phone": None,
        }
        for number, birth in enumerate(BIRTHS)
    ]  # fmt: skip
    return Delivery("household_register", date(2026, 1, 2), "full", [*rows, *also])


def certificate(
    number: str, kind: str, degree: str, issued: str, *, status: str = "active", who: str = DISABLED
) -> Any:
    return {
        "certificate_no": number, "id_no": who, "name": None, "kind": kind, "degree": degree,
        "issued_on": date.fromisoformat(issued), "status": status,
    }  # fmt: skip


def payment(number: str, month: str, yuan: int, *, program: str = "dibao", result: str = "paid") -> dict[str, Any]:
    return {
        "payment_id": number, "id_no": HEAD, "name": None, "month": date.fromisoformat(month), "program": program,
        "amount": Decimal(yuan), "result": result,
    }  # fmt: skip


def certificates(on: date, *rows: Any) -> Delivery:
    return Delivery("disability_certificates", on, "full", list(rows))


def paid(on: date, *rows: dict[str, Any]) -> Delivery:
    return Delivery("benefit_payments", on, "append", list(rows))


def schooled(on: date, *said: tuple[str, str]) -> Delivery:
    rows = [{"id_no": CHILD, "name": None, "term": term, "school": None, "status": status} for term, status in said]
    return Delivery("students", on, "append", rows)


@pytest.fixture
def world(service: Service) -> WorldLake:
    made = receive(service, [register()])
    with database.transaction(service.engine) as session:
        known = [made.people[one] for one in (HEAD, CHILD, DISABLED)]
        session.execute(update(Person).where(Person.id.in_(known)).values(id_no=b"sealed"))
        for number, birth in enumerate(BIRTHS):
            session.get_one(Person, made.people[f"P{number}"]).birth_on = date.fromisoformat(birth)
    return made


@pytest.fixture
def client(service: Service, world: WorldLake) -> Iterator[TestClient]:
    with TestClient(create_app(service)) as opened:
        opened.headers["Authorization"] = f"Bearer {hire(service, '主管', region='00')[1]}"
        yield opened


def asked(client: TestClient, on: date = DAY) -> Any:
    answer = client.get(PATH.format(HOME), params={"as_of": on.isoformat()})
    assert answer.status_code == 200, answer.text
    return answer.json()


def members(client: TestClient, on: date = DAY) -> list[Any]:
    return list(asked(client, on)["members"])


def told(member: Any, kind: str) -> list[Any]:
    return [
        ([word["zh"] for word in one["said"]], one["on"], one["amount"])
        for one in member["told"]
        if one["kind"] == kind
    ]


def test_before_anything_was_known_everything_is_unknown_and_nothing_is_none(
    client: TestClient, service: Service, world: WorldLake
) -> None:
    said = asked(client)
    assert [(one["place"], one["told"], one["silent"]) for one in said["members"]] == [
        (at, [], []) for at in (1, 2, 3, 4)
    ]
    assert [one["able"] for one in said["members"]] == [None, False, None, None], "a child is one whatever is not known"
    assert {(one["kind"], one["heard_on"], one["fresh"]) for one in said["heard"]} == {
        (kind, None, False) for kind in ("able", "disability", "school", "benefit")
    }
    receive_more(service, world, [paid(date(2026, 4, 3), payment("B1", "2026-03-01", 320))])
    assert [one["told"] for one in members(client)] == [[], [], [], []], "it came later"
    assert told(members(client, date(2026, 4, 4))[0], "benefit") == [(["低保"], "2026-03-01", 320.0)]


def test_each_member_is_told_of_with_source_and_day_and_a_list_without_them_is_not_a_no(
    client: TestClient, service: Service, world: WorldLake
) -> None:
    receive_more(service, world, [
        certificates(date(2026, 3, 1), certificate("C1", "4", "1", "2020-02-02"),
                     certificate("C2", "1", "4", "2021-02-02", status="cancelled")),
        schooled(date(2026, 3, 2), ("2025-2026-1", "enrolled"), ("2025-2026-2", "dropped_out")),
        paid(date(2026, 3, 3), payment("B1", "2026-01-01", 300), payment("B2", "2026-02-01", 320)),
    ])  # fmt: skip
    said = asked(client)
    head, child, disabled, nobody = said["members"]
    assert [one["able"] for one in said["members"]] == [True, False, False, None]
    assert told(disabled, "disability") == [(["肢体", "一级"], "2020-02-02", None)]
    assert told(child, "school") == [(["辍学", "2025-2026-2"], None, None)]
    assert told(head, "benefit") == [(["低保"], "2026-02-01", 320.0)]
    assert (head["silent"], child["silent"], disabled["silent"]) == (
        ["disability", "school"], ["disability", "benefit"], ["school", "benefit"],
    )  # fmt: skip
    assert (nobody["told"], nobody["silent"]) == ([], []), "without a whole number nobody is found on a list"
    english = [word["en"] for one in disabled["told"] for word in one["said"]]
    assert english == ["physical", "degree 1"]
    assert {(one["kind"], one["feed"], one["heard_on"], one["fresh"]) for one in said["heard"]} == {
        ("able", "disability_certificates", "2026-03-01", True),
        ("disability", "disability_certificates", "2026-03-01", True),
        ("school", "students", "2026-03-02", True),
        ("benefit", "benefit_payments", "2026-03-03", True),
    }


def test_what_is_stale_is_still_told_but_its_silence_says_nothing(
    client: TestClient, service: Service, world: WorldLake
) -> None:
    receive_more(service, world, [
        certificates(date(2026, 3, 1), certificate("C1", "4", "1", "2020-02-02")),
        paid(date(2026, 3, 3), payment("B1", "2026-02-01", 320)),
    ])  # fmt: skip
    late = DAY + timedelta(days=80)
    head, _, disabled, _ = members(client, late)
    assert told(disabled, "disability") == [(["肢体", "一级"], "2020-02-02", None)]
    assert told(head, "benefit") == [(["低保"], "2026-02-01", 320.0)]
    assert (head["silent"], disabled["silent"], head["able"]) == ([], [], None)
    assert {one["fresh"] for one in asked(client, late)["heard"]} == {False}


def test_the_newest_is_told_of_one_day_what_came_last_and_several_sums_of_a_month_are_one(
    client: TestClient, service: Service, world: WorldLake
) -> None:
    receive_more(service, world, [
        certificates(date(2026, 3, 1), certificate("C1", "4", "3", "2020-02-02"),
                     certificate("C2", "4", "2", "2020-02-02"), certificate("C3", "1", "4", "2001-01-01")),
        schooled(date(2026, 3, 2), ("2025-2026-1", "dropped_out")),
        schooled(date(2026, 3, 4), ("2025-2026-1", "enrolled")),
        paid(date(2026, 3, 3), payment("B1", "2026-02-01", 300), payment("B2", "2025-02-01", 99, program="elder"),
             payment("B3", "2026-02-01", 900, program="temporary", result="returned")),
        paid(date(2026, 3, 5), payment("B4", "2026-02-01", -20), payment("B5", "2026-01-01", 1)),
    ])  # fmt: skip
    head, child, disabled, _ = members(client)
    assert told(disabled, "disability") == [
        (["肢体", "二级"], "2020-02-02", None),
        (["视力", "四级"], "2001-01-01", None),
    ]
    assert told(child, "school") == [(["在读", "2025-2026-1"], None, None)]
    assert told(head, "benefit") == [(["低保"], "2026-02-01", 280.0)], "a year old, and given back: neither is received"


def test_members_stand_at_the_places_that_the_households_page_gives_them(
    client: TestClient, service: Service, world: WorldLake
) -> None:
    receive_more(service, world, [schooled(date(2026, 3, 2), ("2025-2026-1", "enrolled"))])
    with database.transaction(service.engine) as session:
        head = session.scalars(select(Member).where(Member.person_id == world.people[HEAD])).one()
        head.until_on = date(2026, 3, 15)
    page = client.get(f"/api/v1/households/{HOME}", params={"as_of": DAY.isoformat()}).json()
    here = members(client)
    assert [one["place"] for one in here] == [one["place"] for one in page["members"]] == [1, 2, 3]
    assert told(here[0], "school"), "the child has moved up to the first place"


def test_elsewhere_and_nowhere_are_the_same_answer_and_who_has_no_case_data_has_none_of_this(
    client: TestClient, service: Service
) -> None:
    client.headers["Authorization"] = f"Bearer {hire(service, '外县', region='340203')[1]}"
    hidden, absent = (client.get(PATH.format(number)) for number in (HOME, "H999999"))
    assert (hidden.status_code, hidden.content) == (404, absent.content)
    client.headers["Authorization"] = f"Bearer {hire(service, '审计', role='auditor', region='00')[1]}"
    assert client.get(PATH.format(HOME)).status_code == 403
