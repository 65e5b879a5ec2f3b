"""数据有误 over HTTP: a row is asked to be corrected, whoever answers for it answers, and the alert stays as it is."""

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from desks import OTHER_COUNTY, household_no, raised, signed_in, stored
from factories import DAY, FIRES, SILENT, Home, judge, scan
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from test_api_referrals import HEALTH, answered, clerk, referred

from monitor import database, policy
from monitor.alerts import raise_alerts
from monitor.service import Service, today
from monitor.tables import Alert, AlertEvent, AuditEntry, CalendarYear, Outbox, Reason, Referral
from monitor.work.calendar import arranged, calendar

RED = {"illness": FIRES}
FEED, DELIVERY, ROW = "medical_settlements", 12, 5
EVIDENCE = [{"feed": FEED, "delivery": DELIVERY, "row": ROW, "person": 1, "on": "2026-02-10", "amount": 25_000.0}]
NOTE = "户主称只付了两千五百元"


@pytest.fixture
def alert(service: Service) -> uuid.UUID:
    return resting(service, raised(service, [RED])[0])


def resting(service: Service, alert: uuid.UUID) -> uuid.UUID:
    with database.transaction(service.engine) as session:
        session.execute(update(Reason).where(Reason.alert_id == alert).values(evidence=EVIDENCE))
    return alert


def body(**more: Any) -> dict[str, Any]:
    said = {"id": str(uuid.uuid4()), "code": "ERR_AMT", "feed": FEED, "delivery": DELIVERY, "row": ROW}
    return said | {"department": HEALTH, "note": NOTE} | more


def asked(client: TestClient, alert: uuid.UUID, version: int = 1, said: Mapping[str, Any] | None = None) -> Any:
    path, headers = f"/api/v1/alerts/{alert}/corrections", {"If-Match": f'"{version}"'}
    return client.post(path, json=said or body(), headers=headers)


def listed(client: TestClient, alert: uuid.UUID) -> Any:
    return client.get(f"/api/v1/alerts/{alert}/corrections").json()


def told(client: TestClient, service: Service, alert: uuid.UUID) -> list[str]:
    entries = client.get(f"/api/v1/households/{household_no(service, alert)}/timeline").json()["entries"]
    return [one["zh"] for one in entries]


def test_a_row_said_to_be_wrong_is_a_task_with_a_day_for_its_agency_and_the_alert_stays_as_it_is(
    service: Service, alert: uuid.UUID
) -> None:
    lin, theirs = signed_in(service, "林干事"), clerk(service)
    answer = asked(lin, alert)
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"'), answer.text
    with database.reading(service.engine) as session:
        due = calendar(session, policy.load(today())).after(today(), 10)
    said = answer.json()
    assert (said["status"], said["due_on"], said["feed"], said["delivery_seq"], said["row_no"]) == (
        "sent", due.isoformat(), FEED, DELIVERY, ROW,
    )  # fmt: skip
    kept = stored(service, alert)
    assert (kept.status, kept.level, kept.owner_id, kept.version) == ("open", "red", None, 2)
    assert [one["id"] for one in listed(lin, alert)] == [said["id"]]
    (theirs_to_do,) = theirs.get("/api/v1/referrals").json()
    assert theirs_to_do["id"] == said["id"]
    whole = theirs.get(f"/api/v1/referrals/{said['id']}").json()
    assert (whole["feed_zh"], whole["row_no"], whole["note"], whole["name"]) == ("医保结算", ROW, NOTE, "王*")
    with database.reading(service.engine) as session:
        events = session.scalars(select(AlertEvent).where(AlertEvent.edge == "dispute")).all()
        audited = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == str(alert))).all()
        outside = session.scalars(select(Outbox.kind).where(Outbox.kind == "alert_disputed")).all()
        sealed = session.get_one(Referral, uuid.UUID(said["id"])).note
    assert [(one.why, one.detail["row"]) for one in events] == [("ERR_AMT", ROW)]
    assert (list(audited), len(outside)) == (["alert.disputed"], 1)
    assert sealed is not None
    assert NOTE.encode() not in sealed
    assert NOTE not in str([one.detail for one in events])


@pytest.mark.parametrize(
    ("act", "more", "status", "line"),
    [
        ("finish", {"receipt_no": "医保更〔2026〕3号"}, "done", "已更正，回执 医保更〔2026〕3号"),
        ("refuse", {"why": "DATA_RIGHT"}, "refused", "未更正：核对无误"),
    ],
)
def test_the_agencys_answer_ends_the_task_stands_in_the_story_and_moves_no_alert(
    service: Service, alert: uuid.UUID, act: str, more: dict[str, str], status: str, line: str
) -> None:
    lin, theirs = signed_in(service, "林干事"), clerk(service)
    key = asked(lin, alert).json()["id"]
    assert answered(theirs, key, "accept").json()["status"] == "accepted"
    done = answered(theirs, key, act, 2, **more)
    assert (done.status_code, done.json()["status"]) == (200, status), done.text
    assert theirs.get("/api/v1/referrals").json() == []
    (mine,) = listed(lin, alert)
    assert (mine["status"], mine["ended_at"] is not None) == (status, True)
    story = told(lin, service, alert)
    assert f"数据更正（第12批第5行）{line}" in story
    assert "数据更正：医保结算第12批第5行金额错误，由县医保局核对" in story
    assert (stored(service, alert).status, stored(service, alert).version) == ("open", 2)
    with database.reading(service.engine) as session:
        kept = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == key)).all()
    assert list(kept) == ["referral.accepted", f"referral.{status}"]


