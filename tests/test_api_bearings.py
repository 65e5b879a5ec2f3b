"""What a screen takes its bearings by: the regions of the viewer, how the last night went, a household's months."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from desks import signed_in
from drops import drop, number, people
from fastapi.testclient import TestClient
from sqlalchemy import delete, insert, select, update

from monitor import database, feeds
from monitor.service import Service, today
from monitor.tables import Delivery, Household, Run, Scan, utc_now

TOLD_ON = today().replace(day=20)
THIS_MONTH = TOLD_ON.isoformat()[:7]


@pytest.fixture
def county(service: Service) -> Iterator[TestClient]:
    with signed_in(service, "黄审核", role="reviewer", region="340202") as client:
        yield client


def test_regions_begin_with_ones_own_and_go_down_a_level_at_a_time(service: Service, county: TestClient) -> None:
    said = county.get("/api/v1/regions").json()
    assert said["here"] == {"code": "340202", "name": "镜湖区", "level": "county", "leaf": not said["below"]}
    with signed_in(service, "陈主管", role="supervisor", region="00") as city:
        whole = city.get("/api/v1/regions").json()
    assert whole["here"]["code"] == "3402"
    assert "340202" in [one["code"] for one in whole["below"]]
    assert {one["level"] for one in whole["below"]} == {"county"}


@pytest.mark.parametrize("elsewhere", ["340203", "34", "999999", "000000000000"])
def test_regions_outside_ones_own_are_not_shown(county: TestClient, elsewhere: str) -> None:
    assert county.get("/api/v1/regions", params={"under": elsewhere}).json()["here"]["code"] == "340202"


def night(service: Service, *, scanned: bool, status: str) -> None:
    with database.transaction(service.engine) as session:
        if scanned:
            values = {"as_of": TOLD_ON, "policy_version": "1", "manifest": "m", "finished_at": utc_now()}
            session.execute(insert(Scan).values(**values))
        session.execute(insert(Run).values(id=uuid.uuid4(), job="scan", as_of=today(), status=status, problem="秘密"))


def test_before_the_first_night_there_is_nothing_to_show_and_nothing_failed(county: TestClient) -> None:
    said = county.get("/api/v1/night").json()
    assert said == {"as_of": None, "finished_at": None, "state": "done", "tried_as_of": None}


@pytest.mark.parametrize(
    ("status", "state"),
    [("done", "done"), ("done_with_quarantine", "done"), ("running", "running"), ("requested", "running"),
     ("failed", "failed"), ("held", "failed"), ("interrupted", "failed"), ("missed", "failed")],
)  # fmt: skip
def test_a_night_that_did_not_end_well_is_said_with_the_date_of_what_is_shown(
    service: Service, county: TestClient, status: str, state: str
) -> None:
    night(service, scanned=True, status=status)
    said = county.get("/api/v1/night")
    assert (said.json()["state"], said.json()["as_of"]) == (state, TOLD_ON.isoformat())
    assert said.json()["tried_as_of"] == today().isoformat()
    assert "秘密" not in said.text


def test_one_part_of_the_night_that_failed_is_a_night_that_failed(service: Service, county: TestClient) -> None:
    night(service, scanned=True, status="done")
    with database.transaction(service.engine) as session:
        part = {"job": "scan", "as_of": today(), "scope": "340202", "status": "failed"}
        session.execute(insert(Run).values(id=uuid.uuid4(), **part))
    assert county.get("/api/v1/night").json()["state"] == "failed"


@pytest.fixture
def home(service: Service, tmp_path: Path) -> str:
    """A household of two whose wages, pension, benefit and bill were told on the twentieth, and another."""
    deliveries = {
        "household_register": people(4, region="340202001001"),
        "wages": [{"id_no": number(0), "month": THIS_MONTH, "gross_wage": 3100, "employer": "X"}],
        "pensions": [{"id_no": number(1), "month": THIS_MONTH, "kind": "resident", "amount": 200}],
        "benefit_payments": [
            {"payment_id": f"P{place}", "id_no": number(0), "month": THIS_MONTH, "program": "dibao", "amount": 690,
             "result": result}
            for place, result in enumerate(("paid", "paid", "returned"))
        ],
        "medical_settlements": [
            {"settlement_id": f"S{place}", "id_no": number(0), "settled_on": f"{THIS_MONTH}-05", "kind": "inpatient",
             "self_pay": 1500, "cancelled": cancelled}
            for place, cancelled in enumerate(("N", "Y"))
        ],
    }  # fmt: skip
    for feed, rows in deliveries.items():
        drop(tmp_path / "in", feed, rows, day=TOLD_ON)
    received = feeds.ingest_folder(service, tmp_path / "in")
    assert {one.status for one in received} == {"committed"}, [one.problems for one in received]
    with database.transaction(service.engine) as session:
        session.execute(update(Household).values(county="340202"))
        return session.scalars(select(Household.household_no).order_by(Household.id)).first() or ""


def test_a_households_months_say_what_came_in_and_what_illness_cost(county: TestClient, home: str) -> None:
    said = county.get(f"/api/v1/households/{home}/months", params={"as_of": TOLD_ON.isoformat()}).json()
    assert len(said["months"]) == 12
    newest, before = said["months"][-1], said["months"][-2]
    assert newest["month"] == THIS_MONTH
    assert (newest["wages"], newest["benefits"], newest["medical"]) == (3100.0, 1380.0, 1500.0)
    assert (newest["income"], newest["spending"]) == (4680.0, 1500.0)
    assert (before["wages"], before["income"], before["spending"]) == (0.0, 0.0, 0.0)


def test_what_no_agency_has_told_yet_is_unknown_and_not_nothing(county: TestClient, home: str) -> None:
    later = TOLD_ON.replace(year=TOLD_ON.year + 1)
    last = county.get(f"/api/v1/households/{home}/months", params={"as_of": later.isoformat()}).json()["months"][-1]
    assert (last["wages"], last["income"], last["spending"]) == (None, None, None)


def test_a_month_that_is_not_over_when_the_agency_was_last_heard_of_is_no_zero(
    service: Service, county: TestClient, home: str
) -> None:
    with database.reading(service.engine) as session:
        numbers = select(Household.household_no).where(Household.household_no != home)
        other = session.scalars(numbers).one()
    said = county.get(f"/api/v1/households/{other}/months", params={"as_of": TOLD_ON.isoformat()}).json()["months"]
    assert [(one["wages"], one["income"], one["spending"]) for one in said[-2:]] == [(0, 0, 0), (None, None, None)]


def test_an_income_of_which_one_part_is_unknown_is_unknown(service: Service, county: TestClient, home: str) -> None:
    with database.transaction(service.engine) as session:
        session.execute(delete(Delivery).where(Delivery.feed == "pensions"))
    newest = county.get(f"/api/v1/households/{home}/months", params={"as_of": TOLD_ON.isoformat()}).json()["months"][-1]
    assert (newest["wages"], newest["pensions"], newest["benefits"]) == (3100.0, None, 1380.0)
    assert (newest["income"], newest["spending"]) == (None, 1500.0)


def test_the_months_of_a_household_elsewhere_do_not_exist(service: Service, home: str) -> None:
    with signed_in(service, "别处", region="340203") as other:
        assert other.get(f"/api/v1/households/{home}/months").status_code == 404
