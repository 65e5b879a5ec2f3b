"""Referrals: asked, taken, refused and ended by the department they went to, which sees nothing else."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from desks import OTHER_COUNTY, raised, signed_in, stored
from factories import FIRES
from fastapi.testclient import TestClient
from roles import as_application
from sqlalchemy import inspect, select, true

from monitor import database
from monitor.service import Service, today
from monitor.tables import AlertEvent, AuditEntry, Outbox, Referral

RED = {"illness": FIRES}
HEALTH, SCHOOLS = "县医保局", "县教育局"


def referred(client: TestClient, alert: uuid.UUID, department: str = HEALTH, version: int = 1) -> str:
    id_, due_on = str(uuid.uuid4()), str(today() + timedelta(days=5))
    body = {"id": id_, "code": "RF_MED", "department": department, "due_on": due_on, "note": "请核医疗救助"}
    path, headers = f"/api/v1/alerts/{alert}/referrals", {"If-Match": f'"{version}"'}
    answer = client.post(path, json=body, headers=headers)
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"'), answer.text
    return id_


def answered(client: TestClient, referral: str, act: str, version: int = 1, **more: str) -> Any:
    path, headers = f"/api/v1/referrals/{referral}/answers", {"If-Match": f'"{version}"'}
    return client.post(path, json={"act": act, **more}, headers=headers)


def clerk(service: Service, department: str = HEALTH, region: str = "340299") -> TestClient:
    return signed_in(service, f"{department}{region}", role="department", region=region, department=department)


def test_who_refers_is_told_which_departments_have_a_clerk_who_would_see_it(service: Service) -> None:
    lin, city = signed_in(service, "林干事"), signed_in(service, "主管", role="supervisor", region="3402")
    for department, region in ((HEALTH, "340299"), (SCHOOLS, OTHER_COUNTY[:6]), ("市残联", "3402")):
        clerk(service, department, region)
    assert lin.get("/api/v1/departments").json() == sorted([HEALTH, "市残联"])
    assert city.get("/api/v1/departments").json() == sorted([HEALTH, SCHOOLS, "市残联"])
    assert clerk(service, HEALTH, "340299001").get("/api/v1/departments").status_code == 403


def test_a_department_takes_what_it_was_asked_and_ends_it_with_a_receipt(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin, theirs = signed_in(service, "林干事"), clerk(service)
    referral = referred(lin, alert)
    (listed,) = theirs.get("/api/v1/referrals").json()
    assert (listed["id"], listed["status"], listed["version"]) == (referral, "sent", 1)
    shown = theirs.get(f"/api/v1/referrals/{referral}")
    assert shown.headers["ETag"] == '"1"'
    assert (shown.json()["name"], shown.json()["note"]) == ("王*", "请核医疗救助")
    assert answered(theirs, referral, "accept").json()["status"] == "accepted"
    assert answered(theirs, referral, "accept").json()["status"] == "accepted", "said again: nothing changes"
    assert answered(theirs, referral, "refuse", why="NE_PROG").status_code == 412
    assert answered(theirs, referral, "withdraw", 2, why="DUP").status_code == 403
    assert answered(theirs, referral, "finish", 2).status_code == 422
    done = answered(theirs, referral, "finish", 2, receipt_no="医救〔2026〕7号")
    assert (done.status_code, done.json()["receipt_no"], done.headers["ETag"]) == (200, "医救〔2026〕7号", '"3"')
    assert (theirs.get("/api/v1/referrals").json(), stored(service, alert).status) == ([], "open")
    with database.reading(service.engine) as session:
        last = session.scalars(select(AlertEvent).order_by(AlertEvent.id.desc()).limit(1)).one()
        told = session.scalars(select(Outbox.kind).where(Outbox.subject == referral).order_by(Outbox.id)).all()
        kept = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == referral)).all()
    assert (last.edge, last.role, last.by) == ("settle", "department", f"{HEALTH}340299")
    assert list(told) == ["referral_accepted", "referral_done"]
    assert list(kept) == ["referral.accepted", "referral.done"]


def test_what_a_department_refuses_comes_back_with_its_reason(service: Service) -> None:
    alert = raised(service, [RED])[0]
    lin, theirs = signed_in(service, "林干事"), clerk(service)
    referral = referred(lin, alert)
    assert answered(theirs, referral, "refuse").status_code == 422
    assert answered(theirs, referral, "refuse", why="NE_PROG").json()["refused_why"] == "NE_PROG"
    assert stored(service, alert).status == "open"
    assert lin.get(f"/api/v1/referrals/{referral}").json()["status"] == "refused"


def test_what_waits_for_one_alert_is_found_however_much_is_due_sooner(service: Service) -> None:
    alert, sooner = raised(service, [RED])[0], raised(service, [RED], start=2)[0]
    lin = signed_in(service, "林干事")
    latest, first = referred(lin, alert), referred(lin, sooner)
    with database.transaction(service.engine) as session:
        found = session.get_one(Referral, uuid.UUID(first))
        shape = {column.key: getattr(found, column.key) for column in inspect(Referral).column_attrs}
        early = shape["due_on"] - timedelta(days=1)
        session.add_all(Referral(**shape | {"id": uuid.uuid4(), "due_on": early}) for _ in range(200))
    assert latest not in [one["id"] for one in lin.get("/api/v1/referrals").json()]
    assert [one["id"] for one in lin.get("/api/v1/referrals", params={"alert": alert}).json()] == [latest]
    far = signed_in(service, "方干事", region="340203")
    assert far.get("/api/v1/referrals", params={"alert": alert}).json() == []


def test_a_department_sees_what_was_referred_to_it_where_it_works_and_nothing_else(service: Service) -> None:
    alert, far = raised(service, [RED])[0], raised(service, [RED], region=OTHER_COUNTY, start=2)[0]
    lin, fang = signed_in(service, "林干事"), signed_in(service, "方干事", region="340203")
    mine, theirs = referred(lin, alert), referred(lin, alert, SCHOOLS, 2)
    away = referred(fang, far)
    health, schools = clerk(service), clerk(service, SCHOOLS)
    assert [one["id"] for one in health.get("/api/v1/referrals").json()] == [mine]
    assert [one["id"] for one in schools.get("/api/v1/referrals").json()] == [theirs]
    absent = health.get(f"/api/v1/referrals/{uuid.uuid4()}")
    for other in (theirs, away):
        hidden = health.get(f"/api/v1/referrals/{other}")
        assert (hidden.status_code, hidden.content) == (404, absent.content)
        assert answered(health, other, "accept").status_code == 404
    city = clerk(service, HEALTH, "3402")
    assert {one["id"] for one in city.get("/api/v1/referrals").json()} == {mine, away}
    for path in ("alerts", f"alerts/{alert}", "colleagues", "views", "feeds", "desk/mentions", "reports"):
        assert health.get(f"/api/v1/{path}").status_code in (403, 404), path


def test_a_clerk_of_no_department_sees_nothing(service: Service) -> None:
    alert = raised(service, [RED])[0]
    referral = referred(signed_in(service, "林干事"), alert)
    nobody = signed_in(service, "某人", role="department")
    assert nobody.get("/api/v1/referrals").json() == []
    assert nobody.get(f"/api/v1/referrals/{referral}").status_code == 404


def test_behind_the_wall_alone_a_department_sees_its_own_and_nothing_else(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = raised(service, [RED])[0]
    lin = signed_in(service, "林干事")
    mine, theirs = referred(lin, alert), referred(lin, alert, SCHOOLS, 2)
    with as_application(service) as application:
        monkeypatch.setattr("monitor.access.reach.visible", lambda viewer, *, of=None: true())
        with database.reading(application.engine, region=f"340299@{HEALTH}") as session:
            assert [str(id_) for id_ in session.scalars(select(Referral.id))] == [mine]
        with database.reading(application.engine, region=f"340203@{HEALTH}") as session:
            assert session.scalars(select(Referral.id)).all() == []
        with database.reading(application.engine, region="340299") as session:
            assert {str(id_) for id_ in session.scalars(select(Referral.id))} == {mine, theirs}
        health = clerk(application)
        assert [one["id"] for one in health.get("/api/v1/referrals").json()] == [mine]
        assert health.get(f"/api/v1/referrals/{theirs}").status_code == 404
        done = answered(health, mine, "finish", receipt_no="1号")
        assert done.status_code == 200, done.text