def test_who_asked_may_withdraw_it_the_agency_may_not_and_it_may_be_asked_again(
    service: Service, alert: uuid.UUID
) -> None:
    lin, theirs = signed_in(service, "林干事"), clerk(service)
    key = asked(lin, alert).json()["id"]
    assert answered(theirs, key, "withdraw", why="ASKED_AMISS").status_code == 403
    assert answered(lin, key, "withdraw", why="NE_PROG").status_code == 422, "a reason of help says nothing of data"
    assert answered(lin, key, "withdraw", why="ASKED_AMISS").json()["status"] == "withdrawn"
    assert "数据更正（第12批第5行）已撤回：提请有误" in told(lin, service, alert)
    assert asked(lin, alert, 2).status_code == 201
    assert [one["status"] for one in listed(lin, alert)] == ["sent", "withdrawn"]


def test_a_row_is_asked_for_once_and_only_where_the_alert_rests_on_it_and_the_database_holds_to_it(
    service: Service, alert: uuid.UUID
) -> None:
    lin, said = signed_in(service, "林干事"), body()
    assert asked(lin, alert, said=body(row=6)).status_code == 422
    assert asked(lin, alert, said=body(code="DUP")).status_code == 422
    assert asked(lin, alert, said=body(department="  ")).status_code == 422
    assert asked(lin, alert, 7).status_code == 412
    first = asked(lin, alert, said=said)
    assert asked(lin, alert, said=said).json() == first.json(), "a phone may send it twice"
    assert asked(lin, alert, said=said | {"note": "另一句"}).status_code == 409
    again = asked(lin, alert, 2)
    assert (again.status_code, first.json()["due_on"] in again.json()["detail_zh"]) == (409, True)
    (kept,) = listed(lin, alert)
    with pytest.raises(IntegrityError), database.transaction(service.engine) as session:
        row = session.get_one(Referral, uuid.UUID(kept["id"]))
        session.add(
            Referral(**{one.name: getattr(row, one.name) for one in Referral.__table__.columns} | {"id": alert})
        )


def test_help_asked_of_a_department_and_data_to_be_corrected_do_not_wait_for_each_other(
    service: Service, alert: uuid.UUID
) -> None:
    lin, theirs = signed_in(service, "林干事"), clerk(service)
    help_asked = referred(lin, alert)
    wrong = asked(lin, alert, 2).json()["id"]
    assert stored(service, alert).status == "referred"
    assert answered(theirs, wrong, "refuse", why="DATA_RIGHT").status_code == 200
    assert stored(service, alert).status == "referred", "the help is still awaited"
    second = asked(lin, alert, 3).json()["id"]
    assert answered(theirs, help_asked, "finish", receipt_no="1号").status_code == 200
    assert stored(service, alert).status == "open", "an alert does not wait for its data"
    assert [one["id"] for one in theirs.get("/api/v1/referrals").json()] == [second]


def test_an_ended_alert_asks_for_nothing_more_but_what_was_asked_is_still_answered(
    service: Service, alert: uuid.UUID
) -> None:
    lin, theirs = signed_in(service, "林干事"), clerk(service)
    key = asked(lin, alert).json()["id"]
    visit = {
        "id": str(uuid.uuid4()), "visited_on": today().isoformat(), "way": "home", "finding": "no_need",
        "reason_code": "NE_INC", "note": None,
    }  # fmt: skip
    closed = lin.post(f"/api/v1/alerts/{alert}/follow-ups", json=visit, headers={"If-Match": '"2"'})
    assert (closed.status_code, stored(service, alert).status) == (201, "closed"), closed.text
    assert answered(theirs, key, "finish", receipt_no="1号").json()["status"] == "done"
    assert stored(service, alert).status == "closed"
    assert asked(lin, alert, 3).status_code == 409


def test_the_offices_own_holidays_move_the_day_and_facts_that_change_clear_the_alert_whatever_was_asked(
    service: Service, alert: uuid.UUID
) -> None:
    lin = signed_in(service, "林干事")
    before = asked(lin, alert).json()
    due = date.fromisoformat(before["due_on"])
    with database.transaction(service.engine) as session:
        session.execute(delete(Referral))
        shipped = arranged(session, policy.load(today()), due.year)
        off, worked = {*shipped.off, due}, {*shipped.worked} - {due}
        year = {name: sorted(map(str, days)) for name, days in (("off", off), ("worked", worked))}
        session.add(CalendarYear(year=due.year, title="本局安排", version=1, changed_by="test", **year))
    assert asked(lin, alert, 2).json()["due_on"] > before["due_on"]
    with database.transaction(service.engine) as session:
        home = session.get_one(Alert, alert).household_id
        later = DAY + timedelta(days=1)
        raise_alerts(session, judge({home: Home({"illness": SILENT})}, as_of=later), scan=scan(session, later))
    with database.reading(service.engine) as session:
        reason = session.scalars(select(Reason).where(Reason.alert_id == alert)).one()
    assert (reason.status, reason.cleared_on) == ("cleared", later)
    assert listed(lin, alert)[0]["status"] == "sent"


def test_who_may_ask_is_who_may_refer_and_nobody_beyond_their_region(service: Service, alert: uuid.UUID) -> None:
    helper = signed_in(service, "协理员", role="assistant", region="340299001001")
    far = signed_in(service, "外县", region=OTHER_COUNTY[:6])
    assert asked(helper, alert).status_code == 403
    assert helper.get(f"/api/v1/alerts/{alert}/corrections").json() == []
    hidden, absent = asked(far, alert), asked(far, uuid.uuid4())
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert far.get(f"/api/v1/alerts/{alert}/corrections").status_code == 404
    other = clerk(service, "县教育局")
    key = asked(signed_in(service, "林干事"), alert).json()["id"]
    assert other.get(f"/api/v1/referrals/{key}").status_code == 404
    assert clerk(service).get(f"/api/v1/alerts/{alert}/corrections").status_code == 403
